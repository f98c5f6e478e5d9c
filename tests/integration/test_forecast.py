#!/usr/bin/python3
"""A provider's credit that will not last for a campaign: told before it ends, with when and for how many contacts,
and taken back when there is more, or nobody needs it any more."""

import json
import time
import unittest

from harness import CampaignTest, people, wait_for

CONTACTS = 60


class ForecastTest(CampaignTest):
    CONFIG = {"health": {"credit": {"interval": "300ms"}},
              "orchestrator": {"concurrency": 1},
              "alerter": {"rules": [], "storm": {"notices": 100, "within": "100ms"}}}

    def begin(self):
        self.set.start_all(without=("console",))
        self.load(people(CONTACTS))

    def told(self, what, provider):
        return self.set.events(type=f"forecast.{what}", subject=provider)

    def wait_told(self, what, provider, count=1):
        return wait_for(f"forecast.{what} of {provider}",
                        lambda: (told := self.told(what, provider)) and len(told) >= count and told)[count - 1]

    def retained(self, provider):
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)
        return status["provider"].get(provider, {}).get("forecast", {})

    def mails(self, words):
        subjects = [" ".join(mail["Subject"].split()) for mail in self.set.mailbox.mails]
        return [subject for subject in subjects if words in subject]

    def measured(self, provider):
        """What a contact takes, when the monitor knows it, and the contacts that are left then."""
        return wait_for("what a contact takes to be measured",
                        lambda: (f := self.retained(provider)).get("each") and f)


class Characters(ForecastTest):
    def test_incident_33_characters_that_will_not_last_are_told_before_they_end_and_more_of_them_too(self):
        self.begin()
        self.order("start", "c")
        known = self.measured("elevenlabs")
        self.assertEqual(known["status"], "enough")
        texts = [s["text"] for s in self.set.ledger()["speeches"]]
        each = sum(map(len, texts)) / len(texts)
        self.assertAlmostEqual(known["each"], each, delta=each / 4)
        # So much is left that fifteen contacts more are served.
        spent = sum(len(s["text"]) for s in self.set.ledger()["speeches"])
        self.set.admin("PUT", "settings", {"elevenlabs_character_limit": round(spent + 15 * each),
                                           "elevenlabs_character_reset": int(time.time()) + 30 * 86400})
        told = self.wait_told("short", "elevenlabs")
        data = told["data"]
        self.assertEqual((told["severity"], data["from"], data["campaigns"]), ("warning", "enough", ["c"]))
        self.assertEqual(self.set.events(type="mark.set"), [], "it is told before it runs out")
        self.assertAlmostEqual(data["unserved"], data["contacts"] - 15, delta=6)
        self.assertGreater(data["runs_out"] / 1e9, told["at"])
        self.assertLess(data["runs_out"] / 1e9, told["at"] + 600)
        self.assertIn("The credit of elevenlabs will not last: ", told["message"])
        self.assertIn("; all is there again at ", told["message"])
        subject, = wait_for("the alert", lambda: self.mails("will leave about"))
        self.assertIn(f"about {data['unserved']} contacts unserved", subject)
        value = wait_for("the retained value", lambda: (f := self.retained("elevenlabs"))["status"] == "short" and f)
        self.assertEqual((value["unit"], value["since"] / 1e9 < told["at"]), ("characters", True))
        self.assertIn("characters left, too little for ", self.set.cli("status").stdout)
        # More is bought; it is over, and nothing of the campaign was lost.
        self.set.admin("PUT", "settings", {"elevenlabs_character_limit": 1000000})
        enough = self.wait_told("enough", "elevenlabs")
        self.assertEqual(enough["data"]["from"], "short")
        self.assertIn("The credit of elevenlabs lasts again: ", enough["message"])
        wait_for("its end to be told, in the same thread", lambda: len(self.mails("will leave about")) == 2)
        self.assertEqual(self.finished(seconds=120)["done"], CONTACTS)
        self.assertEqual([len(self.told(what, "elevenlabs")) for what in ("short", "enough")], [1, 1])
        self.assertEqual(self.set.events(type="forecast.short", subject="twilio"), [])


class Balance(ForecastTest):
    def test_a_balance_that_will_not_last_is_told_once_over_a_kill_and_ends_with_the_need(self):
        self.set.start("simulator")
        self.set.admin("PUT", "settings", {"twilio_balance_cents": 35 * 2})
        self.begin()
        self.order("start", "c")
        told = self.wait_told("short", "twilio")
        self.assertAlmostEqual(self.measured("twilio")["each"], 0.02, delta=0.005)
        self.assertRegex(told["data"]["left"], r"0\.\d\d USD")
        self.assertAlmostEqual(told["data"]["unserved"], CONTACTS - 35, delta=8)
        self.assertNotIn("resets", told["data"])
        wait_for("it to be kept", lambda: self.retained("twilio")["status"] == "short")
        self.set.processes["health-monitor"].kill()
        self.set.start("health-monitor")
        wait_for("the new one to look", lambda: 0 < self.retained("twilio")["within_ns"] < 5e9)
        self.assertEqual(self.retained("twilio")["status"], "short")
        self.order("pause", "c")
        enough = self.wait_told("enough", "twilio")
        self.assertEqual(enough["data"]["contacts"], 0)
        self.assertGreater(enough["data"]["held_ns"], 0)
        self.assertEqual(len(self.told("short", "twilio")), 1)

    def test_an_account_that_tells_nothing_is_said_once_and_foretold_never(self):
        self.set.config["providers"]["elevenlabs"]["probe_path"] = "/v1/models"
        self.set.write_config()
        self.set.start("simulator")
        refused = {"provider": "elevenlabs", "path": "/v1/user/subscription"}
        self.set.faults({"id": "no", "match": refused, "kind": "status", "status": 401})
        self.set.start("broker")
        monitor = self.set.start("health-monitor")
        wait_for("several questions", lambda: len(self.set.requests("elevenlabs", refused["path"])) >= 4)
        self.assertEqual(self.retained("elevenlabs"), {})
        self.assertEqual(monitor.text().count("elevenlabs does not tell its credit (HTTP 401)"), 1)
        self.set.faults()
        wait_for("it to be told", lambda: self.retained("elevenlabs").get("left"))


if __name__ == "__main__":
    unittest.main()
