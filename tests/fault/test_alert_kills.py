#!/usr/bin/python3
"""The alerter killed at random moments while incidents begin and end: each notice arrives on each channel, an incident's
beginning before its end; what arrives twice has the same id, at most one a channel and kill, and is counted.
  test_alert_kills.py [--kills N] [--incidents N] [--seed S] [unittest's arguments]
"""

import argparse
import collections
import contextlib
import pathlib
import random
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import RingfenceTest, wait_for  # noqa: E402
from publisher import Publisher  # noqa: E402
from test_alerter import closed, opened  # noqa: E402

PATIENCE = 600  # seconds for two thousand notices on a busy machine
BEHIND = 60     # so many notices may be due: a page that makes a hundred at once is a storm, and told as a digest


class AlertKills(RingfenceTest):
    # No storm, so that each notice is one of its own.
    CONFIG = {"alerter": {"rules": [], "storm": {"notices": 100, "within": "100ms"},
                          "retry": {"initial_delay": "100ms", "max_delay": "1s", "jitter": "none"}}}

    def setUp(self):
        super().setUp()
        self.random = random.Random(OPTIONS.seed)
        for service in ("broker", "simulator", "alerter"):
            self.set.start(service)
        self.publisher = Publisher(self.set.root / "run")
        self.addCleanup(self.publisher.close)
        self.begun, self.ended = {}, {}  # by name: the event's id, which is the notice's

    def begin(self, names):
        self.begun.update(zip(names, self.publisher.publish(*map(opened, names))))

    def end(self, names):
        if names:
            self.ended.update(zip(names, self.publisher.publish(*map(closed, names))))

    def expected(self):
        return {*self.begun.values(), *self.ended.values()}

    def kept(self):
        file = self.set.root / "state" / "alerter" / "alerts.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as db:
            return {row[0] for row in db.execute("SELECT id FROM alert")}

    def kill(self):
        time.sleep(self.random.uniform(0, 0.4))  # the moment of the kill, anywhere
        alerter = self.set.processes["alerter"]
        self.assertTrue(alerter.alive(), "only we kill it")
        alerter.kill()
        self.set.start("alerter")

    def rage(self):
        """Half of the incidents that begin in one life end in the next one, or still later."""
        still_open, share = [], OPTIONS.incidents // OPTIONS.kills
        for life in range(OPTIONS.kills):
            wait_for("the alerter to come near", lambda: len(self.expected() - self.kept()) <= BEHIND)
            names = [f"p{life}-{i}" for i in range(share)]
            self.begin(names)
            still_open += names
            self.random.shuffle(still_open)
            half = len(still_open) // 2
            self.end(still_open[half:])
            del still_open[half:]
            self.kill()
        self.end(still_open)

    def check(self, channel, seen):
        expected = self.expected()
        self.assertEqual(set(seen), expected, f"{channel}: nothing is lost, and nothing comes besides")
        first = {notice: seen.index(notice) for notice in expected}
        for name, notice in self.begun.items():
            self.assertLess(first[notice], first[self.ended[name]], f"{channel}: {name} ends before it begins")
        doubles = {notice: count for notice, count in collections.Counter(seen).items() if count > 1}
        extra = len(seen) - len(expected)
        self.assertLessEqual(extra, OPTIONS.kills, f"{channel}: one a kill at most: {doubles}")
        return f"{channel} {len(expected)} and {extra} doubles"

    def test_kills_at_random_lose_no_notice_and_double_none_but_under_its_id(self):
        print(f"seed {OPTIONS.seed}", file=sys.stderr, flush=True)
        self.rage()
        expected = self.expected()
        wait_for("every notice on every channel",
                 lambda: all(expected <= set(seen) for seen in self.set.alert_ids().values()), PATIENCE)
        told = [self.check(channel, seen) for channel, seen in self.set.alert_ids().items()]
        print(f"{len(self.begun)} incidents, {OPTIONS.kills} kills: {', '.join(told)}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--incidents", type=int, default=120)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
