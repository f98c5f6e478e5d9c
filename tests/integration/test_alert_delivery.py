"""How alerts get to the channels that the configuration names, and what becomes of them when a channel does not
take them."""

import sqlite3
import unittest

from harness import wait_for
from test_alerter import AlertsCase, opened


class DeliveryCase(AlertsCase):
    def pager(self, path="pager", **more):
        return {"name": path, "kind": "webhook", "url": self.set.config["alerter"]["webhook"]["url"], **more}

    def change(self, alerter, **settings):
        self.set.config["alerter"].update(settings)
        self.set.write_config()
        alerter.reload()

    def deliveries(self, **wanted):
        """Rows of the outbox: what the alerter itself knows of each."""
        with sqlite3.connect(self.set.root / "state" / "alerter" / "alerts.db") as db:
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute("SELECT * FROM delivery")]
        db.close()
        return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


class NamedChannelsTest(DeliveryCase):
    def test_a_channel_of_its_own_name_gets_the_alerts_too(self):
        self.set.config["alerter"]["channels"] = [self.pager()]
        self.set.write_config()
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("it on both webhooks", lambda: self.set.alert_ids()["webhook"].count(alert) == 2)
        sent = wait_for("alert.sent of the pager", lambda: self.set.events(type="alert.sent", subject="pager"))
        self.assertEqual([event["data"]["alert"] for event in sent], [alert])

    def test_a_channel_is_not_told_what_is_below_its_severity(self):
        self.set.config["alerter"]["channels"] = [self.pager(severity="critical")]
        self.set.write_config()
        self.set.start("alerter")
        less, more = self.publisher.publish(
            opened(), {"type": "process.lost", "subject": "logger-1", "severity": "critical", "data": {}})
        wait_for("the critical one on both", lambda: self.set.alert_ids()["webhook"].count(more) == 2)
        self.assertEqual(self.set.alert_ids()["webhook"].count(less), 1)

    def test_what_waits_for_a_channel_that_a_reload_removes_is_a_dead_letter_and_told(self):
        self.set.config["alerter"]["channels"] = [self.pager(url="http://127.0.0.1:9/")]
        self.set.write_config()
        alerter = self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("its failure", lambda: self.set.events(type="alert.failed", subject="pager"))
        self.change(alerter, channels=[])
        told = wait_for("the dead letter", lambda: self.set.events(type="alert.dead", subject="pager"))
        self.assertEqual(told[0]["data"]["count"], 1)
        dead, = self.deliveries(channel="pager")
        self.assertEqual((dead["alert"], dead["state"]), (alert, "dead"))
        self.assertIn("not in the configuration any more", dead["message"])
        self.wait_alerts([alert])

    def test_what_waits_for_a_channel_that_is_gone_at_the_start_is_a_dead_letter(self):
        self.set.config["alerter"]["channels"] = [self.pager(url="http://127.0.0.1:9/")]
        self.set.write_config()
        alerter = self.set.start("alerter")
        self.publisher.publish(opened())
        wait_for("its failure", lambda: self.set.events(type="alert.failed", subject="pager"))
        alerter.terminate()
        alerter.wait()
        del self.set.config["alerter"]["channels"]
        self.set.write_config()
        self.set.start("alerter")
        wait_for("the dead letter", lambda: self.deliveries(channel="pager", state="dead"))

    def test_a_reload_adds_a_channel_that_gets_what_comes_after_it(self):
        alerter = self.set.start("alerter")
        first, = self.publisher.publish(opened())
        self.wait_alerts([first])
        self.change(alerter, channels=[self.pager()])
        second, = self.publisher.publish(opened("openai"))
        wait_for("it on both", lambda: self.set.alert_ids()["webhook"].count(second) == 2)
        self.assertEqual(self.set.alert_ids()["webhook"].count(first), 1)


if __name__ == "__main__":
    unittest.main()
