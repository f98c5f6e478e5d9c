"""`ringfence trace` of contacts that real processes worked on: it agrees with what the providers saw."""

import json
import re
import unittest

from harness import RingfenceTest, people, wait_for

S = 10**9


class Trace(RingfenceTest):
    CONFIG = {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "1s"},
                           "retry": {"max_retries": 2}}}

    def trace(self, contact):
        return json.loads(self.set.cli("trace", contact, "--json", check=0).stdout)

    def test_a_contact_that_was_retried_is_told_step_by_step(self):
        (contact,) = people(1)
        self.set.start_all()
        self.set.faults({"id": "unlucky", "kind": "status", "status": 503, "count": 2,
                         "match": {"provider": "elevenlabs", "text": contact[1]}})
        self.run_campaign([contact])
        trace = self.trace("c-2")
        self.assertEqual((trace["state"], trace["outcome"], trace["phone"], trace["name"], trace["campaign"]),
                         ("done", "completed", contact[0], contact[1], "c"))
        told = [(entry["step"], entry["attempt"]["provider"], entry["attempt"]["class"])
                for entry in trace["timeline"] if "attempt" in entry]
        self.assertEqual(told[-4:], [("speech", "elevenlabs", "transient"), ("speech", "elevenlabs", "transient"),
                                     ("speech", "elevenlabs", "ok"), ("dial", "twilio", "ok")])
        self.assertEqual({step for step, _, _ in told[:-4]}, {"script"})
        # The waits are those that the provider saw.
        seen = [r["at"] for r in self.set.requests("elevenlabs", "/text-to-speech/")]
        began = [entry["at_ns"] / S for entry in trace["timeline"] if entry.get("step") == "speech"]
        self.assertEqual(len(seen), 3)
        for i in (1, 2):
            self.assertAlmostEqual(began[i] - began[0], seen[i] - seen[0], delta=0.2)
        self.assertGreaterEqual(trace["waited_ns"], int(0.8 * (0.2 + 0.4) * S))
        self.assertEqual((trace["attempts"] - trace["failed"], trace["failed"]), (len(told) - 2, 2))
        order = [entry["at_ns"] for entry in trace["timeline"]]
        self.assertEqual(order, sorted(order))
        self.assertEqual(order[0], 0)
        # A gateway's word of a retry is not told beside the attempt itself.
        types = [entry["event"]["type"] for entry in trace["timeline"] if "event" in entry]
        self.assertEqual([kind for kind in types if kind.startswith("retry.")], [])
        self.assertEqual((types[0], types.count("contact.step"), types[-1]), ("contact.started", 3, "contact.done"))
        # The same for people, by the number that was dialled.
        text = self.set.cli("trace", contact[0], check=0).stdout
        self.assertTrue(text.startswith(f"Contact c-2, {contact[1]}, {contact[0]}, campaign c\n"), text)
        self.assertRegex(text, r"\+0:0\d\.\d{3}  request   speech, request 1 to elevenlabs: transient, HTTP 503 after")
        self.assertRegex(text, r"request 3 to elevenlabs: ok, HTTP 200 after [\d.]+ m?s; 0\.[345] s waited before it")
        self.assertRegex(text, r"\ndone \(completed\) after [\d.]+ s: \d+ requests, 2 failed, 0\.\d s waited")

    def test_an_outage_is_told_with_the_breaker_and_the_alert(self):
        self.set.start_all()
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        campaign = self.set.campaign(people(4))
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        wait_for("a deferral", lambda: self.set.events(type="contact.deferred"))
        deferred = self.set.events(type="contact.deferred")[0]["contact"]
        under_way = self.trace(deferred)
        self.assertIn(under_way["state"], ("deferred", "running"))
        self.set.faults()
        self.assertEqual(campaign.wait(120), 0)
        wait_for("the alerts to be told", lambda: len(self.set.events(type="alert.sent")) >= 6)
        trace = self.trace(deferred)
        self.assertEqual(trace["state"], "done")
        self.assertGreater(trace["deferrals"], 0)
        events = [entry["event"] for entry in trace["timeline"] if "event" in entry]
        kinds = [event["topic"] for event in events]
        self.assertIn("breaker.opened/elevenlabs", kinds)
        self.assertIn("breaker.closed/elevenlabs", kinds)
        self.assertFalse([kind for kind in kinds if re.match(r"breaker\..*/(openai|anthropic|twilio)$", kind)
                          and kind != "breaker.closed/twilio"])
        ids = {event["id"] for event in events}
        alerts = [event for event in events if event["type"] == "alert.sent"]
        self.assertTrue(alerts)
        self.assertLessEqual({event["data"]["alert"] for event in alerts}, ids)
        self.assertEqual({event["contact"] for event in events if "contact" in event}, {deferred})

    def test_a_contact_that_nobody_knows_is_an_error(self):
        self.set.start("broker")
        result = self.set.cli("trace", "c-99", check=1)
        self.assertIn("the journal has no event of contact c-99", result.stderr)
        self.assertIn("too few arguments; usage: ringfence trace", self.set.cli("trace", check=2).stderr)


if __name__ == "__main__":
    unittest.main()
