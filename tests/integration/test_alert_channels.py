"""What each channel's far side makes of an alert, and what the alerter makes of its answer."""

import json
import re
import time
import unittest

from harness import wait_for
from test_alerter import AlertsCase, closed, opened

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class TelegramTest(AlertsCase):
    # A storm is one however long the alerter takes to read it.
    CONFIG = {"alerter": {"rules": [], "email": {"enabled": False}, "webhook": {"enabled": False},
                          "storm": {"within": "30s"},
                          "retry": {"initial_delay": "100ms", "max_delay": "1s", "jitter": "none"}}}

    def setUp(self):
        super().setUp()
        self.alerter = self.set.start("alerter")

    def wait_messages(self, ids):
        self.wait_alerts(ids, ("telegram",))
        return self.set.ledger()["telegram"]

    def test_a_message_is_marked_up_and_read_back_as_it_was_meant(self):
        hostile = "*Ada* _x_ [l](http://evil.example) `c` \\ ||s|| > # + - = | { } . !"
        ids = self.publisher.publish({"type": "contact.set_aside", "subject": "spring-7",
                                      "data": {"reason": "permanent.invalid", "name": hostile, "phone": "1"}})
        message = self.wait_messages(ids)[0]
        self.assertEqual(message["parse_mode"], "MarkdownV2")
        self.assertIn(hostile, message["text"])
        self.assertEqual([e["type"] for e in message["entities"]], ["bold", "code"])

    def test_a_group_that_moved_gets_its_alerts_at_its_new_number(self):
        self.set.admin("PUT", "chats", {"-100": -1001234})
        ids = self.publisher.publish(opened("a"), opened("b"))
        messages = self.wait_messages(ids)
        self.assertEqual([m["chat_id"] for m in messages], ["-1001234"] * 2)
        # Asked once; from then on the new number is used.
        self.assertEqual(len(self.set.requests("telegram", "sendMessage")), 3)
        wait_for("the mend to be told",
                 lambda: self.alerter.says("its number is -1001234: set the chat_id of channel telegram to it"))
        self.assertEqual(self.set.events(type="alert.failed"), [])

    def test_markup_that_telegram_cannot_read_costs_no_alert(self):
        self.set.faults({"id": "unread", "match": {"provider": "telegram"}, "kind": "status", "status": 400,
                         "count": 1, "body": '{"ok":false,"error_code":400,"description":"Bad Request: can\'t '
                                             'parse entities: Character \'.\' is reserved"}'})
        ids = self.publisher.publish(opened("a"), opened("b"))
        messages = self.wait_messages(ids)
        self.assertEqual([m["parse_mode"] for m in messages], [None, "MarkdownV2"])
        self.assertTrue(messages[0]["text"].startswith("[error] Circuit breaker of a opened\n"))

    def test_a_far_side_that_says_the_token_again_gets_it_into_no_log(self):
        self.set.faults({"id": "echo", "match": {"provider": "telegram"}, "kind": "status", "status": 404,
                         "body": '{"ok":false,"description":"no such path: /bot1:test/sendMessage"}'})
        self.publisher.publish(opened())
        failed = wait_for("the failure to be told", lambda: self.set.events(type="alert.failed"))
        self.assertEqual(failed[0]["data"]["message"], "Telegram answered 404: no such path: /bot***/sendMessage")
        self.assertNotIn("1:test", self.alerter.text())

    def limit(self, seconds, count=1):
        """Telegram's answer to who asks too much, to `count` requests."""
        self.set.faults({"id": "slow-down", "kind": "status", "status": 429, "count": count,
                         "match": {"provider": "telegram"},
                         "body": json.dumps({"ok": False, "error_code": 429, "parameters": {"retry_after": seconds},
                                             "description": f"Too Many Requests: retry after {seconds}"})})

    def test_incident_35_a_storm_is_told_in_one_text_that_is_cut_and_never_refused(self):
        wide = "\U0001f525" * 60  # two UTF-16 units each
        self.publisher.publish(*[{"type": "contact.set_aside", "subject": f"c-{n}", "contact": f"c-{n}",
                                  "campaign": f"{n} {wide}",
                                  "data": {"reason": "retries_exhausted", "provider": f"p{n} {wide}"}}
                                 for n in range(300)])
        digest = wait_for("the digest", lambda: [m["text"] for m in self.set.ledger()["telegram"]
                                                 if "More came at once" in m["text"]])[0]
        told, more = (int(re.search(words, digest).group(1)) for words in (r"(\d+) incidents: ", r"and (\d+) more: "))
        self.assertEqual(digest.count("- Retries exhausted: contact c-") + more, told, "the count of what was left out")
        wait_for("all of them to be told, by themselves or in a digest", lambda: 300 == sum(
            int(found.group(1)) if (found := re.search(r"(\d+) incidents: ", m["text"])) else 1
            for m in self.set.ledger()["telegram"]))
        for message in self.set.ledger()["telegram"]:
            self.assertLessEqual(len(message["text"].encode("utf-16-le")) // 2, 4096)
        self.assertEqual({r["status"] for r in self.set.requests("telegram", "/")}, {200}, "none was refused")
        self.assertEqual(self.set.events(type="alert.failed"), [])

    def test_incident_35_one_notice_of_many_thousand_characters_arrives_with_the_count_of_what_was_cut(self):
        words = "\u00e4\U0001f525*_[]().!" * 1000
        ids = self.publisher.publish({"type": "contact.set_aside", "subject": "c-1", "contact": "c-1",
                                      "data": {"reason": "permanent.invalid", "message": words, "name": words,
                                               "phone": words, "step": words,
                                               "attempts": [{"provider": words, "class": words, "took_ns": 1,
                                                             "began": 1, "message": words}] * 30}})
        message, = self.wait_messages(ids)
        units = len(message["text"].encode("utf-16-le")) // 2
        self.assertLessEqual(units, 4096)
        self.assertGreater(units, 1500, "what fits is told")
        self.assertRegex(message["text"], r"\[\d+ characters left out\]")
        self.assertEqual({r["status"] for r in self.set.requests("telegram", "/")}, {200}, "none was refused")

    def test_incident_36_a_limit_is_waited_out_and_nothing_is_dropped(self):
        self.limit(2)
        ids = self.publisher.publish(opened("a"), opened("b"))
        self.wait_messages(ids)
        at = [r["at"] for r in self.set.requests("telegram", "sendMessage")]
        self.assertEqual(len(at), 3)
        self.assertGreaterEqual(at[1] - at[0], 2.0)

    def test_incident_36_a_resolve_that_was_refused_is_sent_again_and_arrives_once(self):
        first, = self.publisher.publish(opened("a"))
        self.wait_messages([first])
        self.limit(2, count=2)
        last, = self.publisher.publish(closed("a"))
        messages = self.wait_messages([first, last])
        self.assertEqual(len(messages), 2)
        requests = self.set.requests("telegram", "sendMessage")
        self.assertEqual([r["status"] for r in requests if r["status"] != 200], [429, 429])
        limited = [r["at"] for r in requests if r["status"] == 429]
        after = min(r["at"] for r in requests if r["status"] == 200 and r["at"] > limited[-1])
        self.assertGreaterEqual(limited[1] - limited[0], 2.0)
        self.assertGreaterEqual(after - limited[1], 2.0)

    def test_incident_37_what_happened_days_ago_tells_its_age(self):
        ids = self.publisher.publish({**opened("a"), "ts": time.time_ns() - 3 * 86_400 * 10**9})
        message, = self.wait_messages(ids)
        self.assertIn("Late: this happened 3 d ago and could not be told earlier.", message["text"])

    def test_incident_37_what_telegram_did_not_take_in_time_comes_as_one_summary(self):
        self.set.config["alerter"].update({"stale_after": "2s"})
        self.set.write_config()
        self.alerter.reload()
        self.set.faults({"id": "away", "match": {"provider": "telegram"}, "kind": "status", "status": 503})
        ids = self.publisher.publish(*(opened(f"p{i}") for i in range(6)))
        published = time.monotonic()
        wait_for("its outage to be told", lambda: self.set.events(type="channel.down"))
        wait_for("them to be old", lambda: time.monotonic() > published + 4)
        self.set.faults()
        messages = wait_for("both", lambda: len(there := self.set.ledger()["telegram"]) >= 2 and there)
        self.assertIn(ids[0], messages[0]["text"], "the one that tried the channel")
        self.assertIn("5 notices that could not be told by telegram earlier", messages[1]["text"])
        for i in range(1, 6):
            self.assertRegex(messages[1]["text"], rf"\d\d:\d\d:\d\d UTC error, opened: Circuit breaker of p{i} opened")


class InjectionTest(AlertsCase):
    """A contact's data at their worst, through the whole set, as each far side reads them."""
    NAMES = ["x\r\nBcc: victim@example.org", "\r\n.\r\nMAIL FROM:<x@example.org>", ".", "=?UTF-8?B?Qg==?=",
             "\n\n--=_x\nContent-Type: text/html\n", "<script>alert(1)</script></td></table>",
             "*b* _i_ [l](http://evil.example) `c` ||s|| ~x~ >q #h +1 -1 =1 {b} .d !e \\",
             "<!channel> <@U1> @everyone", "=cmd()", "\",\"injected\":\"1", "{{title}} {{{text}}}", "\u202eabc\x1b[31m",
             "x\rBcc: victim@example.org", "x\u0085Bcc: v@example.org\u2028To: v@example.org\u2029.", "\t=1+1",
             "+cmd|' /C x'!A0", "-2+3", "@SUM(1,1)", "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
             "\u009b31mred\u2066\u200f", "n" * 10_000]

    def test_contact_data_changes_no_header_and_no_shape_on_any_channel(self):
        self.set.start("alerter")
        ids = self.publisher.publish(*[
            {"type": "contact.set_aside", "subject": f"c-{n}", "contact": f"c-{n}", "campaign": name,
             "data": {"reason": "permanent.invalid", "name": name, "phone": name, "message": name, "step": name}}
            for n, name in enumerate(self.NAMES)])
        self.wait_alerts(ids)
        for mail in self.set.mailbox.mails:
            self.assertEqual([part.defects for part in mail.walk()], [[], [], []])
            self.assertEqual(mail["From"], "ringfence@example.com")
            self.assertEqual({name.lower() for name in mail} & {"bcc", "cc", "reply-to"}, set())
            self.assertEqual([p.get_content_type() for p in mail.iter_parts()], ["text/plain", "text/html"])
            self.assertNotIn("<script", mail.get_body(("html",)).get_content())
        for message in self.set.ledger()["telegram"]:
            self.assertEqual(message["parse_mode"], "MarkdownV2", "read at the first attempt")
            self.assertEqual([e["type"] for e in message["entities"]], ["bold", "code"])
        for hook in self.set.ledger()["webhooks"]:
            body = json.loads(hook["body"])
            self.assertEqual(set(body), {"type", "timestamp", "data"})
            self.assertNotIn("injected", body["data"])
        self.assertEqual(self.set.events(type="alert.failed"), [])

    UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

    def test_contact_data_say_nothing_to_a_terminal(self):
        self.set.start("alerter")
        ids = self.publisher.publish(*[
            {"type": "contact.set_aside", "subject": name, "contact": name, "campaign": name, "service": name,
             "data": {"reason": "permanent.invalid", "name": name, "phone": name, "message": name, "step": name}}
            for name in self.NAMES])
        self.wait_alerts(ids)
        wait_for("the log's lines", lambda: set(ids) <= {line["id"] for line in self.set.events()})
        logs = self.set.cli("logs", "--type", "contact.set_aside", check=0).stdout
        self.assertEqual(logs.count("\n"), len(ids), "a line each")
        shown = [logs, self.set.cli("alert", "list", "--all", check=0).stdout,
                 (self.set.root / "log" / "app.log").read_text(),
                 *(self.set.cli("alert", "show", event, check=0).stdout for event in ids)]
        for text in shown:
            self.assertIsNone(self.UNSEEN.search(text), self.UNSEEN.findall(text)[:3])


class ServicesTest(AlertsCase):
    """Each service behind the webhook, as it stands in the configuration."""
    CONFIG = {"alerter": {"rules": [], "email": {"enabled": False}, "telegram": {"enabled": False}}}

    def sent(self, shape, secret=None):
        self.set.config["alerter"]["webhook"] = {"enabled": True, "shape": shape,
                                                 "url": f"{self.set.simulator_url}/webhook/{shape}",
                                                 **({"secret": secret} if secret else {})}
        self.set.write_config()
        self.set.start("alerter")
        ids = self.publisher.publish(opened(), closed())
        wait_for("both", lambda: len(self.set.events(type="alert.sent")) == 2)
        hooks = self.set.ledger()["webhooks"]
        self.assertEqual(len(hooks), 2)
        self.assertFalse(any(name.lower().startswith("webhook-") for name in hooks[0]["headers"]))
        return ids, [json.loads(hook["body"]) for hook in hooks]

    def test_slack_gets_blocks(self):
        ids, bodies = self.sent("slack")
        self.assertEqual([b["blocks"][-1]["elements"][0]["text"] for b in bodies], [f"id: {i}" for i in ids])

    def test_discord_gets_embeds_and_is_waited_for(self):
        ids, bodies = self.sent("discord")
        self.assertEqual([b["embeds"][0]["footer"]["text"] for b in bodies], [f"id: {i}" for i in ids])
        self.assertEqual([r["status"] for r in self.set.requests("webhook", "/discord")], [200, 200])

    def test_pagerduty_gets_events_of_one_incident(self):
        _, bodies = self.sent("pagerduty", ROUTING_KEY)
        self.assertEqual({b["dedup_key"] for b in bodies}, {"breaker/elevenlabs"})
        self.assertEqual({b["routing_key"] for b in bodies}, {ROUTING_KEY})
        self.assertEqual([b["event_action"] for b in bodies], ["trigger", "resolve"])

    def pager(self):
        """PagerDuty, and a webhook that is to hear of no acknowledgement; the alerter runs."""
        self.set.config["alerter"]["webhook"] = {"enabled": True, "shape": "pagerduty", "secret": ROUTING_KEY,
                                                 "url": f"{self.set.simulator_url}/webhook/pagerduty"}
        self.set.config["alerter"]["channels"] = [{"name": "plain", "kind": "webhook",
                                                   "url": f"{self.set.simulator_url}/webhook"}]
        self.set.write_config()
        return self.set.start("alerter")

    def bodies(self, channel):
        found = [json.loads(hook["body"]) if isinstance(hook["body"], str) else hook["body"]
                 for hook in self.set.ledger()["webhooks"]]
        return [body for body in found if ("event_action" in body) == (channel == "pagerduty")]

    def actions(self):
        return [(body["event_action"], body["dedup_key"]) for body in self.bodies("pagerduty")]

    def test_pagerduty_is_told_of_an_acknowledgement_once_between_opening_and_end(self):
        alerter = self.pager()
        alert, = self.publisher.publish(opened())
        wait_for("its trigger", self.actions)
        self.set.cli("alert", "ack", alert, "--why", "on it", check=0)
        wait_for("the acknowledgement", lambda: len(self.actions()) == 2)
        alerter.kill()
        alerter.wait_killed()
        self.set.start("alerter")
        self.publisher.publish(closed())
        key = "breaker/elevenlabs"
        wait_for("the end", lambda: ("resolve", key) in self.actions())
        # A kill may repeat what was just handed over, but the order stays.
        seen = list(dict.fromkeys(self.actions()))
        self.assertEqual(seen, [("trigger", key), ("acknowledge", key), ("resolve", key)])
        wait_for("the end on the other", lambda: len(self.bodies("plain")) >= 2)
        self.assertEqual({body["data"]["kind"] for body in self.bodies("plain")}, {"opened", "resolved"})
        told = self.set.events(type="alert.acknowledged")
        self.assertEqual([(e["subject"], e["data"]["why"]) for e in told], [(key, "on it")])

    def test_what_a_test_opens_at_pagerduty_it_resolves(self):
        self.pager()
        report = json.loads(self.set.cli("alert", "test", "webhook", "--json", check=0).stdout)
        self.assertTrue(report["ok"], report)
        self.assertEqual([step["step"] for step in report["steps"]], ["dns", "connect", "reply", "resolve"])
        self.assertIn("202", report["steps"][-1]["detail"])
        self.assertEqual(self.actions(), [(action, f"test/{report['alert']}") for action in ("trigger", "resolve")])
        other = json.loads(self.set.cli("alert", "test", "plain", "--json", check=0).stdout)
        self.assertEqual([step["step"] for step in other["steps"]], ["dns", "connect", "reply"])
        self.assertEqual(len(self.bodies("plain")), 1)

    def test_what_a_test_could_not_resolve_is_said(self):
        self.pager()
        self.set.faults({"id": "end", "match": {"provider": "webhook", "text": '"resolve"'}, "kind": "status",
                         "status": 500})
        done = self.set.cli("alert", "test", "webhook", check=1)
        self.assertRegex(done.stdout, r"resolve +failed .*PagerDuty answered 500")
        self.assertIn("not taken: the incident was opened, but not resolved; close it by hand", done.stdout)


if __name__ == "__main__":
    unittest.main()
