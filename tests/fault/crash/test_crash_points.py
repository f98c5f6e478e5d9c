#!/usr/bin/python3
"""Every crash point, hit again and again while campaigns run: at each a process dies, or is stopped and continued,
and is started again. Then nothing dies any more, all comes to its end, and the account must be right: nobody lost,
nobody dialled twice, no event, line or alert missing.

    test_crash_points.py [--seed N] [--hits N] [--point NAME]...

hits of each point (default: 2), and the points (default: all).
"""

import argparse
import pathlib
import random
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "integration")]

from account import Account, Server, Sqlite  # noqa: E402  the folders are put on the path first
from harness import RingfenceTest, has_crash_points, merge, wait_for  # noqa: E402
from operator_at_work import Operator  # noqa: E402
from otlp_collector import Collector  # noqa: E402
from points import Armoury, table  # noqa: E402
from postgres import OnPostgres  # noqa: E402

MARGIN = {"send_margin": "1500ms", "list_lag": "300ms", "clock_skew": "200ms"}
ATTEMPT_S, LEASE_S, MAX_CALLS = 2, 2, 2

# At these a process is also stopped, for longer than its lease, and goes on as if nothing had been.
STOPS = ("orchestrator.claim_committed", "orchestrator.attempt_committed", "orchestrator.dial_sent",
         "orchestrator.dial_reply_before_commit", "orchestrator.end_reply_before_commit", "store.before_commit",
         "gateway.request_about_to_go", "gateway.answer_received", "gateway.reply_sent", "broker.call_handed_out",
         "broker.journal_committed")

# Backups are the command line's, and nothing is put back (test_archive.py).
RESTORING = ("store.moved_aside", *(name for name in table() if name.startswith("archive.")))


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--hits", type=int, default=2)
    parser.add_argument("--point", action="append", choices=sorted(table()), default=[])
    return parser.parse_known_args()


OPTIONS, REST = options()


