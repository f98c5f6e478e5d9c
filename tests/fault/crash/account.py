"""What must be true after a run, whatever died in it: found in the simulator's ledger, the campaigns' database, the
broker's journal, the log, the sheet and the alerts, each for itself. Every function returns its complaints."""

import collections
import contextlib
import json
import sqlite3

import msgpack

from rotated_log import lines

# The last two digits say what becomes of a call to a number that is reserved for fiction.
REFUSED, BUSY, NO_ANSWER = "+12025550193", "+12025550190", "+12025550191"

ALERTED = ("breaker.opened", "breaker.closed", "mark.set", "process.lost", "provider.down")
ALERTED_REASONS = ("retries_exhausted", "interrupted", "call_lost", "call_unknown")
INTERRUPTIONS = 10  # dial.h: who is so often its dial's victim comes to an end


class Sqlite:
    def __init__(self, the_set):
        self.file = the_set.root / "state" / "orchestrator" / "campaign.db"

    def rows(self, sql):
        if not self.file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as db:
            return [tuple("" if cell is None else str(cell) for cell in row) for row in db.execute(sql)]


class Server:
    def __init__(self, server):
        self.server = server

    def rows(self, sql):
        return [tuple(row) for row in self.server.sql(sql)]


class Account:
    def __init__(self, the_set, store):
        self.set, self.store = the_set, store
        self.ledger = the_set.ledger()
        self.calls = collections.defaultdict(list)
        for dial in sorted(self.ledger["dials"], key=lambda dial: dial["at"]):
            self.calls[dial["to"]].append(dial)
        self.contacts = store.rows("SELECT c.id, k.name, c.line, c.phone, c.state, c.outcome, c.reason, k.state"
                                   " FROM contact c JOIN campaign k ON k.id = c.campaign ORDER BY c.id")
        self.attempts = collections.defaultdict(list)
        for row in store.rows("SELECT phone, id, contact, state, sid, created, send_before, ended FROM attempt"
                              " ORDER BY created, id"):
            self.attempts[row[0]].append(row[1:])
        self.log = [json.loads(line) for line in lines(the_set.root / "log" / "app_logs.json")]
        self.journal = self.read_journal()

    def read_journal(self):
        file = self.set.root / "state" / "broker" / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            return [(n, msgpack.unpackb(frame))
                    for n, frame in db.execute("SELECT n, frame FROM events ORDER BY n")]

    # ---- calls ----

    def one_call_an_attempt(self):
        """Each call is that of one attempt, and each attempt has the call that it names, or none."""
        wrong = []
        known = {dial["sid"]: phone for phone, dials in self.calls.items() for dial in dials}
        for phone, attempts in self.attempts.items():
            for number, _, state, sid, *_ in attempts:
                if state not in ("ended", "absent") or (state == "absent") != (sid == ""):
                    wrong.append(f"{phone}: attempt {number} is left as {state}, sid {sid or 'none'}")
                if sid and known.pop(sid, None) != phone:
                    wrong.append(f"{phone}: attempt {number} names {sid}, which is not there, or another's too")
        return wrong + [f"{phone}: its call {sid} is of no attempt" for sid, phone in known.items()]

    def one_after_the_other(self):
        """As long as a number has a call nobody asks for another one: of all campaigns together."""
        wrong = []
        for request in self.ledger["requests"]:
            if request["provider"] == "twilio" and request["method"] == "POST":
                wrong += [f"{dial['to']}: asked for at {request['at']}, while {dial['sid']} was there"
                          for dial in self.calls[request.get("number")]
                          if dial["at"] < request["at"] < dial["history"][-1]["at"]]
        return wrong

    def absent_only_if_proven(self, margin_s):
        """What nobody knew the end of counts as absent only after the provider was asked twice, late enough."""
        wrong = []
        lists = collections.defaultdict(list)
        for request in self.ledger["requests"]:
            if (request["provider"], request["method"], request["status"]) == ("twilio", "GET", 200):
                lists[request.get("number")].append(request["at"])
        posts = collections.defaultdict(list)
        for request in self.ledger["requests"]:
            if request["provider"] == "twilio" and request["method"] == "POST":
                posts[request.get("number")].append((request["at"], request["status"]))
        for phone, attempts in self.attempts.items():
            free = 0.0
            for number, _, state, _, created, send_before, ended in sorted(attempts, key=lambda a: int(a[-1])):
                # One that was made ready early waited in the database for the one before it to end.
                begin, end = max(int(created) / 1e9, free), int(ended) / 1e9
                free = end
                refused = [status for at, status in posts[phone] if begin <= at <= end and status in (400, 429)]
                asked = [at for at in lists[phone] if int(send_before) / 1e9 + margin_s <= at <= end]
                sent = [status for at, status in posts[phone] if begin <= at <= end]
                if state == "absent" and sent and not refused and len(asked) < 2:
                    wrong.append(f"{phone}: attempt {number} was sent, and counts as absent after {len(asked)} answers")
        return wrong

    def within_the_plan(self, max_calls):
        """No contact has more calls than its plan allows; whom nobody may call again has one."""
        calls = collections.Counter(contact for attempts in self.attempts.values()
                                    for _, contact, _, sid, *_ in attempts if sid)
        wrong = []
        for row, campaign, line, phone, *_ in self.contacts:
            most = max_calls if phone in (BUSY, NO_ANSWER) else 1
            if calls[row] > most:
                wrong.append(f"{campaign}-{line} {phone}: {calls[row]} calls, at most {most}")
        return wrong

    # ---- ends ----

    def ends(self, burnt):
        """Every contact has an end, and a true one. `burnt`: contacts that met a fault which is made for them."""
        wrong = []
        statuses = {dial["sid"]: dial["status"] for dials in self.calls.values() for dial in dials}
        own = collections.defaultdict(list)
        absent = collections.Counter()
        for attempts in self.attempts.values():
            for _, contact, attempt_state, sid, *_ in attempts:
                absent[contact] += attempt_state == "absent"
                if sid:
                    own[contact].append(statuses.get(sid))
        found_burnt = 0
        for row, campaign, line, phone, state, outcome, reason, of_campaign in self.contacts:
            name = f"{campaign}-{line} {phone}"
            if state == "done" and (phone == REFUSED or not own[row] or own[row][-1] != outcome):
                wrong.append(f"{name}: done ({outcome}), but its calls ended as {own[row]}")
            elif state == "set_aside" and reason == "cancelled" and of_campaign != "cancelled":
                wrong.append(f"{name}: set aside as cancelled, and its campaign is {of_campaign}")
            elif state == "set_aside" and reason == "permanent.invalid" and phone != REFUSED:
                wrong.append(f"{name}: set aside as invalid, and the number is none that is refused")
            elif state == "set_aside" and reason == "permanent.auth":
                found_burnt += 1
            elif state == "set_aside" and reason == "interrupted" and absent[row] < INTERRUPTIONS:
                wrong.append(f"{name}: set aside as interrupted, with {absent[row]} attempts without a call")
            elif state == "set_aside" and reason not in ("cancelled", "permanent.invalid", "interrupted"):
                wrong.append(f"{name}: set aside as {reason}, and nothing was made for that")
            elif state not in ("done", "set_aside"):
                wrong.append(f"{name}: left as {state}")
        if found_burnt > burnt:
            wrong.append(f"{found_burnt} contacts met a key that was refused {burnt} times")
        return wrong

    def campaigns_end(self):
        return [f"campaign {name} is left as {state}, finished {finished or 'never'}"
                for name, state, finished in self.store.rows("SELECT name, state, finished FROM campaign")
                if state not in ("finished", "cancelled") or not finished]

    # ---- what was told ----

    def told_once(self):
        """The events of each stream are numbered without a gap, and the journal's ascend."""
        wrong = []
        streams = collections.defaultdict(list)
        for _, event in self.journal:
            streams[event["stream"]].append(event["seq"])
        for stream, numbers in streams.items():
            if stream.startswith("orchestrator-") and numbers != list(range(1, len(numbers) + 1)):
                wrong.append(f"stream {stream}: {len(numbers)} events from {numbers[0]} to {numbers[-1]}, in disorder"
                             " or with gaps")
        left = self.store.rows("SELECT count (*) FROM outbox")[0][0]
        if left != "0":
            wrong.append(f"{left} events are left in the outbox")
        for name, number in self.store.rows("SELECT name, next FROM stream"):
            if len(streams[name]) != int(number) - 1:
                wrong.append(f"stream {name}: {number} is next, and the journal has {len(streams[name])}")
        return wrong

    def ends_are_told(self):
        """Of each contact the last word is its end; whoever was not tried again by an operator has one end."""
        wrong = []
        told = collections.defaultdict(list)
        finished = collections.Counter()
        for _, event in self.journal:
            if event["type"] in ("contact.done", "contact.set_aside"):
                told[event["contact"]].append(event["type"])
            elif event["type"] == "campaign.finished":
                finished[event["subject"]] += 1
        for _, campaign, line, phone, state, *_ in self.contacts:
            ends = told.pop(f"{campaign}-{line}", [])
            again = phone == REFUSED or "contact.set_aside" in ends[:-1]
            if not ends or ends[-1] != f"contact.{state}" or (len(ends) > 1 and not again):
                wrong.append(f"{campaign}-{line} {phone}: {state}, and told {ends}")
        wrong += [f"{contact} is told of, and not there" for contact in told]
        names = {row[0] for row in self.store.rows("SELECT name FROM campaign")}
        return wrong + [f"the end of campaign {name} was told {finished[name]} times" for name in names
                        if finished[name] < 1]

    def log_is_the_journal(self):
        """Each event is one line, in order, over all files of the log. The log was read first: what came meanwhile is not in it."""
        log = [(event["n"], event["type"], event["id"]) for event in self.log]
        journal = [(n, event["type"], event["id"]) for n, event in self.journal]
        if log == journal:
            return []
        counts = collections.Counter(log)
        doubles = [entry for entry, count in counts.items() if count > 1]
        missing = [entry for entry in journal if entry not in counts]
        alone = sorted(set(log) - set(journal))
        return [f"the log has {len(log)} lines and the journal {len(journal)} events; doubles: {doubles[:5]},"
                f" missing: {missing[:5]}, in the log alone: {alone[:5]}"]

    def sheet_is_the_journal(self):
        rows = [int(row[0]) for row in self.set.ledger()["sheets"]["rows"] if row and str(row[0]).isdigit()]
        wanted = [n for n, _ in self.journal]
        missing = sorted(set(wanted) - set(rows))
        doubles = [n for n, count in collections.Counter(rows).items() if count > 1]
        return [f"the sheet lacks {missing[:5]}, has {doubles[:5]} twice"] if missing or doubles else []

    def folded(self):
        """Which alerts were told in which summary, by channel, as the alerter's outbox has it."""
        found = collections.defaultdict(dict)
        file = self.set.root / "state" / "alerter" / "alerts.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            for channel, alert, message in db.execute("SELECT channel, alert, message FROM delivery"
                                                      " WHERE message LIKE 'told in %'"):
                found[channel][alert] = message.removeprefix("told in ")
        return found

    def traces(self, collector):
        """Each call to a contact that ended is a trace with one root, and what came twice is the same."""
        wrong = list(collector.problems)
        spans, roots = {}, collections.Counter()
        for span in list(collector.records):
            known = spans.setdefault((span["trace"], span["id"]), span)
            if known != span:
                wrong.append(f"span {span['trace']}/{span['id']} came as {known} and as {span}")
        for span in spans.values():
            roots[span["trace"]] += span["name"] == "contact" and span["parent"] is None
        ended = {event["trace"] for _, event in self.journal if event["type"] in ("contact.done", "contact.set_aside")}
        wrong += [f"trace {trace} has {roots[trace]} roots" for trace in ended if roots[trace] != 1]
        return wrong + [f"a span of trace {trace} is below none that is there" for trace, _ in
                        {(span["trace"], span["parent"]) for span in spans.values() if span["parent"]} - set(spans)
                        if trace in ended]

    def alerts(self, deaths):
        """Every event that wants one has its alert on every channel, or is told there in a summary. A death between a delivery and its record
        repeats it under the same id."""
        def wants(event):
            if event["type"] == "contact.set_aside":
                data = event["data"] if isinstance(event["data"], dict) else json.loads(event["data"])
                reason = data["reason"]
                return (reason in ALERTED_REASONS or reason.startswith("permanent.")) and not data.get("mark_made")
            return event["type"] in ALERTED
        wanted = {event["id"] for _, event in self.journal if wants(event)}
        there = {event["id"] for _, event in self.journal}
        folded = self.folded()
        wrong = []
        for channel, ids in self.set.alert_ids().items():
            arrived = set(ids) | {alert for alert, summary in folded[channel].items() if summary in ids}
            if wanted - arrived:
                wrong.append(f"{channel}: {len(wanted - arrived)} of {len(wanted)} alerts did not arrive")
            if set(ids) - there - set(folded[channel].values()):
                wrong.append(f"{channel}: {len(set(ids) - there)} alerts of nothing")
            if len(ids) - len(set(ids)) > deaths:
                wrong.append(f"{channel}: {len(ids) - len(set(ids))} doubles after {deaths} deaths")
        return wrong
