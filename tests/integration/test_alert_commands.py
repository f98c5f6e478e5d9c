"""ringfence alert: what a person asks of the alerter and tells it, against the real processes."""

import json
import os
import pwd
import re
import shlex
import socket
import threading
import unittest

from harness import wait_for
from test_alert_delivery import DeliveryCase
from test_alerter import closed, opened


class AlertCommandsTest(DeliveryCase):
    def ask(self, *arguments, code=0):
        """The answer as JSON."""
        done = self.set.cli("alert", *arguments, "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    def refused(self, *arguments, code=1):
        done = self.set.cli("alert", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def test_a_notice_is_shown_with_what_became_of_it_on_each_channel(self):
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        self.wait_alerts([alert])
        shown = wait_for("all to be kept", lambda: self.all_done(alert))
        notice, = shown["notices"]
        self.assertEqual(notice["id"], alert)
        self.assertEqual(notice["kind"], "opened")
        self.assertEqual({d["channel"] for d in notice["deliveries"]}, {"email", "telegram", "webhook"})
        text = self.set.cli("alert", "show", alert[:24]).stdout
        self.assertIn("Circuit breaker of elevenlabs opened", text)
        self.assertRegex(text, r"email +done +1 attempt, last 20")
        self.assertIn("there is no incident and no notice nothing", self.refused("show", "nothing"))

    def all_done(self, alert):
        shown = self.ask("show", alert)
        return shown if all(d["state"] == "done" for d in shown["notices"][0]["deliveries"]) else None

    def test_open_incidents_are_listed_acknowledged_and_seen_as_silenced(self):
        self.set.config["alerter"].pop("rules")
        self.set.write_config()
        self.set.start("alerter")
        self.publisher.publish(opened("a"), opened("b"))
        found = wait_for("both", lambda: self.open_incidents(2))
        self.assertEqual({i["incident"] for i in found}, {"breaker/a", "breaker/b"})
        first = next(i for i in found if i["incident"] == "breaker/a")
        self.assertEqual(self.ask("ack", first["id"], "--why", "on it")["id"], first["id"])
        wait_for("the acknowledgement", lambda: self.incident("breaker/a")["acked"])
        self.assertEqual(self.incident("breaker/a")["acked_why"], "on it")
        self.ask("silence", "breaker/b", "--for", "1h", "--why", "known")
        text = self.set.cli("alert", "list").stdout
        self.assertRegex(text, r"acknowledged by \S+ +Circuit breaker of a")
        self.assertRegex(text, r"silenced until 20.* UTC +Circuit breaker of b")
        self.assertIn("on it", self.set.cli("alert", "show", first["id"]).stdout)
        self.publisher.publish(closed("a"))
        wait_for("one", lambda: self.open_incidents(1))
        everything = self.ask("list", "--all")["incidents"]
        self.assertEqual({i["phase"] for i in everything if i["incident"] == "breaker/a"}, {"resolved"})
        self.assertIn("is not open", self.refused("ack", first["id"]))

    def open_incidents(self, count):
        found = [i for i in self.ask("list")["incidents"] if i["incident"].startswith("breaker/")]
        return found if len(found) == count else None

    def incident(self, name):
        return next(i for i in self.ask("list", "--all")["incidents"] if i["incident"] == name)

    def test_what_people_say_is_told_once_with_who_and_why_and_until_when(self):
        self.set.config["alerter"].pop("rules")
        self.set.write_config()
        self.set.start("alerter")
        self.publisher.publish(opened("a"))
        found, = wait_for("it", lambda: self.open_incidents(1))
        self.ask("ack", found["id"], "--why", "on it")
        early = self.ask("silence", "breaker/*", "--for", "1h", "--why", "known")
        self.ask("unsilence", early["id"], "--why", "it is back")
        short = self.ask("silence", "rule=queue", "severity=info", "--for", "1s", "--why", "a moment")
        ended, = wait_for("its end", lambda: self.set.events(type="alert.silence_ended"))
        me = pwd.getpwuid(os.getuid()).pw_name
        told = {e["type"]: e for e in self.set.events()
                if e["type"].startswith(("alert.ack", "alert.un"))}
        silenced = self.set.events(type="alert.silenced")
        self.assertEqual([e["subject"] for e in silenced], [early["id"], short["id"]])
        self.assertEqual(silenced[0]["data"], {
            "match": "incident=breaker/*", "who": me, "why": "known", "from": early["value"]["from"],
            "until": early["value"]["until"]})
        self.assertEqual(told["alert.acknowledged"]["subject"], "breaker/a")
        self.assertEqual(told["alert.acknowledged"]["data"], {
            "incident": found["id"], "title": found["title"], "who": me, "why": "on it"})
        self.assertEqual(told["alert.unsilenced"]["data"], {
            "match": "incident=breaker/*", "who": me, "why": "it is back", "until": early["value"]["until"]})
        self.assertEqual((ended["subject"], ended["data"]["match"]), (short["id"], "rule=queue, severity=info"))
        self.assertEqual(len(self.set.events(type="alert.acknowledged") + self.set.events(type="alert.unsilenced")), 2)
        text = self.set.cli("logs", "--type", "alert.").stdout
        self.assertIn(f"Incident breaker/a is acknowledged by {me}: on it", text)
        self.assertIn("No longer silenced, as the time is over: rule=queue, severity=info", text)
        seen = self.set.cli("replay", "alert.silenced").stdout
        self.assertRegex(seen, rf"Silenced: incident=breaker/\* until 20\S+ \S+ UTC by {me}: known")

    def test_dead_letters_are_listed_and_sent_again(self):
        self.set.mailbox.close()
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "1s"})
        self.set.config["alerter"]["retry"]["max_delay"] = "200ms"
        self.set.write_config()
        alerter = self.set.start("alerter")
        ids = self.publisher.publish(opened("a"), opened("b"))
        dead = wait_for("two dead letters", lambda: self.dead(2))
        self.assertEqual([d["alert"] for d in dead], ids)
        self.assertEqual({d["channel"] for d in dead}, {"email"})
        text = self.set.cli("alert", "dead").stdout
        self.assertIn("Circuit breaker of a opened", text)
        self.assertIn("2 dead letters of channel email", self.set.cli("alert", "list").stdout)
        self.assertIn("there is no such dead letter", self.refused("resend", ids[0], "--channel", "webhook"))
        self.assertIn("expected the id of a notice, or --all", self.refused("resend", code=2))
        self.change(alerter, stale_after="1h", dead_after="1h")
        self.set.mailbox.open()
        self.assertEqual([r["alert"] for r in self.ask("resend", ids[1])["resent"]], ids[1:])
        wait_for("the one", lambda: self.set.mailbox.ids() == ids[1:])
        self.assertEqual([r["alert"] for r in self.ask("resend", "--all")["resent"]], ids[:1])
        wait_for("the other", lambda: self.set.mailbox.ids() == [ids[1], ids[0]])
        self.assertEqual(self.set.cli("alert", "dead").stdout, "there is no dead letter\n")

    def dead(self, count):
        found = self.ask("dead")["dead"]
        return found if len(found) == count else None

    def test_a_channel_is_tried_and_each_step_is_told(self):
        self.set.config["alerter"]["channels"] = [self.pager(url="http://127.0.0.1:9/")]
        self.set.write_config()
        self.set.start("alerter")
        report = self.ask("test", "email")
        self.assertTrue(report["ok"], report)
        self.assertIn(report["alert"], self.set.mailbox.ids())
        bad = self.ask("test", "pager", code=1)
        self.assertFalse(bad["ok"])
        text = self.set.cli("alert", "test", "pager").stdout
        self.assertIn("pager: not taken: no connection", text)
        self.assertIn("there is no channel pigeon", self.refused("test", "pigeon"))

    def test_an_alerter_that_ends_while_a_channel_is_tried_says_so(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.set.config["alerter"]["channels"] = [self.pager(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")]
            self.set.write_config()
            alerter = self.set.start("alerter")
            ended = []
            trying = threading.Thread(target=lambda: ended.append(self.set.cli("alert", "test", "pager")))
            trying.start()
            silent.settimeout(30)
            connection, _ = silent.accept()
            with connection:
                alerter.terminate()
                alerter.wait()
                trying.join()
        self.assertEqual((ended[0].returncode, ended[0].stdout), (1, ""))
        self.assertIn("alert test: ", ended[0].stderr)

    def test_without_an_alerter_its_commands_say_who_is_missing(self):
        for words in (("list",), ("dead",), ("test", "email")):
            self.assertIn("is ringfence-alerter running?",
                          self.refused(*words))

    def test_help_for_one_command_or_for_those_about_alerts_has_examples_that_work(self):
        text = self.set.cli("alert", "--help", check=0).stdout
        self.assertEqual(text, self.set.cli("help", "alert", check=0).stdout)
        usages, rest = text.split("\n  for example\n")
        commands = re.findall(r"^  (alert [a-z]+)", usages, re.MULTILINE)
        self.assertEqual(len(commands), 9)
        self.assertNotIn("campaign run", usages)
        examples = re.findall(r"^    ringfence (.*)$", rest, re.MULTILINE)
        self.assertEqual({" ".join(e.split()[:2]) for e in examples}, set(commands))
        one = self.set.cli("alert", "ack", "--help", check=0).stdout
        self.assertIn("    ringfence alert ack ", one)
        self.assertNotIn("alert list", one)
        for example in examples:  # nobody is there, but their arguments are right
            words = shlex.split(example)
            done = self.set.cli(*words, "--timeout", "300ms")
            self.assertIn(done.returncode, (0, 1), f"{example}: {done.stderr}")

    def test_silences_are_kept_listed_and_ended(self):
        first = self.ask("silence", "breaker/*", "severity=info", "--for", "72h", "--why", "maintenance")
        self.assertEqual(first["value"]["match"], {"incident": "breaker/*", "severity": "info"})
        self.assertEqual(first["value"]["until"] - first["value"]["from"], 72 * 3600 * 10**9)
        second = self.ask("silence", "rule=queue", "--for", "1h", "--why", "known")
        listed = self.ask("silences")
        self.assertEqual(sorted(s["id"] for s in listed), sorted([first["id"], second["id"]]))
        self.assertRegex(self.set.cli("alert", "silences").stdout,
                         r" incident=breaker/\*, severity=info +maintenance\n")
        self.assertIn("argument 1 is empty", self.refused("unsilence", "", code=2))
        self.ask("unsilence", first["id"])
        self.assertEqual([s["id"] for s in self.ask("silences")], [second["id"]])
        self.assertIn("there is no silence", self.refused("unsilence", first["id"]))
        self.ask("unsilence", second["id"], "--why", "it is back")
        self.assertEqual(self.set.cli("alert", "silences").stdout, "nothing is silenced\n")
        for words, why in ((("breaker/*",), "needs --for and --why"),
                           (("breaker/*", "--for", "2h"), "needs --for and --why"),
                           (("colour=red", "--for", "2h", "--why", "x"), "expected the name of an incident"),
                           (("", "--for", "2h", "--why", "x"), "argument 1 is empty"),
                           (("rule=", "--for", "2h", "--why", "x"), "rule: expected a pattern"),
                           (("a", "incident=b", "--for", "2h", "--why", "x"), "incident is given twice"),
                           (("severity=bogus", "--for", "2h", "--why", "x"), "expected info, warning, error or critical"),
                           (("a", "--for", "soon", "--why", "x"), "--for: ")):
            self.assertIn(why, self.refused("silence", *words, code=2))


if __name__ == "__main__":
    unittest.main()
