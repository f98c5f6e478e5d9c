#!/usr/bin/python3
"""The orchestrator's database in trouble: a full disk, a lock of another program, a server that is stopped. Nothing
is lost, nobody is dialled twice, and it goes on by itself."""

import contextlib
import os
import signal
import sqlite3
import unittest

from harness import RingfenceTest, merge, people, preloaded, replace, stays, wait_for
from postgres import OnPostgres


class StoreTest(RingfenceTest):
    CONFIG = {"simulator": {"talk": "400ms"}, "orchestrator": {"concurrency": 4}}

    def begin(self, count=40):
        """A campaign that has got going."""
        self.contacts = people(count)
        campaign = self.set.campaign(self.contacts)
        wait_for("some calls", lambda: len(self.set.dials()) > 3)
        return campaign

    def check(self, campaign):
        self.assertEqual(campaign.wait(200), 0)
        self.assert_each_dialled_once(self.contacts)
        lines = [f"c-{line}" for line in range(2, len(self.contacts) + 2)]
        wait_for("all events to be told", lambda: self.set.events(type="campaign.finished"))
        self.assertEqual(sorted(e["contact"] for e in self.set.events(type="contact.done")), sorted(lines))
        self.assertEqual(self.set.events(type="contact.set_aside"), [])

    def stands_still(self, process, words):
        """Until it says so, and nothing is dialled any more."""
        wait_for("it to say so", lambda: process.says(words))
        wait_for("the calls to end", lambda: all(dial["status"] == "completed" for dial in self.set.ledger()["dials"]))
        dials = self.set.dials()
        stays("the same calls", lambda: self.set.dials() == dials, 1.5)


class File(StoreTest):
    @property
    def file(self):
        return self.set.root / "state" / "orchestrator" / "campaign.db"

    def test_a_full_disk_holds_everything_up_until_there_is_room_again(self):
        control = self.set.root / "out/disk"
        self.set.start_all(without=["orchestrator"])
        orchestrator = self.set.start("orchestrator", environment=preloaded("disk_fault", RF_DISK_FAULT=str(control)))
        campaign = self.begin()
        replace(control, f"path={self.file} write=enospc\n")
        self.stands_still(orchestrator, f"database or disk is full: make room for {self.file}")
        refused = self.set.cli("campaign", "pause", "c", check=1)
        self.assertIn("full", refused.stderr)
        control.unlink()
        self.check(campaign)
        self.assertTrue(orchestrator.alive())

    def test_a_kill_while_the_disk_is_full_loses_nothing_and_dials_nobody_twice(self):
        control = self.set.root / "out/disk"
        fault = preloaded("disk_fault", RF_DISK_FAULT=str(control))
        self.set.start_all(without=["orchestrator"])
        orchestrator = self.set.start("orchestrator", environment=fault)
        campaign = self.begin()
        replace(control, f"path={self.file} write=enospc\n")
        self.stands_still(orchestrator, "database or disk is full")
        orchestrator.kill()
        full = self.set.launch("orchestrator", name="full", environment=fault)
        self.assertEqual(full.wait(), 1)
        self.assertIn(f"{self.file}: ", full.text())
        self.assertRegex(full.text(), "database or disk is full|No space left on device")
        del self.set.processes["full"]
        control.unlink()
        self.set.start("orchestrator")
        self.check(campaign)

    def lock(self):
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        return other

    def test_a_lock_of_another_program_is_waited_for(self):
        self.set.start_all()
        campaign = self.begin()
        orchestrator = self.set.processes["orchestrator"]
        other = self.lock()
        self.stands_still(orchestrator, "locked by another program")
        other.execute("ROLLBACK")
        self.check(campaign)
        self.assertTrue(orchestrator.alive())

    def test_one_that_starts_while_another_program_holds_a_lock_says_what_is_in_its_way(self):
        self.set.start_all()
        campaign = self.begin()
        self.set.processes["orchestrator"].kill()
        other = self.lock()
        locked = self.set.launch("orchestrator", name="locked")
        self.assertEqual(locked.wait(), 1)
        self.assertIn(f"{self.file}: ", locked.text())
        self.assertIn("locked by another program", locked.text())
        del self.set.processes["locked"]
        other.execute("ROLLBACK")
        self.set.start("orchestrator")
        self.check(campaign)