class CrashPoints(RingfenceTest):
    ORCHESTRATORS = 1
    # There is no lease, and a schema is made once (test_schema.py).
    WITHOUT = ("store.lease_renewed", "store.migration_written", *RESTORING)
    CONFIG = {
        "defaults": {"retry": {"max_retries": 20, "max_delay": "1s"}, "timeout": {"attempt": f"{ATTEMPT_S}s"}},
        "telephony": MARGIN,
        "orchestrator": {"concurrency": 8, "defer_delay": "700ms", "call_deadline": "20s", "dial_deadline": "8s"},
        "campaign": {"max_calls": MAX_CALLS, "recall": {"busy": {"waits": ["1s"]}, "no-answer": {"waits": ["1s"]}}},
        # What a channel did not take for a second is folded, once it works again.
        "alerter": {"stale_after": "1s"},
        # The files are rotated and compressed every other second.
        "logger": {"rotate": {"size": "64KiB", "compress": "gzip"}},
        "simulator": {"talk": "150ms", "latency": "20ms", "list_lag": "200ms"},
    }

    def setUp(self):
        if not has_crash_points("ringfence-orchestrator"):
            self.skipTest("built without RF_CRASH_POINTS")
        super().setUp()
        url = self.set.simulator_url
        self.collector = Collector()
        self.addCleanup(self.collector.close)
        self.set.config = merge(self.set.config, {"logger": {"traces": {"enabled": True, "url": self.collector.url, "interval": "50ms"}, "sheets": {
            "enabled": True, "base_url": f"{url}/sheets", "token_url": f"{url}/google/token",
            "spreadsheet": "book-1", "sheet": "events", "batch": 500, "interval": "50ms", "log_lines": True, "quota": 0,
            "credentials": str(self.set.root / "state" / "simulator" / "service-account.json")}}})
        self.set.write_config()
        self.store = self.make_store()
        print(f"--seed {OPTIONS.seed} --hits {OPTIONS.hits}", file=sys.stderr)
        points = [name for name in OPTIONS.point or table() if name not in self.WITHOUT]
        self.armoury = Armoury(self.set, random.Random(OPTIONS.seed), OPTIONS.hits, points, STOPS,
                               (0.3, LEASE_S + 2))

    def make_store(self):
        return Sqlite(self.set)

    def add_victims(self):
        names = [("broker", "broker"), ("service-gateway", "gateway-1"), ("service-gateway", "gateway-2"),
                 ("alerter", "alerter"), ("logger", "logger")]
        names += [("orchestrator", f"orchestrator-{i}") for i in range(self.ORCHESTRATORS)]
        for service, name in names:
            self.armoury.add(service, name)

    # ---- what dies ----

    def rage(self):
        self.set.launch("console")
        self.add_victims()
        for victim in self.armoury.victims:
            victim.launch()
        operator = Operator(self.set, self.store, self.armoury)
        end = time.monotonic() + 240 + 60 * OPTIONS.hits
        while not self.armoury.done():
            self.armoury.look()
            if not operator.begun and self.store_is_there():
                operator.begin()
            if time.monotonic() > end or operator.trouble:
                break
            time.sleep(0.03)
        self.armoury.rest()
        print(self.armoury.listing(), file=sys.stderr)
        operator.end()
        return operator

    def store_is_there(self):
        try:
            return bool(self.store.rows("SELECT count (*) FROM campaign_column"))
        except Exception:  # not yet
            return False

    # ---- the tail ----

    def unended(self):
        return int(self.store.rows("SELECT count (*) FROM contact WHERE state NOT IN ('done', 'set_aside')")[0][0])

    def settle(self):
        for process in self.set.processes.values():
            process.wait_ready()
        wait_for("every contact to end", lambda: self.unended() == 0, 120)
        wait_for("every campaign to end", lambda: not self.store.rows(
            "SELECT 1 FROM campaign WHERE finished IS NULL"))
        wait_for("the outbox to be empty", lambda: self.store.rows("SELECT count (*) FROM outbox") == [("0",)])

    def check(self, operator):
        complaints = []

        def right():
            account = Account(self.set, self.store)
            complaints[:] = (account.log_is_the_journal() + account.sheet_is_the_journal() +
                             account.traces(self.collector) + account.alerts(self.armoury.dead["alerter"]))
            return not complaints
        try:
            wait_for("the log, the sheet, the traces and the alerts", right)
        except AssertionError:
            pass
        account = Account(self.set, self.store)
        complaints += (account.one_call_an_attempt() + account.one_after_the_other() +
                       account.absent_only_if_proven(ATTEMPT_S + 0.5) + account.within_the_plan(MAX_CALLS) +
                       account.ends(operator.burnt) + account.campaigns_end() + account.told_once() +
                       account.ends_are_told())
        self.assertEqual(account.ledger["dropped"], 0)
        self.assertEqual(complaints[:20], [])
        print(f"{len(account.contacts)} contacts, {sum(map(len, account.calls.values()))} calls,"
              f" {sum(map(len, account.attempts.values()))} attempts, {len(account.journal)} events,"
              f" {operator.orders} orders, {self.armoury.fenced} refused for a lost lease", file=sys.stderr)

    def test_every_point_is_hit_and_nobody_is_lost_or_dialled_twice(self):
        began = time.monotonic()
        self.set.start("simulator")
        operator = self.rage()
        raged = time.monotonic()
        self.settle()
        self.check(operator)
        print(f"{raged - began:.0f} s with deaths, {time.monotonic() - raged:.0f} s without", file=sys.stderr)
        self.assertEqual(self.armoury.lacking(OPTIONS.hits), {}, "points that were hit too seldom")


class CrashPointsOfThree(OnPostgres, CrashPoints):
    """Three orchestrators on one PostgreSQL database."""

    ORCHESTRATORS = 3
    WITHOUT = ("store.migration_written", *RESTORING)
    CONFIG = merge(CrashPoints.CONFIG, {"orchestrator": {"store": {"lease": f"{LEASE_S}s"}}})

    def make_store(self):
        return Server(self.server)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *REST])
