#!/usr/bin/python3
"""Campaigns with settings of their own, several at once: given at the start, changed while they run, obeyed
over all orchestrators, and kept over their deaths."""

import datetime
import unittest

from harness import CampaignTest, people, wait_for
from postgres import OnPostgres


BUSY = ("+12025550190", "Busy")
# A window that does not open soon.
SHUT = "windows=[{:%a} 00:00-00:01]".format(datetime.datetime.now(datetime.timezone.utc)
                                          + datetime.timedelta(days=3)).lower()


class SettingsTest(CampaignTest):
    def file(self, name, text):
        path = self.set.root / name
        path.write_text(text)
        return path

    def times(self, contacts):
        numbers = dict(contacts)
        return sorted(dial["at"] for dial in self.set.ledger()["dials"] if dial["to"] in numbers)

    def most_at_once(self, contacts):
        numbers = dict(contacts)
        calls = [(d["at"], d["history"][-1]["at"]) for d in self.set.ledger()["dials"] if d["to"] in numbers]
        return max(sum(1 for begin, end in calls if begin <= at < end) for at, _ in calls)


class Settings(SettingsTest):
    CONFIG = {"orchestrator": {"concurrency": 12}, "simulator": {"talk": "300ms"}}

    def test_three_campaigns_at_once_keep_to_their_own_settings(self):
        slow, narrow, plain = people(6), people(12, first=20), people(12, first=40)
        self.set.start_all()
        self.load(slow, "slow", "--settings", self.file("slow.yaml", "campaign: {pace: 2}\n"))
        self.load(narrow, "narrow")
        self.load(plain, "plain")
        self.order("start", "plain")
        self.order("start", "slow")
        self.order("start", "narrow", "--settings",
                   self.file("narrow.yaml", "campaign:\n  concurrency: 2\n"))
        for name in ("slow", "narrow", "plain"):
            self.finished(name)
        self.assert_each_dialled_once(slow + narrow + plain)
        begun = self.set.begun(slow)
        # Half a distance less: the first call may have been longer under way to the provider than the last.
        self.assertGreaterEqual(begun[-1] - begun[0], (len(slow) - 1.5) / 2)
        self.assertLessEqual(self.most_at_once(narrow), 2)
        self.assertIn("settings of its own: concurrency 2", self.order("status", "narrow").stdout)
        self.assertNotIn("settings", self.order("status", "plain").stdout)

    def test_a_change_holds_for_calls_that_are_not_begun_and_over_a_death(self):
        contacts = [BUSY]
        self.set.start_all(without=["orchestrator"])
        orchestrator = self.set.start("orchestrator")
        self.load(contacts, "c", "--settings",
                  self.file("c.yaml", "campaign:\n  max_calls: 9\n"
                                      "  recall: {busy: {waits: [1s, 1s, 10s]}}\n"))
        self.order("start", "c")
        self.until("three calls", lambda s: len(self.times(contacts)) == 3 and s["waiting"] == 1)
        orchestrator.kill()
        self.set.start("orchestrator")
        self.assertIn("max_calls 9", self.order("status", "c").stdout)
        told = self.order("set", "c", "max_calls=3").stdout
        self.assertIn("campaign c: settings changed; of its own: max_calls 3, recall.busy.waits [1s, 1s, 10s]",
                      told)
        self.assertIn("already", self.order("set", "c", "max_calls=3").stdout)
        # It is due in ten seconds, for a call that it may not have any more.
        ended = self.finished()
        self.assertEqual(ended["outcomes"], {"busy": 1})
        self.assertEqual(len(self.times(contacts)), 3)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        events = self.set.events(type="campaign.set")
        self.assertEqual([e["data"]["version"] for e in events], [1, 2])

    def test_wrong_settings_are_told_with_place_and_mend_and_start_nothing(self):
        contacts = people(3)
        self.set.start_all()
        wrong = self.file("wrong.yaml", "campaign:\n  max_calls: 3\n  pace: fast\n")
        told = self.load(contacts, "c", "--settings", wrong, code=1).stderr
        self.assertIn(f'{wrong}:3: campaign.pace: "fast" is not a number; expected', told)
        self.assertIn("there is no campaign c", self.order("status", "c", code=1).stderr)
        self.load(contacts, "c")
        told = self.order("start", "c", "--settings", wrong, code=1).stderr
        self.assertIn(f"{wrong}:3: campaign.pace", told)
        self.assertEqual(self.status("c")["state"], "loading")
        for arguments, words in ((("max_cals=3",), "did you mean max_calls?"),
                                 (("windows=[mon 09:00-10:00]",), "campaign.windows: needs campaign.time_zone"),
                                 (("time_zone=UTC", "holidays=nowhere.txt"), "campaign.holidays: ")):
            self.assertIn(words, self.order("set", "c", *arguments, code=1).stderr)
        for arguments in ((), ("pace",), ("=3",)):
            self.assertIn("expected KEY=VALUE", self.order("set", "c", *arguments, code=2).stderr)
        self.assertIn("/nowhere.yaml", self.order("set", "c", "--settings", "/nowhere.yaml", code=2).stderr)
        self.assertEqual(self.set.dials(), {})
        self.order("set", "c", "pace=2")
        self.assertEqual(self.status("c")["settings"], {"pace": "2"})

    def test_a_window_that_is_opened_lets_those_be_called_who_wait_for_it(self):
        contacts = people(3)
        self.set.start_all()
        self.load(contacts, "c")
        self.order("set", "c", "time_zone=UTC", SHUT, "holidays=")
        self.order("start", "c")
        self.until("all to wait", lambda s: s["waiting"] == 3)
        self.assertEqual(self.set.dials(), {})
        self.order("set", "c", "windows=")
        self.finished()
        self.assert_each_dialled_once(contacts)

    def test_an_end_by_settings_that_cannot_be_used_waits_for_them_and_not_for_the_configured_ones(self):
        holidays = self.file("holidays.txt", "01-01 New Year\n")
        self.set.start_all(without=["orchestrator"])
        # It dies with the end of the call in its hand, and finds no holidays when it is back.
        orchestrator = self.set.start("orchestrator",
                                      environment={"RF_CRASH_AT": "orchestrator.end_reply_before_commit"})
        self.load([BUSY], "c", "--settings",
                  self.file("c.yaml", "campaign:\n  max_calls: 2\n  time_zone: UTC\n"
                                      f"  holidays: {holidays}\n  recall: {{busy: {{waits: [1s, 1s]}}}}\n"))
        self.order("start", "c")
        orchestrator.wait(60)
        holidays.rename(holidays.with_suffix(".away"))
        self.set.start("orchestrator")
        self.until("it to wait", lambda s: s["waiting"] == 1)
        self.assertIn("(settings: campaign.holidays: ", self.order("why", "c-2").stdout)
        self.assertEqual(len(self.times([BUSY])), 1)
        holidays.with_suffix(".away").rename(holidays)
        self.set.processes["orchestrator"].reload()
        self.assertEqual(self.finished()["outcomes"], {"busy": 1})
        self.assertEqual(len(self.times([BUSY])), 2)


