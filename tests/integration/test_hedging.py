#!/usr/bin/python3
"""A second attempt beside a slow first one, on the real set: the second wins, the budget bounds, and a dial is never
sent twice."""

import unittest

import test_gateway

SLOW_MS = 4000
HEDGE = {"enabled": True, "delay": "400ms", "ratio": "100%"}


class Hedging(test_gateway.GatewayTest):
    CONFIG = {"defaults": {"hedge": HEDGE}, "simulator": {"latency": "1ms"}}

    def slow(self, provider, path, count=1):
        """So many requests are answered late; those after them at once."""
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": SLOW_MS, "count": count,
                         "match": {"provider": provider, "method": "POST", "path": path}})

    def speak(self, call, text):
        self.client.speak(call, text, explain=True)

    @staticmethod
    def hedged(reply):
        return [d["verdict"] for d in reply["decisions"] if d["policy"] == "hedge"]

    def test_a_slow_speech_is_sent_a_second_time_and_the_second_answer_is_the_calls(self):
        self.slow("elevenlabs", "*/text-to-speech/*")
        self.speak("s", "Good morning")
        reply = self.client.wait("s")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(self.hedged(reply), ["sent", "won"])
        first, second = reply["attempts"]
        self.assertEqual((first["class"], first["code"]), ("local", "cancelled"))
        self.assertEqual((second["class"], second["status"]), ("ok", 200))
        self.assertGreater(second["began"] - first["began"], 0.4e9)
        self.assertLess(first["took_ns"], SLOW_MS * 1e6)
        # Paid for twice at most, and kept for the next one.
        self.assertEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), 2)
        self.speak("again", "Good morning")
        again = self.client.wait("again")
        self.assertEqual(again["result"], dict(reply["result"]))
        self.assertEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), 2)

    def test_the_same_speech_for_two_calls_is_hedged_once(self):
        self.slow("elevenlabs", "*/text-to-speech/*")
        for call in ("a", "b"):
            self.speak(call, "The same")
        for reply in self.client.wait_all(["a", "b"]):
            self.assertTrue(reply["ok"], reply)
        self.assertEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), 2)

    def test_a_second_attempt_that_fails_leaves_the_call_to_the_first(self):
        slow = {"id": "slow", "kind": "latency", "delay_ms": 1500, "count": 1,
                "match": {"provider": "openai", "method": "POST"}}
        self.set.faults(slow, {"id": "down", "kind": "status", "status": 503,
                               "match": {"provider": "openai", "method": "POST"}})
        self.client.send("w", "script", "write", {"prompt": "Greet"}, explain=True)
        reply = self.client.wait("w")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(reply["provider"], "openai")
        self.assertEqual([(a["class"], a["status"]) for a in reply["attempts"]],
                         [("transient", 503), ("ok", 200)])
        self.assertEqual(self.hedged(reply), ["sent", "failed"])

    def test_a_dial_is_never_sent_twice(self):
        self.slow("twilio", "*/Calls.json")
        self.client.dial("d", "+12025550101", explain=True)
        reply = self.client.wait("d")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(len(reply["attempts"]), 1)
        self.assertGreater(reply["attempts"][0]["took_ns"], SLOW_MS * 1e6)
        self.assertEqual(self.hedged(reply), [])
        self.assertEqual(self.set.dials(), {"+12025550101": 1})


class Budget(test_gateway.GatewayTest):
    CONFIG = {"defaults": {"hedge": dict(HEDGE, ratio="0%", window="1h")}}

    def test_when_all_are_slow_the_budget_bounds_how_many_are_sent_twice(self):
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 1500,
                         "match": {"provider": "elevenlabs", "method": "POST"}})
        calls = [f"s{i}" for i in range(6)]
        for call in calls:
            self.client.speak(call, f"Text of {call}", explain=True)
        replies = self.client.wait_all(calls)
        self.assertTrue(all(reply["ok"] for reply in replies), replies)
        told = [(d["verdict"], d["detail"]) for reply in replies for d in reply["decisions"]
                if d["policy"] == "hedge"]
        self.assertEqual(len([1 for verdict, _ in told if verdict == "sent"]), 1, told)
        self.assertEqual(told.count(("refused", "no_budget")), 5, told)
        self.assertEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), 7)


if __name__ == "__main__":
    unittest.main()
