#!/usr/bin/python3
"""Backups of the database of campaigns: made while it is in use, put back later, and nobody is dialled twice by it."""

import json
import os
import shutil
import unittest

from harness import CampaignTest, people, wait_for


class Backup(CampaignTest):
    CONFIG = {"simulator": {"talk": "300ms"}, "orchestrator": {"concurrency": 4}}

    def setUp(self):
        super().setUp()
        self.file = self.set.root / "state" / "orchestrator" / "campaign.db"
        self.copy = self.set.root / "campaigns.backup"

    def backup(self):
        told = json.loads(self.order("backup", self.copy, "--json").stdout)
        self.assertEqual((told["file"], told["bytes"]), (str(self.copy), self.copy.stat().st_size))
        self.assertEqual(self.copy.stat().st_mode & 0o777, 0o600)

    def test_who_was_dialled_since_the_backup_is_not_dialled_by_a_restored_database(self):
        contacts, later = people(24), people(4, first=50)
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        wait_for("some calls", lambda: len(self.set.dials()) > 3)
        self.backup()
        # Since then: more are called, and another campaign is loaded, called and forgotten by the backup.
        self.load(later, "d")
        self.order("start", "d", "--priority", "5")
        wait_for("more calls", lambda: len(self.set.dials()) > 16)
        wait_for("the other campaign to be called", lambda: all(phone in self.set.dials() for phone, _ in later))
        refused = self.order("restore", self.copy, code=1)
        self.assertIn("in use by another process: stop that one first", refused.stderr)
        self.set.processes["orchestrator"].kill()
        dialled = self.set.dials()
        told = self.order("restore", self.copy).stdout
        self.assertIn("campaigns that ran and are paused now: 1", told)
        self.assertTrue(list(self.file.parent.glob("campaign.db.before-*")))
        self.set.start("orchestrator")
        self.assertEqual(self.status()["state"], "paused")
        self.assertEqual(self.order("status", "d", "--json", code=1).stdout, "")
        self.load(later, "d")
        self.order("start", "d")
        self.order("resume", "c")
        self.finished("c", 150)
        self.finished("d", 150)
        everybody = {phone: 1 for phone, _ in contacts + later}
        self.assertEqual(self.set.dials(), everybody)
        self.assertGreater(len(everybody), len(dialled))
        self.assertEqual((self.status("c")["done"], self.status("d")["done"]), (24, 4))
        export = [json.loads(line) for line in self.order("export", "c", "--format", "jsonl").stdout.splitlines()]
        calls = {dial["to"]: dial["sid"] for dial in self.set.ledger()["dials"]}
        self.assertEqual({c["phone"]: (c["attempts"], c["sids"]) for c in export},
                         {phone: (1, [calls[phone]]) for phone, _ in contacts})

    def test_a_backup_that_is_put_in_place_by_hand_is_known_for_what_it_is(self):
        contacts = people(6)
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        wait_for("a call", self.set.dials)
        self.backup()
        self.finished()
        self.set.processes["orchestrator"].terminate()
        self.assertEqual(self.set.processes["orchestrator"].wait(), 0)
        shutil.copy(self.copy, self.file)
        orchestrator = self.set.start("orchestrator")
        self.assertTrue(orchestrator.says("the database is a backup of"))
        self.order("resume", "c")
        self.finished()
        self.assert_each_dialled_once(contacts)

    def test_what_cannot_be_done_is_refused_and_leaves_all_as_it_is(self):
        self.set.start("broker")
        orchestrator = self.set.start("orchestrator")
        self.load(people(3))
        self.backup()
        self.assertIn("is there already", self.order("backup", self.copy, code=1).stderr)
        self.assertIn("nowhere", self.order("backup", self.set.root / "nowhere" / "x", code=1).stderr)
        orchestrator.terminate()
        self.assertEqual(orchestrator.wait(), 0)
        before = self.file.read_bytes()
        other = self.set.root / "other"
        for content, words in ((before, "is no copy that ringfence campaign backup has made"),
                               (b"not a database\n" * 999, "file is not a database"), (b"", "it is empty")):
            other.write_bytes(content)
            refused = self.order("restore", other, code=1).stderr
            self.assertIn(f"{other}: ", refused)
            self.assertIn(words, refused)
            self.assertNotIn(".restoring", refused)
            self.assertEqual(self.file.read_bytes(), before)
        self.assertIn("is a folder: give the file", self.order("restore", self.set.root, code=1).stderr)
        pipe = self.set.root / "pipe"
        os.mkfifo(pipe)  # nobody will ever write to it
        self.assertIn(f"{pipe} is no file", self.order("restore", pipe, code=1).stderr)
        self.assertEqual([f.name for f in self.file.parent.glob("*restoring*")], [])
        shutil.rmtree(self.file.parent)  # a host that never had one
        self.assertIn("none: No such file", self.order("restore", self.set.root / "none", code=1).stderr)
        self.assertFalse(self.file.parent.exists())
        self.order("restore", self.copy)
        self.assertTrue(self.file.exists())
        self.set.config["orchestrator"]["store"] = {"url": "postgresql:///d"}
        self.set.write_config()
        self.assertIn("pg_dump", self.order("backup", self.set.root / "y", code=1).stderr)
        self.assertIn("pg_restore", self.order("restore", self.copy, code=1).stderr)


if __name__ == "__main__":
    unittest.main()
