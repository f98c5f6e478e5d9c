#!/usr/bin/python3
"""The orchestrator killed at named points and started again: nobody is dialled twice, all contacts end."""

import unittest

from harness import RingfenceTest, people, wait_for


class OrchestratorKilled(RingfenceTest):
    CONFIG = {"simulator": {"talk": "200ms"}}

    def killed_at(self, point):
        contacts = people(20)
        self.set.start_all(without=["orchestrator"])
        crashing = self.set.start("orchestrator", environment={"RF_CRASH_AT": f"orchestrator.{point}"})
        campaign = self.set.campaign(contacts)
        crashing.wait_killed()
        self.set.start("orchestrator")
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        done = self.set.events(type="contact.done")
        self.assertEqual(sorted(e["contact"] for e in done),
                         sorted(f"c-{line}" for line in range(2, 22)))
        self.assertEqual(len(self.set.events(type="campaign.finished")), 1)
        speeches = [s["text"] for s in self.set.ledger()["speeches"]]
        # What was in flight at the kill may have been paid for twice; a finished step never.
        self.assertLessEqual(len(speeches) - len(set(speeches)), 8)

    def test_killed_after_the_attempt_was_committed_and_before_it_was_sent(self):
        self.killed_at("attempt_committed:3")

    def test_killed_after_the_dial_was_sent(self):
        self.killed_at("dial_sent:4")

    def test_killed_between_the_reply_and_its_commit(self):
        self.killed_at("dial_reply_before_commit:5")

    def test_killed_before_the_outbox_was_published(self):
        self.killed_at("outbox_before_publish:10")

    def test_incident_16_a_dial_whose_reply_was_lost_is_not_repeated(self):
        contacts = people(10)
        lost = contacts[2][0]
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "reset_after", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": lost}})
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)
        dial = next(e for e in self.set.events(type="contact.done") if e["data"]["phone"] == lost)
        call = next(d for d in self.set.ledger()["dials"] if d["to"] == lost)
        self.assertEqual(dial["data"]["sid"], call["sid"], "the call was adopted")

    def test_incident_16_a_dial_that_never_arrived_is_made_again_after_proven_absence(self):
        contacts = people(10)
        lost = contacts[2][0]
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "reset_before", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": lost}})
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)
        asked = [r for r in self.set.requests("twilio", "/Calls.json") if r["method"] == "GET"]
        self.assertGreaterEqual(len(asked), 2, "absence is found twice")


class KilledBeforeDials(RingfenceTest):
    CONFIG = {"defaults": {"retry": {"max_retries": 1}, "timeout": {"connect": "1s", "attempt": "2s"}},
              "telephony": {"send_margin": "2s", "clock_skew": "1s"}}

    def test_deaths_before_dials_that_were_never_sent_use_up_none_of_the_retries(self):
        """Two dials may be sent and stay without an answer; here none was."""
        [(phone, _)] = contacts = people(1)
        self.set.start_all(without=["orchestrator"])
        environment = {"RF_CRASH_AT": "orchestrator.attempt_committed"}
        crashing = self.set.start("orchestrator", environment=environment)
        campaign = self.set.campaign(contacts)
        for _ in range(3):
            crashing.wait_killed()
            self.assertEqual(self.set.dials(), {})
            crashing = self.set.launch("orchestrator", environment=environment)
        crashing.wait_killed()
        self.set.start("orchestrator")
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once([(phone, "")])


if __name__ == "__main__":
    unittest.main()
