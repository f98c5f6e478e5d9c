"""What a run left behind, gathered from where each thing ended up: the simulator's ledger, the campaign's database
and the witness in it, the broker's journal, and the logger's file. No code of the set reads it."""

import collections
import contextlib
import json
import sqlite3

import msgpack

from weather import UNSPOILT

# An attempt to dial: what was durable of it, and the requests to dial that reached the provider in its time.
# `path` are its states, `places` where the witness saw the first and the last of them.
Attempt = collections.namedtuple("Attempt", "id contact phone created send_before ended sid posts path places")
Post = collections.namedtuple("Post", "at status fault call")
Contact = collections.namedtuple("Contact", "row campaign line phone state step outcome reason message")


def is_campaigns(event):
    """Whether an event is of those that go through the outbox."""
    return event["type"].startswith(("campaign.", "contact.", "dnc."))


class Evidence:
    def __init__(self, the_set, store, weather):
        self.set, self.store, self.weather = the_set, store, weather
        self.ledger = the_set.ledger()
        self.requests = [request for request in self.ledger["requests"]]
        self.contacts = {c.row: c for c in self.read_contacts()}
        # Each change of state: of whom, from, to, and by how many steps the contact came on.
        self.moves = store.rows("SELECT contact, old, new, steps FROM witness_contact ORDER BY place")
        self.attempts = self.read_attempts()
        self.told = self.read_told()

    def fault(self, request):
        """The name of the fault that a request met, or None."""
        return self.weather.names[request["fault"]] if request["fault"] else None

    # ---- the database ----

    def read_contacts(self):
        return [Contact(*row) for row in self.store.rows(
            "SELECT c.id AS row, k.name AS campaign, c.line AS line, c.phone AS phone, c.state AS state,"
            " c.step AS step, c.outcome AS outcome, c.reason AS reason, c.message AS message"
            " FROM contact c JOIN campaign k ON k.id = c.campaign ORDER BY c.id")]

    def read_told(self):
        """All events that were put into the outbox: [(stream, number, event)], as they were put."""
        return [(stream, number, json.loads(event)) for stream, number, event in
                self.store.rows("SELECT stream, number, event FROM witness_event ORDER BY place")]

    def read_attempts(self):
        """By phone, in the order in which they were committed. One number has one attempt at a time: what reached the
        provider between the beginnings of two is of the first. An attempt is decided on before its commit, which may
        have waited for the end of the one before: it begins with the later of the two."""
        columns = "id, contact, phone, created, send_before, ended, sid"
        rows = {row[0]: row for row in self.store.rows(f"SELECT {columns} FROM attempt")}
        seen = collections.defaultdict(list)
        for place, attempt, new in self.store.rows("SELECT place, id, new FROM witness_attempt ORDER BY place"):
            seen[attempt].append((place, new))
        attempts = collections.defaultdict(list)
        for name, states in seen.items():
            _, contact, phone, created, send_before, ended, sid = rows[name]
            began = max([created / 1e9] + [before.ended for before in attempts[phone][-1:]])
            attempts[phone].append(Attempt(name, contact, phone, began, send_before / 1e9, ended / 1e9, sid, [],
                                           [new for _, new in states], (states[0][0], states[-1][0])))
        for phone, posts in self.posts().items():
            for post in posts:
                for attempt in reversed(attempts[phone]):
                    if attempt.created <= post.at:
                        attempt.posts.append(post)
                        break
        return attempts

    # ---- the ledger ----

    def posts(self):
        """All requests to dial, by number. A call that came of one has its very date."""
        calls = {(dial["to"], dial["at"]): dial for dial in self.ledger["dials"]}
        posts = collections.defaultdict(list)
        for request in self.requests:
            if request["provider"] == "twilio" and request["method"] == "POST":
                number = request["number"]
                posts[number].append(Post(request["at"], request["status"], self.fault(request),
                                          calls.get((number, request["at"]))))
        return posts

    def absences(self, phone):
        """When the provider answered which calls a number has."""
        return [request["at"] for request in self.requests
                if request["provider"] == "twilio" and request["method"] == "GET" and request["number"] == phone
                and request["path"].endswith("Calls.json") and request["status"] == 200
                and self.fault(request) in (None, *UNSPOILT)]

    # ---- the journal and the log ----

    def journal(self):
        """The campaign's events as the broker keeps them: [(n, event)]."""
        file = self.set.state_of("broker") / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            frames = db.execute("SELECT n, frame FROM events ORDER BY n").fetchall()
        events = [(n, msgpack.unpackb(frame)) for n, frame in frames]
        return [(n, event) for n, event in events if is_campaigns(event)]

    def log(self):
        return [event for event in self.set.events() if is_campaigns(event)]
