"""ringfence alert where there is more than one page of something, and where dead letters cannot be sent again."""

import contextlib
import json
import sqlite3
import time
import unittest

from harness import wait_for
from test_alert_delivery import DeliveryCase
from test_alerter import opened

INCIDENTS = 2300  # several pages, the last one not full
LETTERS = 2050    # above what is sent again at once, twice
SILENCES = 1100   # above what the broker's first message of a snapshot has


class ListsCase(DeliveryCase):
    def ask(self, *arguments, code=0):
        done = self.set.cli("alert", *arguments, "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    def refused(self, *arguments, code=1):
        done = self.set.cli("alert", *arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        return done.stderr

    def filled(self, fill):
        """An alerter whose database has these rows besides."""
        alerter = self.set.start("alerter")
        alerter.terminate()
        alerter.wait()
        path = self.set.root / "state" / "alerter" / "alerts.db"
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            fill(db)
        return self.set.start("alerter")


class PagesTest(ListsCase):
    def fill_incidents(self, db):
        now = time.time_ns()
        for i in range(INCIDENTS):
            # Three at a time began at once, so that the id has to tell them apart.
            values = {"id": f"I{i:05}", "fingerprint": f"breaker/{i}", "rule": "breaker", "phase": "resolved",
                      "live": 0, "told": "resolved", "severity": "error", "subject": str(i), "service": "",
                      "campaign": "", "title": f"Title {i}", "thread": f"I{i:05}",
                      "opened": now - i // 3 * 10**9, "last": now, "resolved": now, "events": 1, "subjects": 1,
                      "deferred": 0, "set_aside": 0, "swallowed": 0, "acked": 0, "acked_by": "", "acked_why": "",
                      "state": "{}"}
            db.execute(f"INSERT INTO incident ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                       list(values.values()))

    def test_all_incidents_are_listed_over_several_pages_newest_first(self):
        self.filled(self.fill_incidents)
        told = self.ask("list", "--all", "--limit", 100000)
        rows = told["incidents"]
        self.assertEqual([r["id"] for r in rows], [r["id"] for r in sorted(
            rows, key=lambda r: (r["opened"], r["id"]), reverse=True)])
        self.assertEqual({r["id"] for r in rows}, {f"I{i:05}" for i in range(INCIDENTS)})
        self.assertEqual(len(rows), INCIDENTS)
        self.assertEqual((told["more"], told["waiting"], told["dead"], told["down"]), (False, [], [], []))
        self.assertNotIn("next", told)

    def test_a_limit_is_kept_and_what_is_left_out_is_said(self):
        self.filled(self.fill_incidents)
        usual = self.ask("list", "--all")
        self.assertEqual((len(usual["incidents"]), usual["more"]), (1000, True))
        exact = self.ask("list", "--all", "--limit", INCIDENTS)
        self.assertEqual((len(exact["incidents"]), exact["more"]), (INCIDENTS, False))
        text = self.set.cli("alert", "list", "--all", "--limit", 700).stdout
        self.assertEqual(text.count(" Title "), 700)
        self.assertTrue(text.endswith("there are more; see --limit\n"), text[-200:])
        for wrong in ("0", "-1", "some", "1000001"):
            self.assertIn("--limit", self.refused("list", "--limit", wrong, code=2))

    def test_all_silences_are_listed_beyond_the_first_message(self):
        until = time.time_ns() + 3600 * 10**9
        for i in range(SILENCES):
            self.publisher.send("state.put", rid=str(i), key=f"alert/silence/S{i:05}",
                                value={"match": {"incident": f"x/{i}"}, "by": "ann", "why": "many", "from": 1,
                                       "until": until})
            self.assertTrue(self.publisher.expect("state.reply")["ok"])
        done = self.set.cli("alert", "silences", "--json")
        self.assertEqual(len(json.loads(done.stdout)), 1000)
        self.assertIn("100 more are not shown; see --limit", done.stderr)
        everything = self.ask("silences", "--limit", 5000)
        self.assertEqual([s["id"] for s in everything], [f"S{i:05}" for i in range(SILENCES)])
        self.ask("unsilence", f"S{SILENCES - 1:05}")


class DeadLettersTest(ListsCase):
    def letters(self, channels):
        def fill(db):
            now = time.time_ns()
            for i in range(LETTERS):
                values = {"id": f"A{i:05}", "n": 1, "at": now, "made": now, "severity": "error",
                          "type": "breaker.opened", "subject": "x", "incident": f"breaker/{i}",
                          "title": f"Title {i}", "text": "text\n", "payload": "{}", "kind": "opened",
                          "thread": f"A{i:05}", "opened": now, "ord": i // 2}
                db.execute(f"INSERT INTO alert ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                           list(values.values()))
                for channel in channels:
                    db.execute("INSERT INTO delivery (alert, channel, state, attempts, due, tried, message, remote, made)"
                               " VALUES (?, ?, 'dead', 3, 0, 0, 'too late', '', ?)",
                               (f"A{i:05}", channel, now))
        return fill

    def test_all_dead_letters_are_listed_and_all_are_sent_again(self):
        self.set.config["alerter"]["webhook"]["url"] = "http://127.0.0.1:9/"
        self.set.write_config()
        self.filled(self.letters(["webhook"]))
        told = self.ask("dead", "--limit", 5000)
        self.assertEqual([d["alert"] for d in told["dead"]], [f"A{i:05}" for i in range(LETTERS)])
        self.assertFalse(told["more"])
        self.assertIn("there are more; see --limit", self.set.cli("alert", "dead", "--limit", 5).stdout)
        again = self.ask("resend", "--all")
        self.assertEqual(len({r["alert"] for r in again["resent"]}), LETTERS)
        self.assertEqual(again["left"], [])
        self.assertEqual(len(self.deliveries(state="dead")), 0)

    def test_a_letter_of_a_channel_that_is_gone_or_not_enabled_is_not_sent_again(self):
        self.set.config["alerter"]["telegram"]["enabled"] = False
        self.set.write_config()
        self.filled(self.letters(["pager", "telegram"]))
        gone = "channel pager is not in the configuration; enabled are email, webhook"
        off = "channel telegram is not enabled; enabled are email, webhook"
        self.assertIn(f"alert resend: {gone}\n", self.refused("resend", "A00000", "--channel", "pager"))
        self.assertIn(f"alert resend: {off}\n", self.refused("resend", "--all", "--channel", "telegram"))
        for words in (("A00000",), ("--all",)):
            self.assertIn("alert resend: channel pager is not in the configuration, channel telegram is not "
                          "enabled; enabled are email, webhook\n", self.refused("resend", *words))
        self.assertEqual(len(self.deliveries(state="dead")), 2 * LETTERS)
        self.assertEqual(self.set.events(type="alert.dead"), [])

    def test_the_others_are_sent_again_and_those_that_stay_are_told(self):
        self.set.config["alerter"]["channels"] = [self.pager(url="http://127.0.0.1:9/")]
        self.set.mailbox.close()
        self.set.config["alerter"].update({"stale_after": "1s", "dead_after": "1s"})
        self.set.config["alerter"]["retry"]["max_delay"] = "200ms"
        self.set.write_config()
        alerter = self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("two dead letters", lambda: len(self.deliveries(state="dead")) == 2)
        self.set.mailbox.open()
        self.change(alerter, channels=[], stale_after="1h", dead_after="1h")
        wait_for("the reload", lambda: "not in the configuration" in self.set.cli(
            "alert", "resend", alert, "--channel", "pager").stderr)
        text = self.set.cli("alert", "resend", "--all").stdout
        self.assertIn("1 dead letter is sent again", text)
        self.assertIn("1 of channel pager stay: it is not enabled, or not in the configuration\n", text)
        wait_for("its mail", lambda: self.set.mailbox.ids() == [alert])


if __name__ == "__main__":
    unittest.main()
