"""How alerts get to the channels that the configuration names, and what becomes of them when a channel does not
take them."""

import http.server
import json
import sqlite3
import threading
import time
import unittest

from harness import stays, wait_for
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


class DeadChannelTest(DeliveryCase):
    """The mail server is away; the two other channels work."""

    def setUp(self):
        super().setUp()
        self.set.config["alerter"]["retry"].update({"initial_delay": "100ms", "max_delay": "200ms", "max_retries": 1})
        self.set.write_config()
        self.set.mailbox.close()

    def test_a_channel_that_is_down_is_told_once_and_when_it_works_again(self):
        self.set.start("alerter")
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(5)))
        down = wait_for("its outage to be told", lambda: self.set.events(type="channel.down"))
        self.assertEqual([event["subject"] for event in down], ["email"])
        wait_for("several tries", lambda: self.attempts() >= 6)
        self.set.mailbox.open()
        wait_for("the mails", lambda: set(ids) <= set(self.set.mailbox.ids()))
        self.assertEqual([alert for alert in self.set.mailbox.ids() if alert in ids], ids, "in order, once")
        up = wait_for("its end to be told", lambda: self.set.events(type="channel.up"))
        self.assertEqual(up[0]["data"]["since"] > 0, True)
        self.assertEqual(len(self.set.events(type="channel.down")), 1)
        self.assertEqual(len(self.set.events(type="channel.up")), 1)

    def attempts(self):
        return sum(row["attempts"] for row in self.deliveries(channel="email"))

    def test_its_outage_is_told_on_the_other_channels_once_and_never_on_itself(self):
        self.set.config["alerter"].pop("rules")
        self.set.write_config()
        self.set.start("alerter")
        ids = self.publisher.publish(opened("a"))
        down, up = "Alerts no longer reach channel email", "Alerts reach channel email again"
        wait_for("its outage on the webhook", lambda: self.hooks(down))
        self.set.mailbox.open()
        wait_for("its end on the webhook", lambda: self.hooks(up))
        wait_for("the mail", lambda: ids[0] in self.set.mailbox.ids())
        (kind, title), = self.hooks(up)
        self.assertEqual((self.hooks(down), kind, title[:len(up)]), ([("opened", down)], "resolved", up))
        wait_for("its end by Telegram", lambda: any(up in m["text"].replace("\\", "")
                                                    for m in self.set.ledger()["telegram"]))
        for mail in self.set.mailbox.mails:
            self.assertNotIn("channel email", mail["Subject"])

    def hooks(self, words):
        bodies = [hook["body"] if isinstance(hook["body"], dict) else json.loads(hook["body"])
                  for hook in self.set.ledger()["webhooks"]]
        return [(body["data"]["kind"], body["data"]["title"]) for body in bodies if words in body["data"]["title"]]

    def test_while_it_is_down_one_notice_tries_it_and_the_others_wait(self):
        self.set.config["alerter"]["breaker"] = {"failures": 2, "recovery_timeout": "30s", "recovery_max": "30s"}
        self.set.write_config()
        self.set.start("alerter")
        self.publisher.publish(*(opened(f"p{i}") for i in range(5)))
        wait_for("its outage to be told", lambda: self.set.events(type="channel.down"))
        more = self.publisher.publish(opened("later"))
        wait_for("a later alert elsewhere", lambda: more[0] in self.set.alert_ids()["webhook"])
        self.assertLessEqual(self.attempts(), 2)

    def test_an_outage_that_ends_while_the_alerter_is_away_is_told_as_over(self):
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(opened())
        wait_for("its outage to be told", lambda: self.set.events(type="channel.down"))
        wait_for("it to be kept", lambda: self.channel("email")["down"] > 0)
        alerter.kill()
        self.set.mailbox.open()
        self.set.start("alerter")
        wait_for("the mail", lambda: ids[0] in self.set.mailbox.ids())
        wait_for("its end to be told", lambda: self.set.events(type="channel.up"))

    def channel(self, name):
        with sqlite3.connect(self.set.root / "state" / "alerter" / "alerts.db") as db:
            db.row_factory = sqlite3.Row
            row = db.execute("SELECT * FROM channel WHERE name = ?", (name,)).fetchone()
        db.close()
        return dict(row) if row else {"down": 0}

    def test_what_is_not_taken_for_dead_after_is_a_dead_letter_and_told(self):
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "2s"})
        self.set.write_config()
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        told = wait_for("the dead letter", lambda: self.set.events(type="alert.dead"))
        self.assertEqual((told[0]["subject"], told[0]["data"]["alert"]), ("email", alert))
        dead, = self.deliveries(channel="email", alert=alert)
        self.assertEqual(dead["state"], "dead")
        self.assertIn("no connection", dead["message"])
        self.set.mailbox.open()
        after, = self.publisher.publish(opened("after"))
        wait_for("a later mail", lambda: after in self.set.mailbox.ids())
        self.assertNotIn(alert, self.set.mailbox.ids())

    def test_incident_37_old_notices_come_as_one_summary_when_the_channel_works_again(self):
        self.set.config["alerter"].update({"stale_after": "2s", "dead_after": "1h"})
        self.set.write_config()
        self.set.start("alerter")
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(6)))
        wait_for("them elsewhere", lambda: set(ids) <= set(self.set.alert_ids()["webhook"]))
        made = max(row["made"] for row in self.deliveries(channel="email"))
        wait_for("them to be old", lambda: time.time_ns() > made + 2_100_000_000)
        self.set.mailbox.open()
        wait_for("nothing to wait", lambda: not self.deliveries(channel="email", state="waiting"))
        mails = self.set.mailbox.mails
        self.assertEqual(len(mails), 2, "the one that tried the channel, and one for the five others")
        self.assertEqual(mails[0]["X-Ringfence-Alert"], ids[0])
        self.assertIn("5 notices that could not be told by email earlier", mails[1]["Subject"])
        text = mails[1].get_body(("plain",)).get_content()
        for i in range(1, 6):
            self.assertIn(f"error, opened: Circuit breaker of p{i} opened", text)
        new, = self.publisher.publish(opened("new"))
        wait_for("what is new to come by itself", lambda: new in self.set.mailbox.ids())


