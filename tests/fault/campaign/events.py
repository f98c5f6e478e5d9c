"""Whether the events are complete: each change of state has told its event, and each event that was told is in the
journal and in the log, once, and nothing else is."""

import collections

# What a change of state tells, by hand. What is not here tells nothing.
TELLS = {("scheduled", "running.script"): "contact.started",
         ("running.script", "running.speech"): "contact.step", ("running.script", "running.dial"): "contact.step",
         ("running.speech", "running.dial"): "contact.step",
         ("running.dial", "running.follow"): "contact.step", ("running.ask", "running.follow"): "contact.step"}
ENDS = {"done": "contact.done", "set_aside": "contact.set_aside", "waiting.retry": "contact.deferred",
        "waiting.breaker": "contact.deferred", "waiting.window": "contact.deferred"}


def of_changes(evidence):
    """Contact by contact, in order: the events of its changes."""
    wanted, found = collections.defaultdict(list), collections.defaultdict(list)
    for row, old, new, steps in evidence.moves:
        contact = evidence.contacts[row]
        tells = TELLS.get((old, new)) or ENDS.get(new)
        if old.startswith("running") and new.startswith("waiting") and steps > 0:
            wanted[f"{contact.campaign}-{contact.line}"].append("contact.step")  # finished, and rests before the next
        if tells:
            wanted[f"{contact.campaign}-{contact.line}"].append(tells)
    for _, _, event in evidence.told:
        if event["type"].startswith("contact."):
            found[event["contact"]].append(event["type"])
    return [f"{name} changed as {wanted[name]}, and told {found[name]}"
            for name in sorted(wanted.keys() | found.keys()) if wanted[name] != found[name]]


def same(where, told, found):
    """Each event of the outbox is found once, as it was told."""
    wrong = []
    counts = collections.Counter((e["stream"], e["seq"]) for e in found)
    wrong += [f"{where}: {key} {count} times" for key, count in counts.items() if count > 1]
    mine = {(e["stream"], e["seq"]): (e["id"], e["type"], e.get("contact")) for e in found}
    for stream, number, event in told:
        is_there = mine.pop((stream, number), None)
        if is_there != (event["id"], event["type"], event.get("contact")):
            wrong.append(f"{where}: {stream} {number} {event['type']} {event.get('contact')}: {is_there}")
    return wrong + [f"{where}: {key} {what} was never told" for key, what in mine.items()]


def numbered(evidence):
    """Numbers of a stream ascend without gaps; those of the journal without reuse."""
    streams = collections.defaultdict(list)
    for stream, number, _ in evidence.told:
        streams[stream].append(number)
    wrong = [f"stream {name} has the numbers {numbers}" for name, numbers in streams.items()
             if sorted(numbers) != list(range(1, len(numbers) + 1))]
    journal = [n for n, _ in evidence.journal()]
    return wrong + ([] if journal == sorted(set(journal)) else ["the journal's numbers do not ascend"])


def finished(evidence, campaigns):
    ends = collections.Counter(event["subject"] for _, _, event in evidence.told
                               if event["type"] == "campaign.finished")
    return [] if ends == dict.fromkeys(campaigns, 1) else [f"campaigns finished: {dict(ends)}"]


def steps_once(evidence):
    """What was finished is not done again: nobody has two scripts."""
    counts = collections.Counter(row for row, old, new, steps in evidence.moves
                                 if old == "running.script" and steps > 0)
    return [f"{evidence.contacts[row]} finished its script {count} times" for row, count in counts.items()
            if count > 1]


def complaints(evidence, campaigns):
    return (of_changes(evidence) + numbered(evidence) + finished(evidence, campaigns) + steps_once(evidence)
            + same("the journal", evidence.told, [event for _, event in evidence.journal()])
            + same("the log", evidence.told, evidence.log()))
