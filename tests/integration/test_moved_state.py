#!/usr/bin/python3
"""A database that is moved or deleted while its process has it open: what was written would go nowhere. Nothing is
acknowledged, nobody is called of whom it could not be kept, it is said what to do, and afterwards nothing is lost and
nobody was called twice."""

import unittest

from harness import CampaignTest, people, stays, wait_for

WORDS = "was moved, deleted or replaced while it is in use"


class MovedState(CampaignTest):
    CONFIG = {"simulator": {"talk": "300ms"}, "orchestrator": {"concurrency": 4}}

    def setUp(self):
        super().setUp()
        self.aside = self.set.root / "aside"
        self.aside.mkdir()
        self.set.start_all()

    def files(self, service):
        """Its database with what belongs to it."""
        return [file for file in self.set.state_of(service).iterdir() if ".db" in file.name and ".lock" not in file.name]

    def take_away(self, service):
        for file in self.files(service):
            file.rename(self.aside / file.name)

    def put_back(self, service):
        for file in self.aside.iterdir():
            file.rename(self.set.state_of(service) / file.name)

    def check_all_ends_well(self, contacts):
        self.finished()
        self.assert_each_dialled_once(contacts)
        wait_for("all events", lambda: self.set.events(type="campaign.finished"))
        done = [event["contact"] for event in self.set.events(type="contact.done")]
        self.assertEqual((len(done), len(set(done))), (len(contacts), len(contacts)))

    def take_away_in_a_campaign(self, service, contacts):
        self.load(contacts)
        self.order("start", "c")
        wait_for("some calls", lambda: len(self.set.dials()) > 3)
        self.take_away(service)
        process = self.set.processes[service]
        wait_for("it to be said", lambda: process.says(WORDS))
        self.assertTrue(process.alive())

    def test_a_journal_that_is_moved_and_put_back(self):
        """Calls go on meanwhile; who tells of them keeps what is not acknowledged."""
        contacts = people(40)
        self.take_away_in_a_campaign("broker", contacts)
        self.assertIn(WORDS, self.set.cli("status", check=0).stdout)
        self.put_back("broker")
        self.check_all_ends_well(contacts)

    def test_campaigns_that_are_moved_and_put_back(self):
        contacts = people(40)
        self.take_away_in_a_campaign("orchestrator", contacts)
        wait_for("the calls to end", lambda: all(dial["status"] == "completed" for dial in self.set.ledger()["dials"]))
        dials = self.set.dials()
        self.assertLess(len(dials), len(contacts))
        stays("the same calls", lambda: self.set.dials() == dials, 1.5)
        self.put_back("orchestrator")
        self.check_all_ends_well(contacts)

    def test_a_journal_that_is_deleted_begins_anew_and_gets_what_was_not_acknowledged(self):
        contacts = people(8)
        self.load(contacts)
        wait_for("the log to have all", lambda: self.set.events(type="campaign.loaded"))
        for file in self.files("broker"):
            file.unlink()
        self.order("start", "c")
        broker = self.set.processes["broker"]
        wait_for("it to be said", lambda: broker.says(WORDS))
        self.assertIn(WORDS, self.set.cli("status", check=0).stdout)
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        self.set.start("broker")
        self.check_all_ends_well(contacts)


if __name__ == "__main__":
    unittest.main()
