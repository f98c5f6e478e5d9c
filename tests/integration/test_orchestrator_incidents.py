#!/usr/bin/python3
"""What users of other systems saw go wrong in a campaign, played with the real processes."""

import collections
import json
import signal
import unittest

from harness import CampaignTest, RingfenceTest, people, wait_for

SPEECH = {"provider": "elevenlabs", "method": "POST"}
DIAL = {"provider": "twilio", "method": "POST"}


class StepTest(RingfenceTest):
    CONFIG = {"orchestrator": {"concurrency": 8}, "gateway": {"concurrency": {"speech": 4}},
              "defaults": {"timeout": {"attempt": "30s"}, "breaker": {"test_lease": "40s"}}}

    def steps(self, step):
        """How often each contact finished a step."""
        return collections.Counter(e["contact"] for e in self.set.events(type="contact.step")
                                   if e["data"]["step"] == step)


class Checkpoints(StepTest):
    def test_incident_19_what_was_finished_before_a_kill_is_not_paid_for_again(self):
        contacts = people(8)
        lines = {f"c-{line}": 1 for line in range(2, 10)}
        self.set.start_all()
        self.set.faults({"id": "held", "match": SPEECH, "kind": "status", "status": 503, "hold": True})
        campaign = self.set.campaign(contacts)
        wait_for("all scripts to be told", lambda: self.steps("script") == lines)
        for _ in range(2):
            self.set.processes["orchestrator"].kill()
            self.set.start("orchestrator")
        self.set.faults()
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        wait_for("all dials to be told", lambda: self.steps("dial") == lines)
        self.assertEqual(len(self.set.requests("openai", "/chat/completions")), len(contacts))
        self.assertEqual(self.steps("script"), lines)
        self.assertEqual(self.steps("speech"), lines)


class Ghosts(StepTest):
    def test_incident_19_the_late_answer_of_a_worker_that_was_replaced_changes_nothing(self):
        contacts = people(8)
        lines = {f"c-{line}": 1 for line in range(2, 10)}
        self.set.start_all(without=["service-gateway"])
        ghost = self.set.start("service-gateway", "gateway-1")
        self.set.faults({"id": "held", "match": SPEECH, "kind": "latency", "delay_ms": 1, "hold": True, "count": 4})
        campaign = self.set.campaign(contacts)
        wait_for("it to have speeches in hand", lambda: len(self.set.requests("elevenlabs", "/text-to-speech/")) >= 4)
        ghost.terminate(signal.SIGSTOP)
        self.set.start("service-gateway", "gateway-2")
        self.set.faults()
        self.assertEqual(campaign.wait(150), 0)
        # Minutes later in the field: all is over, and then it answers.
        ghost.terminate(signal.SIGCONT)
        wait_for("it to be back", lambda: len([
            p for p in json.loads(self.set.cli("status", "--json", check=0).stdout)["process"].values()
            if p["service"] == "service-gateway" and p["state"] == "ready"]) == 2)
        self.run_campaign(people(3, first=20), name="d")
        self.assert_each_dialled_once(contacts + people(3, first=20))
        for step in ("script", "speech", "dial"):
            wait_for("the steps", lambda step=step: sum(self.steps(step).values()) >= 11)
            self.assertEqual({c: n for c, n in self.steps(step).items() if c.startswith("c-")}, lines, step)
        # What was in hand at the stop may be paid for twice; nothing else is.
        self.assertLessEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), len(contacts) + 3 + 4)


class Unanswered(RingfenceTest):
    CONFIG = {"providers": {"twilio": {"timeout": {"attempt": "2s"}}}, "simulator": {"talk": "1s"}}

    def test_incident_44_a_call_that_was_placed_though_its_client_timed_out_is_adopted(self):
        contacts = people(5)
        slow = contacts[2][0]
        self.set.start_all()
        self.set.faults({"id": "slow", "match": {**DIAL, "number": slow}, "kind": "latency", "delay_ms": 6000})
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)
        done = wait_for("the log", lambda: [e["data"] for e in self.set.events(type="contact.done")
                                            if e["data"]["phone"] == slow])
        call = next(d for d in self.set.ledger()["dials"] if d["to"] == slow)
        self.assertEqual([(d["sid"], d["outcome"]) for d in done], [(call["sid"], "completed")])
        self.assertEqual(len([r for r in self.set.requests("twilio", "Calls.json") if r["method"] == "POST"]),
                         len(contacts))


class Orphans(RingfenceTest):
    def test_incident_46_a_number_that_an_orphan_held_is_called_by_the_next_campaign(self):
        contacts = people(1)
        self.set.start_all(without=["orchestrator"])
        crashing = self.set.start("orchestrator", environment={"RF_CRASH_AT": "orchestrator.attempt_committed"})
        first = self.set.campaign(contacts, "a")
        crashing.wait_killed()  # an attempt that holds the number, and nobody who works on it
        self.set.start("orchestrator")
        second = self.set.campaign(contacts, "b")
        self.assertEqual((first.wait(150), second.wait(150)), (0, 0))
        # One for each campaign, one after the other.
        calls = sorted((d["at"], d["history"][-1]["at"]) for d in self.set.ledger()["dials"])
        self.assertEqual(len(calls), 2)
        self.assertLess(calls[0][1], calls[1][0])
        held = wait_for("the log", lambda: [e for e in self.set.events(type="contact.deferred")
                                            if e["data"]["reason"] == "number_in_use"])
        self.assertEqual({e["contact"] for e in held}, {"b-2"})


class Deferred(CampaignTest):
    CONFIG = {"orchestrator": {"defer_delay": "1s"}, "campaign": {"max_calls": 1}}

    def test_incident_45_who_waits_for_a_provider_uses_up_nothing_and_is_told_why_and_until_when(self):
        contacts = people(3)
        self.set.start_all()
        self.set.cli("breaker", "force-open", "twilio", "--for", "1h", "--why", "maintenance", check=0)
        campaign = self.set.campaign(contacts)
        status = self.until("them to wait", lambda s: s["waiting"] + s["new"] + s["running"] == 3 and s["waiting_for"])
        self.assertEqual(status["waiting_for"], "twilio")
        why = self.order("why", "c-3").stdout
        self.assertIn("twilio", why)
        self.assertNotIn("It was dialled", why)
        self.set.cli("breaker", "reset", "twilio", "--why", "it is over", check=0)
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        export = self.order("export", "c", "--format", "jsonl").stdout
        self.assertEqual([json.loads(line)["attempts"] for line in export.splitlines()], [1, 1, 1])


if __name__ == "__main__":
    unittest.main()
