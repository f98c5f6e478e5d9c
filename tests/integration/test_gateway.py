"""The gateway at the real bus, and at the simulator over real HTTP: calls made by a client that shares no
code with it."""

import hashlib
import signal
import time
import unittest

import msgpack
import zmq

from harness import RingfenceTest, wait_for

TWIML = "<Response><Say>Hi</Say></Response>"


class Client:
    """A DEALER on the calls socket: many calls under way at once."""

    def __init__(self, the_set):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(f"ipc://{the_set.root}/run/calls")
        self.replies = {}

    def close(self):
        self.socket.close()
        self.context.term()

    def send(self, call, service, operation, params, seconds=30, **fields):
        now = time.time_ns()
        message = {"t": "call.request", "v": 1, "id": call, "service": service,
                   "operation": operation, "deadline": now + seconds * 10**9, "params": params,
                   "repeatable": operation != "dial"}
        if operation == "dial":
            fields.setdefault("send_before", now + 10 * 10**9)
        message.update(fields)
        self.socket.send_multipart([b"", msgpack.packb(message)])

    def dial(self, call, number, **fields):
        self.send(call, "telephony", "dial", {"to": number, "twiml": TWIML}, **fields)

    def speak(self, call, text, **fields):
        self.send(call, "speech", "speak", {"text": text}, **fields)

    def cancel(self, call):
        message = {"t": "call.cancel", "v": 1, "id": call}
        self.socket.send_multipart([b"", msgpack.packb(message)])

    def receive(self, seconds):
        if not self.socket.poll(int(seconds * 1000)):
            return None
        reply = msgpack.unpackb(self.socket.recv_multipart()[-1])
        assert reply["t"] == "call.reply", reply
        assert reply["id"] not in self.replies, f"two replies to {reply['id']}"
        self.replies[reply["id"]] = reply
        return reply

    def wait(self, call, seconds=60):
        end = time.monotonic() + seconds
        while call not in self.replies:
            left = end - time.monotonic()
            if left <= 0 or self.receive(left) is None:
                raise AssertionError(f"no reply to {call}; got {self.replies}")
        return self.replies[call]

    def wait_all(self, calls, seconds=60):
        return [self.wait(call, seconds) for call in calls]


class GatewayTest(RingfenceTest):
    GATEWAYS = 1

    def setUp(self):
        super().setUp()
        self.configure()
        for service in ("simulator", "broker"):
            self.set.start(service)
        for i in range(self.GATEWAYS):
            self.set.start("service-gateway", f"gateway-{i}", self.environment(i))
        self.client = Client(self.set)
        self.addCleanup(self.client.close)

    def configure(self):
        """What CONFIG cannot say, before anything starts."""

    def environment(self, _number):
        return {}

    def find(self, number, known=()):
        call = f"f{time.monotonic_ns()}"
        self.client.send(call, "telephony", "find_call",
                         {"to": number, "created_after": time.time_ns() - 60 * 10**9,
                          "known": list(known)})
        return self.client.wait(call)["result"]["calls"]

    def reading(self, file):
        return (self.set.root / file).read_bytes()


