#!/usr/bin/python3
"""What each policy of a provider does to calls: the real broker and gateway, and the simulator behind them. The
exact times are the core's tests; here it is seen that the calls of a real set obey them."""

import email.utils
import signal
import time
import unittest

from harness import wait_for
from test_gateway_incidents import SPEECH, GatewayIncident, S

MS = 10**6


class PolicyTest(GatewayIncident):
    """A set whose speech has one provider, with the policy POLICY."""
    SERVICES = ("simulator", "broker", "logger", "service-gateway")
    POLICY = {}

    def setUp(self):
        self.CONFIG = {**GatewayIncident.CONFIG, "defaults": self.POLICY}
        super().setUp()

    def texts(self):
        """What was spoken, in the order of the requests."""
        return [speech["text"] for speech in self.set.ledger()["speeches"]]

    def verdicts(self, reply, policy):
        return [d["verdict"] for d in reply["decisions"] if d["policy"] == policy]

    def details(self, reply, policy):
        return [d["detail"] for d in reply["decisions"] if d["policy"] == policy]

    def attempts(self, replies):
        return sorted((a["began"], a["began"] + a["took_ns"]) for r in replies for a in r["attempts"])

    def most_at_once(self, replies):
        """How many attempts overlapped at most, by the gateway's own record of them."""
        edges = sorted([(began, 1) for began, _ in self.attempts(replies)] +
                       [(ended, -1) for _, ended in self.attempts(replies)])
        most = now = 0
        for _, step in edges:
            now += step
            most = max(most, now)
        return most

    def waiting(self, service):
        """Calls that wait and hold nothing, as their gateways told the broker."""
        return sum(offer["waiting"] for worker in self.status()["workers"]
                   for offer in worker["offers"] if offer["service"] == service)

    def open_breaker(self, failures, **fault):
        """Each failure is a call without a retry."""
        self.fault(status=503, body="over capacity", **fault)
        for _ in range(failures):
            self.assertEqual(self.say()["class"], "transient")
        wait_for("the breaker to open", lambda: self.breaker() == "open")


class WaitForRecovery(PolicyTest):
    POLICY = {"retry": {"max_retries": 0},
              "breaker": {"when_open": "wait", "failure_threshold": 2, "recovery_timeout": "4s"}}

    def test_calls_wait_for_recovery_and_are_sent_after_the_test_request_closed_the_breaker(self):
        self.open_breaker(2)
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "latency", "delay_ms": 600, "count": 1})
        replies = self.client.wait_all([self.send("Wait", explain=True) for _ in range(4)])
        self.assertEqual([(r["ok"], len(r["attempts"])) for r in replies], [(True, 1)] * 4, replies)
        for reply in replies:
            self.assertIn("wait", self.verdicts(reply, "breaker"))
        half_open = wait_for("the test", lambda: self.set.events(type="breaker.half_open"))[0]["at"]
        closed = wait_for("its end", lambda: self.set.events(type="breaker.closed"))[0]["at"]
        test, *others = self.attempts(replies)
        self.assertGreaterEqual(test[0] / S, half_open - 0.01)
        for began, _ in others:
            self.assertGreaterEqual(began, test[1] - 10 * MS, "one test request, then the others")
            self.assertGreaterEqual(began / S, closed - 0.05)
        self.assertEqual(self.spoken(), 6)

    def test_a_test_request_that_fails_leaves_the_others_waiting(self):
        self.open_breaker(2, count=3)  # and the first test request
        replies = self.client.wait_all([self.send("Wait", explain=True) for _ in range(3)])
        self.assertEqual(sorted(r["ok"] for r in replies), [False, True, True], replies)
        (failed,) = [r for r in replies if not r["ok"]]
        self.assertEqual((failed["class"], len(failed["attempts"])), ("transient", 1), failed)
        self.assertEqual(self.spoken(), 5)
        reopened = wait_for("it to open again", lambda: self.set.events(type="breaker.opened")[1:])
        self.assertEqual(reopened[0]["data"]["from"], "half_open")


