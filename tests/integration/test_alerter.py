"""The alerter against a real broker, a real mail server, and the simulator's Telegram and webhook. Events are
published by foreign code; what arrives is counted at the receiving end."""

import base64
import json
import signal
import time
import unittest

import standard_webhooks
from harness import ALERT_ID, Mailbox, RingfenceTest, wait_for
from publisher import Publisher

SECRET_KEY = b"a key of thirty-two bytes, no more"[:32]
CHANNELS = ("email", "telegram", "webhook")


def opened(subject="elevenlabs", **data):
    return {"type": "breaker.opened", "subject": subject, "service": subject,
            "data": {"from": "closed", "failures": 5, "cause": "failures", "last_error": "HTTP 503", **data}}


def closed(subject="elevenlabs"):
    return {"type": "breaker.closed", "subject": subject, "service": subject, "severity": "info",
            "data": {"from": "half_open", "cause": "test_passed"}}


class AlertsCase(RingfenceTest):
    CONFIG = {"alerter": {"webhook": {"secret": "whsec_" + base64.b64encode(SECRET_KEY).decode()},
                          "retry": {"initial_delay": "100ms", "max_delay": "1s", "jitter": "none"}}}
    WITH = ("broker", "simulator", "logger")

    def setUp(self):
        super().setUp()
        for service in self.WITH:
            self.set.start(service)
        self.publisher = Publisher(self.set.root / "run")
        self.addCleanup(self.publisher.close)

    def counts(self, alert):
        return {channel: ids.count(alert) for channel, ids in self.set.alert_ids().items()}

    def wait_alerts(self, ids, channels=CHANNELS):
        """Waits until each of these arrived on each channel, then looks that nothing came besides."""
        def missing():
            seen = self.set.alert_ids()
            return {c: set(ids) - set(seen[c]) for c in channels if set(ids) - set(seen[c])}
        wait_for(f"{len(ids)} alerts on {channels}", lambda: not missing())
        for channel in channels:
            self.assertEqual(sorted(self.set.alert_ids()[channel]), sorted(ids), channel)


