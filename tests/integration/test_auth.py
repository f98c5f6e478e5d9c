#!/usr/bin/python3
"""A revoked key burns one contact, not the list."""

import signal
import unittest

from harness import RingfenceTest, people, wait_for


class RevokedKey(RingfenceTest):
    # Slow enough that the key can be revoked while contacts are left.
    CONFIG = {"orchestrator": {"concurrency": 4}, "simulator": {"talk": "400ms"}}

    def revoke_in_the_middle(self, contacts):
        campaign = self.set.campaign(contacts)
        wait_for("some calls", lambda: len(self.set.dials()) >= 5)
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-new"]})
        return campaign

    def test_a_revoked_key_sets_one_contact_aside_defers_the_others_and_a_new_key_resumes(self):
        contacts = people(30)
        self.set.start_all()
        # Speech takes long enough that some are in flight beside the one that is refused first.
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 700,
                         "match": {"provider": "elevenlabs", "method": "POST"}})
        campaign = self.revoke_in_the_middle(contacts)
        aside = wait_for("one contact set aside", lambda: self.set.events(type="contact.set_aside"))
        self.assertEqual(aside[0]["data"]["reason"], "permanent.auth")
        self.assertIn("elevenlabs", aside[0]["data"]["provider"])
        wait_for("deferred contacts", lambda: self.set.events(type="contact.deferred"))
        # Everything in hand has ended, and nothing new reaches the provider under this key.
        wait_for("all quiet", lambda: all(
            d["status"] == "completed" for d in self.set.ledger()["dials"]))
        refused = [r for r in self.set.requests("elevenlabs", "/text-to-speech/")
                   if r["status"] == 401]
        # Those that were in flight beside each other may each meet the 401, none twice.
        self.assertLessEqual(len(refused), 4)
        self.assertEqual(self.set.events(type="retry.scheduled"), [])
        self.assertIsNone(campaign.poll())
        self.set.write_key("elevenlabs", "elevenlabs-new")
        self.set.processes["service-gateway"].terminate(signal.SIGHUP)
        self.assertEqual(campaign.wait(120), 3)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual(len(aside), 1)
        marks = self.set.events(type="mark.set")
        self.assertEqual([m["data"]["class"] for m in marks], ["permanent.auth"])
        self.assertEqual((marks[0]["contact"], marks[0]["campaign"]), (aside[0]["contact"], "c"))
        wait_for("the mark to be cleared", lambda: self.set.events(type="mark.cleared"))
        phone = aside[0]["data"]["phone"]
        self.assert_each_dialled_once([c for c in contacts if c[0] != phone])
        self.assertEqual(self.set.events(type="breaker.opened"), [], "a 401 does not count")
        self.assert_alerts(marks)
        for file in (self.set.root / "out").iterdir():
            self.assertNotIn("elevenlabs-new", file.read_text(errors="replace"))
        for file in (self.set.root / "log").iterdir():
            self.assertNotIn("elevenlabs-good", file.read_text(errors="replace"))

    def test_a_telephony_key_revoked_while_calls_are_only_followed_alerts_once(self):
        contacts = people(2)
        self.set.config["simulator"]["talk"] = "4s"
        self.set.write_config()
        self.set.start_all()
        campaign = self.set.campaign(contacts)
        wait_for("both calls", lambda: len(self.set.dials()) == 2 and
                 len([e for e in self.set.events(type="contact.step")
                      if e["data"]["step"] == "dial"]) == 2)
        self.set.admin("PUT", "keys", {"twilio": ["twilio-new"]})
        marks = wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assert_alerts(marks)
        self.set.write_key("twilio", "twilio-new")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        self.assert_alerts(marks)

    def test_the_alert_of_a_mark_is_not_lost_with_the_gateway_that_made_it(self):
        contacts = people(3)
        self.set.config["simulator"]["talk"] = "100ms"
        self.set.write_config()
        self.set.start_all(without=["service-gateway", "health-monitor"])
        dying = self.set.start("service-gateway", "gateway-1", {"RF_CRASH_AT": "gateway.mark_made"})
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-new"]})
        campaign = self.set.campaign(contacts)
        dying.wait_killed()
        marks = wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assert_alerts(marks)
        self.set.start("service-gateway", "gateway-2")
        self.set.write_key("elevenlabs", "elevenlabs-new")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        self.assertEqual(self.set.events(type="contact.set_aside"), [], "nobody heard whose it was")
        self.assert_alerts(marks)


if __name__ == "__main__":
    unittest.main()
