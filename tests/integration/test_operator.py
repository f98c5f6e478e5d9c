#!/usr/bin/python3
"""What an operator does with campaigns that are under way: pause, resume, cancel, retry, priorities, why."""

import contextlib
import os
import pwd
import sqlite3
import unittest

from harness import CampaignTest, people, wait_for


class Operator(CampaignTest):
    CONFIG = {"orchestrator": {"concurrency": 2}, "simulator": {"talk": "300ms"}}

    def why(self, contact):
        return self.order("why", contact).stdout

    def test_a_paused_campaign_dials_nobody_new_and_goes_on_where_it_stood(self):
        contacts = people(16)
        self.set.start_all()
        self.load(contacts)
        self.assertIn("Next, when its campaign is started", self.why("c-2"))
        self.assertIn("it was not started yet", self.order("pause", "c", code=1).stderr)
        self.order("start", "c")
        self.until("some contacts", lambda s: s["done"] >= 3)
        told = self.order("pause", "c", "--why", "a test of ours").stdout
        self.assertIn("campaign c: paused; in progress: ", told)
        rested = self.until("the calls in progress to end", lambda s: s["running"] == 0)
        dials = sum(self.set.dials().values())
        self.assertEqual(rested["state"], "paused")
        self.assertEqual(rested["done"], dials, "each call was followed to its end")
        self.assertLess(rested["done"], len(contacts))
        waiting = next(line for line in range(17, 1, -1)
                       if "is done" not in self.why(f"c-{line}"))
        self.assertIn("ringfence campaign resume c", self.why(f"c-{waiting}"))
        # Another campaign runs at its side: had it been claimed, a contact of c would have been dialled.
        self.load(people(4, first=40), name="other")
        self.order("start", "other")
        self.finished("other")
        self.assertEqual(sum(self.set.dials().values()), dials + 4)
        self.assertIn("paused already", self.order("pause", "c").stdout)
        self.order("resume", "c")
        self.assertIn("running already, contacts: 16", self.order("start", "c").stdout)
        self.finished()
        self.assertIn("it has ended already, nobody is called", self.order("start", "c").stdout)
        self.assert_each_dialled_once(contacts + people(4, first=40))
        wait_for("the log", lambda: self.set.events(type="campaign.finished", subject="c"))
        ordered = [e["data"] for e in self.set.events(type="campaign.ordered") if e["subject"] == "c"]
        self.assertEqual([data["order"] for data in ordered], ["start", "pause", "resume"])
        user = pwd.getpwuid(os.getuid()).pw_name
        self.assertEqual([(data.get("who"), data.get("why")) for data in ordered],
                         [(user, None), (user, "a test of ours"), (user, None)])

    def test_a_cancelled_campaign_comes_to_its_end_for_good(self):
        contacts = people(30)
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        self.until("some contacts", lambda s: s["done"] >= 2)
        self.assertIn("--yes", self.order("cancel", "c", code=2).stderr)
        told = self.order("cancel", "c", "--yes").stdout
        self.assertIn("campaign c: cancelled; ", told)
        ended = self.finished()
        self.assertEqual(ended["state"], "cancelled")
        self.assertEqual(ended["total"], ended["done"] + ended["set_aside"])
        self.assertGreater(ended["reasons"]["cancelled"], 20)
        self.assertEqual(sum(self.set.dials().values()), ended["done"])
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual(len(aside), ended["set_aside"])
        self.assertEqual({e["severity"] for e in aside}, {"info"})
        self.assertIn("its campaign was cancelled", self.why("c-31"))
        for order in ("start", "resume", "retry"):
            self.assertIn("cannot be undone", self.order(order, "c", code=1).stderr)

    def test_a_cancellation_that_a_crash_breaks_off_goes_on_at_the_next_start(self):
        self.set.start_all(without=["orchestrator"])
        killed = self.set.start("orchestrator")
        self.load([(f"+1202555{n:04d}", f"P{n}") for n in range(2000)])
        self.order("cancel", "c", "--yes")
        killed.kill()
        self.set.start("orchestrator")
        ended = self.finished()
        self.assertEqual(ended["reasons"], {"cancelled": 2000})
        told = wait_for("all to be told", lambda: (events := self.set.events(type="contact.set_aside")) and
                        len(events) >= 2000 and events)
        self.assertEqual(len({e["contact"] for e in told}), 2000)
        self.assertEqual(self.set.dials(), {})

    def sql(self, *statements):
        """As a person at a database shell would, while the orchestrator runs."""
        with contextlib.closing(sqlite3.connect(self.set.root / "state" / "orchestrator" / "campaign.db",
                                                timeout=60, isolation_level=None)) as database:
            for statement in statements:
                database.execute(statement)

    def test_a_cancellation_that_the_database_refuses_for_a_while_goes_on_by_itself(self):
        self.set.start_all()
        self.load(people(3))
        self.sql("CREATE TRIGGER full BEFORE UPDATE OF state ON contact WHEN NEW.state = 'set_aside'"
                 " BEGIN SELECT RAISE (ABORT, 'the disk is full'); END")
        self.order("cancel", "c", "--yes")
        orchestrator = self.set.processes["orchestrator"]
        wait_for("the sweep to fail", lambda: orchestrator.says("cannot be set aside, trying again soon"))
        self.sql("DROP TRIGGER full")
        ended = self.finished()
        self.assertEqual(ended["reasons"], {"cancelled": 3})

    def test_a_contact_that_the_database_refuses_for_good_is_set_aside_and_holds_up_nobody(self):
        contacts = people(6)
        self.set.start_all()
        self.load(contacts)
        self.sql("CREATE TRIGGER no BEFORE UPDATE OF state ON contact"
                 f" WHEN NEW.phone = '{contacts[0][0]}' AND NEW.state IN ('running.speech', 'running.dial')"
                 " BEGIN SELECT RAISE (ABORT, 'no such text, please'); END",
                 "CREATE TRIGGER never BEFORE UPDATE OF state ON contact"
                 f" WHEN NEW.phone = '{contacts[1][0]}' AND OLD.state LIKE 'running.%'"
                 " BEGIN SELECT RAISE (ABORT, 'nor this'); END")
        self.order("start", "c")
        # Both places go to the others, though one of the two can only rest where it is.
        ended = self.until("the others", lambda s: s["done"] == 4 and s["set_aside"] == 1)
        self.assertEqual(ended["reasons"], {"store_refused": 1})
        aside = wait_for("the log", lambda: self.set.events(type="contact.set_aside"))
        self.assertEqual([(e["contact"], e["severity"]) for e in aside], [("c-2", "error")])
        self.assertIn("no such text, please", self.why("c-2"))
        self.assertIn("c-3: the database refuses", self.set.processes["orchestrator"].text())
        self.sql("DROP TRIGGER no", "DROP TRIGGER never")
        self.order("retry", "c")
        self.set.processes["orchestrator"].kill()
        self.set.start("orchestrator")
        self.until("the end", lambda s: s["finished"] and s["done"] == len(contacts))
        self.assert_each_dialled_once(contacts)

    def test_a_call_that_the_database_refused_to_know_is_followed_when_its_contact_is_tried_again(self):
        contacts = people(1)
        self.set.start_all()
        self.load(contacts)
        self.sql("CREATE TRIGGER no BEFORE UPDATE OF state ON contact WHEN NEW.state = 'running.follow'"
                 " BEGIN SELECT RAISE (ABORT, 'no such state, please'); END")
        self.order("start", "c")
        self.assertEqual(self.finished()["reasons"], {"store_refused": 1})
        self.assert_each_dialled_once(contacts)
        # Nobody calls the number while it is not known what became of that call.
        self.load(contacts, "d")
        self.order("start", "d")
        self.until("the number to be in use", lambda s: s["waiting"] == 1, "d")
        self.sql("DROP TRIGGER no")
        retried = self.order("retry", "c").stdout
        self.assertIn("tried again: 1\n", retried)
        self.assertIn("their provider is asked first what became of their last dial: 1\n", retried)
        self.until("the end", lambda s: s["finished"] and s["done"] == 1)
        self.finished("d")
        self.assertEqual(self.set.dials(), {contacts[0][0]: 2})
        done = wait_for("the log", lambda: self.set.events(type="contact.done", campaign="c"))
        self.assertIn(done[0]["data"]["sid"], [dial["sid"] for dial in self.set.ledger()["dials"][:1]])

    def test_a_contact_that_another_hand_has_written_is_read_anew(self):
        contacts = people(2)
        self.set.start_all()
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 3000, "count": 2,
                         "match": {"provider": "openai"}})
        self.load(contacts)
        self.order("start", "c")
        self.until("both to be begun", lambda s: s["running"] == 2)
        self.sql("UPDATE contact SET owner = 4711 WHERE line = 2")
        self.until("the end", lambda s: s["finished"] and s["done"] == 2)
        self.assert_each_dialled_once(contacts)

    def test_contacts_that_were_set_aside_are_tried_again_by_reason(self):
        contacts = people(6)
        refused = contacts[1][0]
        self.set.start_all()
        self.set.faults({"id": "no", "kind": "status", "status": 400, "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": refused}})
        self.load(contacts)
        self.order("start", "c")
        before = self.finished()
        self.assertEqual(before["reasons"], {"permanent.invalid": 1})
        text = self.why(refused)
        self.assertIn("was set aside at the step dial", text)
        self.assertIn("its provider refused what it was asked (permanent.invalid", text)
        self.assertIn("It was dialled 1 time: at ", text)
        self.assertIn("tried again: 0", self.order("retry", "c", "--reason", "retries_exhausted").stdout)
        self.assertIn("nobody is set aside as", self.order("retry", "c", "--reason", "sun", code=1).stderr)
        self.assertIn("tried again: 1", self.order("retry", "c", "--reason", "permanent.invalid").stdout)
        self.until("the end", lambda s: s["finished"] and s["done"] == len(contacts))
        self.assert_each_dialled_once(contacts)
        finished = wait_for("the log", lambda: (e := self.set.events(type="campaign.finished")) and len(e) >= 2 and e)
        self.assertEqual(len(finished), 2)
        self.assertIn("is done: its last call ended as completed", self.why(refused))

    def test_the_campaign_of_higher_priority_goes_first(self):
        self.set.start_all()
        low, high = people(24), people(12, first=40)
        self.load(low, name="low")
        self.load(high, name="high")
        self.order("start", "low", "--priority", "-3")
        self.until("some contacts", lambda s: s["done"] >= 1, "low")
        self.order("start", "high")
        self.assertIn("priority -4", self.order("priority", "low", "-4").stdout)
        self.assertIn("priority 7", self.order("priority", "high", "7").stdout)
        self.assertIn("expected a number", self.order("priority", "high", "11", code=2).stderr)
        self.finished("high")
        self.assertFalse(self.status("low")["finished"])
        table = self.order("list").stdout.splitlines()
        self.assertIn("priority", table[0])
        self.assertEqual(len(table), 3)
        self.finished("low")
        self.assert_each_dialled_once(low + high)
        order = [dial["to"] for dial in sorted(self.set.ledger()["dials"], key=lambda d: d["at"])]
        last_high = max(order.index(phone) for phone, _ in high)
        # Contacts of the other that were in progress when it came may still be called.
        self.assertGreaterEqual(sum(1 for to in order[last_high:] if to in dict(low)), 5)


class Standstill(CampaignTest):
    CONFIG = {"orchestrator": {"stalled_after": "1s", "defer_delay": "300ms"}}

    def test_a_campaign_without_a_gateway_is_told_to_stand_still_and_to_move_again(self):
        contacts = people(4)
        self.set.start_all(without=("service-gateway",))
        self.load(contacts)
        self.order("start", "c")
        stalled = wait_for("queue.stalled", lambda: self.set.events(type="queue.stalled"))
        self.assertEqual((stalled[0]["subject"], stalled[0]["data"]["due"] > 0), ("c", True))
        self.assertIn("Campaign c stands still since ", stalled[0]["message"])
        self.set.start("service-gateway")
        moving = wait_for("queue.moving", lambda: self.set.events(type="queue.moving"))
        self.assertGreaterEqual(moving[0]["data"]["held_ns"], 10**9)
        self.finished()
        self.assert_each_dialled_once(contacts)
        self.assertEqual(len(self.set.events(type="queue.stalled")), 1)


if __name__ == "__main__":
    unittest.main()
