#!/usr/bin/python3
"""What went wrong in other systems, played on the real set: rows 1, 2, 3 and 13 (row 16 is with the orchestrator)."""

import signal
import unittest

from harness import RingfenceTest, people, wait_for

SPEECH = {"provider": "elevenlabs", "method": "POST"}
OUTAGE = {"id": "outage", "match": SPEECH, "kind": "status", "status": 503}


class Incidents(RingfenceTest):
    def hits(self, fault_id):
        return sum(f["hits"] for f in self.set.admin("GET", "faults")["faults"] if f["id"] == fault_id)

    def breaker_changes(self, kind=None):
        return [e for e in self.set.events()
                if e["type"].startswith("breaker.") and kind in (None, e["type"])]

    def open_the_breaker(self, contacts):
        self.set.faults(OUTAGE)
        campaign = self.set.campaign(contacts)
        wait_for("the breaker to open", lambda: self.breaker_changes("breaker.opened"))
        return campaign


class TestsThatHang(Incidents):
    def test_incident_01_a_test_request_that_never_settles_does_not_keep_the_breaker_half_open(self):
        contacts = people(12)
        self.set.start_all(without=["health-monitor"])
        campaign = self.open_the_breaker(contacts)
        self.set.faults({"id": "hangs", "match": SPEECH, "kind": "no_reply", "count": 1})
        wait_for("the test request to hang", lambda: self.hits("hangs") == 1)
        self.assertEqual(self.breaker_changes("breaker.closed"), [])
        # Its gateway neither reports nor dies: it stands still with the permit in its hand.
        stopped = self.set.processes["service-gateway"]
        stopped.terminate(signal.SIGSTOP)
        self.set.start("service-gateway", "gateway-2")
        wait_for("another test request to close it", lambda: self.breaker_changes("breaker.closed"))
        wait_for("the work to go on", lambda: len(self.set.dials()) >= 3)
        # What it has to say when it wakes is about a test that is not its own any more.
        seen = len(self.breaker_changes())
        stopped.terminate(signal.SIGCONT)
        self.assertEqual(campaign.wait(150), 0)
        self.assertEqual(self.breaker_changes()[seen:], [])
        self.assert_each_dialled_once(contacts)


class TestsThatDoNotCount(Incidents):
    # A lease that ends long after this test, so that it cannot be what frees the permit.
    CONFIG = {"defaults": {"breaker": {"test_lease": "10m"}}}

    def test_incident_02_test_requests_that_do_not_count_give_their_permit_back(self):
        contacts = people(12)
        self.set.start_all(without=["health-monitor"])
        campaign = self.open_the_breaker(contacts)
        self.set.faults(
            {"id": "limited", "match": SPEECH, "kind": "status", "status": 429, "count": 1},
            {"id": "refused", "match": SPEECH, "kind": "status", "status": 400, "count": 1,
             "body": {"detail": {"status": "invalid_text", "message": "The text cannot be spoken."}}})
        self.assertEqual(campaign.wait(150), 3)
        self.assertEqual((self.hits("limited"), self.hits("refused")), (1, 1))
        changes = [e["type"] for e in self.breaker_changes()]
        self.assertEqual(changes[-3:], ["breaker.opened", "breaker.half_open", "breaker.closed"])
        half_open, closed = self.breaker_changes()[-2:]
        tests = [r["status"] for r in self.set.requests("elevenlabs", "/text-to-speech/")
                 if half_open["at"] <= r["at"] <= closed["at"]]
        self.assertEqual(tests[:3], [429, 400, 200])
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([e["data"]["reason"] for e in aside], ["permanent.invalid"])
        phone = aside[0]["data"]["phone"]
        self.assert_each_dialled_once([c for c in contacts if c[0] != phone])


