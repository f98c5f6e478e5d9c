#!/usr/bin/python3
"""Several keys of one provider: a key that fails is set aside and the next one goes on; only the last one stops
the provider."""

import hashlib
import json
import signal
import unittest

import test_gateway
from harness import RingfenceTest, people, wait_for

TWO_KEYS = {"providers": {"elevenlabs": {"key": "file:secrets/elevenlabs",
                                         "keys": ["file:secrets/elevenlabs-second"]}}}


def fingerprint(key):
    return hashlib.sha256(key.encode()).hexdigest()


class Campaign(RingfenceTest):
    CONFIG = dict(TWO_KEYS, orchestrator={"concurrency": 4}, simulator={"talk": "400ms"})

    def setUp(self):
        super().setUp()
        self.set.write_key("elevenlabs-second", "elevenlabs-second")
        self.accept("elevenlabs-good", "elevenlabs-second")

    def accept(self, *keys):
        if "simulator" not in self.set.processes:
            self.set.start("simulator")
        self.set.admin("PUT", "keys", {"elevenlabs": list(keys)})

    def refusals(self):
        return [r for r in self.set.requests("elevenlabs", "/text-to-speech/") if r["status"] == 401]

    def marks(self):
        return json.loads(self.set.cli("mark", "list", "--json", check=0).stdout)

    def begin(self, contacts):
        self.set.start_all()
        # Speech takes long enough that some are in flight beside the one that is refused first.
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 300,
                         "match": {"provider": "elevenlabs", "method": "POST"}})
        campaign = self.set.campaign(contacts)
        wait_for("some calls", lambda: len(self.set.dials()) >= 5)
        return campaign

    def test_one_of_two_keys_revoked_in_the_middle_costs_no_contact_and_makes_no_mark(self):
        contacts = people(30)
        campaign = self.begin(contacts)
        self.accept("elevenlabs-second")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        self.assertEqual(self.set.events(type="mark.set"), [])
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        self.assertEqual(self.set.events(type="retry.scheduled"), [], "changing the key is no retry")
        self.assertEqual(self.set.events(type="breaker.opened"), [])
        told = self.set.events(type="key.set_aside")
        self.assertEqual(len(told), 1)
        short = fingerprint("elevenlabs-good")[:8]
        self.assertEqual((told[0]["subject"], told[0]["severity"], told[0]["data"]["class"],
                          told[0]["data"]["key"], told[0]["data"]["left"]),
                         ("elevenlabs", "warning", "permanent.auth", short, 1))
        # Those that were in flight beside each other may each meet the 401, none later.
        self.assertLessEqual(len(self.refusals()), 4)
        self.assert_alerts(told)
        marks = self.marks()
        self.assertEqual(list(marks), [f"elevenlabs/{fingerprint('elevenlabs-good')[:16]}"])
        listed = self.set.cli("mark", "list", check=0).stdout
        self.assertRegex(listed, rf"^elevenlabs/{short}\w* \(one key\): permanent\.auth since .* "
                                 r"\(cleared by: key\)\n$")
        # A new key in the file is found by itself, and the old one is forgotten.
        self.set.write_key("elevenlabs", "elevenlabs-third")
        self.accept("elevenlabs-second", "elevenlabs-third")
        cleared = wait_for("the old key to be forgotten", lambda: self.set.events(type="key.cleared"))
        self.assertEqual(cleared[0]["data"], {"key": short, "why": "it is no longer one of the keys"})
        self.assertEqual(self.marks(), {})
        for folder in ("out", "log"):
            for file in (self.set.root / folder).iterdir():
                text = file.read_text(errors="replace")
                for secret in ("elevenlabs-good", "elevenlabs-second", "elevenlabs-third"):
                    self.assertNotIn(secret, text, file.name)

    def test_both_keys_revoked_set_one_contact_aside_and_either_new_key_resumes(self):
        contacts = people(20)
        campaign = self.begin(contacts)
        self.accept("elevenlabs-new")
        aside = wait_for("one contact set aside", lambda: self.set.events(type="contact.set_aside"))
        self.assertEqual(aside[0]["data"]["reason"], "permanent.auth")
        wait_for("deferred contacts", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual(len(self.set.events(type="mark.set")), 1)
        self.assertIn("elevenlabs", self.marks())
        self.assertIsNone(campaign.poll())
        self.set.write_key("elevenlabs-second", "elevenlabs-new")
        self.assertEqual(campaign.wait(120), 3)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual(len(aside), 1)
        wait_for("the mark to be cleared", lambda: self.set.events(type="mark.cleared"))
        self.assertNotIn("elevenlabs", self.marks())
        phone = aside[0]["data"]["phone"]
        self.assert_each_dialled_once([c for c in contacts if c[0] != phone])
        keys = self.set.events(type="key.set_aside")
        self.assertEqual(len(keys), 1, "the last key makes the mark instead")
        self.assert_alerts(self.set.events(type="mark.set") + keys)


class Calls(test_gateway.GatewayTest):
    CONFIG = TWO_KEYS
    GATEWAYS = 2
    GOOD, SECOND = (fingerprint(key)[:8] for key in ("elevenlabs-good", "elevenlabs-second"))

    def setUp(self):
        # The key files have to be there before GatewayTest's setUp would start the processes.
        RingfenceTest.setUp(self)
        self.set.write_key("elevenlabs-second", "elevenlabs-second")
        for service in ("simulator", "broker"):
            self.set.start(service)
        for i in range(self.GATEWAYS):
            self.set.start("service-gateway", f"gateway-{i}", self.environment(i))
        self.client = test_gateway.Client(self.set)
        self.addCleanup(self.client.close)

    def speak(self, call):
        self.client.speak(call, f"Text number {call}")
        reply = self.client.wait(call)
        self.assertTrue(reply["ok"], reply)
        return reply

    def test_a_429_on_one_key_uses_the_next_at_once(self):
        self.set.faults({"id": "limit", "kind": "status", "status": 429,
                         "headers": {"Retry-After": "60"},
                         "body": {"detail": {"code": "rate_limit_exceeded", "message": "slow down"}},
                         "match": {"provider": "elevenlabs", "key": "elevenlabs-good"}})
        # Both gateways have met it after so many calls: each call goes to the one with the most credit.
        replies = [self.speak(f"a{i}") for i in range(4)]
        first = replies[0]["attempts"]
        self.assertEqual([a["class"] for a in first], ["rate_limited", "ok"])
        self.assertEqual([a["key"] for a in first], [self.GOOD, self.SECOND])
        self.assertIn("rate_limit_exceeded", first[0]["rule"])
        self.assertEqual(first[1].get("waited_ns", 0), 0)
        for reply in replies:
            self.assertLess(len(reply["attempts"]), 3)
        limited = [r for r in self.set.requests("elevenlabs", "/text-to-speech/") if r["status"] == 429]
        self.assertLessEqual(len(limited), self.GATEWAYS, "one throttle a gateway spares the others")
        self.assertEqual(self.speak("b")["attempts"][0]["key"], self.SECOND)

    def test_incident_32_a_key_that_was_set_aside_is_known_to_every_gateway_and_cleared_by_a_person(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-second"]})
        reply = self.speak("a")
        self.assertEqual([a["status"] for a in reply["attempts"]], [401, 200])
        wait_for("the key in retained state", lambda: "elevenlabs/" in self.set.cli(
            "mark", "list", check=0).stdout)
        for i in range(6):
            self.assertEqual([a["key"] for a in self.speak(f"b{i}")["attempts"]], [self.SECOND])
        self.set.admin("PUT", "keys", {})
        self.assertIn("there is no mark on elevenlabs/ffff", self.set.cli(
            "mark", "clear", "elevenlabs/ffff", check=1).stderr)
        self.assertEqual(self.set.cli("mark", "clear", f"elevenlabs/{self.GOOD}", check=0).stdout,
                         f"elevenlabs/{fingerprint('elevenlabs-good')[:16]} is no longer set aside\n")

        def first_key_again():
            return self.speak(f"c{len(self.client.replies)}")["attempts"][0]["key"] == self.GOOD
        wait_for("the first key to be used again", first_key_again)

    def test_a_key_added_by_a_reload_is_used(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-third"]})
        self.client.speak("a", "Nobody can speak this")
        reply = self.client.wait("a")
        self.assertFalse(reply["ok"])
        self.assertTrue(reply["mark_made"])
        self.assertEqual([a["key"] for a in reply["attempts"]], [self.GOOD, self.SECOND])
        self.set.write_key("elevenlabs-third", "elevenlabs-third")
        self.set.config["providers"]["elevenlabs"]["keys"] = ["file:secrets/elevenlabs-second",
                                                              "file:secrets/elevenlabs-third"]
        self.set.write_config()
        for i in range(self.GATEWAYS):
            self.set.processes[f"gateway-{i}"].terminate(signal.SIGHUP)

        def spoken():
            call = f"b{len(self.client.replies)}"
            self.client.speak(call, f"Text number {call}")
            return self.client.wait(call)["ok"]
        wait_for("the mark to fall with the new key", spoken)


class Rules(test_gateway.GatewayTest):
    CONFIG = {"providers": {"openai": {"rules": [
        {"status": 500, "field": "error.code", "equals": "maintenance", "class": "permanent.invalid",
         "source": "our contract"}]}},
        "gateway": {"chains": {"script": ["openai"]}}}

    def write(self, call):
        self.client.send(call, "script", "write", {"prompt": "Greet"}, explain=True)
        return self.client.wait(call)

    def test_a_rule_of_the_users_own_decides_and_follows_a_reload(self):
        self.set.faults({"id": "m", "kind": "status", "status": 500,
                         "body": {"error": {"code": "maintenance", "message": "back at nine"}},
                         "match": {"provider": "openai", "method": "POST"}})
        reply = self.write("a")
        self.assertEqual((reply["class"], reply["code"], reply["message"], len(reply["attempts"])),
                         ("permanent.invalid", "maintenance", "back at nine", 1))
        rule = "status 500, error.code = maintenance [our contract]"
        self.assertEqual(reply["attempts"][0]["rule"], rule)
        told = [d for d in reply["decisions"] if d["policy"] == "classify"]
        self.assertEqual(len(told), 1)
        self.assertEqual(told[0]["verdict"], "permanent.invalid")
        self.assertIn(rule, told[0]["detail"])
        rules = self.set.config["providers"]["openai"]["rules"]
        self.set.config["providers"]["openai"]["rules"] = [
            dict(rules[0], **{"class": "transient", "retry": "never"})]
        self.set.write_config()
        self.set.processes["gateway-0"].terminate(signal.SIGHUP)
        wait_for("the reload", lambda: self.write(f"b{len(self.client.replies)}")["class"] == "transient")
        last = list(self.client.replies.values())[-1]
        self.assertEqual(len(last["attempts"]), 1, "retry: never")


if __name__ == "__main__":
    unittest.main()