class SharedSettings(OnPostgres, SettingsTest):
    CONFIG = {"simulator": {"talk": "400ms"},
              "orchestrator": {"concurrency": 8, "store": {"lease": "3s"}}}

    def test_limits_of_their_own_hold_over_all_orchestrators(self):
        narrow, slow, plain = people(16), people(9, first=20), people(12, first=40)
        self.set.start_all(without=["orchestrator"])
        for i in range(3):
            self.set.start("orchestrator", name=f"orchestrator-{i}")
        self.load(narrow, "narrow", "--settings", self.file("n.yaml", "campaign: {concurrency: 3}\n"))
        self.load(slow, "slow", "--settings", self.file("s.yaml", "campaign: {pace: 3}\n"))
        self.load(plain, "plain")
        for name in ("narrow", "slow", "plain"):
            self.order("start", name)
        for name in ("narrow", "slow", "plain"):
            self.finished(name)
        self.assert_each_dialled_once(narrow + slow + plain)
        self.assertLessEqual(self.most_at_once(narrow), 3)
        times = self.times(slow)
        in_a_second = max(sum(1 for t in times if at <= t < at + 1) for at in times)
        self.assertLessEqual(in_a_second, 4)  # of one each at every orchestrator, and one at the edge

    def test_a_change_is_known_to_all_orchestrators_with_the_next_call(self):
        contacts = people(30)
        self.set.start_all(without=["orchestrator"])
        for i in range(3):
            self.set.start("orchestrator", name=f"orchestrator-{i}")
        self.load(contacts, "c")
        self.order("set", "c", "time_zone=UTC", "pace=1")
        self.order("start", "c")
        self.until("some calls", lambda s: s["done"] >= 2)
        self.order("set", "c", SHUT)
        begun = len(self.times(contacts))  # whatever was sent by then
        self.until("all others to wait", lambda s: s["running"] == 0 and s["waiting"] > 0)
        # An intent that was committed before the change may still have been on its way.
        self.assertLessEqual(len(self.times(contacts)), begun + 3 * 8)
        stood = len(self.times(contacts))
        self.assertLess(stood, 30)
        self.order("set", "c", "windows=", "pace=")
        self.finished()
        self.assert_each_dialled_once(contacts)


class JudgedAnew(OnPostgres, SettingsTest):
    # It is asked late how a call goes, so that there is time for a change while it is followed.
    CONFIG = {"telephony": {"poll_initial": "4s", "poll_max": "4s"}}

    def test_a_call_that_ends_after_a_change_elsewhere_is_judged_by_the_change(self):
        self.set.start_all()
        self.load([BUSY], "c")
        self.order("start", "c")
        wait_for("the call", lambda: self.server.sql("SELECT 1 FROM contact WHERE state = 'running.follow'"))
        # As another orchestrator does it: nobody tells this one.
        self.server.sql("""UPDATE campaign SET version = 1,"""
                        """ settings = '{"max_calls":"2","recall":{"busy":{"waits":["1s"]}}}'""")
        self.assertEqual(self.finished()["outcomes"], {"busy": 1})
        self.assertEqual(len(self.times([BUSY])), 2)
        wait_for("the log", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual([e["data"]["calls"] for e in self.set.events(type="contact.deferred")], [1])


if __name__ == "__main__":
    unittest.main()