class LateResults(Incidents):
    # Room for results that come long after their calls began.
    CONFIG = {"defaults": {"timeout": {"attempt": "20s"},
                           "breaker": {"recovery_timeout": "3s", "test_lease": "25s"}},
              "orchestrator": {"concurrency": 16, "call_deadline": "60s"}}

    def test_incident_03_failures_from_before_an_opening_neither_open_again_nor_count(self):
        # Eight calls that begin while it is closed: one fails while it is open, two while it is half
        # open, and five, as many as the threshold, after it has closed.
        slow = {"Early": (1, 3000), "Middle": (2, 6500), "Late": (5, 12000)}
        before = [(f"+120255501{i:02d}", f"{word} {i}") for i, word in enumerate(
            word for word, (count, _) in slow.items() for _ in range(count))]
        quick = [(f"+120255501{i:02d}", f"Quick {i}") for i in range(50, 55)]
        self.set.start_all(without=["health-monitor"])
        self.set.faults(
            *({"id": word, "match": dict(SPEECH, text=word), "kind": "status", "status": 503,
               "delay_ms": delay, "count": count} for word, (count, delay) in slow.items()),
            {"id": "Quick", "match": dict(SPEECH, text="Quick"), "kind": "status", "status": 503, "count": 5},
            {"id": "test", "match": SPEECH, "kind": "latency", "delay_ms": 4000, "count": 1})
        first = self.set.campaign(before, "before")
        wait_for("eight calls under way", lambda: sum(map(self.hits, slow)) == len(before))
        second = self.set.campaign(quick, "quick")
        self.assertEqual(first.wait(150), 0)
        self.assertEqual(second.wait(150), 0)
        self.assertEqual(self.hits("test"), 1, "the slow test request was made")
        changes = self.breaker_changes()
        self.assertEqual([(e["type"], e["data"]["cause"]) for e in changes],
                         [("breaker.opened", "failures"), ("breaker.half_open", "timeout"),
                          ("breaker.closed", "test_passed")])
        self.assertEqual(changes[0]["data"]["failures"], 5)
        self.assert_each_dialled_once(before + quick)
        self.assert_alerts([changes[0], changes[2]])


class Quota(Incidents):
    CONFIG = {"orchestrator": {"concurrency": 4}, "gateway": {"chains": {"script": ["openai"]}}}

    def spent(self, provider, path, fault, message):
        """The account is empty: no retry, one contact set aside, the provider's own words everywhere."""
        contacts = people(12)
        self.set.start_all(without=["health-monitor"])
        # Slow enough that those which begin together are all in flight when the first is refused.
        self.set.faults(dict(fault, id="spent", kind="status", delay_ms=700,
                             match={"provider": provider, "method": "POST"}))
        campaign = self.set.campaign(contacts)
        aside = wait_for("one contact set aside", lambda: self.set.events(type="contact.set_aside"))
        wait_for("the others to be deferred", lambda: self.set.events(type="contact.deferred"))
        marks = wait_for("the mark to be told", lambda: self.set.events(type="mark.set"))
        self.assert_alerts(marks)
        self.assertEqual(aside[0]["data"]["reason"], "permanent.quota")
        self.assertIn(message, aside[0]["data"]["message"])
        self.assertIn(message, self.set.mailbox.mails[0].get_body(("plain",)).get_content().replace("\n", " "))
        self.assertIn(message, self.set.ledger()["telegram"][0]["text"])
        self.assertIn(message, str(self.set.ledger()["webhooks"][0]["body"]))
        self.assertEqual(self.set.events(type="retry.scheduled"), [])
        self.assertEqual(self.set.events(type="breaker.opened"), [])
        # At most those that were in flight beside each other met it, and none of them twice.
        self.assertLessEqual(len(self.set.requests(provider, path)), 4)
        self.assertEqual(self.set.dials(), {})
        self.assertIsNone(campaign.poll(), "the others wait")
        self.set.faults()
        self.set.cli("mark", "clear", provider, check=0)
        self.assertEqual(campaign.wait(120), 3)
        self.assertEqual(len(self.set.events(type="contact.set_aside")), 1)
        phone = aside[0]["data"]["phone"]
        self.assert_each_dialled_once([c for c in contacts if c[0] != phone])
        self.assert_alerts(marks)

    def test_incident_13_a_429_for_a_spent_quota_is_no_rate_limit(self):
        message = "You exceeded your current quota, please check your plan and billing details."
        self.spent("openai", "/chat/completions",
                   {"status": 429, "body": {"error": {"message": message, "param": None,
                                                      "type": "insufficient_quota",
                                                      "code": "insufficient_quota"}}}, message)

    def test_incident_13_a_401_for_a_spent_quota_is_no_revoked_key(self):
        message = "This request exceeds your quota of 10000. You have 3 credits remaining."
        self.spent("elevenlabs", "/text-to-speech/",
                   {"status": 401, "body": {"detail": {"status": "quota_exceeded", "message": message}}},
                   message)


if __name__ == "__main__":
    unittest.main()