class Calls(GatewayTest):
    def test_each_operation_gives_what_the_providers_gave(self):
        client = self.client
        client.send("w", "script", "write", {"prompt": "Greet Ada"})
        script = client.wait("w")
        self.assertTrue(script["ok"], script)
        self.assertEqual(script["result"]["provider"], "openai")
        self.assertEqual(script["attempts"][0]["status"], 200)
        self.assertGreater(script["attempts"][0]["began"], 10**18)

        client.speak("s", script["result"]["text"])
        speech = client.wait("s")
        audio = self.reading(f"media/{speech['result']['audio']}.{speech['result']['format']}")
        self.assertEqual(hashlib.sha256(audio).hexdigest(), speech["result"]["audio"])
        self.assertEqual(len(audio), speech["result"]["size"])
        self.assertEqual(self.set.ledger()["speeches"][0]["sha256"], speech["result"]["audio"])

        client.dial("d", "+12025550101")
        dial = client.wait("d")
        self.assertTrue(dial["ok"], dial)
        self.assertEqual(dial["sent"], "yes")
        sid = dial["result"]["sid"]

        def completed():
            call = f"q{time.monotonic_ns()}"
            client.send(call, "telephony", "call_status", {"sid": sid})
            reply = client.wait(call)
            return reply["result"]["status"] == "completed" and reply["result"]
        self.assertEqual(wait_for("the call to end", completed)["sid"], sid)

        found = wait_for("the list to show the call", lambda: self.find("+12025550101"))
        self.assertEqual([call["sid"] for call in found], [sid])
        self.assertEqual(self.find("+12025550101", [sid]), [])

    def test_an_outage_opens_the_breaker_and_one_test_request_ends_it(self):
        client = self.client
        self.set.faults({"id": "out", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "status", "status": 503, "body": "over capacity", "count": 6})
        for i in range(8):
            client.speak(f"s{i}", f"text {i}")
        replies = client.wait_all([f"s{i}" for i in range(8)])
        self.assertEqual({reply["code"] for reply in replies if not reply["ok"]}, {"breaker_open"})
        before = len(self.set.requests("elevenlabs", "text-to-speech"))
        client.speak("fast", "refused at once")
        began = time.monotonic()
        refused = client.wait("fast")
        self.assertEqual(refused["code"], "breaker_open")
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(len(self.set.requests("elevenlabs", "text-to-speech")), before)
        self.set.faults()

        def passes():
            call = f"t{time.monotonic_ns()}"
            client.speak(call, "again")
            return client.wait(call)["ok"]
        wait_for("the breaker to close", passes)

    def test_incident_16_an_ambiguous_dial_is_sent_once(self):
        self.set.faults({"id": "cut", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "reset_after"})
        self.client.dial("d", "+12025550102")
        reply = self.client.wait("d")
        self.assertEqual((reply["class"], reply["sent"]), ("ambiguous", "maybe"), reply)
        self.assertEqual(self.set.dials(), {"+12025550102": 1})
        self.assertEqual(len(self.set.requests("twilio", "Calls.json")), 1)
        found = wait_for("the list to show the call", lambda: self.find("+12025550102"))
        self.assertEqual(len(found), 1)

    def test_decisions_are_told_to_a_caller_who_asks(self):
        self.client.speak("s", "why", explain=True)
        reply = self.client.wait("s")
        self.assertIn(("classify", "elevenlabs", "ok"),
                      [(d["policy"], d["provider"], d["verdict"]) for d in reply["decisions"]])
        self.client.speak("t", "and not otherwise")
        self.assertFalse(self.client.wait("t").get("decisions"))

    def test_a_dial_after_its_send_before_is_not_sent(self):
        self.client.dial("d", "+12025550103", send_before=time.time_ns() - 1)
        reply = self.client.wait("d")
        self.assertEqual((reply["class"], reply["code"], reply["sent"]),
                         ("local", "deadline_exceeded", "no"))
        self.assertEqual(self.set.dials(), {})

    def test_a_half_reply_is_not_taken_for_audio(self):
        self.set.faults({"id": "half", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "half_reply", "count": 1},
                        {"id": "empty", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "empty", "count": 1},
                        {"id": "type", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "wrong_type", "count": 1})
        self.client.speak("s", "whole or not at all")
        reply = self.client.wait("s")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual([attempt["class"] for attempt in reply["attempts"]],
                         ["transient"] * 3 + ["ok"])
        self.assertEqual([attempt.get("code") for attempt in reply["attempts"]][:3],
                         ["truncated", "empty_audio", "wrong_type"])

    def test_a_refused_key_marks_once_and_a_changed_key_file_clears_it(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["new-key"]})
        for i in range(6):
            self.client.speak(f"s{i}", f"text {i}")
        replies = self.client.wait_all([f"s{i}" for i in range(6)])
        made = [reply for reply in replies if reply.get("mark_made")]
        self.assertEqual([reply["class"] for reply in made], ["permanent.auth"])
        self.assertEqual({reply["code"] for reply in replies if not reply.get("mark_made")},
                         {"marked"})
        self.assertTrue(all(len(reply.get("attempts", [])) <= 1 for reply in replies))
        for process in self.set.processes.values():
            self.assertNotIn("elevenlabs-good", process.text())
        self.assertNotIn("elevenlabs-good", str(replies))
        self.set.write_key("elevenlabs", "new-key")  # noticed without a signal

        def passes():
            call = f"t{time.monotonic_ns()}"
            self.client.speak(call, "again")
            return self.client.wait(call)["ok"]
        wait_for("the mark to be cleared", passes)

    def test_a_configuration_mark_falls_with_a_reload_of_its_section(self):
        self.set.faults({"id": "moved", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "status", "status": 302, "count": 1})
        self.client.speak("s1", "one")
        reply = self.client.wait("s1")
        self.assertEqual((reply["class"], reply.get("mark_made")), ("permanent.config", True), reply)
        self.client.speak("s2", "two")
        self.assertEqual(self.client.wait("s2")["code"], "marked")
        self.set.config["providers"]["elevenlabs"]["model"] = "another"
        self.set.write_config()
        self.set.processes["gateway-0"].terminate(signal.SIGHUP)

        def passes():
            call = f"t{time.monotonic_ns()}"
            self.client.speak(call, "again")
            return self.client.wait(call)["ok"]
        wait_for("the mark to be cleared", passes)

    def test_the_chain_falls_to_the_next_provider(self):
        self.set.faults({"id": "out", "match": {"provider": "openai", "method": "POST"},
                         "kind": "status", "status": 401,
                         "body": {"error": {"message": "no sk-abc123", "code": "invalid_api_key"}}})
        self.client.send("w", "script", "write", {"prompt": "Greet Ada"})
        reply = self.client.wait("w")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(reply["result"]["provider"], "anthropic")
        self.assertNotIn("sk-abc123", str(reply))

    def test_a_drain_ends_what_runs_and_hands_back_what_waits(self):
        self.set.faults({"id": "busy", "match": {"provider": "elevenlabs", "text": "wait"},
                         "kind": "status", "status": 503, "count": 1,
                         "headers": {"Retry-After": "2"}},
                        {"id": "slow", "match": {"provider": "elevenlabs", "text": "slow"},
                         "kind": "latency", "delay_ms": 1500})
        self.client.speak("s1", "wait for it")
        self.client.speak("s2", "slow as it is")
        wait_for("both requests", lambda: len(self.set.requests("elevenlabs", "speech")) >= 1)
        self.set.start("service-gateway", "gateway-9")
        first = self.set.processes["gateway-0"]
        first.terminate()
        self.assertEqual(first.wait(), 0)
        self.assertTrue(self.client.wait("s2")["ok"])
        waited = self.client.wait("s1")
        self.assertTrue(waited["ok"], waited)
        self.assertEqual([attempt["class"] for attempt in waited["attempts"]], ["transient", "ok"])


class TwoGateways(GatewayTest):
    GATEWAYS = 2

    def environment(self, number):
        return {"RF_CRASH_AT": "gateway.dial_answered:3"} if number == 0 else {}

    def test_a_killed_gateway_loses_no_call_and_dials_nobody_twice(self):
        numbers = [f"+120255501{i:02d}" for i in range(20)]
        self.set.faults({"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "latency", "delay_ms": 50})
        for i, number in enumerate(numbers):
            self.client.dial(f"d{i}", number, seconds=20)
        replies = self.client.wait_all([f"d{i}" for i in range(20)])
        self.set.processes["gateway-0"].wait_killed()
        lost = [reply for reply in replies if not reply["ok"]]
        self.assertTrue(lost)
        self.assertEqual({(reply["class"], reply["code"]) for reply in lost},
                         {("local", "worker_lost")})
        self.assertTrue(all(count == 1 for count in self.set.dials().values()), self.set.dials())


if __name__ == "__main__":
    unittest.main()
