#!/usr/bin/python3
"""Whom a call did not reach is called again: after the wait, below the cap, inside the window, at the pace."""

import math
import signal
import time
import unittest

from harness import CampaignTest, people, wait_for
from postgres import OnPostgres

BUSY, NO_ANSWER, FAILED, MACHINE, LONG = (f"+12025550{n}" for n in (190, 191, 192, 197, 198))


class RecallTest(CampaignTest):
    def calls_to(self, phone):
        """The calls to a number, each as when it was created and when it ended."""
        return [(dial["at"], dial["history"][-1]["at"])
                for dial in self.set.ledger()["dials"] if dial["to"] == phone]

    def outcomes(self):
        return {e["data"]["phone"]: e["data"]["outcome"] for e in self.set.events(type="contact.done")}


class Recall(RecallTest):
    CONFIG = {"telephony": {"machine_detection": True},
              "campaign": {"max_calls": 3,
                           "recall": {"busy": {"waits": ["1s", "2s", "1s", "1s"]},
                                      "no-answer": {"retries": 1, "delay": "1s"},
                                      "failed": {"retries": 0},
                                      "voicemail": {"retries": 5, "delay": "1s", "backoff_factor": 1}}}}
    PEOPLE = [*people(3), (BUSY, "Busy"), (NO_ANSWER, "Noa"), (FAILED, "Fay"), (MACHINE, "Max")]
    CALLS = {BUSY: 3, NO_ANSWER: 2, FAILED: 1, MACHINE: 3, **{phone: 1 for phone, _ in people(3)}}
    OUTCOMES = {BUSY: "busy", NO_ANSWER: "no-answer", FAILED: "failed", MACHINE: "voicemail",
                **{phone: "completed" for phone, _ in people(3)}}

    def test_each_ending_has_its_plan_below_one_cap(self):
        self.set.start_all()
        self.run_campaign(self.PEOPLE)
        self.assertEqual(self.set.dials(), self.CALLS)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(self.outcomes(), self.OUTCOMES)
        for phone, waits in ((BUSY, [1, 2]), (NO_ANSWER, [1]), (MACHINE, [1, 1])):
            calls = self.calls_to(phone)
            for (_, ended), (began, _), wait in zip(calls, calls[1:], waits):
                self.assertGreaterEqual(began - ended, wait, phone)
        deferred = self.set.events(type="contact.deferred")
        self.assertEqual({e["severity"] for e in deferred}, {"info"})
        again = [e["data"] for e in deferred if e["data"]["phone"] == BUSY]
        self.assertEqual([(d["reason"], d["status"], d["calls"], d["deferrals"]) for d in again],
                         [("busy", "busy", 1, 0), ("busy", "busy", 2, 0)])
        self.assertEqual(len({d["sid"] for d in again}), 2)
        # Nothing of it is a failure that anybody has to look at.
        self.assertEqual(self.set.alert_ids()["email"], [])

    def test_the_cap_holds_over_the_deaths_of_the_orchestrator(self):
        self.set.start_all()
        popen = self.set.campaign(self.PEOPLE)
        for calls in (1, 2):
            wait_for(f"call {calls}", lambda: len(self.calls_to(BUSY)) >= calls)  # pylint: disable=cell-var-from-loop
            self.set.processes["orchestrator"].kill()
            self.set.start("orchestrator")
        self.assertEqual(popen.wait(180), 0)
        self.assertEqual(self.set.dials(), self.CALLS)
        wait_for("the log", lambda: len(self.outcomes()) == len(self.OUTCOMES))
        self.assertEqual(self.outcomes(), self.OUTCOMES)


class Layers(RecallTest):
    CONFIG = {"campaign": {"max_calls": 9, "recall": {"busy": {"retries": 8, "delay": "2s"}}}}

    def test_incident_15_no_layer_repeats_what_another_one_has_repeated(self):
        self.set.start_all()
        popen = self.set.campaign([(BUSY, "Busy")])
        wait_for("the first call to end", lambda: self.set.events(type="contact.deferred"))
        self.set.faults({"id": "limited", "kind": "status", "status": 429,
                         "match": {"provider": "twilio", "method": "POST", "number": BUSY},
                         "body": {"code": 20429, "status": 429, "more_info": "", "message": "Too Many Requests"}})
        self.assertEqual(popen.wait(180), 3)
        aside = wait_for("the log", lambda: self.set.events(type="contact.set_aside"))
        self.assertEqual(aside[0]["data"]["reason"], "retries_exhausted")
        # One call that was busy, then one more dial with its three retries: neither the rule of the ending nor
        # the queue repeats what the gateway gave up.
        posts = [r for r in self.set.requests("twilio", "Calls.json") if r["method"] == "POST"]
        self.assertEqual([r["status"] for r in posts], [201, 429, 429, 429, 429])
        self.assertEqual(self.set.dials(), {BUSY: 1})


