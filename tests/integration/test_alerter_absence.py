"""The health monitor's own webhook: that nobody tells of anything is told, once, whoever is killed meanwhile."""

import base64
import json
import unittest

from harness import stays, wait_for
from test_alerter import SECRET_KEY, AlertsCase, opened

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class AbsentAlerterTest(AlertsCase):
    """The health monitor has a webhook of its own, for the one thing that the alerter cannot tell."""

    def setUp(self):
        super().setUp()
        self.set.config["health"]["alerter_webhook"] = {
            "url": self.set.config["alerter"]["webhook"]["url"], "after": "2s",
            "secret": "whsec_" + base64.b64encode(SECRET_KEY).decode()}
        self.set.write_config()

    def told(self, kind):
        hooks = self.set.ledger()["webhooks"]
        bodies = [(hook, hook["body"] if isinstance(hook["body"], dict) else json.loads(hook["body"]))
                  for hook in hooks]
        return [(hook, body) for hook, body in bodies if body["type"] == kind]

    def test_an_alerter_that_is_killed_is_told_once_and_when_it_is_there_again(self):
        alerter = self.set.start("alerter")
        monitor = self.set.start("health-monitor")
        self.set.faults({"id": "once", "match": {"provider": "webhook"}, "kind": "status", "status": 503,
                         "count": 1})
        alerter.kill()
        (hook, body), = wait_for("its absence to be told", lambda: self.told("alerter.away")[-1:])
        self.assertEqual(body["data"]["severity"], "critical")
        headers = {name.lower(): value for name, value in hook["headers"].items()}
        self.assertTrue(headers["webhook-signature"].startswith("v1,"))
        self.assertEqual(headers["webhook-id"], body["data"]["id"])
        wait_for("it to be taken", lambda: monitor.says("took that the alerter is away"))
        self.set.start("alerter")
        wait_for("its return to be told", lambda: self.told("alerter.back"))
        self.assertEqual(len({body["data"]["id"] for _, body in self.told("alerter.away")}), 1)
        self.assertEqual(len(self.told("alerter.back")), 1)

    def test_a_broker_that_is_killed_is_told_as_what_it_is_and_once(self):
        self.set.start("alerter")
        monitor = self.set.start("health-monitor")
        wait_for("the alerter to be seen", lambda: "alerter" in self.set.cli("status", "--json", check=0).stdout)
        self.set.processes["broker"].kill()
        (_, body), = wait_for("its absence to be told", lambda: self.told("alerter.away"))
        self.assertEqual((body["data"]["subject"], body["data"]["severity"]), ("broker", "critical"))
        self.assertIn("broker is away", body["data"]["title"])
        wait_for("it to be taken", lambda: monitor.says("took that the alerter is away"))
        self.set.start("broker")
        wait_for("its return to be told", lambda: self.told("alerter.back"))
        stays("told once", lambda: len(self.told("alerter.away")) == 1, 3)

    def test_a_restart_is_not_worth_a_word(self):
        self.set.config["health"]["alerter_webhook"]["after"] = "30s"
        self.set.write_config()
        alerter = self.set.start("alerter")
        self.set.start("health-monitor")
        alerter.terminate()
        alerter.wait()
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("its alert", lambda: alert in self.set.alert_ids()["webhook"])
        self.assertEqual(self.told("alerter.away") + self.told("alerter.back"), [])

    def restart(self, monitor):
        monitor.kill()
        monitor.wait_killed()
        return self.set.start("health-monitor")

    def ids(self, kind):
        return [hook["id"] for hook, _ in self.told(kind)]

    def test_a_monitor_that_was_killed_neither_forgets_nor_tells_twice(self):
        alerter = self.set.start("alerter")
        monitor = self.set.start("health-monitor")
        alerter.kill()
        wait_for("its absence to be taken", lambda: monitor.says("took that the alerter is away"))
        monitor = self.restart(monitor)
        stays("told once", lambda: len(self.told("alerter.away")) == 1, 4)
        monitor = self.restart(monitor)
        self.set.start("alerter")
        wait_for("its return to be taken", lambda: monitor.says("took that the alerter is back"))
        monitor = self.restart(monitor)
        alert, = self.publisher.publish(opened())
        wait_for("its alert", lambda: alert in self.set.alert_ids()["webhook"])
        self.assertEqual((len(self.told("alerter.away")), len(self.told("alerter.back"))), (1, 1))
        away, back = self.ids("alerter.away")[0], self.ids("alerter.back")[0]
        self.assertEqual(back, away.replace("away", "back"))

    def test_what_a_killed_monitor_was_telling_is_told_by_the_next_under_the_same_id(self):
        alerter = self.set.start("alerter")
        monitor = self.set.start("health-monitor")
        # It takes the words, and its answer does not arrive whole: the monitor does not know that it did.
        self.set.faults({"id": "cut", "match": {"provider": "webhook"}, "kind": "half_reply"})
        alerter.kill()
        wait_for("the words", lambda: monitor.says("does not take that the alerter is away"))
        self.set.faults()
        first, = self.ids("alerter.away")
        monitor = self.restart(monitor)
        wait_for("its absence to be taken", lambda: monitor.says("took that the alerter is away"))
        self.assertEqual(self.ids("alerter.away"), [first, first])

    def test_a_file_that_cannot_be_written_is_said_and_keeps_nobody_from_telling(self):
        (self.set.root / "state").mkdir(exist_ok=True)
        (self.set.root / "state" / "health-monitor").write_text("in the way")
        monitor = self.set.start("health-monitor")
        wait_for("its absence to be taken", lambda: monitor.says("took that the alerter is away"))
        self.assertTrue(monitor.says("cannot keep what was told of the alerter"))
        (self.set.root / "state" / "health-monitor").unlink()
        kept = self.set.root / "state" / "health-monitor" / "alerter.json"
        wait_for("it to be kept", lambda: kept.exists() and json.loads(kept.read_text())["told"])


