"""A campaign of a set on several hosts, whose network fails while it runs; and what must hold afterwards.

    test_....py [--seed N]

The seed repeats what is drawn: which link, when, how long, and what becomes of each packet (the moments depend on the
machine as well).
"""

import argparse
import collections
import contextlib
import json
import pathlib
import random
import signal
import sqlite3
import sys
import time
import types
import unittest

import msgpack

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "campaign"), str(HERE.parents[2] / "integration")]

import calls  # noqa: E402  the folders are put on the path first
import events  # noqa: E402
import witness  # noqa: E402
from evidence import Evidence, is_campaigns  # noqa: E402
from harness import CampaignTest, people, wait_for  # noqa: E402
from network import Network  # noqa: E402
from set_on_hosts import GATEWAYS, SetOnHosts  # noqa: E402

LEASE = 4 * 0.6  # bus.heartbeat times bus.heartbeat_misses
TIMEOUT, LAG, SKEW = 3, 0.5, 2
STALL = 60  # seconds in which no contact comes to its end: then it hangs
# Of the providers: a dial takes its time, so that it can be cut through.
SLOW_DIALS = {"id": "slow", "match": {"provider": "twilio", "method": "POST"}, "kind": "latency", "delay_ms": 700}
FAULTS = types.SimpleNamespace(names={"slow": "late"})


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--seconds", type=int, default=20, help="how long a storm lasts")
    return parser.parse_known_args()


OPTIONS, REST = options()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    print(f"--seed {OPTIONS.seed} --seconds {OPTIONS.seconds}", file=sys.stderr)
    unittest.main(argv=[sys.argv[0], *REST])


