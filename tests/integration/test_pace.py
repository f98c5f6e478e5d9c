#!/usr/bin/python3
"""A place in the pace of calls is for calls: what is not dialled takes none, and holds up nobody."""

import datetime
import signal
import unittest

from harness import CampaignTest, people, wait_for

NEVER = 0.001  # calls a second: the next one is further away than any test waits
# A window that does not open soon.
SHUT = "windows=[{:%a} 00:00-00:01]".format(datetime.datetime.now(datetime.timezone.utc)
                                          + datetime.timedelta(days=3)).lower()


class PaceTest(CampaignTest):
    def set_pace(self, pace):
        self.set.config["orchestrator"]["pace"] = pace
        self.set.write_config()
        self.set.processes["orchestrator"].terminate(signal.SIGHUP)


class Places(PaceTest):
    CONFIG = {"orchestrator": {"pace": NEVER, "concurrency": 2}, "campaign": {"time_zone": "UTC"}}

    def test_contacts_whose_window_is_shut_take_no_place_from_others(self):
        high, low = people(3), people(1, first=10)
        self.set.start_all()
        self.load(high, "high")
        self.order("set", "high", SHUT)
        self.order("start", "high", "--priority", "5")
        self.until("those to wait", lambda s: s["waiting"] == 3, "high")
        self.load(low, "low")
        self.order("start", "low")
        self.finished("low")
        self.assertEqual(self.set.dials(), {low[0][0]: 1})

    def test_contacts_of_a_campaign_that_was_stopped_leave_the_line_for_others(self):
        self.set.start_all()
        for order, first, options in (("pause", 0, ()), ("cancel", 10, ("--yes",))):
            high = people(4, first=first)
            self.load(high, order)
            self.order("start", order)
            self.until("two to be in progress", lambda s: s["running"] == 2, order)
            self.order(order, order, *options)
            self.until("all to leave", lambda s: s["running"] == 0, order)
        # The first one, before the pace was used.
        self.assertLessEqual(len(self.set.dials()), 1)
        low = people(1, first=20)
        self.load(low, "low")
        self.order("start", "low")
        self.set_pace(0)
        self.finished("low")
        self.order("resume", "pause")
        self.finished("pause")
        self.assertEqual(self.set.dials(), {phone: 1 for phone, _ in people(4) + low})


class OwnPace(PaceTest):
    CONFIG = {"simulator": {"talk": "300s"}}

    def test_a_dial_that_was_refused_gives_its_place_back(self):
        one, other = people(2)
        self.set.start_all()
        self.load([one], "first")
        self.order("start", "first")
        wait_for("the long call", lambda: self.set.dials() == {one[0]: 1})
        self.load([one], "second")
        self.order("set", "second", f"pace={NEVER}")
        self.order("start", "second")
        wait_for("its number to be in use", lambda: self.set.events(type="contact.deferred", campaign="second"))
        self.load([other], "second")
        self.order("start", "second")
        wait_for("the other to be called", lambda: other[0] in self.set.dials())


if __name__ == "__main__":
    unittest.main()
