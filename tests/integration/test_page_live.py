#!/usr/bin/python3
"""The console's page in a real browser with the whole set behind it: an outage, orders, and processes that go away."""

import re
import unittest

from harness import RingfenceSet, people, wait_for
from page_test import PageTest

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}
CARD = "[data-breaker=elevenlabs]"
CAMPAIGN = "[data-campaign=c]"
# From the moment that the breaker opened to the frame in which it is seen: the goal is 1 s; sanitizers and other
# tests share the machine.
SEEN_MS = 5000
NOTE_STATES = """
    const seen = (window.seen = []), card = document.querySelector("[data-breaker=elevenlabs]");
    const note = () => seen.push([card.querySelector(".badge").textContent, Date.now()]);
    new MutationObserver(note).observe(card.querySelector(".badge"), {characterData: true, childList: true, subtree: true});"""


class LivePage(PageTest):
    CONFIG = {"defaults": {"breaker": {"recovery_timeout": "5s"}}, "simulator": {"talk": "500ms"},
              "alerter": {"rules": []}}

    def setUp(self):
        self.set = RingfenceSet(self.CONFIG)
        self.addCleanup(self.finish)
        self.set.start_all()
        self.browser.delete_all_cookies()
        token = (self.set.root / "state" / "console.token").read_text().strip()
        self.log_in(f"http://127.0.0.1:{self.set.ports['console']}/", token)

    def console_said(self):
        return f"The console's standard error:\n{self.set.processes['console'].text()}"

    def finish(self):
        self.browser.get("about:blank")
        faults = self.set.stop_all()
        reports = self.set.sanitizer_reports()
        self.set.close()
        self.assertEqual(faults, [])
        self.assertEqual(reports, [])

    def test_an_outage_is_seen_from_its_beginning_to_its_end(self):
        self.wait_text(CARD, "CLOSED")
        self.run_script(NOTE_STATES)
        self.set.faults(OUTAGE)
        self.set.campaign(people(20))
        self.wait_text(CARD, "OPEN")
        opened = wait_for("the event", lambda: self.set.events(type="breaker.opened"))[0]
        seen = next(at for text, at in self.run_script("return window.seen") if "OPEN" in text and "HALF" not in text)
        late = seen - opened["at"] * 1000
        print(f"the breaker was seen open {late:.0f} ms after it opened")
        self.assertLess(late, SEEN_MS)
        self.wait_text(CARD, "Test request in")
        self.wait_text("#events tbody", "breaker.opened")
        self.wait_text("#alerts-body", "elevenlabs")
        self.wait_text("#providers-body", "down")
        self.wait_text(CAMPAIGN, "running")
        self.wait_text(CARD, "% failed")
        self.set.faults()
        self.wait_text(CARD, "CLOSED", 60)
        self.wait_text(CAMPAIGN, "20 of 20 (100 %): 20 done", 60)
        self.wait_text("#alerts-note", "Nothing is wrong", 60)
        self.fill("#find-contact", people(1)[0][0])
        self.click("#find button")
        self.wait_text("#contact-body", "completed")
        self.assertIn("of script at openai: 200, ok", self.text("#contact-body"))
        self.assertIn("the circuit breaker", self.text("#contact-body").lower())
        self.assert_nothing_complained()

    def test_orders_are_carried_out_and_who_gave_them_is_told(self):
        self.set.faults({"id": "one", "match": {"provider": "elevenlabs", "text": people(1)[0][1]}, "kind": "status",
                         "status": 503, "count": 4})
        self.set.campaign(people(12))
        self.wait_text(CAMPAIGN, "1 set aside", 60)
        self.click(f"{CAMPAIGN} button", "Retry")
        self.confirm(why="it works again")
        self.wait_text(CAMPAIGN, "12 done, 0 set aside", 60)
        self.click(f"{CARD} button", "Force open")
        self.confirm(**{"for": "2m", "why": "maintenance"})
        self.wait_text(CARD, "OPEN")
        self.wait_text(CARD, "by operator: maintenance")
        self.set.campaign(people(4, first=50), name="d")
        self.wait_text("[data-campaign=d]", "running")
        self.click("[data-campaign=d] button", "Pause")
        self.confirm(why="lunch")
        self.wait_text("[data-campaign=d]", "paused")
        self.click("[data-campaign=d] button", "Resume")
        self.confirm()
        self.wait_text("[data-campaign=d]", "running")
        self.click(f"{CARD} button", "Reset")
        self.confirm(why="over")
        self.wait_text(CARD, "CLOSED")
        self.wait_text("[data-campaign=d]", "4 of 4 (100 %)", 60)
        forced = wait_for("the event", lambda: self.set.events(type="breaker.forced"))[0]
        self.assertEqual((forced["data"]["who"], forced["data"]["why"]), ("operator", "maintenance"))

    def test_what_follows_from_an_incident_says_which_one_holds_it_back(self):
        monitor = self.set.processes["health-monitor"]
        monitor.terminate()  # so that the breaker is first
        monitor.wait()
        self.set.faults(OUTAGE)
        self.set.campaign(people(8))
        breaker = "Circuit breaker of elevenlabs opened"
        self.wait_text("#alerts-body", breaker)
        self.set.start("health-monitor")
        self.wait_text("#alerts-body", f"held back by {breaker}", 60)
        self.click("#alerts-body a", "Provider elevenlabs")
        self.click("#incident-body a", breaker)
        self.wait_text("#incident-body", "breaker/elevenlabs")
        self.assertNotIn("Held back", self.text("#incident-body"))

    def test_an_alert_is_silenced_and_acknowledged(self):
        self.set.faults(OUTAGE)
        self.set.campaign(people(8))
        # What the open breaker brings about besides is told of by nobody.
        self.click("#alerts-body a", "Circuit breaker")
        for channel in ("email", "telegram", "webhook"):
            wait_for(channel, lambda name=channel: re.search(rf"{name}\s+●\s+delivered", self.text("#incident-body")))
        self.click("#incident-close")
        self.click("#alerts-body button", "Acknowledge")
        self.confirm(why="I look")
        self.wait_text("#alerts-body", "acknowledged by operator: I look")
        self.click("#alerts-body button", "Silence")
        self.confirm(**{"for": "1h", "why": "known"})
        self.wait_text("#alerts-body", "silenced until")
        self.click("#silences-body button", "End")
        self.confirm()
        wait_for("the silence to end", lambda: "silenced until" not in self.text("#alerts-body"))

    def shown(self):
        """The rows of events that are shown, each with its exact time."""
        return self.run_script("return [...document.querySelectorAll('#events tbody tr')].map((row) =>"
                               "`${row.querySelector('time').dateTime} ${row.textContent}`)")

    def test_nothing_is_missed_or_doubled_when_console_and_broker_are_started_again(self):
        self.set.campaign(people(5))
        self.wait_text(CAMPAIGN, "5 of 5", 60)
        for service in ("console", "broker"):
            self.set.processes[service].kill()
            self.wait_text("#banner", "old" if service == "console" else "broker")
            self.set.start(service)
            wait_for("the banner to go", lambda: not self.visible("#banner"), 60)
        self.set.campaign(people(5, first=20), name="d")
        self.wait_text("[data-campaign=d]", "5 of 5", 60)
        wanted = wait_for("the journal", lambda: self.set.events(type="campaign.finished", subject="d"))
        self.assertTrue(wanted)
        told = [event for event in self.set.events() if event["type"].startswith("contact.")]
        self.assertGreater(len(told), 40)
        wait_for("each contact's events, once", lambda: sum("contact." in line for line in self.shown()) == len(told))
        self.assertEqual(len(set(self.shown())), len(self.shown()))


if __name__ == "__main__":
    unittest.main()
