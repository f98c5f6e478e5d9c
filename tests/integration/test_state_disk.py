#!/usr/bin/python3
"""The whole set on a disk for its state that runs full: an alert before, then all stands still and says why, nothing is
lost and nobody is called twice, and it goes on by itself when there is room. The disk is a real one, so this wants root."""

import errno
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import CampaignTest, people, stays, wait_for

MIB = 1 << 20


class StateDisk(CampaignTest):
    CONFIG = {"simulator": {"talk": "400ms"}, "orchestrator": {"concurrency": 4}, "alerter": {"rules": []},
              "health": {"disk": {"interval": "200ms", "least_share": "20%"}}}

    def setUp(self):
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="rf-disk-"))
        self.addCleanup(self.disk.rmdir)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", self.disk], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, f"this test mounts a small tmpfs, so run it as root: {done.stderr}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        super().setUp()
        (self.set.root / "state").rmdir()
        (self.set.root / "state").symlink_to(self.disk)

    def fill(self, left):
        """Takes all room but so much."""
        with (self.disk / "ballast").open("ab", buffering=0) as ballast:
            try:
                while (more := shutil.disk_usage(self.disk).free - left) > 0:
                    ballast.write(bytes(more))
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)

    def doctor(self, code):
        told = json.loads(self.set.cli("doctor", "--only", "disk", "--json", check=code).stdout)
        return next(check for check in told["checks"] if check["name"] == "disk/state_dir")

    def test_a_full_disk_of_the_state_holds_everything_and_loses_nothing(self):
        contacts = people(60)
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        wait_for("some calls", lambda: len(self.set.dials()) > 3)
        self.fill(4 * MIB)
        wait_for("the alert that comes before", lambda: [mail for mail in self.set.mailbox.mails
                                                         if str(self.set.root / "state") in str(mail)])
        self.assertEqual(self.doctor(0)["verdict"], "warn")
        self.fill(0)
        broker, orchestrator = self.set.processes["broker"], self.set.processes["orchestrator"]
        words = f"make room for {self.disk}"
        wait_for("both to say so", lambda: broker.says(words) and orchestrator.says(words))
        wait_for("the calls to end", lambda: all(dial["status"] == "completed" for dial in self.set.ledger()["dials"]))
        dials = self.set.dials()
        self.assertLess(len(dials), len(contacts))
        stays("the same calls", lambda: self.set.dials() == dials, 1.5)
        self.assertIn("the disk cannot be written for", self.set.cli("status", check=0).stdout)
        self.assertIn("full", self.order("pause", "c", code=1).stderr)
        found = self.doctor(1)
        self.assertEqual(found["verdict"], "fail")
        self.assertIn("make room", found["mend"])
        self.assertEqual([name for name, process in self.set.processes.items() if not process.alive()], [])
        # Once, not once a contact.
        said = orchestrator.text()
        self.assertEqual(said.count("cannot be stored"), said.count("contacts are stored again") + 1)
        (self.disk / "ballast").unlink()
        self.finished()
        self.assert_each_dialled_once(contacts)
        wait_for("all events", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(len({event["contact"] for event in self.set.events(type="contact.done")}), len(contacts))
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        self.assertTrue(broker.says("is written again, nothing was lost"))
        self.assertTrue(orchestrator.says("contacts are stored again"))
        wait_for("its end to be told", lambda: not json.loads(self.set.cli("alert", "list", "--json",
                                                                             check=0).stdout)["incidents"])


if __name__ == "__main__":
    unittest.main()
