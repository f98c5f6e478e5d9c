"""Chains at the real gateway: from provider to provider, to a link of our own, and back."""

import hashlib
import json
import time
import unittest

from harness import RingfenceTest, people, wait_for
from test_gateway import Client

RECORDING = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(range(256)) * 40
CHAINS = {"gateway": {"recording": "hello.mp3",
                      "template": "Hello {name}, please call us back about {topic}.",
                      "chains": {"speech": ["elevenlabs", "openai-tts", "recording"],
                                 "script": ["openai", "anthropic", "template"]}}}


class FallbackTest(RingfenceTest):
    CONFIG = CHAINS

    def setUp(self):
        super().setUp()
        (self.set.root / "hello.mp3").write_bytes(RECORDING)
        for service in self.services():
            self.set.start(service)
        self.client = Client(self.set)
        self.addCleanup(self.client.close)

    def services(self):
        return "simulator", "broker", "logger", "service-gateway"

    def say(self, text, **fields):
        call = f"c{time.monotonic_ns()}"
        self.client.speak(call, text, **fields)
        return self.client.wait(call)

    def out(self, *providers, **fault):
        """These providers answer no speech: ElevenLabs by its path, OpenAI by that of its speech."""
        paths = {"elevenlabs": "/v1/text-to-speech/*", "openai": "/v1/audio/speech"}
        fault = {"kind": "status", "status": 503, **fault}
        self.set.faults(*({"id": provider, "match": {"provider": provider, "path": paths[provider]},
                           **fault} for provider in providers))

    def spoken(self, provider):
        path = {"elevenlabs": "text-to-speech", "openai": "audio/speech"}[provider]
        return len(self.set.requests(provider, path))

    def fallbacks(self):
        return [(e["subject"], e["data"]["instead_of"], e["data"]["class"])
                for e in self.set.events(type="fallback.used")]


class Speech(FallbackTest):
    def test_an_outage_falls_to_the_next_provider_and_then_to_the_recording(self):
        self.out("elevenlabs")
        reply = self.say("Is anybody there?", explain=True)
        self.assertTrue(reply["ok"], reply)
        self.assertEqual((reply["provider"], reply["result"]["provider"]), ("openai-tts",) * 2)
        self.assertEqual([attempt["provider"] for attempt in reply["attempts"]],
                         ["elevenlabs"] * 4 + ["openai-tts"])
        self.assertIn(("fallback", "elevenlabs"),
                      [(d["policy"], d.get("detail", "") and "elevenlabs") for d in reply["decisions"]])
        speech, = self.set.ledger()["speeches"]
        self.assertEqual((speech["provider"], speech["key"]), ("openai", "openai-good"))
        audio = self.set.root / "media" / f"{reply['result']['audio']}.mp3"
        self.assertEqual(len(audio.read_bytes()), speech["size"])

        self.out("elevenlabs", "openai")
        reply = self.say("And now?")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual((reply["provider"], reply["result"]["provider"]), ("recording",) * 2)
        audio = self.set.root / "media" / f"{reply['result']['audio']}.{reply['result']['format']}"
        self.assertEqual(audio.read_bytes(), RECORDING)
        self.assertEqual(reply["result"]["size"], len(RECORDING))
        self.assertNotIn("recording", [attempt["provider"] for attempt in reply["attempts"]])
        wait_for("the log to tell of both", lambda: len(self.fallbacks()) == 2)
        self.assertEqual([f[:2] for f in self.fallbacks()],
                         [("openai-tts", "elevenlabs"), ("recording", "elevenlabs")])
        lines = (self.set.root / "log" / "app.log").read_text()
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)["fallback"]["speech"]
        self.assertEqual((status["link"], status["instead_of"]), ("recording", "elevenlabs"))
        self.assertIn("recording instead of elevenlabs", self.set.cli("status", check=0).stdout)
        self.assertIn("recording served a call of speech instead of elevenlabs", lines)

    def test_incident_09_the_fallback_that_fails_is_cooled_down_itself(self):
        self.out("elevenlabs", "openai")

        def opened():
            self.say(f"Anybody {time.monotonic_ns()}")
            return {e["subject"] for e in self.set.events(type="breaker.opened")} >= \
                {"elevenlabs", "openai-tts"}
        wait_for("both breakers to open", opened)
        before = self.spoken("elevenlabs"), self.spoken("openai")
        began = time.monotonic()
        reply = self.say("Nobody is asked")
        self.assertEqual(reply["provider"], "recording")
        self.assertFalse(reply.get("attempts"))
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual((self.spoken("elevenlabs"), self.spoken("openai")), before)
        # The scripts of the same account are not concerned: a breaker is a service's own.
        self.client.send("w", "script", "write", {"prompt": "Greet Ada"})
        self.assertEqual(self.client.wait("w")["provider"], "openai")

    def test_incident_10_a_permanent_error_of_one_link_is_not_one_of_the_chain(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["another-key"]})
        replies = [self.say(f"Contact {i}") for i in range(3)]
        self.assertEqual([(reply["ok"], reply["provider"]) for reply in replies],
                         [(True, "openai-tts")] * 3)
        self.assertEqual(self.spoken("elevenlabs"), 1)  # then the mark stands
        wait_for("the events", lambda: len(self.fallbacks()) == 3)
        self.assertEqual(self.fallbacks()[0], ("openai-tts", "elevenlabs", "permanent.auth"))
        self.assertEqual([m["data"]["class"] for m in self.set.events(type="mark.set")],
                         ["permanent.auth"])

    def test_incident_40_the_preferred_provider_is_used_again_after_its_outage(self):
        self.out("elevenlabs")

        def opened():
            self.say(f"Anybody {time.monotonic_ns()}")
            return self.set.events(type="breaker.opened", subject="elevenlabs")
        wait_for("the breaker to open", opened)
        self.assertEqual(self.say("Meanwhile")["provider"], "openai-tts")
        self.set.faults()
        wait_for("the preferred provider",
                 lambda: self.say(f"Back {time.monotonic_ns()}")["provider"] == "elevenlabs")
        self.assertEqual({self.say(f"To stay {i}")["provider"] for i in range(4)}, {"elevenlabs"})

    def test_a_fallbacks_audio_is_paid_for_once_too(self):
        self.out("elevenlabs", status=401)
        for _ in range(3):
            self.assertEqual(self.say("Thrice")["provider"], "openai-tts")
        self.assertEqual(self.spoken("openai"), 1)


