"""The alerter with its built-in rules against a real broker, mail server and the simulator's Telegram and webhook:
what a storm, a flapping provider and a silence make of its incidents."""

import contextlib
import json
import sqlite3
import unittest

from harness import wait_for
from test_alerter import AlertsCase, CHANNELS, closed, opened


def failed(number, reason="retries_exhausted", campaign="spring"):
    return {"type": "contact.set_aside", "subject": f"{campaign}-{number}", "contact": f"{campaign}-{number}",
            "campaign": campaign, "data": {"reason": reason, "provider": "elevenlabs", "step": "speech"}}


class BuiltInCase(AlertsCase):
    CONFIG = {"alerter": {"rules": [], "storm": {"notices": 2, "within": "5s", "gather": "1m"},
                          "retry": {"initial_delay": "100ms", "max_delay": "1s", "jitter": "none"}}}

    def bodies(self):
        bodies = [hook["body"] for hook in self.set.ledger()["webhooks"]]
        return [(json.loads(body) if isinstance(body, str) else body)["data"] for body in bodies]

    def wait_bodies(self, condition):
        return wait_for("the notices", lambda: (bodies := self.bodies()) and condition(bodies) and bodies)


class StormTest(BuiltInCase):
    def publish(self, events):
        for first in range(0, len(events), 500):
            self.publisher.publish(*events[first:first + 500])

    def test_ten_thousand_different_failures_are_three_notices_a_channel_with_right_counts(self):
        self.set.start("alerter")
        self.publish([failed(i, campaign=f"c{i}") for i in range(10_000)])
        bodies = self.wait_bodies(lambda seen: any(b["kind"] == "digest" for b in seen))
        digest = next(b for b in bodies if b["kind"] == "digest")
        self.assertEqual(digest["incident_count"], 10_000 - (len(bodies) - 1))
        self.assertIn(f"{digest['incident_count']} contact-exhausted", digest["text"])
        wait_for("all channels", lambda: all(len(ids) >= len(bodies) for ids in self.set.alert_ids().values()))
        for channel, ids in self.set.alert_ids().items():
            self.assertLessEqual(len(ids), 3, channel)

    def test_ten_thousand_failures_alike_are_one_incident_with_the_right_count(self):
        self.set.start("alerter")
        self.publish([failed(i) for i in range(10_000)])
        self.wait_bodies(lambda seen: seen[0]["kind"] == "opened")
        counts = wait_for("all of them", lambda: self.counts_in_ledger() == (1, 10_000) and (1, 10_000))
        self.assertEqual(counts, (1, 10_000))
        for channel in CHANNELS:
            self.assertLessEqual(len(self.set.alert_ids()[channel]), 3, channel)

    def counts_in_ledger(self):
        file = self.set.root / "state" / "alerter" / "alerts.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as db:
            return db.execute("SELECT count(*), sum(subjects) FROM incident").fetchone()


class IncidentTest(BuiltInCase):
    def test_a_breaker_is_one_thread_that_tells_what_it_cost(self):
        self.set.start("alerter")
        deferred = [{"type": "contact.deferred", "subject": f"spring-{i}", "contact": f"spring-{i}",
                     "severity": "warning", "data": {"provider": "elevenlabs"}} for i in (1, 2, 1)]
        first, = self.publisher.publish(opened())
        last = self.publisher.publish(*deferred, failed(9), closed())[-1]
        bodies = self.wait_bodies(lambda seen: len(seen) == 2)
        self.assertEqual([b["id"] for b in bodies], [first, last])
        self.assertEqual([b["kind"] for b in bodies], ["opened", "resolved"])
        self.assertEqual({b["thread"] for b in bodies}, {first})
        incident = bodies[1]["course"]
        self.assertEqual((incident["contacts_deferred"], incident["contacts_set_aside"],
                          incident["alerts_swallowed"]), (2, 1, 1))

    def listed(self):
        told = json.loads(self.set.cli("alert", "list", "--json", check=0).stdout)
        return {one["incident"]: one for one in told["incidents"]}

    def test_what_follows_from_a_breaker_names_it_as_long_as_it_is_held_back(self):
        self.set.start("alerter")
        self.publisher.publish(opened(), {"type": "provider.down", "subject": "elevenlabs", "data": {"from": "up"}})
        both = wait_for("both", lambda: len(seen := self.listed()) == 2 and seen)
        breaker, provider = both["breaker/elevenlabs"], both["provider/elevenlabs"]
        self.assertIsNone(breaker["inhibited_by"])
        self.assertEqual(provider["inhibited_by"],
                         {key: breaker[key] for key in ("id", "incident", "title")})
        self.assertRegex(self.set.cli("alert", "list", check=0).stdout, f"{provider['id']} .* held back by breaker/elevenlabs ")
        shown = self.set.cli("alert", "show", provider["id"], check=0).stdout
        self.assertIn(f"held back by  {breaker['title']}; told when that is over", shown)
        self.assertNotIn("held back", self.set.cli("alert", "show", breaker["id"], check=0).stdout)
        self.publisher.publish(closed())
        wait_for("it to be held back no longer", lambda: self.listed()["provider/elevenlabs"]["inhibited_by"] is None)

    def test_incident_24_a_flapping_provider_gives_few_notices(self):
        self.set.start("alerter")
        for _ in range(50):
            self.publisher.publish(opened(), closed())
        self.wait_bodies(lambda seen: any("Flapping" in b["title"] for b in seen))
        self.assertLessEqual(len(self.bodies()), 6)


class OrderTest(BuiltInCase):
    """A storm's digest fails on one channel beyond its quick retries, and lets others pass."""
    CONFIG = {"alerter": {"rules": [], "storm": {"notices": 2, "within": "1s", "gather": "1m"},
                          "retry": {"initial_delay": "3s", "max_delay": "10s", "max_retries": 1, "jitter": "none"}}}

    def fail_digest(self):
        self.publisher.publish(opened("a"), opened("b"))
        self.wait_bodies(lambda seen: len(seen) == 2)
        self.publisher.publish(*map(opened, "cdef"))
        self.set.faults({"id": "down", "match": {"provider": "webhook"}, "kind": "status", "status": 503, "count": 2})
        wait_for("the digest's second failure", lambda: any(
            event["data"]["final"] for event in self.set.events(type="alert.failed", subject="webhook")))

    def look(self):
        self.publisher.publish(closed("d"), opened("z"))
        bodies = self.wait_bodies(lambda seen: any(b["kind"] == "resolved" for b in seen) and
                                  any(b["kind"] == "digest" for b in seen))
        kinds = [b["kind"] for b in bodies]
        self.assertEqual(bodies[2]["subject"], "z", "what the digest does not tell of passes it")
        self.assertLess(kinds.index("digest"), kinds.index("resolved"))

    def test_incident_22_no_resolve_overtakes_the_digest_that_told_its_opening(self):
        self.set.start("alerter")
        self.fail_digest()
        self.look()

    def test_incident_22_nor_does_it_after_a_kill(self):
        alerter = self.set.start("alerter")
        self.fail_digest()
        alerter.kill()
        self.set.start("alerter")
        self.look()


if __name__ == "__main__":
    unittest.main()
