#!/usr/bin/python3
"""What went wrong in other systems, played on the real broker, gateway and simulator, call by call. Rows that
need a campaign are in test_incidents, chains in test_fallback, keys in test_keys."""

import json
import time
import unittest

from harness import RingfenceTest, wait_for
from test_gateway import Client

SPEECH = {"provider": "elevenlabs", "method": "POST"}
S = 10**9
# An attempt whose reply the test holds must not end before.
PATIENT = {"timeout": {"attempt": "30s"}, "breaker": {"test_lease": "40s"}}


class GatewayIncident(RingfenceTest):
    CONFIG = {"gateway": {"chains": {"speech": ["elevenlabs"], "script": ["openai"]}}}
    SERVICES = ("simulator", "broker", "logger", "service-gateway")

    def setUp(self):
        super().setUp()
        for service in self.SERVICES:
            self.set.start(service)
        self.client = Client(self.set)
        self.addCleanup(self.client.close)
        self.number = 0

    def send(self, text=None, **fields):
        """A speech that no cache has."""
        self.number += 1
        self.client.speak(f"s{self.number}", f"{text or 'Hello'} {self.number}", **fields)
        return f"s{self.number}"

    def say(self, text=None, **fields):
        return self.client.wait(self.send(text, **fields))

    def fault(self, **fault):
        self.set.faults({"id": "f", "match": SPEECH, "kind": "status", **fault})

    def spoken(self):
        return len(self.set.requests("elevenlabs", "text-to-speech"))

    def status(self):
        return json.loads(self.set.cli("status", "--json", check=0).stdout)["broker"]

    def hits(self):
        return sum(f["hits"] for f in self.set.admin("GET", "faults")["faults"])

    def breaker(self):
        (state,) = [b["state"] for b in self.status()["breakers"] if b["service"] == "elevenlabs"]
        return state


class EmptyAnswers(GatewayIncident):
    CONFIG = {"gateway": {"chains": {"speech": ["elevenlabs", "openai-tts"]}}}

    def test_incident_11_a_200_without_audio_is_a_failure_that_counts(self):
        self.fault(kind="empty")
        reply = self.say()
        self.assertEqual([(a["status"], a["class"], a["code"]) for a in reply["attempts"][:-1]],
                         [(200, "transient", "empty_audio")] * 4)
        self.assertEqual((reply["ok"], reply["provider"]), (True, "openai-tts"))
        self.say()  # with the fifth failed attempt
        opened = wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        self.assertEqual((opened[0]["subject"], opened[0]["data"]["failures"]), ("elevenlabs", 5))

    def test_incident_33_nine_of_nine_calls_without_audio_are_served_by_the_next_link(self):
        self.fault(kind="empty")
        calls = [self.send() for _ in range(9)]
        replies = self.client.wait_all(calls)
        self.assertEqual([(r["ok"], r["provider"]) for r in replies], [(True, "openai-tts")] * 9)
        for reply in replies:
            file = self.set.root / "media" / f"{reply['result']['audio']}.{reply['result']['format']}"
            self.assertGreater(file.stat().st_size, 1000)

    def test_incident_41_a_reply_that_dribbles_does_not_hold_the_call(self):
        self.fault(kind="drip", piece=16, delay_ms=400)
        began = time.monotonic()
        reply = self.say(seconds=15)
        self.assertEqual((reply["ok"], reply["provider"]), (True, "openai-tts"), reply)
        self.assertLess(time.monotonic() - began, 15)
        self.assertTrue(all(a["class"] == "transient" for a in reply["attempts"][:-1]), reply)


class HalfAnswers(GatewayIncident):
    def test_incident_34_half_an_answer_is_never_taken_for_a_whole_one(self):
        self.set.faults(
            {"id": "cut", "match": SPEECH, "kind": "half_reply", "count": 1},
            {"id": "json", "match": {"provider": "openai", "method": "POST"}, "kind": "status",
             "status": 200, "count": 1,
             "body": '{"choices": [{"message": {"role": "assistant", "content": "Hello Ad'},
            {"id": "length", "match": {"provider": "openai", "method": "POST", "text": "long"},
             "kind": "status", "status": 200, "body": {"choices": [
                 {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "length"}]}})
        speech = self.say()
        self.assertEqual([(a["status"], a["class"]) for a in speech["attempts"]],
                         [(200, "transient"), (200, "ok")])
        audio = self.set.ledger()["speeches"][-1]
        self.assertEqual(speech["result"]["audio"], audio["sha256"])
        self.client.send("w1", "script", "write", {"prompt": "Greet Ada"})
        script = self.client.wait("w1")
        self.assertEqual([(a["status"], a["class"]) for a in script["attempts"]],
                         [(200, "transient"), (200, "ok")])
        self.assertEqual(script["result"]["text"], self.set.ledger()["scripts"][-1]["text"])
        self.client.send("w2", "script", "write", {"prompt": "A long greeting"})
        self.assertEqual(self.client.wait("w2")["class"], "permanent.invalid")