class NetTest(CampaignTest):
    """CONTACTS of one campaign, of which PACE a second are begun."""

    maxDiff = None
    CONTACTS, PACE = 20, 2.0
    BACK = 20  # seconds after the network is whole again within which everybody is back
    CONFIG = {}

    def make_set(self):
        self.network = Network(OPTIONS.seed)
        self.addCleanup(self.network.close)
        return SetOnHosts(self.network, self.CONFIG)

    def setUp(self):
        self.random = random.Random(f"{self._testMethodName} {OPTIONS.seed}")
        self.CONFIG = {
            "defaults": {"timeout": {"connect": "1s", "attempt": f"{TIMEOUT}s"},
                         "retry": {"initial_delay": "100ms", "max_retries": 3, "max_delay": "2s"}},
            "telephony": {"send_margin": "3s", "list_lag": f"{int(LAG * 1000)}ms", "clock_skew": f"{SKEW}s"},
            "orchestrator": {"concurrency": 12, "dial_deadline": "12s", "call_deadline": "20s", "defer_delay": "2s",
                             "pace": self.PACE},
            "simulator": {"talk": "300ms"}, **self.CONFIG}
        super().setUp()
        self.store = witness.Sqlite(self.set.state_of("orchestrator") / "campaign.db")
        # Behind those whose calls the simulator ends as busy, not answered, or refused.
        self.numbers = people(self.CONTACTS, first=100)
        self.began = time.monotonic()

    def tell(self, words):
        print(f"    {time.monotonic() - self.began:5.1f} s: {words}", file=sys.stderr, flush=True)

    # ---- the campaign ----

    def begin(self):
        self.set.begin_all()
        self.set.faults(SLOW_DIALS)
        self.store.watch()
        self.load(self.numbers)
        self.order("start", "c")
        wait_for("the first contacts to end", lambda: self.left() <= self.CONTACTS - 2)

    def left(self):
        """How many contacts have not ended."""
        return self.store.rows("SELECT count (*) FROM contact WHERE state NOT IN ('done', 'set_aside')")[0][0]

    def during_a_dial(self):
        """Returns as soon as a dial is on its way, of which nobody knows the end."""
        def dialling():
            return self.store.rows("SELECT count (*) FROM attempt WHERE state = 'intent'")[0][0] > 0
        wait_for("a dial", dialling)

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most))

    # ---- the network ----

    def fault(self, what, least, most, impose):
        """The network is so for a while, and whole again then."""
        lasts = self.random.uniform(least, most)
        self.tell(f"{what} for {lasts:.1f} s")
        impose()
        time.sleep(lasts)
        self.heal()

    def heal(self):
        self.network.heal()
        self.healed = time.monotonic()
        self.tell("the network is whole")

    def workers(self):
        """Who is ready to serve, by instance; None if the broker does not say."""
        result = self.set.cli("status", "--json", "--timeout", "2s")
        if result.returncode != 0:
            return None
        return [w["instance"] for w in json.loads(result.stdout)["broker"]["workers"] if not w.get("lost")]

    def everybody_is_back(self):
        """By themselves, and soon."""
        def back():
            workers = self.workers() or []
            counts = collections.Counter(name.rsplit("-", 1)[0] for name in workers)
            return counts["service-gateway"] == len(GATEWAYS) and counts["orchestrator"] == 1 \
                and counts["alerter"] == 1 and counts["health-monitor"] == 1
        wait_for("everybody to be back", back, self.BACK)
        self.tell(f"everybody was back within {time.monotonic() - self.healed:.1f} s")

    def everything_ends(self):
        while before := self.left():
            wait_for(f"the next of {before} contacts to end",
                     lambda before=before: self.left() < before, STALL)
        self.tell("all contacts have ended")
        wait_for("the outbox to be told", lambda: self.store.rows("SELECT count (*) FROM outbox") == [(0,)])
        told = self.store.rows("SELECT count (*) FROM witness_event")[0][0]
        with contextlib.suppress(AssertionError):  # what is missing is told by the check
            wait_for("the log", lambda: len({(e["stream"], e["seq"]) for e in self.set.events()
                                             if is_campaigns(e)}) >= told)

    # ---- what must hold ----

    def check(self):
        self.everybody_is_back()
        self.everything_ends()
        evidence = Evidence(self.set, self.store, FAULTS)
        config = {"timeout": TIMEOUT, "lag": LAG, "skew": SKEW, "plans": {}, "max_calls": 1}
        self.tell(f"{len(evidence.ledger['dials'])} calls, {len(evidence.requests)} requests; ends: "
                  f"{self.store.rows('SELECT state, outcome, reason, count (*) FROM contact GROUP BY 1, 2, 3')}")
        self.assertEqual(len(evidence.contacts), self.CONTACTS)
        wrong = (calls.complaints(evidence, config) + self.not_reached(evidence)
                 + events.complaints(evidence, ["c"]) + self.not_logged())
        self.assertEqual("\n".join(wrong), "", f"--seed {OPTIONS.seed}")

    @staticmethod
    def not_reached(evidence):
        """Everybody would have answered: who was not called was given up for the network's sake, and in words."""
        dialled = {dial["to"] for dial in evidence.ledger["dials"]}
        wrong = []
        for contact in evidence.contacts.values():
            called = contact.phone in dialled
            if contact.state == "done" and contact.outcome == "completed" and called:
                continue
            if contact.state == "set_aside" and contact.reason in ("retries_exhausted", "interrupted") and not called:
                continue
            wrong.append(f"{contact.phone} ended as {contact}, {'called' if called else 'not called'}")
        return wrong

    def journal(self):
        file = self.set.state_of("broker") / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            return {n: msgpack.unpackb(frame)["type"] for n, frame in db.execute("SELECT n, frame FROM events")}

    def not_logged(self):
        """What the broker has acknowledged is in its journal, and all of it in the log."""
        def missing():
            logged = {event["n"] for event in self.set.events()}
            return {n: kind for n, kind in self.journal().items() if n not in logged}
        with contextlib.suppress(AssertionError):
            wait_for("the log to have the journal", lambda: not missing(), 20)
        return [f"{n} ({kind}) of the journal is not in the log" for n, kind in missing().items()]

    def check_told_of(self, *services):
        """Alerts have told that a process of each was lost, on every channel."""
        for service in services:
            def alerted(service=service):
                lost = {e["id"] for e in self.set.events(type="process.lost") if e["data"]["service"] == service}
                return lost and all(lost <= set(ids) for ids in self.set.alert_ids().values())
            wait_for(f"an alert of the loss of a {service}", alerted)