class WaitInVain(PolicyTest):
    POLICY = {"retry": {"max_retries": 0},
              "breaker": {"when_open": "wait", "failure_threshold": 2, "recovery_timeout": "60s"}}

    def hands(self):
        """Of each gateway that the broker knows: calls in hand, and those that wait."""
        return [(worker["in_hand"], sum(offer["waiting"] for offer in worker["offers"]))
                for worker in self.status()["workers"]]

    def test_a_call_that_waits_for_recovery_is_given_up_at_its_deadline(self):
        self.open_breaker(2)
        began = time.monotonic()
        reply = self.say(seconds=2, explain=True)
        took = time.monotonic() - began
        self.assertEqual((reply["class"], reply["code"], reply["sent"]),
                         ("local", "deadline_exceeded", "no"), reply)
        self.assertNotIn("attempts", {k: v for k, v in reply.items() if v})
        self.assertTrue(1.9 < took < 20, took)
        self.assertEqual(self.spoken(), 2)

    def test_a_person_who_closes_the_breaker_ends_the_wait(self):
        self.open_breaker(2)
        self.set.faults()
        call = self.send("Wait", explain=True)
        wait_for("the call to wait", lambda: self.waiting("speech") == 1)
        self.set.cli("breaker", "reset", "elevenlabs", "--why", "it is well", check=0)
        reply = self.client.wait(call, 20)
        self.assertTrue(reply["ok"], reply)

    def test_a_call_that_waits_for_recovery_can_be_cancelled(self):
        self.open_breaker(2)
        call = self.send("Wait")
        wait_for("the call to wait", lambda: self.waiting("speech") == 1)
        self.client.cancel(call)
        self.assertEqual(self.client.wait(call, 20)["code"], "cancelled")
        wait_for("nobody to wait", lambda: self.waiting("speech") == 0)

    def test_a_call_that_waits_for_recovery_is_handed_back_by_a_gateway_that_ends(self):
        self.open_breaker(2)
        call = self.send("Wait")
        wait_for("the call to wait", lambda: self.waiting("speech") == 1)
        self.set.start("service-gateway", "gateway-2")
        first = self.set.processes["service-gateway"]
        first.terminate(signal.SIGTERM)
        self.assertEqual(first.wait(), 0)
        wait_for("the other one alone to have it", lambda: self.hands() == [(1, 1)])
        self.set.faults()
        self.set.cli("breaker", "reset", "elevenlabs", "--why", "it is well", check=0)
        self.assertTrue(self.client.wait(call, 20)["ok"])


class RateLimit(PolicyTest):
    POLICY = {"rate_limit": {"rate": 5, "burst": 2}}

    def test_attempts_are_spread_over_the_time_that_the_rate_gives_them(self):
        replies = self.client.wait_all([self.send(explain=True) for _ in range(12)])
        self.assertEqual([(r["ok"], len(r["attempts"])) for r in replies], [(True, 1)] * 12, replies)
        began = [a for a, _ in self.attempts(replies)]
        for k in range(2, 12):  # the burst is 2, so the third waits for one interval
            self.assertGreaterEqual(began[k] - began[0], (k - 1) * 200 * MS - 20 * MS, k)
        self.assertLess(began[-1] - began[0], 20 * S)
        arrived = sorted(request["at"] for request in self.set.requests("elevenlabs", "speech"))
        self.assertGreater(arrived[-1] - arrived[0], 1.8, "as the provider saw them")
        self.assertIn("wait", self.verdicts(replies[-1], "rate_limit"))


class SlowRate(PolicyTest):
    POLICY = {"rate_limit": {"rate": 1}}

    def test_a_call_that_ends_before_its_token_comes_is_refused_at_once(self):
        calls = [self.send() for _ in range(8)]  # tokens for 7 s
        began = time.monotonic()
        late = self.say("Late", seconds=5, explain=True)
        self.assertEqual((late["class"], late["code"]), ("local", "overloaded"), late)
        self.assertIn("rate_limit", late["message"])
        self.assertLess(time.monotonic() - began, 4, "it does not wait for what it cannot get")
        self.assertGreater(late["retry_at"], time.time_ns())
        self.assertTrue(all(r["ok"] for r in self.client.wait_all(calls)))
        self.assertFalse([text for text in self.texts() if "Late" in text])