class LongWaits(GatewayIncident):
    def test_incident_14_a_retry_after_of_days_is_told_and_not_waited_for(self):
        self.fault(status=429, headers={"Retry-After": str(3 * 86400)}, count=1)
        began = time.monotonic()
        reply = self.say()
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual((reply["class"], len(reply["attempts"])), ("rate_limited", 1), reply)
        self.assertAlmostEqual(reply["retry_at"], time.time_ns() + 3 * 86400 * S, delta=60 * S)
        refused = self.say()
        self.assertEqual((refused["class"], refused["code"]), ("local", "marked"), refused)
        self.assertAlmostEqual(refused["retry_at"], reply["retry_at"], delta=S)
        self.assertEqual(self.spoken(), 1, "nobody asks before")
        (mark,) = wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assertAlmostEqual(mark["data"]["until"], reply["retry_at"], delta=S)


class Throttles(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": PATIENT, "providers": {"elevenlabs": {
        "key": "file:secrets/elevenlabs", "keys": ["file:secrets/openai"]}}}

    def limit(self, text, seconds, **fault):
        return {"id": text, "match": dict(SPEECH, text=text, key="elevenlabs-good"), "kind": "status",
                "status": 429, "headers": {"Retry-After": str(seconds)}, **fault}

    def key(self):
        reply = self.say()
        self.assertTrue(reply["ok"], reply)
        return reply["attempts"][0]["key"]

    def test_incident_31_a_pause_is_neither_shortened_nor_cleared_by_calls_from_before(self):
        longer = self.limit("Longer", 5)
        self.set.faults(self.limit("Shorter", 1, hold=True), longer,
                        {"id": "Good", "match": dict(SPEECH, text="Good"), "kind": "latency",
                         "hold": True})
        first = self.key()
        before = [self.send("Shorter"), self.send("Good")]
        wait_for("both under way", lambda: self.hits() == 2)
        answer = self.say("Longer")
        paused = time.monotonic()
        self.assertEqual([a["status"] for a in answer["attempts"]], [429, 200], answer)
        second = answer["attempts"][1]["key"]
        self.assertNotEqual(first, second)
        self.set.faults(longer)  # lets both go
        shorter, good = self.client.wait_all(before)
        self.assertEqual([a["status"] for a in shorter["attempts"]], [429, 200], shorter)
        self.assertEqual([(a["status"], a["key"]) for a in good["attempts"]], [(200, first)])
        keys = [second]
        wait_for("the first key to be used again", lambda: keys.append(self.key()) or
                 keys[-1] == first)
        self.assertGreater(time.monotonic() - paused, 4.9)
        self.assertEqual(set(keys[:-1]), {second})


