"""The cache of speech at the real gateway: what is paid for once, and what is never served."""

import contextlib
import hashlib
import signal
import time
import unittest

from harness import wait_for
from test_gateway import GatewayTest


class CacheTest(GatewayTest):
    def billed(self, text):
        return sum(speech["text"] == text for speech in self.set.ledger()["speeches"])

    def say(self, text, **fields):
        """A gateway that has just begun is not known to the broker yet: that one is waited for."""
        def reply():
            call = f"c{time.monotonic_ns()}"
            self.client.speak(call, text, **fields)
            answer = self.client.wait(call)
            return answer if answer.get("code") != "no_worker" else None
        return wait_for("a gateway", reply)

    def file_of(self, reply):
        result = reply["result"]
        return self.set.root / "media" / f"{result['audio']}.{result['format']}"

    def assert_whole(self, reply):
        self.assertTrue(reply["ok"], reply)
        data = self.file_of(reply).read_bytes()
        self.assertEqual(hashlib.sha256(data).hexdigest(), reply["result"]["audio"])
        self.assertEqual(len(data), reply["result"]["size"])

    def verdicts(self, reply, policy):
        return [d["verdict"] for d in reply["decisions"] if d["policy"] == policy]


class Cache(CacheTest):
    def test_the_same_text_is_paid_for_once(self):
        first = self.say("Good morning", explain=True)
        self.assert_whole(first)
        self.assertEqual(self.verdicts(first, "cache"), ["miss"])
        self.assertEqual(self.verdicts(first, "store"), ["stored"])
        second = self.say("Good morning", explain=True)
        self.assertEqual(second["result"], first["result"])
        self.assertEqual((second["provider"], second["sent"]), ("elevenlabs", "no"))
        self.assertFalse(second.get("attempts"))
        self.assertEqual(self.verdicts(second, "cache"), ["hit"])
        self.assertEqual(self.billed("Good morning"), 1)
        self.assert_whole(self.say("Good evening"))
        self.assertEqual(self.billed("Good evening"), 1)

    def test_identical_requests_at_once_are_one_fetch(self):
        self.set.faults({"id": "slow", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "latency", "delay_ms": 700})
        calls = [f"s{i}" for i in range(20)]  # more than there are places
        for call in calls:
            self.client.speak(call, "All at once")
        replies = self.client.wait_all(calls)
        self.assertEqual({reply["result"]["audio"] for reply in replies if reply["ok"]},
                         {replies[0]["result"]["audio"]})
        self.assertTrue(all(reply["ok"] for reply in replies))
        self.assertEqual(self.billed("All at once"), 1)
        self.assertEqual(len(self.set.requests("elevenlabs", "text-to-speech")), 1)
        self.assertEqual(sum(len(reply.get("attempts", [])) for reply in replies), 1)

    def test_one_takes_over_from_a_call_that_was_cancelled(self):
        self.set.faults({"id": "silent", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "no_reply", "count": 1})
        self.client.speak("first", "Wait for me")
        wait_for("the request", lambda: self.set.requests("elevenlabs", "text-to-speech"))
        for call in ("second", "third"):
            self.client.speak(call, "Wait for me", explain=True)
        self.client.cancel("first")
        self.assertEqual(self.client.wait("first")["code"], "cancelled")
        replies = self.client.wait_all(["second", "third"])
        for reply in replies:
            self.assert_whole(reply)
        self.assertEqual(sorted(self.verdicts(reply, "cache") for reply in replies),
                         [["joined"], ["joined", "took_over"]])
        # The cancelled one may be paid for; the two others are one request together.
        self.assertEqual(len(self.set.requests("elevenlabs", "text-to-speech")), 2)

    def test_a_hit_needs_no_provider(self):
        self.say("Known already")
        self.set.admin("PUT", "keys", {"elevenlabs": ["another"]})
        self.assertEqual(self.say("Not known")["class"], "permanent.auth")
        self.assertEqual(self.say("Not known either")["code"], "marked")
        self.assert_whole(self.say("Known already"))

    def test_another_voice_is_another_speech(self):
        first = self.say("Who speaks?")
        self.set.config["providers"]["elevenlabs"]["voice"] = "somebody-else"
        self.set.write_config()
        gateway = self.set.processes["gateway-0"]
        gateway.terminate(signal.SIGHUP)
        wait_for("the reload", lambda: gateway.says("configuration read again"))
        second = self.say("Who speaks?")
        self.assertNotEqual(second["result"]["audio"], first["result"]["audio"])
        self.assertEqual(self.billed("Who speaks?"), 2)

    def test_audio_that_is_not_whole_is_fetched_again(self):
        reply = self.say("Cut in half")
        whole = self.file_of(reply).read_bytes()
        for damage in (whole[:len(whole) // 2], whole[:-1] + b"?", b""):
            before = self.billed("Cut in half")
            self.file_of(reply).write_bytes(damage)
            again = self.say("Cut in half", explain=True)
            self.assertEqual(self.verdicts(again, "cache"), ["miss"])
            self.assert_whole(again)
            self.assertEqual(self.billed("Cut in half"), before + 1)

    def test_a_restart_keeps_the_hits(self):
        first = self.say("Remember me")
        self.set.processes["gateway-0"].kill()
        self.set.start("service-gateway", "gateway-1")
        again = self.say("Remember me")
        self.assertEqual(again["result"], first["result"])
        self.assertEqual(self.billed("Remember me"), 1)


class KilledWhileWriting(CacheTest):
    """The gateway dies with the audio written, but under no name yet, or under no key."""

    def environment(self, number):
        return {"RF_CRASH_AT": "file.written" if number == 0 else "gateway.audio_kept"}

    def test_what_was_left_is_not_served(self):
        self.client.speak("first", "Half of me")
        self.set.processes["gateway-0"].wait_killed()
        left = list((self.set.root / "media").glob("*.mp3.*"))
        self.assertEqual(len(left), 1)  # or the crash came elsewhere
        self.assertEqual(self.client.wait("first")["code"], "worker_lost")
        self.set.start("service-gateway", "gateway-1", self.environment(1))
        self.assertEqual(self.say("Half of me")["code"], "worker_lost")
        self.set.processes["gateway-1"].wait_killed()
        self.assertEqual(len(list((self.set.root / "media").glob("*.mp3"))), 1)
        self.assertEqual(len(list((self.set.root / "media" / "cache").glob("[0-9a-f]*"))), 0)
        self.set.start("service-gateway", "gateway-2")
        self.assert_whole(self.say("Half of me"))
        again = self.say("Half of me", explain=True)
        self.assert_whole(again)
        self.assertEqual(self.verdicts(again, "cache"), ["hit"])
        self.assertEqual(self.billed("Half of me"), 3)


class SharedFolder(CacheTest):
    GATEWAYS = 2

    def test_what_one_gateway_paid_for_the_other_has(self):
        for i in range(6):
            self.assert_whole(self.say(f"Text {i}"))
        self.set.processes["gateway-0"].kill()
        for i in range(6):
            self.assert_whole(self.say(f"Text {i}"))
        self.assertEqual(len(self.set.ledger()["speeches"]), 6)


class Bounded(CacheTest):
    MOST = 128 * 1024
    CONFIG = {"gateway": {"cache": {"max_bytes": "128KiB"}}, "telephony": {"media_ttl": "1s"}}

    def kept(self):
        total = 0
        for file in (self.set.root / "media").glob("*.mp3"):
            with contextlib.suppress(FileNotFoundError):  # it goes while we look
                total += file.stat().st_size
        return total

    def test_the_least_recently_used_goes(self):
        total, texts = 0, []
        while total < 2 * self.MOST:
            texts.append(f"Text number {len(texts)}, which is long enough to fill the folder soon. " * 3)
            reply = self.say(texts[-1])
            self.assert_whole(reply)  # what was just spoken is there, whatever the bound says
            total += reply["result"]["size"]
        wait_for("the folder to be cleared", lambda: self.kept() <= self.MOST)
        self.assertGreater(self.kept(), 0)
        gateway = self.set.processes["gateway-0"]
        wait_for("a word of it", lambda: gateway.says("files of audio removed"))
        def no_key_is_left():
            keys = list((self.set.root / "media" / "cache").glob("[0-9a-f]*"))
            return len(keys) == len(list((self.set.root / "media").glob("*.mp3")))
        wait_for("their keys to go as well", no_key_is_left)
        self.assert_whole(self.say(texts[-1]))
        self.assertEqual(self.billed(texts[-1]), 1)
        self.assert_whole(self.say(texts[0]))
        self.assertEqual(self.billed(texts[0]), 2)


class Off(CacheTest):
    CONFIG = {"gateway": {"cache": {"enabled": False}}}

    def test_without_the_cache_each_speech_is_paid_for(self):
        self.assert_whole(self.say("Twice"))
        self.assert_whole(self.say("Twice"))
        self.assertEqual(self.billed("Twice"), 2)


if __name__ == "__main__":
    unittest.main()
