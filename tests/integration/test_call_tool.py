#!/usr/bin/python3
"""`ringfence call`: one call made by a person, at the real broker, gateway and simulator."""

import hashlib
import json
import re
import shutil
import signal
import subprocess
import unittest
from xml.etree import ElementTree

from harness import BIN, RingfenceTest, wait_for

SPEECH = {"provider": "elevenlabs", "method": "POST"}


class CallTool(RingfenceTest):
    def setUp(self):
        super().setUp()
        for service in ("simulator", "broker", "service-gateway"):
            self.set.start(service)

    def call(self, *words, code=0):
        return self.set.cli("call", *words, check=code)

    def start_call(self, *words):
        return subprocess.Popen([BIN / "ringfence", "call", *words, "--config", self.set.config_file],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_speech_is_copied_whole_to_the_file(self):
        out = self.set.root / "hello.mp3"
        told = self.call("speech", "--text", "hello", "--out", out).stdout
        audio = out.read_bytes()
        sha256 = hashlib.sha256(audio).hexdigest()
        self.assertEqual(sha256, self.set.ledger()["speeches"][0]["sha256"])
        self.assertEqual(told, f"{len(audio)} bytes of mp3 from elevenlabs, sha256 {sha256}\n")

    def test_speech_on_standard_output_is_nothing_but_the_audio(self):
        result = subprocess.run([BIN / "ringfence", "call", "speech", "--text", "hello", "--out", "-",
                                 "--config", self.set.config_file], capture_output=True, check=True)
        self.assertEqual(hashlib.sha256(result.stdout).hexdigest(),
                         self.set.ledger()["speeches"][0]["sha256"])
        self.assertIn(b"bytes of mp3 from elevenlabs", result.stderr)

    def test_a_script_is_its_bare_text(self):
        told = self.call("script", "--prompt", 'Say "Hello Ada."')
        self.assertEqual(told.stdout, self.set.ledger()["scripts"][0]["text"] + "\n")
        self.assertEqual(told.stderr, "")

    def test_explain_tells_the_attempts_of_a_call_that_was_retried(self):
        self.set.faults({"id": "busy", "match": SPEECH, "kind": "status", "status": 503, "count": 2,
                         "body": {"detail": {"message": "Try again."}}})
        told = self.call("speech", "--text", "hello", "--explain")
        self.assertIn("bytes of mp3", told.stdout)
        lines = told.stderr.splitlines()
        first = lines.index("attempts")
        self.assertEqual(lines[first + 1].split(),
                         "began provider status class took waited request id what it said".split())
        rows = [re.split(r"  +", line.strip()) for line in lines[first + 2:first + 5]]
        self.assertEqual([row[1:4] for row in rows], [["elevenlabs", "503", "transient"],
                                                      ["elevenlabs", "503", "transient"],
                                                      ["elevenlabs", "200", "ok"]])
        self.assertEqual([row[5] != "-" for row in rows], [False, True, True], "the waits")
        self.assertIn("Try again.", rows[0][7])
        self.assertNotEqual(rows[2][6], "-", "the provider's request id")
        self.assertRegex(lines[-1], r"^[\d.]+ m?s in all, carried out by service-gateway-\w+$")

    def test_json_is_the_reply(self):
        told = json.loads(self.call("speech", "--text", "hello", "--json").stdout)
        self.assertEqual((told["ok"], told["class"], told["provider"]), (True, "ok", "elevenlabs"))
        self.assertEqual(told["attempts"][0]["status"], 200)
        self.assertGreater(told["attempts"][0]["took_ns"], 0)
        self.assertTrue((self.set.root / "media" / f"{told['result']['audio']}.mp3").exists())

    def test_each_class_of_failure_has_its_exit_code_and_its_words(self):
        cases = [  # status, body, exit code, in the message
            (400, {"detail": {"code": "validation_error", "message": "Bad text."}}, 16,
             "permanent.invalid, validation_error, elevenlabs: Bad text."),
            (503, None, 11, "transient, internal_server_error, elevenlabs: "),
            (401, {"detail": {"code": "quota_exceeded", "message": "Empty."}}, 14,
             "permanent.quota, quota_exceeded, elevenlabs: Empty."),
        ]
        for status, body, code, words in cases:
            with self.subTest(status=status):
                fault = {"id": "f", "match": SPEECH, "kind": "status", "status": status}
                if body:
                    fault["body"] = body
                self.set.faults(fault)
                failed = self.call("speech", "--text", f"text {status}", code=code)
                self.assertIn("ringfence: error: speech speak: " + words, failed.stderr)
                self.assertEqual(failed.stdout, "")
        marked = self.call("speech", "--text", "more", "--explain", code=18)
        self.assertIn("local, marked, elevenlabs: ", marked.stderr)
        self.assertIn("attempts: none, nothing was sent to a provider", marked.stderr)

    def test_a_dial_wants_to_be_meant_and_can_be_looked_up(self):
        dial = ("telephony", "dial", "--to", "+12025550101", "--text", "It's <us> & them")
        refused = self.call(*dial, code=2)
        self.assertIn("a real telephone would ring at +12025550101", refused.stderr)
        self.assertEqual(self.set.dials(), {})
        placed = self.call(*dial, "--yes-dial")
        self.assertIn("dialling +12025550101: a telephone rings there", placed.stderr)
        sid = placed.stdout.split()[0]
        self.assertEqual(self.set.dials(), {"+12025550101": 1})
        said = ElementTree.fromstring(self.set.ledger()["dials"][0]["twiml"])
        self.assertEqual(said.findtext("Say"), "It's <us> & them")
        wait_for("its end", lambda: "completed" in self.call(
            "telephony", "call-status", "--sid", sid).stdout)
        found = wait_for("the list", lambda: [line for line in self.call(
            "telephony", "find-call", "--to", "+12025550101", "--since", "1h").stdout.splitlines()
            if sid in line])
        self.assertEqual(len(found), 1)
        self.assertEqual(self.call("telephony", "find-call", "--to", "+12025550102").stdout,
                         "no call to this number\n")

    def test_ctrl_c_cancels_the_call_at_the_broker_and_waits_for_its_answer(self):
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "no_reply"})
        popen = self.start_call("speech", "--text", "hello", "--explain")
        wait_for("the request", lambda: self.hits("slow") == 1)
        popen.send_signal(signal.SIGINT)
        out, err = popen.communicate(timeout=30)
        self.assertEqual((popen.returncode, out), (130, ""), err)
        self.assertIn("cancelling; Ctrl-C again does not wait", err)
        self.assertIn("speech speak: local, cancelled, elevenlabs: the caller cancelled it", err)
        self.assertIn("in all, carried out by service-gateway-", err)
        self.set.faults()
        told = self.call("speech", "--text", "hello again")
        self.assertIn("bytes of mp3", told.stdout)

    def test_ctrl_c_cannot_take_back_a_dial_and_tells_what_became_of_it(self):
        self.set.faults({"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "latency", "delay_ms": 1500})
        popen = self.start_call("telephony", "dial", "--to", "+12025550101", "--text", "hi",
                                "--yes-dial")
        wait_for("the request", lambda: self.hits("slow") == 1)
        popen.send_signal(signal.SIGINT)
        out, err = popen.communicate(timeout=30)
        self.assertEqual(popen.returncode, 0, err)
        self.assertRegex(out, r"^CA\w+ queued\n$")

    def test_a_second_ctrl_c_does_not_wait(self):
        self.set.faults({"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "no_reply"})
        popen = self.start_call("telephony", "dial", "--to", "+12025550101", "--text", "hi",
                                "--yes-dial")
        wait_for("the request", lambda: self.hits("slow") == 1)
        popen.send_signal(signal.SIGINT)
        self.assertIn("dialling", popen.stderr.readline())
        self.assertIn("cancelling", popen.stderr.readline())
        popen.send_signal(signal.SIGINT)
        _, err = popen.communicate(timeout=5)
        self.assertEqual(popen.returncode, 130, err)

    def test_a_deadline_ends_the_call(self):
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "no_reply"})
        failed = self.call("speech", "--text", "hello", "--deadline", "1s", code=18)
        self.assertIn("local, deadline_exceeded", failed.stderr)

    def test_audio_that_is_elsewhere_is_told_before_anything_is_paid(self):
        shutil.rmtree(self.set.root / "media")
        failed = self.call("speech", "--text", "hello", "--out", self.set.root / "x.mp3", code=1)
        self.assertIn("run this on a host that shares it, with the same --config, or leave --out away",
                      failed.stderr)
        self.assertEqual(self.set.requests("elevenlabs", "text-to-speech"), [])

    def test_a_service_that_nobody_offers_is_answered_at_once(self):
        failed = self.call("weather", "ask", "--params", '{"city": "Ghent"}', code=18)
        self.assertIn("weather ask: local, no_worker: no worker offers this service", failed.stderr)

    def hits(self, fault):
        return sum(f["hits"] for f in self.set.admin("GET", "faults")["faults"] if f["id"] == fault)


if __name__ == "__main__":
    unittest.main()