class Bulkhead(PolicyTest):
    POLICY = {"retry": {"max_retries": 0}, "bulkhead": {"max_in_flight": 2, "max_queue": 3}}

    def slow(self, seconds, **match):
        self.set.faults({"id": "slow", "match": {**SPEECH, **match}, "kind": "latency",
                         "delay_ms": int(1000 * seconds)})

    def test_no_more_than_max_in_flight_are_at_the_provider_and_the_queue_has_its_bound(self):
        self.slow(1.5)
        calls = [self.send(explain=True) for _ in range(8)]
        replies = self.client.wait_all(calls)
        refused = [r for r in replies if not r["ok"]]
        served = [r for r in replies if r["ok"]]
        self.assertEqual([(r["class"], r["code"], r["sent"]) for r in refused],
                         [("local", "overloaded", "no")] * 3, replies)
        self.assertEqual([self.details(r, "bulkhead") for r in refused], [["no_place"]] * 3)
        self.assertIn("bulkhead and its queue are full", refused[0]["message"])
        self.assertEqual({r["id"] for r in refused}, set(calls[5:]), "the first ones are served")
        self.assertEqual(self.most_at_once(served), 2)
        arrived = sorted(request["at"] for request in self.set.requests("elevenlabs", "speech"))
        self.assertEqual(len(arrived), 5)
        for first, third in zip(arrived, arrived[2:]):  # each is there for 1.5 s
            self.assertGreaterEqual(third - first, 1.49, "three at once, as the provider saw it")

    def test_the_queue_is_first_come_first_served(self):
        self.slow(0.4)
        replies = self.client.wait_all([self.send() for _ in range(5)])
        began = [reply["attempts"][0]["began"] for reply in replies]
        self.assertEqual(began, sorted(began))

    def test_a_queued_call_past_its_deadline_is_dropped_and_never_sent(self):
        self.slow(3)
        running = [self.send("Long") for _ in range(2)]
        wait_for("both under way", lambda: self.spoken() == 2)
        late = self.say("Late", seconds=1, explain=True)
        self.assertEqual((late["class"], late["code"], late["sent"]),
                         ("local", "deadline_exceeded", "no"), late)
        self.assertFalse(set(running) & set(self.client.replies), "at its deadline, not at the next place")
        self.assertEqual(self.verdicts(late, "bulkhead"), ["wait"])
        self.assertTrue(all(r["ok"] for r in self.client.wait_all(running)))
        self.assertTrue(self.say("After")["ok"])
        self.assertEqual([text.split()[0] for text in self.texts()], ["Long", "Long", "After"])


class OnePlace(PolicyTest):
    POLICY = {"retry": {"initial_delay": "4s", "jitter": "none"}, "bulkhead": {"max_in_flight": 1}}

    def test_a_call_that_waits_for_its_retry_holds_no_place(self):
        self.fault(status=503, match=dict(SPEECH, text="First"), count=1)
        first = self.send("First")
        wait_for("it to wait", lambda: self.waiting("speech") == 1)
        second = self.say("Second")
        self.assertNotIn(first, self.client.replies)
        reply = self.client.wait(first)
        self.assertTrue(second["ok"] and reply["ok"], reply)
        self.assertEqual(reply["attempts"][1]["waited_ns"], 4 * S)
        self.assertLess(second["attempts"][0]["began"] + second["attempts"][0]["took_ns"],
                        reply["attempts"][1]["began"])
        self.assertEqual(self.texts(), ["Second 2", "First 1"])


class Budget(PolicyTest):
    POLICY = {"retry": {"initial_delay": "20ms", "max_retries": 1,
                        "budget": {"ratio": "20%", "min_retries": 2, "window": "10m"}},
              "breaker": {"failure_threshold": 100}}

    def test_a_failing_provider_gets_no_more_retries_than_the_budget_allows(self):
        self.fault(status=503, body="over capacity")
        replies = [self.say(explain=True) for _ in range(25)]
        # 2 however few the calls, then a fifth of them: at the 15th, the 20th and the 25th call.
        self.assertEqual([i + 1 for i, r in enumerate(replies) if len(r["attempts"]) == 2],
                         [1, 2, 15, 20, 25])
        self.assertEqual(self.spoken(), 30)
        for reply in replies:
            retried = len(reply["attempts"]) == 2
            self.assertEqual(self.details(reply, "budget"), [] if retried else ["no_budget"])
            # What failed is the provider's attempt, and the caller may come again: the retries of
            # this call are not used up.
            self.assertEqual((reply["class"], reply.get("exhausted", False)), ("transient", retried))
            self.assertEqual("retry.budget" in reply["message"], not retried, reply["message"])
            self.assertIn("over capacity", reply["message"])
            self.assertEqual("retry_at" in reply, not retried)


class OpensMeanwhile(PolicyTest):
    POLICY = {"retry": {"initial_delay": "40s", "max_delay": "60s", "jitter": "none"},
              "breaker": {"failure_threshold": 4, "recovery_timeout": "30s"}}

    def test_a_breaker_that_opens_ends_the_waits_for_a_retry(self):
        self.fault(status=503, body="over capacity")
        calls = [self.send(seconds=120, explain=True) for _ in range(3)]
        wait_for("three to wait", lambda: self.waiting("speech") == 3)
        self.assertEqual(self.client.replies, {})
        began = time.monotonic()
        replies = self.client.wait_all([*calls, self.send(seconds=120, explain=True)], 30)
        self.assertLess(time.monotonic() - began, 20, "nobody waits for 40 s any more")
        opened = wait_for("it to open", lambda: self.set.events(type="breaker.opened"))[0]
        for reply in replies:
            self.assertEqual((reply["class"], reply["code"], reply.get("exhausted", False)),
                             ("local", "breaker_open", False), reply)
            self.assertEqual([a["status"] for a in reply["attempts"]], [503])
            self.assertIn("over capacity", reply["message"], "the reason is not hidden (incident 13)")
            self.assertAlmostEqual(reply["retry_at"], opened["data"]["until"], delta=S)
            self.assertEqual(self.verdicts(reply, "breaker")[-1], "refused")
        self.assertEqual(self.spoken(), 4)
        self.assertEqual(self.waiting("speech"), 0)


