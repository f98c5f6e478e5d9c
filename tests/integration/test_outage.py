#!/usr/bin/python3
"""A provider outage, survived: breaker, deferral, one test request, recovery."""

import unittest

from harness import RingfenceTest, people, wait_for

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}


class Outage(RingfenceTest):
    def speech_requests(self):
        return self.set.requests("elevenlabs", "/text-to-speech/")

    def test_an_outage_opens_the_breaker_defers_contacts_and_all_are_called_after_it(self):
        contacts = people(30)
        self.set.start_all()
        wait_for("the first probes", lambda: len(self.set.events(type="provider.up")) >= 4)
        self.set.faults(OUTAGE)
        campaign = self.set.campaign(contacts)
        opened = wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))[0]
        self.assertEqual(opened["data"]["cause"], "failures")
        self.assertEqual(opened["data"]["failures"], 5)
        wait_for("provider.down", lambda: self.set.events(type="provider.down"))
        # OPEN for 2 s, then one test request, which fails: open again. Count over two such rounds.
        wait_for("two failed tests",
                 lambda: len([e for e in self.set.events(type="breaker.opened")
                              if e["data"]["cause"] == "test_failed"]) >= 2)
        self.assertEqual(self.set.dials(), {})
        self.set.faults()
        wait_for("the breaker to close", lambda: self.set.events(type="breaker.closed"))
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        self.assertTrue(self.set.events(type="contact.deferred"))
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        self.assertEqual(len(self.set.events(type="contact.done")), len(contacts))
        self.check_test_requests()
        self.check_provider_notices()
        self.assert_alerts([e for e in self.set.events()
                            if e["type"] in ("breaker.opened", "breaker.closed", "provider.down")
                            or (e["type"] == "provider.up" and e["data"]["from"] == "down")])
        ids = [e["data"]["audio"] for e in self.set.events(type="contact.step")
               if e["data"]["step"] == "speech"]
        heard = [d["audio_sha256"] for d in self.set.ledger()["dials"]]
        self.assertEqual(sorted(ids), sorted(heard), "the very audio that was synthesised")

    def check_test_requests(self):
        """In each HALF_OPEN, exactly one request for speech reached the provider; none while OPEN."""
        changes = [e for e in self.set.events() if e["type"].startswith("breaker.")]
        requests = [r["at"] for r in self.speech_requests()]
        for change, following in zip(changes, changes[1:]):
            begin, end = change["at"], following["at"]
            if change["type"] == "breaker.half_open":
                self.assertEqual(len([at for at in requests if begin <= at <= end]), 1)
            elif change["type"] == "breaker.opened":
                # What was under way when it opened may still arrive within a moment.
                self.assertEqual([at for at in requests if begin + 0.5 < at < end], [])

    def check_provider_notices(self):
        notices = [(e["type"], e["data"]["from"]) for e in self.set.events(subject="elevenlabs")
                   if e["type"].startswith("provider.")]
        wait_for("provider.up", lambda: [e for e in self.set.events(type="provider.up")
                                         if e["data"]["from"] == "down"])
        notices = [(e["type"], e["data"]["from"]) for e in self.set.events(subject="elevenlabs")
                   if e["type"].startswith("provider.")]
        self.assertEqual(notices, [("provider.up", "unknown"), ("provider.down", "up"),
                                   ("provider.up", "down")])


class OneContactFails(RingfenceTest):
    # The true waits of the default policy.
    CONFIG = {"defaults": {"retry": {"initial_delay": "5s", "max_delay": "60s"}},
              "orchestrator": {"call_deadline": "100s"}}

    def test_four_failures_with_the_default_waits_set_one_contact_aside_and_the_rest_goes_on(self):
        contacts = people(12)
        unlucky = contacts[3][1]
        self.set.start_all()
        self.set.faults({"id": "unlucky", "kind": "status", "status": 503, "count": 4,
                         "match": {"provider": "elevenlabs", "text": unlucky}})
        self.run_campaign(contacts, code=3)
        waits = [e["data"]["wait_ns"] / 1e9 for e in self.set.events(type="retry.scheduled")]
        self.assertEqual(len(waits), 3)
        for wait, wanted in zip(waits, (5, 10, 20)):
            self.assertAlmostEqual(wait, wanted, delta=0.2 * wanted)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([(e["contact"], e["data"]["reason"]) for e in aside],
                         [("c-5", "retries_exhausted")])
        self.assertEqual(len(aside[0]["data"]["attempts"]), 4)
        last_done = max(e["at"] for e in self.set.events(type="contact.done"))
        self.assertLess(last_done, aside[0]["at"], "the others did not wait for the unlucky one")
        self.assert_each_dialled_once([c for c in contacts if c[1] != unlucky])
        self.assertEqual(self.set.events(type="breaker.opened"), [])
        self.assert_alerts(aside)


class TwoTests(RingfenceTest):
    CONFIG = {"providers": {"elevenlabs": {"breaker": {"success_threshold": 2, "recovery_timeout": "2s",
                                                       "failure_threshold": 5}}},
              "simulator": {"talk": "120s"}}

    def test_the_second_test_does_not_wait_for_the_end_of_the_first_ones_call(self):
        self.set.start_all()
        self.set.faults(OUTAGE)
        self.set.campaign(people(8))
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        self.set.faults()
        wait_for("the breaker to close", lambda: self.set.events(type="breaker.closed"))
        self.assertEqual(self.set.events(type="contact.done"), [])


if __name__ == "__main__":
    unittest.main()