class Keys(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": {"retry": {"max_retries": 0}},
              "providers": {"elevenlabs": {"key": "file:secrets/anthropic", "keys": [
                  "file:secrets/openai", "file:secrets/twilio", "file:secrets/elevenlabs"]}}}

    def test_incident_32_a_healthy_key_is_found_however_few_retries_are_allowed(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-good"]})
        quota = {"detail": {"code": "quota_exceeded", "message": "m"}}
        self.set.faults({"id": "402", "match": dict(SPEECH, key="openai-good"), "kind": "status",
                         "status": 402, "body": quota},
                        {"id": "429", "match": dict(SPEECH, key="twilio-good"), "kind": "status",
                         "status": 429, "headers": {"Retry-After": "30"}})
        reply = self.say()
        self.assertEqual([a["status"] for a in reply["attempts"]], [401, 402, 429, 200], reply)
        self.assertTrue(reply["ok"])
        self.assertEqual(len({a["key"] for a in reply["attempts"]}), 4)


class OneLink(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG,
              "defaults": {"breaker": {"recovery_timeout": "60s"}, "retry": {"max_retries": 0}}}

    def test_incident_42_one_provider_without_a_fallback_and_little_traffic_has_its_breaker(self):
        self.fault(status=503, delay_ms=500)
        for _ in range(5):  # one at a time
            self.assertEqual(self.say()["class"], "transient")
        opened = wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        self.assertEqual(opened[0]["data"]["failures"], 5)
        began = time.monotonic()
        replies = [self.say() for _ in range(5)]
        self.assertEqual([(r["code"], len(r.get("attempts", []))) for r in replies],
                         [("breaker_open", 0)] * 5)
        self.assertLess(time.monotonic() - began, 1, "no call of the outage waits for it")
        self.assertEqual(self.spoken(), 5)

    def test_incident_43_errors_that_a_caller_provokes_neither_open_nor_mark(self):
        self.fault(status=400, body={"detail": {"code": "max_character_limit_exceeded", "message": "m"}},
                   match=dict(SPEECH, text="Nonsense"))
        replies = self.client.wait_all([self.send("Nonsense") for _ in range(20)])
        self.assertEqual({r["class"] for r in replies}, {"permanent.invalid"})
        self.assertTrue(self.say("Sense")["ok"])
        self.assertEqual(self.breaker(), "closed")
        self.assertEqual(self.set.events(type="breaker.opened") + self.set.events(type="mark.set"), [])


class Health(GatewayIncident):
    SERVICES = (*GatewayIncident.SERVICES, "health-monitor")

    def test_incident_12_probes_that_fail_never_touch_the_breaker_of_the_calls(self):
        self.set.faults({"id": "probes", "match": {"provider": "elevenlabs", "method": "GET"},
                         "kind": "status", "status": 503})
        wait_for("the probes to tell", lambda: self.set.events(type="provider.down",
                                                               subject="elevenlabs"))
        for _ in range(6):
            self.assertTrue(self.say()["ok"])
        self.assertEqual(self.breaker(), "closed")
        self.assertEqual(self.set.events(type="breaker.opened"), [])

    def test_incident_43_nor_do_they_touch_the_health(self):
        self.fault(status=400, body={"detail": {"code": "invalid_parameters", "message": "m"}})
        self.client.wait_all([self.send() for _ in range(20)])
        self.set.faults({"id": "mark", "match": {"provider": "openai", "method": "GET"},
                         "kind": "status", "status": 503})
        wait_for("rounds of probes", lambda: self.set.events(type="provider.down", subject="openai"))
        self.assertEqual(self.set.events(type="provider.down", subject="elevenlabs"), [])


class Expiry(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": {
        "breaker": {"failure_threshold": 3, "failure_interval": "2s", "recovery_timeout": "60s"},
        "retry": {"max_retries": 0}}}

    def fail(self, times):
        for _ in range(times):
            self.assertEqual(self.say()["class"], "transient")

    def test_incident_29_failures_that_are_older_than_the_interval_do_not_add_up(self):
        self.fault(status=503)
        self.fail(2)
        over = time.monotonic() + 2.2
        wait_for("the interval to be over", lambda: time.monotonic() > over)
        self.fail(2)
        self.assertEqual(self.breaker(), "closed")
        self.fail(1)
        wait_for("three in a row", lambda: self.set.events(type="breaker.opened"))


class Layers(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": {
        "retry": {"initial_delay": "100ms", "max_retries": 3},
        "breaker": {**PATIENT["breaker"], "failure_threshold": 100}, "timeout": PATIENT["timeout"]}}

    def gateway_states(self):
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)
        return sorted(p["state"] for p in status["process"].values() if p["service"] == "service-gateway")

    def test_incident_15_one_place_retries_and_a_call_that_changes_its_gateway_counts_on(self):
        down = {"id": "down", "match": SPEECH, "kind": "status", "status": 503}
        self.set.faults({**down, "id": "first", "count": 1}, {**down, "id": "second", "hold": True})
        call = self.send()
        wait_for("two attempts", lambda: self.hits() == 2)
        self.set.start("service-gateway", "gateway-2")
        first = self.set.processes["service-gateway"]
        first.terminate()
        wait_for("the drain to begin", lambda: self.gateway_states() == ["draining", "ready"])
        self.set.faults(down)  # the second attempt fails now: its retry is handed back
        self.assertEqual(first.wait(), 0)
        reply = self.client.wait(call)
        self.assertEqual((reply["class"], reply.get("exhausted")), ("transient", True), reply)
        self.assertEqual(len(reply["attempts"]), 4)
        self.assertEqual(self.spoken(), 4, "as many requests as attempts: libcurl repeats none either")


