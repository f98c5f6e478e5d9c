"""What a run left behind, gathered from where each thing ended up: the simulator's ledger, the campaign's database
and the witness in it, the broker's journal, and the logger's file. No code of the set reads it."""

import collections
import contextlib
import json
import sqlite3

import msgpack

# An attempt to dial: what was durable of it, and the requests to dial that reached the provider in its time.
Attempt = collections.namedtuple("Attempt", "id contact phone created send_before ended sid posts path")
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
        self.moves = store.rows("SELECT contact, old, new FROM witness_contact ORDER BY place")
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
        """By phone, in their order. One number has one attempt at a time: what reached the provider between the
        beginnings of two is of the first."""
        rows = self.store.rows("SELECT id, contact, phone, created, send_before, ended, sid FROM attempt"
                               " ORDER BY created, id")
        paths = collections.defaultdict(list)
        for attempt, new in self.store.rows("SELECT id, new FROM witness_attempt ORDER BY place"):
            paths[attempt].append(new)
        posts = self.posts()
        attempts = collections.defaultdict(list)
        for row in rows:
            attempts[row[2]].append(row)
        return {phone: [Attempt(a[0], a[1], phone, a[3] / 1e9, a[4] / 1e9, a[5] / 1e9, a[6],
                                self.between(posts[phone], a, after), paths[a[0]])
                        for a, after in zip(mine, mine[1:] + [None])]
                for phone, mine in attempts.items()}

    @staticmethod
    def between(posts, attempt, after):
        return [post for post in posts
                if attempt[3] / 1e9 <= post.at and (after is None or post.at < after[3] / 1e9)]

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
                and self.fault(request) in (None, "late", "drip")]

    # ---- the journal and the log ----

    def journal(self):
        """The campaign's events as the broker keeps them: [(n, event)]."""
        file = self.set.root / "state" / "broker" / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            frames = db.execute("SELECT n, frame FROM events ORDER BY n").fetchall()
        events = [(n, msgpack.unpackb(frame)) for n, frame in frames]
        return [(n, event) for n, event in events if is_campaigns(event)]

    def log(self):
        return [event for event in self.set.events() if is_campaigns(event)]