class LostAudio(RecallTest):
    CONFIG = {"telephony": {"media_ttl": "4s"},
              "campaign": {"max_calls": 2, "recall": {"no-answer": {"waits": ["5s"]}}}}

    def test_audio_that_was_removed_while_the_contact_waited_is_spoken_again(self):
        self.set.start_all()
        popen = self.set.campaign([(NO_ANSWER, "Noa")])
        wait_for("the first call to end", lambda: self.set.events(type="contact.deferred"))
        # As a gateway does that needs the room for others.
        removed = [file for file in (self.set.root / "media").rglob("*") if file.is_file()]
        self.assertNotEqual(removed, [])
        for file in removed:
            file.unlink()
        self.assertEqual(popen.wait(180), 0)
        self.assertEqual(self.set.dials(), {NO_ANSWER: 2})
        self.assertTrue(any(file.is_file() for file in (self.set.root / "media").rglob("*")))
        self.assertEqual(len(self.set.requests("elevenlabs", "text-to-speech")), 2)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual([e["data"]["outcome"] for e in self.set.events(type="contact.done")], ["no-answer"])


class NoRecall(RecallTest):
    def test_nobody_is_called_again_unless_it_is_asked_for(self):
        self.set.start_all()
        self.run_campaign([(BUSY, "Busy"), (NO_ANSWER, "Noa"), (FAILED, "Fay"), (MACHINE, "Max")])
        self.assert_each_dialled_once([(p, "") for p in (BUSY, NO_ANSWER, FAILED, MACHINE)])


def clock(at):
    return time.strftime("%H:%M", time.gmtime(at))


class Marked(RecallTest):
    CONFIG = {"campaign": {"max_calls": 3, "recall": {"busy": {"waits": ["4s"]}}}}

    def test_a_mark_is_named_with_its_mend_and_no_moment_that_is_past(self):
        self.set.start_all()
        self.set.campaign([(BUSY, "Busy")])
        self.until("the next call to be due later", lambda s: "another call at" in s["waiting_for"])
        self.set.faults({"id": "key", "kind": "status", "status": 401,
                         "match": {"provider": "twilio", "method": "POST"},
                         "body": {"code": 20003, "status": 401, "more_info": "", "message": "no such key"}})
        self.set.cli("call", "telephony", "dial", "--to", "+12025550100", "--text", "Hello", "--yes-dial")
        status = self.until("its moment to pass", lambda s: "another call at" not in s["waiting_for"])
        self.assertEqual(status["waiting_for"], "twilio (marked unusable: see ringfence mark list)")
        self.assertNotIn("calls_again", status)
        self.assertIn("1 waiting for twilio (marked unusable: see ringfence mark list)", self.order("status").stdout)
        why = self.set.cli("campaign", "why", BUSY, check=0).stdout
        self.assertIn("when twilio (marked unusable", why)
        self.assertIn("after the mend, ringfence mark clear lets it go on", why)