class RestartTest(DeliveryCase):
    def test_a_kill_after_a_delivery_was_stored_repeats_nothing(self):
        alerter = self.set.start("alerter", environment={"RF_CRASH_AT": "alerter.delivery_stored:2"})
        ids = self.publisher.publish(opened("a"), opened("b"))
        alerter.wait_killed()
        stored = [(row["channel"], row["alert"]) for row in self.deliveries(state="done")]
        self.assertGreaterEqual(len(stored), 2)
        self.set.start("alerter")
        wait_for("all", lambda: all(set(ids) <= set(seen) for seen in self.set.alert_ids().values()))
        seen = self.set.alert_ids()
        for channel, alert in stored:
            self.assertEqual(seen[channel].count(alert), 1, (channel, alert))

    def test_a_group_that_moved_is_known_after_a_restart(self):
        alerter = self.set.start("alerter")
        self.set.admin("PUT", "chats", {"-100": -1001234})
        first, = self.publisher.publish(opened("a"))
        self.wait_alerts([first])
        wait_for("it to be kept", lambda: self.deliveries(channel="telegram", state="done"))
        asked = len(self.set.requests("telegram", "sendMessage"))
        self.assertEqual(asked, 2, "the old number, and the new one")
        alerter.terminate()
        alerter.wait()
        self.set.start("alerter")
        second, = self.publisher.publish(opened("b"))
        self.wait_alerts([first, second])
        self.assertEqual(len(self.set.requests("telegram", "sendMessage")), asked + 1)

    def test_a_kill_while_old_notices_wait_loses_none_of_them(self):
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "1h"})
        self.set.write_config()
        self.set.mailbox.close()
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(4)))
        wait_for("them elsewhere", lambda: set(ids) <= set(self.set.alert_ids()["webhook"]))
        made = max(row["made"] for row in self.deliveries(channel="email"))
        wait_for("them to be old", lambda: time.time_ns() > made + 1_100_000_000)
        alerter.kill()
        self.set.mailbox.open()
        self.set.start("alerter")
        wait_for("nothing to wait", lambda: not self.deliveries(channel="email", state="waiting"))
        told = "\n".join(mail.get_body(("plain",)).get_content() for mail in self.set.mailbox.mails)
        for i in range(4):
            self.assertIn(f"Circuit breaker of p{i} opened", told)


    def fold_and_die(self, point):
        """Six alerts while no mail is taken; then one is, and the alerter dies as it folds the others. The ids, and
        the one that was taken."""
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "1h"})
        self.set.write_config()
        self.set.mailbox.close()
        alerter = self.set.start("alerter", environment={"RF_CRASH_AT": point})
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(6)))
        wait_for("them elsewhere", lambda: set(ids) <= set(self.set.alert_ids()["webhook"]))
        made = max(row["made"] for row in self.deliveries(channel="email"))
        wait_for("them to be old", lambda: time.time_ns() > made + 1_100_000_000)
        self.set.mailbox.open()
        alerter.wait_killed()
        tried, = self.set.mailbox.ids()
        return ids, tried

    def texts_after_a_start(self):
        self.set.start("alerter")
        wait_for("nothing to wait", lambda: not self.deliveries(channel="email", state="waiting"))
        return [mail.get_body(("plain",)).get_content() for mail in self.set.mailbox.mails]

    def test_a_kill_within_the_fold_of_old_notices_leaves_them_as_they_were(self):
        ids, tried = self.fold_and_die("alerter.fold_half_way")
        waiting = {row["alert"] for row in self.deliveries(channel="email", state="waiting")}
        # That one was taken may be lost with it: it is told again then, as after any kill at that moment.
        self.assertLessEqual(set(ids) - {tried}, waiting)
        self.assertEqual({row["alert"] for row in self.deliveries(channel="email")}, set(ids), "no summary is left")
        texts = self.texts_after_a_start()
        for i, alert in enumerate(ids):
            told = sum(text.count(f"Circuit breaker of p{i} opened") > 0 for text in texts)
            self.assertEqual(told, 2 if alert == tried and alert in waiting else 1, f"p{i}")
        self.assertEqual(sum("earlier" in mail["Subject"] for mail in self.set.mailbox.mails), 1)

    def test_a_kill_after_the_fold_of_old_notices_sends_the_summary_once(self):
        ids, tried = self.fold_and_die("alerter.folded")
        summary, = self.deliveries(channel="email", state="waiting")
        texts = self.texts_after_a_start()
        self.assertEqual(self.set.mailbox.ids(), [tried, summary["alert"]])
        folded = [text.count("Circuit breaker of ") for text in texts[1:]]
        self.assertEqual(folded, [5])
        told = {row["alert"] for row in self.deliveries(message=f"told in {summary['alert']}")}
        self.assertEqual(told, set(ids) - {tried})