class Bounds(FallbackTest):
    CONFIG = {"gateway": {"chains": {"speech": ["elevenlabs", "openai-tts"]}}}

    def test_incident_12_the_chain_is_gone_through_once(self):
        self.out("elevenlabs", "openai", status=400, body={"error": {"message": "no"}})
        reply = self.say("Nobody wants this")
        self.assertEqual(reply["class"], "permanent.invalid")
        self.assertEqual([attempt["provider"] for attempt in reply["attempts"]],
                         ["elevenlabs", "openai-tts"])
        self.assertEqual((self.spoken("elevenlabs"), self.spoken("openai")), (1, 1))

    def test_incident_41_one_deadline_over_all_links(self):
        self.out("elevenlabs", "openai", kind="no_reply")
        began = time.monotonic()
        reply = self.say("Dead air", seconds=8)
        self.assertFalse(reply["ok"])
        self.assertLess(time.monotonic() - began, 9.5)
        self.assertEqual({attempt["provider"] for attempt in reply["attempts"]},
                         {"elevenlabs", "openai-tts"})

    def test_speech_of_openai_that_is_no_audio_is_a_failure(self):
        self.set.faults(*({"id": kind, "match": {"provider": "openai", "path": "/v1/audio/speech"},
                           "kind": kind, "count": 1} for kind in ("half_reply", "empty", "wrong_type")),
                        {"id": "out", "match": {"provider": "elevenlabs"}, "kind": "status",
                         "status": 401})
        reply = self.say("Whole or not at all")
        self.assertTrue(reply["ok"], reply)
        self.assertEqual([a.get("code") for a in reply["attempts"] if a["provider"] == "openai-tts"],
                         ["truncated", "empty_audio", "wrong_type", None])


class Script(FallbackTest):
    def write(self, fields):
        call = f"w{time.monotonic_ns()}"
        self.client.send(call, "script", "write", {"prompt": "Greet", "fields": fields})
        return self.client.wait(call)

    def test_the_template_is_filled_in_when_nobody_writes(self):
        self.set.admin("PUT", "keys", {"openai": ["x"], "anthropic": ["x"]})
        reply = self.write({"name": "Ada", "topic": "the invoice"})
        self.assertTrue(reply["ok"], reply)
        self.assertEqual(reply["provider"], "template")
        self.assertEqual(reply["result"]["text"], "Hello Ada, please call us back about the invoice.")
        self.assertEqual([a["provider"] for a in reply["attempts"]], ["openai", "anthropic"])
        # What cannot be filled in is not read aloud; the contact waits for the providers.
        self.assertEqual(self.write({"name": "Ada"})["code"], "marked")


class Campaign(FallbackTest):
    CONFIG = {"gateway": {**CHAINS["gateway"], "template": "Hello {name}, this is a recording."}}

    def services(self):
        return ("simulator", "broker", "logger", "console", "service-gateway", "orchestrator",
                "health-monitor", "alerter")

    def test_a_campaign_goes_on_without_any_provider_of_speech_and_scripts(self):
        """Nothing is deferred or set aside, and who is called hears the recording."""
        self.set.faults({"id": "openai", "match": {"provider": "openai"}, "kind": "status", "status": 500},
                        {"id": "anthropic", "match": {"provider": "anthropic"}, "kind": "status",
                         "status": 500},
                        {"id": "elevenlabs", "match": {"provider": "elevenlabs"}, "kind": "status",
                         "status": 500})
        contacts = people(6)
        campaign = self.set.campaign(contacts)
        self.assertEqual(campaign.wait(120), 0, (self.set.root / "out" / "campaign-c.log").read_text())
        self.assertEqual(self.set.dials(), {phone: 1 for phone, _ in contacts})
        heard = wait_for("the recording to be fetched", lambda: (
            dials := self.set.ledger()["dials"]) and not any(d["audio_pending"] for d in dials) and
            {d["audio_sha256"] for d in dials})
        self.assertEqual(heard, {hashlib.sha256(RECORDING).hexdigest()})
        steps = self.set.events(type="contact.step")
        self.assertEqual({s["data"]["provider"] for s in steps if s["data"]["step"] == "script"},
                         {"template"})
        self.assertEqual({s["data"]["provider"] for s in steps if s["data"]["step"] == "speech"},
                         {"recording"})
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        # No chain names more than the five: the monitor asks each of them, and nobody else.
        self.assertTrue(self.set.processes["health-monitor"].says("probing 5 providers"))


if __name__ == "__main__":
    unittest.main()