class AlerterTest(AlertsCase):
    def test_each_alert_arrives_once_on_each_channel_in_its_form(self):
        self.set.start("alerter")
        ids = self.publisher.publish(
            opened(),
            {"type": "breaker.half_open", "subject": "elevenlabs", "data": {}},
            {"type": "provider.up", "subject": "twilio", "data": {"from": "unknown"}},
            closed(),
            {"type": "contact.set_aside", "subject": "spring-7", "campaign": "spring", "contact": "spring-7",
             "data": {"step": "speech", "reason": "retries_exhausted", "provider": "elevenlabs",
                      "phone": "+12025550107", "message": "busy",
                      "attempts": [{"provider": "elevenlabs", "status": 503, "class": "transient",
                                    "began": 1, "took_ns": 1000}] * 4}},
            {"type": "contact.set_aside", "subject": "spring-8",
             "data": {"reason": "permanent.auth", "provider": "elevenlabs"}},
            {"type": "provider.down", "subject": "twilio", "data": {"from": "up", "why": "HTTP 500"}},
            {"type": "provider.up", "subject": "twilio", "data": {"from": "down"}},
            {"type": "process.lost", "subject": "logger-1", "severity": "critical", "data": {}})
        alerts = [ids[0]] + ids[3:]
        self.wait_alerts(alerts)
        self.check_mail(ids[4])
        self.check_webhook(ids[4])
        text = next(m["text"] for m in self.set.ledger()["telegram"] if ids[4] in m["text"])
        self.assertIn("Contact spring-7: set aside", text)
        self.assertIn("+12025550107", text)
        for channel in CHANNELS:
            self.assertEqual(self.set.alert_ids()[channel], alerts, "in order")
        sent = wait_for("alert.sent of all", lambda: self.sent_events(len(alerts)))
        self.assertEqual(sorted(e["data"]["alert"] for e in sent), sorted(alerts * 3))

    def sent_events(self, count):
        events = self.set.events(type="alert.sent")
        return events if len(events) >= 3 * count else None

    def check_mail(self, alert):
        mail = next(m for m in self.set.mailbox.mails if m["X-Ringfence-Alert"] == alert)
        self.assertEqual(mail["Message-ID"], f"<{alert}@example.com>")
        self.assertEqual(mail["From"], "ringfence@example.com")
        self.assertRegex(mail["Subject"], r"^\[ringfence\] error: Contact spring-7: set aside at speech, retries exhausted")
        self.assertIn(f"id: {alert}", mail.get_body(("plain",)).get_content())

    def check_webhook(self, alert):
        hook = next(w for w in self.set.ledger()["webhooks"] if w["id"] == alert)
        headers = {name.lower(): value for name, value in hook["headers"].items()}
        body = hook["body"] if isinstance(hook["body"], str) else json.dumps(hook["body"], separators=(",", ":"))
        self.assertEqual(headers["webhook-id"], alert)
        standard_webhooks.verify("whsec_" + base64.b64encode(SECRET_KEY).decode(), headers, body.encode(), time.time())
        self.assertEqual(json.loads(body)["data"]["details"]["reason"], "retries_exhausted")

    def test_what_happened_before_the_alerter_began_is_told(self):
        ids = self.publisher.publish(opened(), closed())
        self.set.start("alerter")
        self.wait_alerts(ids)

    def test_a_dead_mail_server_delays_its_alerts_and_no_others(self):
        self.set.mailbox.close()
        self.set.start("alerter")
        ids = self.publisher.publish(opened(), opened("openai"), closed())
        self.wait_alerts(ids, ("telegram", "webhook"))
        wait_for("the failure to be told", lambda: self.set.events(type="alert.failed", subject="email"))
        self.assertEqual(self.set.mailbox.ids(), [])
        self.set.mailbox.open()
        self.wait_alerts(ids)
        mails = self.set.mailbox.ids()
        self.assertLess(mails.index(ids[0]), mails.index(ids[2]), "opened comes before closed")

    def test_a_kill_after_the_handover_repeats_that_one_under_its_id(self):
        self.set.config["alerter"]["telegram"]["enabled"] = False
        self.set.config["alerter"]["webhook"]["enabled"] = False
        self.set.write_config()
        alerter = self.set.start("alerter", environment={"RF_CRASH_AT": "alerter.delivered:2"})
        ids = self.publisher.publish(opened("a"), opened("b"), opened("c"))
        alerter.wait_killed()
        self.assertEqual(self.set.mailbox.ids(), ids[:2])
        self.set.start("alerter")
        wait_for("the last mail", lambda: ids[2] in self.set.mailbox.ids())
        self.assertEqual(self.set.mailbox.ids(), [ids[0], ids[1], ids[1], ids[2]])
        self.assertEqual(len({m["Message-ID"] for m in self.set.mailbox.mails}), 3)

    def test_a_kill_after_the_page_was_stored_loses_and_doubles_nothing(self):
        alerter = self.set.start("alerter", environment={"RF_CRASH_AT": "alerter.page_stored"})
        # Whatever the first page holds: the alert is made in this life or in the next one.
        ids = self.publisher.publish(opened("a"), opened("b"))
        alerter.wait_killed()
        ids += self.publisher.publish(opened("c"))
        self.set.start("alerter")
        self.wait_alerts(ids)

    def test_kills_at_random_moments_lose_no_alert(self):
        ids = []
        for life in range(5):
            alerter = self.set.start("alerter")
            ids += self.publisher.publish(*[opened(f"p{life}-{i}") for i in range(4)])
            if life < 4:
                wait_for("some alert of this life",
                         lambda known=len(ids): len(self.set.mailbox.ids()) > known - 4)
                alerter.kill()
        wait_for("all alerts", lambda: all(set(ids) == set(seen)
                                           for seen in self.set.alert_ids().values()))
        for channel, seen in self.set.alert_ids().items():
            # A kill can repeat the one that was under way, on each channel.
            self.assertLessEqual(len(seen), len(ids) + 4, channel)

    def test_a_drain_finishes_what_is_sent_and_keeps_the_rest(self):
        self.set.mailbox.close()
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(opened("a"), opened("b"))
        self.wait_alerts(ids, ("telegram", "webhook"))
        alerter.terminate()
        self.assertEqual(alerter.wait(), 0)
        self.set.mailbox.open()
        self.set.start("alerter")
        self.wait_alerts(ids)

    def test_a_channel_that_limits_is_waited_for(self):
        self.set.faults({"id": "slow-down", "match": {"provider": "telegram"}, "kind": "status",
                         "status": 429, "count": 2})
        self.set.start("alerter")
        ids = self.publisher.publish(opened("a"), opened("b"))
        self.wait_alerts(ids)
        at = [r["at"] for r in self.set.requests("telegram", "sendMessage")]
        # The simulator asks for a second each time.
        self.assertGreaterEqual(at[1] - at[0], 1.0)
        self.assertGreaterEqual(at[2] - at[1], 1.0)

    def test_a_wrong_token_bars_the_channel_until_it_is_mended(self):
        self.set.admin("PUT", "keys", {"telegram": ["1:right"]})
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(opened("a"), opened("b"))
        self.wait_alerts(ids, ("email", "webhook"))
        failed = wait_for("the failure to be told",
                          lambda: self.set.events(type="alert.failed", subject="telegram"))
        self.assertTrue(failed[0]["data"]["final"])
        self.assertEqual(len(self.set.requests("telegram", "sendMessage")), 1, "no storm")
        self.set.config["alerter"]["telegram"]["token"] = "1:right"
        self.set.write_config()
        alerter.popen.send_signal(signal.SIGHUP)
        self.wait_alerts(ids)
        for file in (self.set.root / "out" / "alerter.log", self.set.root / "log" / "app_logs.json",
                     self.set.root / "log" / "app.log"):
            self.assertNotIn("1:test", file.read_text(), "a token is in no log")

    def test_an_alert_of_ten_thousand_characters_arrives_everywhere(self):
        self.set.start("alerter")
        words = "\u00e4\U0001f525\r\n.\r\n" * 2000
        ids = self.publisher.publish(
            {"type": "contact.set_aside", "subject": "spring-7\r\nBcc: x@example.com",
             "data": {"reason": "permanent.invalid", "message": words, "name": words, "phone": words,
                      "step": words, "attempts": [{"provider": words, "class": words, "took_ns": 1,
                                                   "began": 1, "message": words}] * 30}})
        self.wait_alerts(ids)
        mail = self.set.mailbox.mails[0]
        self.assertIsNone(mail["Bcc"])
        self.assertIn("spring-7  Bcc: x@example.com", mail["Subject"])
        text = self.set.ledger()["telegram"][0]["text"]
        self.assertLessEqual(len(text.encode("utf-16-le")) // 2, 4096)
        self.assertRegex(text, r"\[\d+ characters left out\]")
        self.assertEqual(ALERT_ID.search(text).group(1), ids[0])


class PickyMailbox(Mailbox):
    """Refuses one recipient for good."""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.recipients = list(envelope.rcpt_tos)
        return await super().handle_DATA(server, session, envelope)


class RefusedAddressTest(AlertsCase):
    def setUp(self):
        super().setUp()
        self.set.mailbox.close()
        self.set.mailbox.__class__ = PickyMailbox
        self.set.mailbox.open()

    def test_one_refused_address_does_not_keep_the_mail_from_the_others(self):
        self.set.config["alerter"]["email"]["to"] = "gone@example.com, Team <team@example.com>"
        self.set.write_config()
        self.set.start("alerter")
        ids = self.publisher.publish(opened())
        self.wait_alerts(ids)
        self.assertEqual(self.set.mailbox.recipients, ["team@example.com"])

    def test_a_mail_that_is_refused_for_good_is_told_and_tried_again_after_a_reload(self):
        self.set.config["alerter"]["email"]["to"] = "gone@example.com"
        self.set.write_config()
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(opened())
        failed = wait_for("the failure", lambda: self.set.events(type="alert.failed", subject="email"))
        self.assertIn("550", failed[0]["data"]["message"])
        self.assertTrue(failed[0]["data"]["final"])
        self.set.config["alerter"]["email"]["to"] = "team@example.com"
        self.set.write_config()
        alerter.popen.send_signal(signal.SIGHUP)
        self.wait_alerts(ids)


if __name__ == "__main__":
    unittest.main()