class RateTest(DeliveryCase):
    def test_a_channel_gets_no_more_than_its_rate_and_all_in_the_end(self):
        self.set.config["alerter"]["webhook"]["rate"] = 8
        self.set.write_config()
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(5)))
        wait_for("all mails", lambda: set(ids) <= set(self.set.mailbox.ids()))
        # A quarter of them at once, then one in 10 s.
        self.assertLessEqual(len(self.set.alert_ids()["webhook"]), 3)
        self.change(alerter, webhook={**self.set.config["alerter"]["webhook"], "rate": 6000})
        wait_for("all posts", lambda: self.set.alert_ids()["webhook"] == ids)


class HeartbeatTest(DeliveryCase):
    """A receiver of heartbeats that counts them."""

    def setUp(self):
        super().setUp()
        self.beats = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_GET(receiver):  # pylint: disable=invalid-name,no-self-argument
                self.beats.append(time.monotonic())
                receiver.send_response(200)
                receiver.end_headers()

            def log_message(receiver, *_):  # pylint: disable=no-self-argument,arguments-differ
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.set.config["alerter"]["heartbeat"] = {"url": f"http://127.0.0.1:{server.server_port}/beat",
                                                   "interval": "1s"}
        self.set.write_config()

    def test_it_beats_while_the_alerter_works_and_not_while_the_broker_is_away(self):
        alerter = self.set.start("alerter")
        wait_for("three beats", lambda: len(self.beats) >= 3)
        self.assertGreater(self.beats[2] - self.beats[0], 1.5)
        said = len(alerter.text())
        self.set.processes["broker"].kill()
        wait_for("its silence", lambda: "no heartbeat is sent: the broker is away" in alerter.text()[said:])
        silent = len(self.beats)
        stays("silence", lambda: len(self.beats) == silent, 2.5)
        self.set.start("broker")
        wait_for("it to beat again", lambda: len(self.beats) > silent)
        self.assertIn("the heartbeat is sent again", alerter.text()[said:])

    def test_it_does_not_beat_when_the_store_takes_nothing(self):
        alerter = self.set.start("alerter")
        wait_for("a beat", lambda: self.beats)
        with sqlite3.connect(self.set.root / "state" / "alerter" / "alerts.db") as db:
            db.execute("CREATE TRIGGER full BEFORE UPDATE ON heartbeat BEGIN SELECT RAISE(FAIL, 'full'); END")
        db.close()
        wait_for("its silence", lambda: alerter.says("no heartbeat is sent: database: "))
        silent = len(self.beats)
        stays("silence", lambda: len(self.beats) == silent, 2.5)


if __name__ == "__main__":
    unittest.main()
