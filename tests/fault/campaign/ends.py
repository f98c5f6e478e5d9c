"""Whether each contact came to an end that is true: its calls, the faults that its requests met and the list of
whom nobody may call must say the same."""

from calls import LIMITED, REVOKED

PROVIDERS = {"script": "openai", "speech": "elevenlabs"}
HANDS = ("orchestrator", "gateway", "broker", "database")  # through which a dial goes
INTERRUPTIONS = 10  # of dials that set their contact aside
SLACK = 0.3  # between the gateway's clock at a request and the simulator's, in seconds


def done(contact, attempts):
    calls = [post.call for attempt in attempts for post in attempt.posts if post.call]
    if not calls:
        return f"done ({contact.outcome}) without a call"
    status = calls[-1]["history"][-1]["status"]
    heard = "voicemail" if status == "completed" and contact.phone.endswith("97") else status
    return None if contact.outcome == heard else f"done ({contact.outcome}), but its last call ended as {heard}"


def used_up(contact, attempts, config):
    """A contact that was not reached had all the calls of its plan."""
    if contact.outcome == "completed":
        return None
    calls = sum(1 for attempt in attempts if attempt.sid)
    wanted = min(config["max_calls"], len(config["plans"][contact.outcome]) + 1)
    return None if calls == wanted else f"done ({contact.outcome}) after {calls} calls, not {wanted}"


def dial_failed(attempts, storm, config):
    """Tries that came to nothing: the provider refused the request for now, or has no call of the attempt, which met a
    fault of the provider there or was in the hands of somebody who was struck."""
    limited = sum(1 for attempt in attempts for post in attempt.posts if post.fault == LIMITED)
    absent = sum(1 for attempt in attempts if "unknown" in attempt.path and attempt.path[-1] == "absent")
    most = config["max_attempts"]
    if limited < most and absent < most:
        return f"only {limited} refusals and {absent} absent dials"
    for attempt in attempts:
        if not attempt.posts and not storm.struck(HANDS, attempt.created - SLACK, attempt.send_before):
            return f"attempt {attempt.id} was not sent, and nothing was in its way"
    return None


def interrupted(attempts, storm):
    """Its dials were in the hands of somebody who was struck, and the provider has no call of them."""
    absent = [attempt for attempt in attempts if "unknown" in attempt.path and attempt.path[-1] == "absent"]
    struck = [a for a in absent if storm.struck(HANDS, a.created - SLACK, a.send_before)]
    return None if len(struck) >= INTERRUPTIONS else f"only {len(struck)} absent dials were interrupted"


def step_failed(evidence, step, tries, storm, config):
    """Tries of a script or speech: each met a fault in the ledger, or the gateway was stopped meanwhile."""
    if len(tries) < config["max_attempts"]:
        return f"only {len(tries)} attempts"
    for attempt in tries:
        began = attempt["began"] / 1e9
        ended = began + attempt["took_ns"] / 1e9
        met = [request for request in evidence.requests if request["provider"] == PROVIDERS[step]
               and request["fault"] and began - SLACK <= request["at"] <= ended + SLACK]
        if not met and not storm.struck("gateway", began - SLACK, ended + SLACK):
            return f"an attempt at {began} ({attempt}) met no fault"
    return None


def tries_of(events, step):
    """The attempts that the events of a contact tell of since its step began."""
    tries = []
    for event in events:
        data = event["data"]
        if event["type"] in ("contact.deferred", "contact.set_aside") and data.get("step") == step:
            tries += [a for a in data.get("attempts", []) if a["class"] != "ok"]
    return tries


def set_aside(evidence, contact, attempts, events, storm, config):
    step = events[-1]["data"]["step"]
    posts = [post for attempt in attempts for post in attempt.posts]
    why = None
    if contact.reason == "do_not_call":
        why = None if contact.phone in config["do_not_call"] and not posts else "not on the list, or dialled"
    elif contact.reason == "permanent.invalid" and step == "dial":
        why = None if posts and posts[-1].status == 400 else "not refused by the provider"
    elif contact.reason == "permanent.auth":
        why = None if tries_of(events, step)[-1]["status"] == 401 else "its key was not refused"
    elif contact.reason == "retries_exhausted" and step == "dial":
        why = dial_failed(attempts, storm, config)
    elif contact.reason == "interrupted" and step == "dial":
        why = interrupted(attempts, storm)
    elif contact.reason == "retries_exhausted":
        why = step_failed(evidence, step, tries_of(events, step), storm, config)
    else:
        why = "no fault leads to this reason"
    return f"set aside at {step} ({contact.reason}: {contact.message}): {why}" if why else None


def keys(evidence):
    """Who finds the key refused is set aside, once for all; the others wait for the mark to go."""
    refused = sum(1 for request in evidence.requests if evidence.fault(request) == REVOKED)
    aside = [contact.phone for contact in evidence.contacts.values() if contact.reason == "permanent.auth"]
    return [] if len(aside) <= refused else [f"set aside for {refused} refused keys: {aside}"]


def complaints(evidence, storm, config):
    wrong = keys(evidence)
    events, attempts = {}, {}
    for _, _, event in evidence.told:
        if "contact" in event:
            events.setdefault(event["contact"], []).append(event)
    for mine in evidence.attempts.values():
        for attempt in mine:
            attempts.setdefault(attempt.contact, []).append(attempt)
    for contact in evidence.contacts.values():
        mine = attempts.get(contact.row, [])
        if contact.state == "done":
            why = done(contact, mine) or used_up(contact, mine, config)
        elif contact.state == "set_aside":
            name = f"{contact.campaign}-{contact.line}"
            why = set_aside(evidence, contact, mine, events[name], storm, config)
        else:
            why = f"left as {contact.state}"
        if why:
            wrong.append(f"{contact.campaign}-{contact.line} {contact.phone}: {why}")
    return wrong
