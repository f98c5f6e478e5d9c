#!/usr/bin/python3
"""The orchestrator's outbox goes on by itself when what was in its way is gone."""

import contextlib
import sqlite3
import unittest

from harness import RingfenceTest, people, wait_for


class Outbox(RingfenceTest):
    def write(self, *statements):
        file = self.set.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(file, timeout=20)) as db, db:
            for statement in statements:
                db.execute(*statement)

    def test_events_behind_one_that_cannot_be_published_follow_without_a_restart(self):
        self.set.start_all(without=["health-monitor", "alerter"])
        self.write(("INSERT INTO outbox (stream, seq, event)"
                    " SELECT id, next, 'torn' FROM stream WHERE open = 1",),
                   ("UPDATE stream SET next = next + 1 WHERE open = 1",))
        campaign = self.set.campaign(people(1))
        orchestrator = self.set.processes["orchestrator"]
        wait_for("the complaint", lambda: orchestrator.says(
            "outbox: event 1 cannot be published, tried again every second"))
        self.assertEqual(campaign.wait(60), 0, "the work itself does not wait for its events")
        self.assertEqual(self.set.events(type="campaign.finished"), [])
        # Nothing is in flight, so no acknowledgement will come, and no change either.
        self.write(("UPDATE outbox SET event = ? WHERE seq = 1",
                    ['{"id": "01JDF0000000000000000000AB", "ts": 1763981280000000000, "severity": "info",'
                     ' "type": "test.mended", "subject": "x", "data": {}}']))
        wait_for("the end of the campaign", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(len(self.set.events(type="test.mended")), 1)
        self.assertEqual(orchestrator.text().count("cannot be published"), 1)


if __name__ == "__main__":
    unittest.main()