class Window(RecallTest):
    """The window is two hours around the time that it is eight hours east of Greenwich."""

    def setUp(self):
        there = time.time() + 8 * 3600
        self.opens = (math.floor(there / 60) - 60) * 60
        self.CONFIG = {"campaign": {"time_zone": "UTC",
                                    "windows": [f"daily {clock(self.opens)}-{clock(self.opens + 7200)}"]}}
        super().setUp()

    def test_outside_the_window_of_their_own_place_nobody_is_called_and_status_says_until_when(self):
        (here, ada), (there, bela) = people(2)
        self.set.start_all()
        self.set.campaign([(here, ada, ""), (there, bela, "Etc/GMT-8")], header="phone,name,time_zone")
        self.until("the one to be called", lambda s: s["done"] == 1)
        status = self.until("the other to wait", lambda s: s["waiting"] == 1)
        self.assertEqual(self.set.dials(), {there: 1})
        self.assertEqual(status["window_opens"], self.opens * 10**9)
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.opens))
        self.assertEqual(status["waiting_for"], f"the calling window at {at}")
        self.assertIn(f"1 waiting for the calling window at {at}", self.order("status").stdout)
        deferred = wait_for("the log", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual([(e["data"]["phone"], e["data"]["reason"], e["data"]["until"], e["data"]["deferrals"])
                          for e in deferred], [(here, "hour", self.opens * 10**9, 0)])
        self.assertIn("outside calling hours; its window opens at "
                      f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(self.opens))} UTC",
                      deferred[0]["data"]["message"])
        # Another life of the orchestrator does not forget it.
        self.set.processes["orchestrator"].kill()
        self.set.start("orchestrator")
        self.assertEqual(self.status()["window_opens"], self.opens * 10**9)
        self.assertEqual(self.set.dials(), {there: 1})
        # The window becomes another: who waits for it is called at once.
        self.set.config["campaign"]["windows"] = ["daily 00:00-24:00"]
        self.set.write_config()
        self.set.processes["orchestrator"].terminate(signal.SIGHUP)
        wait_for("the other to be called", lambda: self.set.dials() == {there: 1, here: 1})