class Damage(StoreTest):
    """A file that is damaged ends the process with one clear error; nothing is put in its place."""

    file = File.file

    def refused(self, *words):
        orchestrator = self.set.launch("orchestrator", name="refused")
        self.assertEqual(orchestrator.wait(), 1)
        del self.set.processes["refused"]
        errors = [line for line in orchestrator.text().splitlines() if ": error: " in line]
        self.assertEqual(len(errors), 1, orchestrator.text())
        for part in (f"{self.file}", "ringfence campaign restore", *words):
            self.assertIn(part, errors[0])

    def test_a_file_that_is_torn_truncated_emptied_or_replaced_is_refused_and_left_as_it_is(self):
        self.set.start_all()
        campaign = self.begin(12)
        self.set.processes["orchestrator"].terminate()
        self.assertEqual(self.set.processes["orchestrator"].wait(), 0)
        whole = self.file.read_bytes()
        for content, words in ((whole[:len(whole) // 2 + 100], "malformed"), (b"", "it is empty"),
                               (b"not a database\n" * 1000, "file is not a database")):
            self.file.write_bytes(content)
            self.refused(words)
            self.assertEqual(self.file.read_bytes(), content)
        # Torn, as by a power loss: its log is still there.
        log = self.file.with_name("campaign.db-wal")
        self.file.write_bytes(whole[:5 * 4096] + b"\x5a" * (len(whole) - 5 * 4096))
        log.write_bytes(b"the rest of a log")
        self.refused()
        log.unlink(missing_ok=True)
        self.file.unlink()
        log.write_bytes(b"frames")
        self.refused("it is gone")
        log.unlink(missing_ok=True)
        self.file.write_bytes(whole)
        self.set.start("orchestrator")
        self.check(campaign)

    def test_a_damage_that_is_met_while_it_runs_ends_it_with_one_error(self):
        self.set.start_all()
        campaign = self.begin(12)
        self.set.processes["orchestrator"].terminate()
        self.assertEqual(self.set.processes["orchestrator"].wait(), 0)
        whole = self.file.read_bytes()
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            pages = [page for (page,) in database.execute(
                "SELECT pageno FROM dbstat WHERE name LIKE '%do_not_call%'")]
        torn = bytearray(whole)
        for page in pages:
            torn[(page - 1) * 4096:page * 4096] = b"\x5a" * 4096
        self.file.write_bytes(torn)
        orchestrator = self.set.launch("orchestrator", name="damaged")
        wait_for("it to end", lambda: not orchestrator.alive())
        self.assertEqual(orchestrator.popen.returncode, 1)
        self.assertIn(f"error: {self.file}: database: ", orchestrator.text())
        self.assertIn("ringfence campaign restore", orchestrator.text())
        del self.set.processes["damaged"]
        self.file.write_bytes(whole)
        self.set.start("orchestrator")
        self.check(campaign)


class Server(OnPostgres, StoreTest):
    CONFIG = merge(StoreTest.CONFIG, {"orchestrator": {"store": {"lease": "4s"}}})

    def signal_all(self, number):
        """To the server and each process that it has, the server first and last."""
        def children():
            with open(f"/proc/{self.server.popen.pid}/task/{self.server.popen.pid}/children", encoding="ascii") as file:
                return [int(pid) for pid in file.read().split()]
        self.server.popen.send_signal(number)
        for pid in children():
            with contextlib.suppress(ProcessLookupError):  # once the server goes on, some end
                os.kill(pid, number)

    def test_a_server_that_is_stopped_holds_nothing_up_for_ever(self):
        self.set.start_all()
        campaign = self.begin()
        orchestrator = self.set.processes["orchestrator"]
        self.signal_all(signal.SIGSTOP)
        self.addCleanup(self.signal_all, signal.SIGCONT)
        self.stands_still(orchestrator, "the store's database is away")
        # It can be ended while it waits, and begins nothing without its database.
        orchestrator.terminate()
        self.assertEqual(orchestrator.wait(60), 0)
        early = self.set.launch("orchestrator", name="early")
        wait_for("it to wait", lambda: early.says("the store's database is away"))
        early.terminate()
        self.assertEqual(early.wait(), 0)
        del self.set.processes["early"]
        self.signal_all(signal.SIGCONT)
        self.set.start("orchestrator")
        self.check(campaign)

    def test_who_was_cut_off_by_a_stopped_server_goes_on_when_it_is_back(self):
        self.set.start_all()
        campaign = self.begin()
        orchestrator = self.set.processes["orchestrator"]
        self.signal_all(signal.SIGSTOP)
        self.addCleanup(self.signal_all, signal.SIGCONT)
        self.stands_still(orchestrator, "the store's database is away")
        self.signal_all(signal.SIGCONT)
        self.check(campaign)
        self.assertTrue(orchestrator.alive())

    def test_a_lock_on_a_table_is_waited_for_within_bounds(self):
        self.set.start_all()
        campaign = self.begin()
        orchestrator = self.set.processes["orchestrator"]
        with self.server.session() as other:
            other.run("BEGIN; LOCK TABLE contact IN ACCESS EXCLUSIVE MODE;")
            self.stands_still(orchestrator, "locked by another program")
            other.run("ROLLBACK;")
        self.check(campaign)
        self.assertTrue(orchestrator.alive())


if __name__ == "__main__":
    unittest.main()
