#!/usr/bin/python3
"""The orchestrator killed anywhere between what happened to a contact and the alert that tells of it: no alert is
lost, none comes twice.

In process: its reply has come, its outcome is stored together with its event, the event is published, its copy in
the outbox is deleted. Each test kills at one of these, at its first passage, its second, and so on until a campaign
ends without passing it once more."""

import contextlib
import itertools
import signal
import sqlite3
import unittest

from harness import RingfenceTest, people, wait_for

CONTACT = people(1)


class AlertAfterKill(RingfenceTest):
    CONFIG = {"defaults": {"retry": {"initial_delay": "50ms", "max_retries": 1},
                           "breaker": {"failure_threshold": 100}},
              "gateway": {"chains": {"script": ["openai"]}}}

    def setUp(self):
        super().setUp()
        # Without the health monitor, as nobody is to hear of the lost orchestrator here.
        self.set.start_all(without=["orchestrator", "health-monitor"])

    def outbox(self):
        file = self.set.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as db:
            return db.execute("SELECT count(*) FROM outbox").fetchone()[0]

    def end(self, campaign, name, code):
        """The command line may have lost its answer with the orchestrator: what is loaded already is looked at."""
        campaign.wait(60)
        self.run_campaign(CONTACT, name, code=code)
        wait_for("the outbox to be empty", lambda: self.outbox() == 0)
        orchestrator = self.set.processes["orchestrator"]
        orchestrator.terminate()
        self.assertEqual(orchestrator.wait(), 0)

    def play(self, point, before=lambda passage: None, meanwhile=lambda passage: None):
        """Campaigns of one contact, each with a kill at a later passage; how many were played, and killed."""
        for passage in itertools.count(1):
            name = f"{point.replace('_', '-')}-{passage}"
            before(passage)
            orchestrator = self.set.start("orchestrator", environment={"RF_CRASH_AT": f"orchestrator.{point}:{passage}"})
            campaign = self.set.campaign(CONTACT, name)
            self.addCleanup(campaign.wait)
            self.addCleanup(campaign.kill)
            wait_for("the kill, or the end", lambda o=orchestrator, c=campaign: not o.alive() or
                     (c.poll() is not None and self.outbox() == 0))
            killed = not orchestrator.alive()
            if killed:
                orchestrator.wait_killed()
                self.set.start("orchestrator")
            meanwhile(passage)
            self.end(campaign, name, 3)
            if not killed:
                return passage, passage - 1

    def assert_told_once_each(self, campaigns, reason):
        aside = wait_for("each outcome's event", lambda: len(
            events := self.set.events(type="contact.set_aside")) >= campaigns and events)
        self.assertEqual(len({event["campaign"] for event in aside}), campaigns)
        self.assertEqual({event["data"]["reason"] for event in aside}, {reason})
        self.assert_alerts(aside)
        self.assertEqual(len(self.set.events(type="campaign.finished")), campaigns)

    def refuse(self):
        self.set.faults({"id": "refused", "match": {"provider": "openai", "method": "POST"}, "kind": "status",
                         "status": 400, "body": {"error": {"code": "invalid_value", "message": "no"}}})

    def test_before_any_of_its_events_was_published(self):
        self.refuse()
        campaigns, killed = self.play("outbox_before_publish")
        self.assertGreaterEqual(killed, 4, "loaded, started, set aside, finished")
        self.assert_told_once_each(campaigns, "permanent.invalid")

    def test_after_it_was_published_and_before_the_outbox_forgot_it(self):
        self.refuse()
        campaigns, killed = self.play("outbox_before_delete")
        self.assertGreaterEqual(killed, 2, "acknowledgements may come together")
        self.assert_told_once_each(campaigns, "permanent.invalid")

    def test_between_the_last_reply_and_the_outcome_of_it(self):
        self.set.faults({"id": "down", "match": {"provider": "openai", "method": "POST"}, "kind": "status",
                         "status": 503})
        campaigns, killed = self.play("step_reply_before_commit")
        self.assertEqual((campaigns, killed), (2, 1))
        self.assert_told_once_each(campaigns, "retries_exhausted")
        # What was not stored was asked again: two attempts more, and not one alert.
        self.assertEqual(len(self.set.requests("openai", "completions")), 2 * (campaigns + killed))

    def test_between_the_reply_that_made_a_mark_and_the_outcome_of_it(self):
        self.set.admin("PUT", "keys", {"openai": ["openai-new"]})
        orchestrator = self.set.start("orchestrator", environment={"RF_CRASH_AT": "orchestrator.step_reply_before_commit"})
        campaign = self.set.campaign(CONTACT, "marked")
        orchestrator.wait_killed()
        self.set.start("orchestrator")
        wait_for("the contact to wait for the mark", lambda: self.set.events(type="contact.deferred"))
        marks = self.set.events(type="mark.set")
        self.assertEqual(len(marks), 1)
        self.assert_alerts(marks)
        self.set.write_key("openai", "openai-new")
        self.end(campaign, "marked", 0)
        self.assertEqual(self.set.events(type="contact.set_aside"), [], "nobody heard whose it was")
        self.assert_alerts(marks)

    def test_between_the_outcome_of_a_contact_that_made_a_mark_and_its_event(self):
        """The mark's own alert tells of it, once, whenever the kill comes."""
        self.set.admin("PUT", "keys", {"openai": ["nobody-has-it"]})

        keys = (f"openai-{number}" for number in itertools.count())
        put_off = []

        def change_key(_=None):
            self.set.write_key("openai", next(keys))
            self.set.processes["service-gateway"].terminate(signal.SIGHUP)

        def its_mark(passage):
            """Killed before it heard that the reply was its own, it finds the mark and puts the contact off, as in the
            test above: another key that nobody has is refused again, and this time it hears."""
            wait_for("its mark", lambda: len(self.set.events(type="mark.set")) == passage + len(put_off))
            ends = wait_for("what comes of it", lambda: [
                event["type"] for event in self.set.events(campaign=f"outbox-before-publish-{passage}")
                if event["type"] in ("contact.set_aside", "contact.deferred")])
            if ends == ["contact.deferred"]:
                put_off.append(passage)
                change_key()
                wait_for("the next mark",
                         lambda: len(self.set.events(type="mark.set")) == passage + len(put_off))

        campaigns, killed = self.play("outbox_before_publish", before=change_key, meanwhile=its_mark)
        self.assertEqual(len(self.set.events(type="mark.set")), campaigns + len(put_off))
        self.assertGreaterEqual(killed, 4)
        self.assertEqual(len(self.set.events(type="contact.set_aside")), campaigns)
        self.assert_alerts(self.set.events(type="mark.set"))


if __name__ == "__main__":
    unittest.main()