class ZonesGone(RecallTest):
    """The system's time zones cannot be read for a while, as while their package is replaced."""

    CONFIG = {"campaign": {"windows": ["daily 00:00-24:00"], "time_zone": "UTC"}}

    def test_who_needs_a_time_zone_waits_until_it_can_be_read_again(self):
        zones = self.set.root / "zoneinfo"
        zones.symlink_to("/usr/share/zoneinfo")
        (mine, ada), (theirs, bela) = people(2)
        self.set.start_all(without=("orchestrator",))
        self.set.start("orchestrator", environment={"TZDIR": str(zones)})
        file = self.set.write_list([(mine, ada, "Asia/Kathmandu")], header="phone,name,time_zone")
        self.order("load", "c", file)
        zones.rename(self.set.root / "away")
        self.order("start", "c")
        deferred = wait_for("the log", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual(deferred[0]["data"]["reason"], "time_zone_unreadable")
        self.assertIn("the time zone Asia/Kathmandu in", deferred[0]["data"]["message"])
        self.assertEqual(self.set.dials(), {})
        # Nor is a contact refused for it that comes meanwhile.
        file = self.set.write_list([(theirs, bela, "Asia/Tokyo")], "d", header="phone,name,time_zone")
        refused = self.order("load", "d", file, code=1)
        self.assertIn("the time zone Asia/Tokyo in", refused.stderr)
        (self.set.root / "away").rename(zones)
        self.assertEqual(self.finished()["done"], 1)
        self.order("load", "d", file)
        self.assert_each_dialled_once([(mine, "")])


class Restarted(RecallTest):
    """Windows that become others while nobody is there to be told."""

    CONFIG = {"campaign": {"time_zone": "UTC"}}

    def test_who_waits_for_a_shut_window_is_called_after_a_restart_with_one_that_is_open(self):
        contacts = people(3)
        shut = time.gmtime(time.time() + 3 * 86400)
        self.set.config["campaign"]["windows"] = [f"{time.strftime('%a', shut).lower()} 00:00-00:01"]
        self.set.write_config()
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        self.until("all to wait", lambda s: s["waiting"] == 3)
        # Another life with the same windows looks at nobody.
        self.restart()
        self.until("it to be known again", lambda s: s["waiting"] == 3 and s["window_opens"])
        self.set.config["campaign"]["windows"] = ["daily 00:00-24:00"]
        self.set.write_config()
        self.restart()
        self.finished()
        self.assert_each_dialled_once(contacts)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(len(self.set.events(type="contact.deferred")), 3)

    def restart(self):
        self.set.processes["orchestrator"].kill()
        self.set.start("orchestrator")


class SharedRestarted(OnPostgres, Restarted):
    """The same in a database that several may share."""


class Opening(RecallTest):
    """The window opens with a minute that begins soon."""

    def setUp(self):
        self.opens = (math.floor((time.time() + 15) / 60) + 1) * 60
        self.CONFIG = {"campaign": {"time_zone": "UTC",
                                    "windows": [f"daily {clock(self.opens)}-{clock(self.opens + 3600)}"]}}
        super().setUp()

    def test_when_the_window_opens_they_are_called_and_not_before(self):
        self.set.start_all()
        self.run_campaign(people(5))
        self.assert_each_dialled_once(people(5))
        for phone, _ in people(5):
            self.assertGreaterEqual(self.calls_to(phone)[0][0], self.opens)


class Holidays(RecallTest):
    CONFIG = {"campaign": {"time_zone": "UTC", "holidays": "holidays.txt"}}

    def test_a_holiday_is_kept_and_a_wrong_file_stops_the_start_with_its_line(self):
        file = self.set.root / "holidays.txt"
        file.write_text("12-25 Christmas Day\n25.12. Christmas\n")
        self.set.start("simulator")
        self.set.start("broker")
        orchestrator = self.set.launch("orchestrator")
        self.assertEqual(orchestrator.wait(), 78)
        self.assertIn(f"campaign.holidays: {file}:2: '25.12. Christmas' does not begin with a date",
                      orchestrator.text())
        del self.set.processes["orchestrator"]
        now = time.gmtime()
        today = time.strftime("%m-%d", now)
        tomorrow = time.strftime("%m-%d", time.gmtime(time.time() + 86400))
        file.write_text(f"{today} Our Day\n{tomorrow}\n")
        self.set.start_all(without=("simulator", "broker"))
        self.set.campaign(people(1))
        self.until("the contact to wait", lambda s: s["waiting"] == 1)
        deferred = wait_for("the log", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual(deferred[0]["data"]["reason"], "holiday")
        self.assertIn("holiday: Our Day; its window opens at", deferred[0]["data"]["message"])
        self.assertEqual(self.set.dials(), {})
        # A reload of a wrong file is refused as well, and what was known stays.
        file.write_text("soon\n")
        self.set.processes["orchestrator"].terminate(signal.SIGHUP)
        wait_for("the refusal", lambda: self.set.processes["orchestrator"].says(
            f"the old configuration stays: campaign.holidays: {file}:1: 'soon' does not begin with a date"))
        self.set.campaign(people(1, 1), "d")
        wait_for("the second contact", lambda: len(self.set.events(type="contact.deferred")) == 2)
        self.assertEqual(self.set.dials(), {})
        # A reload of something else looks at nobody again: the third is put off, the others are not once more.
        file.write_text(f"{today} Our Day\n{tomorrow}\n")
        self.set.config["orchestrator"]["concurrency"] = 3
        self.set.write_config()
        self.set.processes["orchestrator"].terminate(signal.SIGHUP)
        wait_for("the reload", lambda: self.set.processes["orchestrator"].says("configuration read again"))
        self.set.campaign(people(1, 2), "e")
        wait_for("the third contact", lambda: self.set.events(type="contact.deferred", campaign="e"))
        self.assertEqual(len(self.set.events(type="contact.deferred")), 3)


class Pace(RecallTest):
    CONFIG = {"orchestrator": {"pace": 4}}

    def test_calls_begin_no_faster_than_the_pace(self):
        self.set.start_all()
        self.run_campaign(people(13))
        self.assert_each_dialled_once(people(13))
        begun = self.set.begun(people(13))
        # Half a distance less: the first call may have been longer under way to the provider than the last.
        self.assertGreaterEqual(begun[-1] - begun[0], 11.5 * 0.25)
        # On a busy machine some are longer on their way to the provider than others.
        reached = sorted(self.calls_to(phone)[0][0] for phone, _ in people(13))
        self.assertGreater(reached[-1] - reached[0], 12 * 0.25 * 0.7)


class Concurrency(RecallTest):
    CONFIG = {"campaign": {"concurrency": 2}, "simulator": {"talk": "400ms"}}

    def test_a_campaign_has_no_more_calls_at_once_than_its_limit(self):
        self.set.start_all()
        self.run_campaign(people(8))
        spans = [self.calls_to(phone)[0] for phone, _ in people(8)]
        for began, _ in spans:
            self.assertLessEqual(sum(1 for b, e in spans if b <= began < e), 2)


if __name__ == "__main__":
    unittest.main()
