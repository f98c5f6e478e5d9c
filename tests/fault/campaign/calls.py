"""Whether anybody was dialled twice: what the ledger and the attempts must say about each number. Each function
returns its complaints."""

LIMITED = "429"  # of the faults the one whose answer says, in Twilio's own words, that nothing was done
REVOKED = "401"  # and that the key is none


def refused(post):
    """The provider's own word that this request was not carried out."""
    return post.status == 400 or post.fault in (LIMITED, REVOKED)


def at_most_one_call(evidence):
    """Attempts and calls belong together one to one."""
    wrong = []
    known = {dial["sid"]: dial["to"] for dial in evidence.ledger["dials"]}
    attempts = [attempt for mine in evidence.attempts.values() for attempt in mine]
    for attempt in attempts:
        made = [post.call["sid"] for post in attempt.posts if post.call]
        if made != ([attempt.sid] if attempt.sid else []):
            wrong.append(f"attempt {attempt.id} to {attempt.phone} knows {attempt.sid}, and made {made}")
        if attempt.sid and known.pop(attempt.sid, None) != attempt.phone:
            wrong.append(f"{attempt.sid} of attempt {attempt.id} is no call to {attempt.phone}, or another's too")
        if attempt.path[-1] not in ("ended", "absent"):
            wrong.append(f"attempt {attempt.id} to {attempt.phone} is left open: {attempt.path}")
    wrong += [f"{sid} to {phone} is of no attempt" for sid, phone in known.items()]
    posts = sum(len(mine) for mine in evidence.posts().values())
    counted = sum(len(attempt.posts) for attempt in attempts)
    if posts != counted:
        wrong.append(f"{posts} requests to dial, of which {posts - counted} came before any attempt")
    return wrong


def repeated_within(attempt):
    """Within an attempt the gateway repeats only what the provider refused."""
    return [f"attempt {attempt.id} to {attempt.phone}: sent again after {before}"
            for before in attempt.posts[:-1] if before.call or not refused(before)]


def late(attempt, config):
    """No request begins after send_before, and until it takes effect it has the margins that the set is told of:
    what comes later could be a second call."""
    most = attempt.send_before + config["timeout"] + config["lag"] + config["skew"]
    return [f"attempt {attempt.id} to {attempt.phone}: sent {post.at - attempt.send_before:.1f} s late"
            for post in attempt.posts if post.at > most]


def proven(evidence, attempt, config):
    """Of an attempt that nobody knew the end of: the provider said twice that it has no call, when it could not come
    any more."""
    if "unknown" not in attempt.path or attempt.path[-1] != "absent":
        return []
    since = attempt.send_before + config["timeout"] + config["lag"] + config["skew"]
    asked = [at for at in evidence.absences(attempt.phone) if since - 0.01 <= at <= attempt.ended]
    if len(asked) >= 2 and asked[-1] - asked[0] >= config["lag"] - 0.01:
        return []
    return [f"attempt {attempt.id} to {attempt.phone} is taken for absent, and the provider said so at {asked},"
            f" not twice from {since} on"]


def told_absent(attempt):
    """Of an attempt that is taken for absent at once: nothing was sent, or all of it refused."""
    if attempt.path != ["intent", "absent"]:
        return []
    return [f"attempt {attempt.id} to {attempt.phone} is taken for absent without a question, after {post}"
            for post in attempt.posts if not refused(post)]


def next_call(attempts, plans, max_calls):
    """A contact is called again only after its call's end, and as its plan says."""
    wrong, counts = [], {}
    calls = [(attempt, post.call) for attempt in attempts for post in attempt.posts if post.call]
    for number, (attempt, call) in enumerate(calls):
        end = call["history"][-1]
        how = "voicemail" if attempt.phone.endswith("97") else end["status"]
        counts[how] = counts.get(how, 0) + 1
        later = [a for a in attempts if a.created > attempt.created]
        if not later:
            continue
        waits = plans.get(how, [])
        if number + 1 >= max_calls or counts[how] > len(waits):
            wrong.append(f"{attempt.phone} was called again after {counts}")
        elif later[0].created - end["at"] < waits[counts[how] - 1]:
            wrong.append(f"{attempt.phone} was called again {later[0].created - end['at']:.2f} s after {how}")
    return wrong


def one_after_the_other(attempts):
    """Over all contacts with a number: the next attempt is committed when the one before has ended, and nothing is
    sent for it before the call of that one has ended too."""
    wrong = []
    for before, after in zip(attempts, attempts[1:]):
        ended = [post.call["history"][-1]["at"] for post in before.posts if post.call]
        if after.places[0] < before.places[1] or [p for p in after.posts if p.at < max([0, *ended])]:
            wrong.append(f"{after.phone}: attempt {after.id} began before {before.id} had ended")
    return wrong


def complaints(evidence, config):
    wrong = at_most_one_call(evidence)
    for attempts in evidence.attempts.values():
        wrong += one_after_the_other(attempts)
        for attempt in attempts:
            wrong += repeated_within(attempt) + late(attempt, config) + told_absent(attempt)
            wrong += proven(evidence, attempt, config)
        for contact in {attempt.contact for attempt in attempts}:
            mine = [attempt for attempt in attempts if attempt.contact == contact]
            wrong += next_call(mine, config["plans"], config["max_calls"])
    return wrong
