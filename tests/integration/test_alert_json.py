"""What `ringfence alert ... --json` tells is what ringfence-alert(1) says it is, member for member."""

import json
import pathlib
import re
import unittest

import json_shapes
from harness import wait_for
from test_alert_delivery import DeliveryCase
from test_alerter import opened

PAGE = pathlib.Path(__file__).parents[2] / "services" / "cli" / "ringfence-alert.1"


def documented():
    """{subsection: its members} of the page."""
    members, found = None, {}
    for line in PAGE.read_text().splitlines():
        if line.startswith(".S"):
            members = found.setdefault(line.split(None, 1)[1], set())
        item = re.match(r"\.It Li (\w+)$", line)
        if item:
            members.add(item[1])
    return found


class JsonTest(DeliveryCase):
    def ask(self, *arguments, code=0):
        done = self.set.cli("alert", *arguments, "--json", check=code)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        value = json.loads(done.stdout)
        self.assertEqual(json_shapes.problems(f"alert {arguments[0]}", value), [])
        return value

    def check(self, name, value):
        self.assertEqual(set(value), self.pages[name], name)
        self.met.add(name)
        for key, member in value.items():
            if key in self.TIMES.get(name, ()):
                self.assertIsInstance(member, int, f"{name}.{key}")

    TIMES = {"incident": ("opened", "last", "resolved", "acked"), "notice": ("at", "made"), "down": ("since",),
             "delivery": ("due", "tried", "made"), "dead letter": ("at", "made"), "silence": ("from", "until"),
             "waiting": ("oldest",), "acknowledgement": ("at",)}

    def start(self):
        """A channel that takes nothing, another whose letters are dead, and one that works."""
        self.pages, self.met = documented(), set()
        self.set.mailbox.close()
        self.set.config["alerter"].pop("rules")
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "2s"})
        self.set.write_config()
        alerter = self.set.start("alerter")
        self.publisher.publish(opened("a"))
        wait_for("a dead letter", lambda: self.ask("dead")["dead"])
        self.change(alerter, stale_after="1h", dead_after="1h")
        self.publisher.publish(opened("b"))
        wait_for("it to wait", lambda: self.ask("list")["waiting"])

    def test_each_member_is_documented_and_there(self):
        self.start()
        told = wait_for("all sorts", lambda: self.full_list())
        self.check("list", told)
        self.check("incident", told["incidents"][0])
        self.check("waiting", told["waiting"][0])
        self.check("dead of a channel", told["dead"][0])
        self.check("down", told["down"][0])
        breaker = next(i for i in told["incidents"] if i["incident"] == "breaker/b")
        shown = self.ask("show", breaker["id"])
        self.check("show", shown)
        self.check("incident", shown["incidents"][0])
        self.check("notice", shown["notices"][0])
        self.check("delivery", shown["notices"][0]["deliveries"][0])
        dead = self.ask("dead")
        self.check("dead", dead)
        self.check("dead letter", dead["dead"][0])
        self.said(breaker["id"])
        again = self.ask("resend", "--all")
        self.check("resend", again)
        self.check("resent", again["resent"][0])
        report = self.ask("test", "webhook")
        self.check("test", report)
        self.check("step", report["steps"][0])
        self.assertRegex(json.dumps(report["took_ms"]), r"^\d+(\.\d{1,12})?$")
        self.assertEqual(self.met, {name for name, members in self.pages.items() if members})

    def full_list(self):
        told = self.ask("list")
        return told if told["dead"] and told["down"] and told["waiting"] else None

    def said(self, incident):
        """What people say, as it is written, and as it is listed."""
        made = self.ask("silence", "breaker/x", "--for", "1h", "--why", "known")
        self.check("silence", made["value"])
        self.assertEqual(self.ask("silences"), [made])
        self.assertEqual(set(self.ask("unsilence", made["id"])), {"id", "value"})
        acked = self.ask("ack", incident, "--why", "on it")
        self.assertEqual(set(acked), {"id", "value"})
        self.check("acknowledgement", acked["value"])


if __name__ == "__main__":
    unittest.main()