class Adaptive(PolicyTest):
    POLICY = {"retry": {"max_retries": 0},
              "adaptive": {"algorithm": "aimd", "initial": 8, "max": 8, "decrease": 0.5}}

    def test_refusals_for_too_many_requests_shrink_the_limit(self):
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "latency", "delay_ms": 1000})
        self.assertEqual(self.most_at_once(self.client.wait_all([self.send() for _ in range(8)])), 8)
        self.fault(status=429, count=2)
        for _ in range(2):  # 8, 4, 2
            self.assertEqual(self.say()["class"], "rate_limited")
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "latency", "delay_ms": 1000})
        replies = self.client.wait_all([self.send(explain=True) for _ in range(5)])
        self.assertTrue(all(r["ok"] for r in replies), replies)
        self.assertIn(self.most_at_once(replies), (2, 3), "one more for a round without a refusal")
        waits = [detail for r in replies for detail in self.details(r, "bulkhead")]
        self.assertEqual(waits[:1], ["for a place among 2"], "what the limit is, is told")


class Observe(PolicyTest):
    POLICY = {"retry": {"max_retries": 0},
              "breaker": {"mode": "observe", "failure_threshold": 2, "recovery_timeout": "60s"}}

    def test_a_breaker_that_observes_tells_and_holds_nothing_back(self):
        self.fault(status=503)
        self.assertEqual([self.say()["class"] for _ in range(6)], ["transient"] * 6)
        self.assertEqual(self.spoken(), 6)
        (opened,) = wait_for("what it would do", lambda: self.set.events(type="breaker.opened"))
        self.assertEqual((opened["data"]["mode"], opened["data"]["failures"]), ("observe", 2))
        (breaker,) = [b for b in self.status()["breakers"] if b["service"] == "elevenlabs"]
        self.assertEqual((breaker["state"], breaker["decided"]), ("closed", "open"))


class RetryAfter(PolicyTest):
    POLICY = {"retry": {"initial_delay": "50ms", "max_delay": "4s", "max_retries": 1, "jitter": "none"},
              "breaker": {"failure_threshold": 100}}

    def waited(self, status, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.fault(status=status, headers=names, count=1)
        reply = self.say()
        self.assertEqual((reply["ok"], len(reply["attempts"])), (True, 2), reply)
        first, second = reply["attempts"]
        gap = (second["began"] - first["began"] - first["took_ns"]) / S
        self.assertGreaterEqual(gap, second["waited_ns"] / S - 0.01)
        return second["waited_ns"] / S

    def test_the_providers_wish_is_obeyed_in_each_form_up_to_max_delay(self):
        for status in (429, 503):
            self.assertEqual(self.waited(status), 0.05)
            self.assertEqual(self.waited(status, Retry_After="1"), 1)
            self.assertEqual(self.waited(status, Retry_After="4"), 4, "max_delay itself is not beyond it")
            self.assertEqual(self.waited(status, retry_after_ms="350"), 0.35)
            self.assertEqual(self.waited(status, retry_after_ms="10"), 0.05, "no sooner than our own")
            date = email.utils.formatdate(time.time() + 4, usegmt=True)
            self.assertTrue(0.5 < self.waited(status, Retry_After=date) <= 4)

    def test_all_calls_pause_when_one_is_asked_to(self):
        self.fault(status=429, headers={"Retry-After": "4"}, match=dict(SPEECH, text="Asked"), count=1)
        asked = self.send("Asked")
        wait_for("it to wait", lambda: self.waiting("speech") == 1)
        other = self.say("Other", explain=True)
        first = self.client.wait(asked)["attempts"][0]
        self.assertGreaterEqual(other["attempts"][0]["began"],
                                first["began"] + first["took_ns"] + 4 * S - 20 * MS)
        self.assertIn("wait", self.verdicts(other, "rate_limit"))


if __name__ == "__main__":
    unittest.main()
