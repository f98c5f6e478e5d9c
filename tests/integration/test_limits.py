#!/usr/bin/python3
"""A provider's own rate limit, as its replies tell it, on the real gateway: calls are held back before they would be
refused."""

import unittest

import test_gateway

SPENT = {"x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "0",
         "x-ratelimit-reset-requests": "3s"}


class Limits(test_gateway.GatewayTest):
    def tell(self, provider, **fault):
        """Replies stay good, and tell what remains."""
        self.set.faults({"id": "told", "kind": "latency", "delay_ms": 1, "count": 1,
                         "match": {"provider": provider, "method": "POST"}, **fault})

    def begin(self, call):
        self.client.send(call, "script", "write", {"prompt": f"Greet {call}"}, explain=True)

    def write(self, call):
        self.begin(call)
        return self.client.wait(call)

    @staticmethod
    def decided(reply, policy="rate_limit"):
        return [(d["verdict"], d.get("detail", "")) for d in reply["decisions"] if d["policy"] == policy]

    def test_a_good_reply_that_tells_of_an_empty_limit_holds_the_next_calls_back_until_it_has_room(self):
        self.tell("openai", headers=SPENT)
        first = self.write("first")
        self.assertEqual(self.decided(first), [("followed", "0 remain, all of them in 3000 ms")])
        for call in ("second", "third"):
            self.begin(call)
        second, third = self.client.wait_all(["second", "third"])
        # Two in three seconds: one after each half of it.
        ended = first["attempts"][0]["began"] + first["attempts"][0]["took_ns"]
        waited = sorted(r["attempts"][0]["began"] - ended for r in (second, third))
        self.assertGreater(waited[0], 1.4e9)
        self.assertGreater(waited[1], 2.9e9)
        for reply in (second, third):
            self.assertEqual([a["class"] for a in reply["attempts"]], ["ok"])
            self.assertEqual(self.decided(reply)[0][0], "wait")

    def test_a_limit_that_is_whole_again_too_late_refuses_and_says_when(self):
        self.set.config["defaults"]["rate_limit"] = {"follow": "1h"}
        self.restart_gateway()
        self.tell("elevenlabs", headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "600"})
        self.client.speak("first", "one")
        ended = self.client.wait("first")["attempts"][0]["began"]
        self.client.speak("second", "two")
        second = self.client.wait("second")
        self.assertEqual((second["class"], second["code"]), ("local", "overloaded"))
        self.assertLess(abs(second["retry_at"] - ended - 600e9), 5e9)
        self.assertEqual(len(self.set.requests("elevenlabs", "/text-to-speech/")), 1)

    def test_without_follow_the_provider_is_asked_all_the_same(self):
        self.set.config["defaults"]["rate_limit"] = {"follow": "0s"}
        self.restart_gateway()
        self.tell("openai", headers=SPENT)
        self.assertEqual(self.decided(self.write("first")), [])
        self.assertEqual(self.decided(self.write("second")), [])

    def test_with_a_second_key_the_call_goes_on_with_it_at_once(self):
        self.set.write_key("openai-second", "openai-second")
        self.set.config["providers"]["openai"]["keys"] = ["file:secrets/openai-second"]
        self.restart_gateway()
        self.set.admin("PUT", "keys", {"openai": ["openai-good", "openai-second"]})
        self.tell("openai", headers=SPENT, match={"provider": "openai", "key": "openai-good"})
        first, second = self.write("first"), self.write("second")
        self.assertEqual(self.decided(first)[0][0], "followed")
        self.assertEqual(self.decided(second), [])
        keys = [reply["attempts"][0]["key"] for reply in (first, second)]
        self.assertEqual(len(set(keys)), 2, keys)
        # The second one's reply told nothing: it is used until the first one's limit has room.
        self.assertEqual(self.write("third")["attempts"][0]["key"], keys[1])

    def test_each_of_two_keys_has_a_rate_of_its_own(self):
        self.set.write_key("openai-second", "openai-second")
        self.set.config["providers"]["openai"].update(
            keys=["file:secrets/openai-second"], rate_limit={"rate": 0.5, "burst": 1})
        self.restart_gateway()
        self.set.admin("PUT", "keys", {"openai": ["openai-good", "openai-second"]})
        calls = [f"c{i}" for i in range(4)]
        for call in calls:
            self.begin(call)
        replies = self.client.wait_all(calls)
        self.assertEqual([r["ok"] for r in replies], 4 * [True], replies)
        attempts = sorted((r["attempts"][0] for r in replies),
                          key=lambda attempt: attempt["began"])
        by_key = {}
        for attempt in attempts:
            by_key.setdefault(attempt["key"], []).append(attempt["began"])
        # One in two seconds with each of them.
        self.assertEqual([len(times) for times in by_key.values()], [2, 2], by_key)
        for times in by_key.values():
            self.assertGreater(times[1] - times[0], 1.9e9)

    def restart_gateway(self):
        self.set.write_config()
        gateway = self.set.processes.pop("gateway-0")
        gateway.terminate()
        self.assertEqual(gateway.wait(), 0)
        self.set.start("service-gateway", "gateway-0")


if __name__ == "__main__":
    unittest.main()