class ShapesTest(AlertsCase):
    """What Slack, Discord and PagerDuty take, posted to their stand-ins, which refuse what these refuse."""
    WITH = ("broker", "simulator", "logger")

    def both(self, shape, secret=None):
        """What is posted when the alerter is away, and when it is there."""
        self.set.config["health"]["alerter_webhook"] = {
            "url": f"{self.set.simulator_url}/webhook/{shape}", "shape": shape, "after": "500ms",
            **({"secret": secret} if secret else {})}
        self.set.config["alerter"]["webhook"]["enabled"] = False
        self.set.write_config()
        monitor = self.set.start("health-monitor")
        wait_for("its absence to be taken", lambda: monitor.says("took that the alerter is away"))
        self.set.start("alerter")
        wait_for("its return to be taken", lambda: monitor.says("took that the alerter is back"))
        hooks = self.set.ledger()["webhooks"]
        self.assertEqual([hook["path"] for hook in hooks], [f"/{shape}"] * 2)
        return [json.loads(hook["body"]) for hook in hooks]

    AWAY = ("Ringfence's alerter is away: nobody is told of anything. Start ringfence-alerter; what happened "
            "meanwhile is told then.")
    BACK = "Ringfence's alerter is there again. Nothing: what happened meanwhile is told now."

    def test_slack(self):
        self.assertEqual(self.both("slack"), [{"text": self.AWAY}, {"text": self.BACK}])

    def test_discord(self):
        self.assertEqual(self.both("discord"), [{"content": self.AWAY}, {"content": self.BACK}])

    def test_pagerduty(self):
        away, back = self.both("pagerduty", ROUTING_KEY)
        self.assertEqual((away["event_action"], back["event_action"]), ("trigger", "resolve"))
        self.assertEqual({(b["routing_key"], b["dedup_key"]) for b in (away, back)}, {(ROUTING_KEY, "ringfence-alerter")})
        self.assertEqual(away["payload"]["severity"], "critical")
        self.assertTrue(away["payload"]["summary"] and away["payload"]["source"])


if __name__ == "__main__":
    unittest.main()
