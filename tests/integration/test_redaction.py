#!/usr/bin/python3
"""What the logger's files and the alerts show by default: no number, no secret, no script; and that one contact can
be followed through them all the same."""

import json
import re
import signal
import stat
import unittest

from harness import SOURCE, RingfenceTest, wait_for
from publisher import Publisher

PHONE = "+12025550123"
SHOWN = re.compile(r"\+1…23#[0-9a-f]{8}")
CORPUS = json.loads((SOURCE / "tests" / "unit" / "redact" / "corpus.json").read_text())
KEY = "elevenlabs-good"  # as the harness writes it


def set_aside(phone):
    return {"type": "contact.set_aside", "subject": "spring-7", "campaign": "spring", "contact": "spring-7",
            "data": {"step": "dial", "reason": "retries_exhausted", "provider": "twilio", "phone": phone,
                     "name": "Ada Abel", "script": "Hello Ada, your number is " + phone,
                     "message": f"cannot call {phone} with {KEY}",
                     "attempts": [{"provider": "twilio", "status": 503, "class": "transient", "began": 1,
                                   "took_ns": 1, "message": f"To=%2B{phone[1:]}&key=abc"}]}}


class RedactionTest(RingfenceTest):
    CONFIG = {"redaction": {"phones": "hash"}, "alerter": {"telegram": {"rate": 6000}}}

    def setUp(self):
        super().setUp()
        for service in ("broker", "simulator", "logger", "alerter"):
            self.set.start(service)
        self.publisher = Publisher(self.set.root / "run")
        self.addCleanup(self.publisher.close)

    def logged(self, count):
        return wait_for("the log's lines", lambda: (lambda found: found if len(found) >= count else None)(
            self.set.events(type="contact.set_aside")))

    def everything_told(self):
        """The bytes of both files, and of what each channel received."""
        mails = "".join(str(mail.get("Subject")) + "".join(part.get_content() for part in mail.walk()
                                                           if not part.is_multipart())
                        for mail in self.set.mailbox.mails)
        files = [(self.set.root / "log" / name).read_text() for name in ("app_logs.json", "app.log")]
        return files + [mails, json.dumps(self.set.ledger()["telegram"], ensure_ascii=False),
                        json.dumps(self.set.ledger()["webhooks"], ensure_ascii=False)]

    def test_numbers_secrets_and_scripts_leave_the_set_by_no_way(self):
        event = self.publisher.publish(set_aside(PHONE))[0]
        wait_for("the alert on every channel", lambda: all(
            event in ids for ids in self.set.alert_ids().values()))
        data = self.logged(1)[0]["data"]
        self.assertRegex(data["phone"], SHOWN)
        self.assertEqual(data["message"], f"cannot call {data['phone']} with [redacted]")
        self.assertEqual(data["attempts"][0]["message"], f"To={data['phone']}&key=[redacted]")
        self.assertRegex(data["script"], r"^\[\d+ characters\]$")
        self.assertEqual(data["name"], "Ada Abel")
        for text in self.everything_told():
            self.assertNotIn(PHONE[2:], text)
            self.assertNotIn(KEY, text)
            self.assertNotIn("Hello", text)
        key = self.set.root / "state" / "redaction.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        self.assertEqual(list(key.parent.glob("redaction.key*")), [key])

    def test_a_reload_takes_new_rules_and_new_secrets(self):
        self.publisher.publish(set_aside(PHONE))
        first = self.logged(1)[0]["data"]["phone"]
        self.set.write_key("openai", "another-key-of-openai")
        self.set.config["redaction"] = {"phones": "keep", "texts": "drop"}
        self.set.write_config()
        self.set.processes["logger"].reload()
        event = set_aside(PHONE)
        event["data"]["message"] = "refused: another-key-of-openai"
        self.publisher.publish(event)
        data = self.logged(2)[1]["data"]
        self.assertRegex(first, SHOWN)
        self.assertEqual((data["phone"], data["message"]), (PHONE, "refused: [redacted]"))
        self.assertNotIn("script", data)

    def test_what_a_process_says_of_its_own_holds_neither(self):
        """A configuration that is refused is quoted: here with a number and a key where no such thing belongs."""
        logger = self.set.processes["logger"]
        for count, wrong in enumerate((PHONE, KEY), 1):
            self.set.config = {wrong: 1}
            self.set.write_config()
            logger.terminate(signal.SIGHUP)
            wait_for("the refusal", lambda count=count: logger.text().count("reload refused") == count)
        said = logger.text()
        self.assertRegex(said, SHOWN)
        self.assertIn("[redacted]", said)
        self.assertNotIn(PHONE[2:], said)
        self.assertNotIn(KEY, said)

    def test_a_key_that_was_changed_in_its_file_is_known_before_it_can_be_told(self):
        """Nobody tells the logger and the alerter; the former key is still one."""
        new, event = KEY, set_aside(PHONE)
        for round in range(1, 4):
            old, new = new, f"another-key-{round}"
            self.set.write_key("elevenlabs", new)
            event["data"]["message"] = f"refused: {old}, {new}"
            published = self.publisher.publish(event)[0]
            self.assertEqual(self.logged(round)[-1]["data"]["message"], "refused: [redacted], [redacted]")
            wait_for("the alert on every channel", lambda: all(
                published in ids for ids in self.set.alert_ids().values()))
            for text in self.everything_told():
                self.assertNotIn("another-key", text)

    def test_names_are_hidden_in_logs_and_alerts_if_they_are_to_be(self):
        for rule, shown in (("hide", r"^\[name\]#[0-9a-f]{8}$"), ("initials", r"^A\.A\.#[0-9a-f]{8}$")):
            self.set.config["redaction"] = {"names": rule}
            self.set.write_config()
            for service in ("logger", "alerter"):
                self.set.processes[service].reload()
            event = set_aside(PHONE)
            event["data"]["message"] = "the provider does not like Ada Abel"
            published = self.publisher.publish(event)[0]
            wait_for("the alert on every channel", lambda: all(
                published in ids for ids in self.set.alert_ids().values()))
            data = wait_for("its line", lambda: self.set.events(id=published))[0]["data"]
            self.assertRegex(data["name"], shown)
            self.assertEqual(data["message"], "the provider does not like " + data["name"])
            for text in self.everything_told():
                self.assertNotIn("Abel", text)

    def test_nothing_of_the_corpus_leaves_by_any_way(self):
        """Each text in an event of its own, in the places that an alert shows and in those that only a log does. What
        is no secret arrives as it was."""
        self.set.write_key("anthropic", CORPUS["own"])
        entries = CORPUS["secret"] + CORPUS["phone"]
        self.tell(entry["text"] for entry in entries)
        told = "\n".join(self.everything_told())
        leaks = []
        for piece in (piece for entry in entries for piece in entry["secret"]):
            for form in {piece, json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]}:  # in JSON, too
                at = told.find(form)
                if at >= 0:
                    leaks.append((form, told[max(0, at - 60):at + 80]))
        self.assertEqual(leaks, [])
        ids = self.tell(CORPUS["clean"])
        lines = {line["id"]: line["data"] for line in self.set.events(type="contact.set_aside")}
        for text, event in zip(CORPUS["clean"], ids):
            self.assertEqual(lines[event]["message"], text)

    def tell(self, texts):
        """Publishes an event for each, and returns their ids when all of it is logged and every channel has it."""
        events = []
        for text in texts:
            event = set_aside(PHONE)
            event["data"].update(message=text, other={"deep": [text]}, name=text)
            event["data"]["attempts"][0]["message"] = text
            events.append(event)
        ids = []
        for first in range(0, len(events), 50):  # less than a storm
            some = [self.publisher.publish(event)[0] for event in events[first:first + 50]]
            wait_for("the alerts on every channel", lambda: all(
                set(some) <= set(arrived) for arrived in self.set.alert_ids().values()))
            ids += some
        wait_for("the log's lines", lambda: set(ids) <= {line["id"] for line in self.set.events()})
        return ids


if __name__ == "__main__":
    unittest.main()