class Waits(GatewayIncident):
    """Both links fail until both breakers are open; one of them recovers in two seconds."""
    WAIT = {"gateway": {"chains": {"speech": ["elevenlabs", "openai-tts"], "script": ["openai"]}},
            "defaults": {"retry": {"max_retries": 0},
                         "breaker": {"when_open": "wait", "failure_threshold": 2,
                                     "recovery_timeout": "2s"}}}
    LONG = {"breaker": {"recovery_timeout": "60s"}}
    TTS = {"provider": "openai", "method": "POST", "path": "*/audio/speech"}

    def spoken_by(self):
        """Requests at each link, in the order of their coming."""
        return ["openai-tts" if "audio/speech" in r["path"] else r["provider"]
                for r in self.set.ledger()["requests"] if r["method"] == "POST"]

    def wait_for_the_one_that_recovers(self, served_by):
        self.set.faults(*[{"id": str(i), "match": match, "kind": "status", "status": 503, "count": 2}
                          for i, match in enumerate((SPEECH, self.TTS))])
        for _ in range(2):
            self.assertEqual([a["status"] for a in self.say()["attempts"]], [503, 503])
        opened = wait_for("both to open", lambda: len(self.set.events(type="breaker.opened")) == 2 and
                          self.set.events(type="breaker.opened"))
        until = min(event["data"]["until"] for event in opened)
        calls = [self.send(explain=True, seconds=25) for _ in range(5)]
        replies = self.client.wait_all(calls)
        self.assertEqual([(r["ok"], r["provider"], len(r["attempts"])) for r in replies],
                         [(True, served_by, 1)] * 5, replies)
        self.assertGreaterEqual(min(r["attempts"][0]["began"] for r in replies), until - S // 20)
        self.assertEqual(self.spoken_by()[4:], [served_by] * 5, "nobody asks the one that is open")


class FirstIsOpenForLong(Waits):
    CONFIG = {**Waits.WAIT, "providers": {"elevenlabs": Waits.LONG}}

    def test_incident_08_with_all_links_open_calls_wait_for_the_one_that_recovers_in_two_seconds(self):
        self.wait_for_the_one_that_recovers("openai-tts")

    def test_incident_08_nobody_waits_while_another_link_serves(self):
        self.fault(status=503, count=2)
        self.assertEqual([self.say()["provider"] for _ in range(2)], ["openai-tts"] * 2)
        wait_for("the first to open", lambda: self.breaker() == "open")
        reply = self.say()
        self.assertEqual(reply["provider"], "openai-tts")
        opened = wait_for("its event", lambda: self.set.events(type="breaker.opened"))[0]
        self.assertLess(reply["attempts"][0]["began"], opened["data"]["until"])


class SecondIsOpenForLong(Waits):
    CONFIG = {**Waits.WAIT, "providers": {"openai-tts": Waits.LONG}}

    def test_incident_08_with_all_links_open_calls_wait_for_the_one_that_recovers_in_two_seconds(self):
        self.wait_for_the_one_that_recovers("elevenlabs")


class Hangs(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": {
        "retry": {"max_retries": 0},
        "breaker": {"failure_threshold": 100, "minimum_calls": 4, "slow_rate": "100%",
                    "slow_after": "500ms", "recovery_timeout": "60s"}}}

    def test_incident_28_calls_that_hang_open_the_breaker_before_any_of_them_has_ended(self):
        self.fault(kind="no_reply")
        calls = [self.send(explain=True) for _ in range(4)]
        opened = wait_for("it to open", lambda: self.set.events(type="breaker.opened"))
        self.assertIsNone(self.client.receive(0), "all of them still hang")
        data = opened[0]["data"]
        self.assertEqual(data["cause"], "slow_rate")
        self.assertEqual((data["window"]["slow"], data["failures"]), (4, 0))
        self.assertEqual(self.say()["code"], "breaker_open")
        replies = self.client.wait_all(calls)
        self.assertLess(opened[0]["at"], min(r["attempts"][0]["began"] / S + 5 for r in replies))
        for reply in replies:
            self.assertEqual([a["code"] for a in reply["attempts"]], ["timeout"])
            self.assertEqual([d["verdict"] for d in reply["decisions"] if d["policy"] == "breaker"],
                             ["slow"], "told once")
        self.assertEqual(self.spoken(), 4)
        self.assertEqual(len(self.set.events(type="breaker.opened")), 1, "the late results are no news")


class Budget(GatewayIncident):
    CONFIG = {**GatewayIncident.CONFIG, "defaults": {
        "retry": {"initial_delay": "2s", "max_retries": 1,
                  "budget": {"ratio": "0%", "min_retries": 3, "window": "60s"}},
        "breaker": {"failure_threshold": 100}}}

    def test_incident_30_retries_that_wait_are_in_the_budget(self):
        self.fault(status=503)
        replies = self.client.wait_all([self.send() for _ in range(10)])
        self.assertEqual(sorted(len(r["attempts"]) for r in replies), [1] * 7 + [2] * 3)
        refused = [r for r in replies if len(r["attempts"]) == 1]
        self.assertEqual({(r["class"], r.get("exhausted", False)) for r in refused}, {("transient", False)})
        self.assertEqual(self.spoken(), 13, "all ten asked for a retry before the first was sent")


if __name__ == "__main__":
    unittest.main()
