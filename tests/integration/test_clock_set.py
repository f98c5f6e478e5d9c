#!/usr/bin/python3
"""The machine's clock is set back by an hour, or forward, in the middle of a campaign (tests/fault/clock_fault.c):
nobody is dialled twice, no wait is cut short, and none lasts an hour longer."""

import signal
import time
import unittest

from harness import SERVICES, CampaignTest, people, preloaded, replace, wait_for
from postgres import OnPostgres

BUSY = "+12025550190"
WAIT_S = 6


class ClockTest(CampaignTest):
    def setUp(self):
        super().setUp()
        self.control = self.set.root / "out" / "clock"
        self.environment = preloaded("clock_fault", RF_CLOCK_FAULT=str(self.control))

    def set_clock(self, seconds):
        replace(self.control, f"{seconds}\n")

    def sleep(self, seconds):
        """The machine does, and wakes again."""
        replace(self.control, f"0 {seconds}\n")

    def start(self):
        # The provider's clock is its own, and right.
        self.set.start("simulator")
        launched = [self.set.launch(service, environment=self.environment)
                    for service in SERVICES if service != "simulator"]
        for process in launched:
            process.wait_ready()


class Window(ClockTest):
    """A window that opens in an hour."""

    def setUp(self):
        opens = time.time() + 3600
        self.CONFIG = {"campaign": {"time_zone": "UTC", "windows": [
            "daily " + "-".join(time.strftime("%H:%M", time.gmtime(at)) for at in (opens, opens + 7200))]}}
        super().setUp()

    def wait_for_the_window(self):
        self.start()
        self.load(people(3))
        self.order("start", "c")
        self.until("all to wait", lambda s: s["waiting"] == 3 and s["running"] == 0)
        self.assertEqual(self.set.dials(), {})

    def all_are_dialled(self):
        wait_for("all to be called", lambda: self.set.dials() == {phone: 1 for phone, _ in people(3)})

    def test_a_window_is_open_for_a_clock_that_was_set_forward(self):
        self.wait_for_the_window()
        self.set_clock(3700)
        self.all_are_dialled()

    def test_a_window_that_opened_while_the_machine_slept_is_open_when_it_wakes(self):
        self.wait_for_the_window()
        self.sleep(3700)
        self.all_are_dialled()
        self.assertFalse(self.set.processes["orchestrator"].says("the clock was set"))


class ClockSet(ClockTest):
    CONFIG = {"orchestrator": {"concurrency": 2}, "simulator": {"talk": "600ms"},
              "campaign": {"max_calls": 3, "recall": {"busy": {"waits": [f"{WAIT_S}s", f"{WAIT_S}s"]}}}}

    def setUp(self):
        super().setUp()
        self.contacts = [(BUSY, "Busy"), *people(24)]

    def campaign(self):
        """On the same machine."""
        return self.set.campaign(self.contacts, environment=self.environment)

    def dial_lost(self, phone):
        """Its dial is carried out, and the answer is lost."""
        self.set.faults({"id": "lost", "kind": "reset_after", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": phone}})

    def calls_to(self, phone):
        return sorted((d["at"], d["history"][-1]["at"]) for d in self.set.ledger()["dials"] if d["to"] == phone)

    def check(self, campaign):
        self.assertEqual(campaign.wait(150), 0)
        calls = self.calls_to(BUSY)
        self.assertEqual(self.set.dials(), {BUSY: 3, **{phone: 1 for phone, _ in self.contacts[1:]}})
        for (_, ended), (began, _) in zip(calls, calls[1:]):
            self.assertGreaterEqual(began - ended, WAIT_S - 0.1, "no wait is cut short")
            self.assertLess(began - ended, WAIT_S + 60)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(self.set.events(type="contact.set_aside"), [])

    def in_the_middle(self, seconds):
        lost = self.contacts[1][0]
        self.start()
        self.dial_lost(lost)
        campaign = self.campaign()
        orchestrator = self.set.processes["orchestrator"]
        # One waits to be called again, one is asked for, the others stand in the queue.
        wait_for("the first call to be busy", lambda: self.calls_to(BUSY))
        wait_for("a call to be asked for", lambda: orchestrator.says("asking the provider"))
        self.set_clock(seconds)
        wait_for("it to be noticed", lambda: orchestrator.says("the clock was set"))
        self.check(campaign)

    def test_a_clock_that_is_set_back_makes_nobody_wait_an_hour(self):
        self.in_the_middle(-3600)

    def test_a_clock_that_is_set_forward_cuts_no_wait_short(self):
        self.in_the_middle(3600)

    def test_a_clock_that_is_set_back_while_nobody_watches_is_seen_at_the_start(self):
        lost = self.contacts[1][0]
        self.start()
        self.dial_lost(lost)
        campaign = self.campaign()
        wait_for("the first call to be busy", lambda: self.calls_to(BUSY))
        wait_for("a call to be asked for",
                 lambda: self.set.processes["orchestrator"].says("asking the provider"))
        self.set.processes["orchestrator"].kill()
        self.set_clock(-3600)
        began = time.monotonic()
        orchestrator = self.set.start("orchestrator", environment=self.environment)
        self.assertTrue(orchestrator.says("the clock was set back by 3"))
        self.assertEqual(campaign.wait(150), 0)
        self.assertLess(time.monotonic() - began, 120)
        self.assertEqual(self.set.dials(), {BUSY: 3, **{phone: 1 for phone, _ in self.contacts[1:]}})


class ClockSetWithoutStore(OnPostgres, CampaignTest):
    def test_waits_are_moved_when_the_store_is_back_and_its_absence_is_said_once(self):
        control = self.set.root / "out" / "clock"
        replace(control, "0\n")
        self.set.start_all(without=["orchestrator"])
        orchestrator = self.set.start("orchestrator",
                                      environment=preloaded("clock_fault", RF_CLOCK_FAULT=str(control)))
        self.load(people(1))
        self.server.sql("UPDATE contact SET state = 'scheduled', due = 9000000000000000000")
        self.server.sql("UPDATE contact SET state = 'running.script'")
        self.server.sql("UPDATE contact SET state = 'waiting.retry', due = 8000000000000000000,"
                        " owner = (SELECT max (id) FROM member)")
        self.server.stop(signal.SIGQUIT)
        replace(control, "-3600\n")
        failed = "waits are not moved along with the clock"
        wait_for("a failure to be said", lambda: orchestrator.says(failed))
        began = time.monotonic()
        while time.monotonic() - began < 3:
            self.assertEqual(orchestrator.text().count(failed), 1)
            time.sleep(0.1)
        self.server.start()
        due = 8000000000000000000 - 3600 * 10**9
        wait_for("the wait to be moved",
                 lambda: abs(int(self.server.sql("SELECT due FROM contact")[0][0]) - due) < 10**8)


if __name__ == "__main__":
    unittest.main()
