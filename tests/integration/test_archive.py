#!/usr/bin/python3
"""ringfence backup and restore: all that a set keeps, copied while it works and put back later, on the same host or on
one that has nothing; nobody is dialled twice, and what was in the journal then is in it again."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import unittest

from harness import BIN, CampaignTest, has_crash_points, people, stays, wait_for

DATABASES = ("broker/broker.db", "orchestrator/campaign.db", "alerter/alerts.db", "health-monitor/history.db")
LEASE, HEARTBEAT = 6, 0.6  # seconds
STOP = "stop all processes of the set first"


class ArchiveTest(CampaignTest):
    CONFIG = {"simulator": {"talk": "300ms"}, "orchestrator": {"concurrency": 4}}

    def setUp(self):
        super().setUp()
        self.state = self.set.root / "state"
        self.folder = self.set.root / "backups" / "monday"
        self.folder.parent.mkdir()

    def ringfence(self, *arguments, environment=None, code=None, limit=None):
        """As set.cli, with an environment, or a limit to how long a file may grow, as on a full disk."""
        def bounded():
            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        result = subprocess.run([str(BIN / "ringfence"), *map(str, arguments), "--config", str(self.set.config_file)],
                                env=dict(os.environ, **(environment or {})), preexec_fn=bounded, capture_output=True,
                                text=True, timeout=60, check=False)
        if code is not None:
            self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def backup(self):
        told = json.loads(self.ringfence("backup", self.folder, "--json", code=0).stdout)
        self.assertEqual((told["folder"], told["notes"], told["campaigns_in_postgresql"]), (str(self.folder), [], False))
        return told

    def restore(self, *options):
        return json.loads(self.ringfence("restore", self.folder, "--json", *options, code=0).stdout)

    def kill_all(self):
        for name, process in self.set.processes.items():
            if name != "simulator":
                process.kill()

    def stop_all_but_simulator(self):
        for name, process in reversed(self.set.processes.items()):
            if name != "simulator":
                process.terminate()
                self.assertEqual(process.wait(), 0, name)

    def journal(self):
        """The ids of all events in it."""
        return [json.loads(line)["id"] for line in self.ringfence("replay", "--json", code=0).stdout.splitlines()]

    def content(self):
        """What is below the folder of state, but for logs of databases and locks."""
        return {str(path.relative_to(self.state)): path.read_bytes() for path in self.state.rglob("*")
                if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock")) and path.name != "lock"}

    def filled(self, contacts):
        """A set that has called some, and stands in the middle of the others."""
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        wait_for("some calls", lambda: len(self.set.dials()) > 3)

    def ended(self):
        """A set that has done some work, and has ended."""
        self.set.start_all()
        self.load(people(3))
        self.order("start", "c")
        self.finished()
        self.stop_all_but_simulator()


class Backups(ArchiveTest):
    def test_it_has_all_that_is_kept_and_belongs_to_nobody_else(self):
        certificate = self.set.root / "elsewhere" / "ca.pem"
        certificate.parent.mkdir()
        certificate.write_text(PEM)
        # As people write it, from the configuration's folder.
        self.set.config["providers"]["openai"]["ca_file"] = "secrets/../elsewhere/ca.pem"
        self.set.write_config()
        (self.state / "keys").mkdir(parents=True)
        self.ringfence("keys", "new", "broker", code=0)
        self.filled(people(12))
        told = self.backup()
        manifest = json.loads((self.folder / "manifest.json").read_text())
        names = {file["name"] for file in manifest["files"]}
        self.assertGreaterEqual(names, {f"state/{name}" for name in DATABASES} | {
            "state/keys/broker.secret", "state/keys/broker.public", "state/console.token",
            f"files{self.set.config_file}", f"files{certificate}", f"files{self.set.root}/secrets/openai"})
        self.assertEqual([name for name in names if "simulator" in name or "/log/" in name or name.endswith("lock")], [])
        files = {path for path in self.folder.rglob("*") if path.is_file()}
        self.assertEqual({str(path.relative_to(self.folder)) for path in files}, names | {"manifest.json"})
        self.assertEqual({path.stat().st_mode & 0o777 for path in files}, {0o600})
        self.assertEqual({path.stat().st_mode & 0o777 for path in [self.folder, *self.folder.rglob("*")]
                          if path.is_dir()}, {0o700})
        self.assertEqual((told["files"], told["databases"]), (len(names), len(DATABASES)))
        self.assertEqual(told["bytes"], sum(path.stat().st_size for path in files) -
                         (self.folder / "manifest.json").stat().st_size)
        for name in DATABASES:
            with sqlite3.connect(f"file:{self.folder}/state/{name}?mode=ro", uri=True) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        looked = self.ringfence("restore", self.folder, "--dry-run", code=0)
        self.assertIn("is whole", looked.stdout)
        self.assertIn(STOP, looked.stderr)

    def test_what_cannot_be_done_is_refused_and_leaves_nothing(self):
        self.set.start("broker")
        self.backup()
        self.assertIn("is there already", self.ringfence("backup", self.folder, code=1).stderr)
        self.assertIn("nowhere/x.part: cannot make the folder: No such file or directory",
                      self.ringfence("backup", self.set.root / "nowhere" / "x", code=1).stderr)
        self.assertIn("would lie in state_dir", self.ringfence("backup", self.state / "mine", code=1).stderr)
        full = self.ringfence("backup", self.folder.parent / "full", code=1, limit=4096).stderr
        self.assertIn(str(self.folder.parent / "full.part"), full)
        begun = self.folder.parent / "begun.part"
        begun.mkdir()
        self.assertIn("remove it", self.ringfence("backup", self.folder.parent / "begun", code=1).stderr)
        begun.rmdir()
        self.assertIn("argument 1 is empty", self.ringfence("backup", "", code=2).stderr)
        odd = pathlib.Path(os.fsdecode(bytes(self.state) + b"/\xff\xfe"))
        odd.write_text("x")
        self.assertIn("its name is not UTF-8", self.ringfence("backup", f"{self.folder}2", code=1).stderr)
        odd.unlink()
        self.assertEqual([path.name for path in self.folder.parent.iterdir()], ["monday"])
        self.assertFalse((self.state / "mine.part").exists())
        config = self.set.write_other_config("none", {"state_dir": str(self.set.root / "none")})
        self.assertIn(f"state_dir, {self.set.root}/none: No such file or directory",
                      self.set.cli("backup", f"{self.folder}2", config=config, check=1).stderr)

    def test_a_folder_of_any_name_is_told_as_json(self):
        self.set.start("broker")
        odd = self.folder.parent / os.fsdecode(b"m\xfcller")
        for folder in (f"{self.folder}/", odd):
            made = json.loads(self.ringfence("backup", folder, "--json", code=0).stdout)
            looked = json.loads(self.ringfence("restore", folder, "--dry-run", "--json", code=0).stdout)
            self.assertEqual(made["folder"], looked["folder"])
        self.assertEqual(made["folder"], str(self.folder.parent / "müller"))
        self.assertEqual({path.name for path in self.folder.parent.iterdir()}, {"monday", odd.name})

    def test_a_damaged_database_is_told_and_gives_no_backup(self):
        self.ended()
        with (self.state / "alerter/alerts.db").open("r+b") as file:
            file.seek(5000)
            file.write(b"\xff" * 8192)
        refused = self.ringfence("backup", self.folder, code=1).stderr
        self.assertIn(f"{self.state}/alerter/alerts.db: ", refused)
        self.assertEqual(list(self.folder.parent.iterdir()), [])

    def test_campaigns_on_a_server_are_said_to_be_missing(self):
        self.set.start("broker")
        self.set.config["orchestrator"]["store"] = {"url": "postgresql:///d"}
        self.set.write_config()
        made = self.ringfence("backup", self.folder, "--json", code=0)
        self.assertIn("pg_dump", made.stderr)
        self.assertTrue(json.loads(made.stdout)["campaigns_in_postgresql"])
        self.set.processes["broker"].terminate()
        self.assertEqual(self.set.processes["broker"].wait(), 0)
        self.assertIn("pg_restore", self.ringfence("restore", self.folder, code=0).stderr)

    @unittest.skipUnless(has_crash_points("ringfence"), "built without RF_CRASH_POINTS")
    def test_one_that_is_killed_is_none(self):
        self.set.start("broker")
        for point in ("archive.file_copied:1", "archive.file_copied:3", "archive.all_copied:1"):
            with self.subTest(point):
                self.ringfence("backup", self.folder, environment={"RF_CRASH_AT": point}, code=-signal.SIGKILL)
                self.assertEqual([path.name for path in self.folder.parent.iterdir()], ["monday.part"])
                refused = self.ringfence("restore", f"{self.folder}.part", code=1).stderr
                self.assertIn("manifest.json is missing", refused)
                self.assertIn("or was broken off", self.ringfence("backup", self.folder, code=1).stderr)
                shutil.rmtree(f"{self.folder}.part")
        self.backup()


class Restores(ArchiveTest):
    def check_after(self, contacts, before):
        """The set that was put back: campaigns wait, the journal has what it had, and all are called once."""
        self.set.start_all()
        self.assertEqual(self.status()["state"], "paused")
        self.assertLessEqual(set(before), set(self.journal()))
        self.order("resume", "c")
        status = self.finished("c", 150)
        self.assertEqual((status["done"], status["set_aside"]), (len(contacts), 0))
        self.assert_each_dialled_once(contacts)

    def registered(self, state):
        with contextlib.closing(sqlite3.connect(f"file:{state}/broker/broker.db?mode=ro", uri=True)) as database:
            return {key for key, in database.execute("SELECT key FROM state WHERE key LIKE 'process/%'")}

    def test_processes_of_then_are_not_told_to_be_lost(self):
        self.set.config["bus"]["heartbeat_misses"] = round(LEASE / HEARTBEAT)
        self.set.write_config()
        self.set.start_all()
        wait_for("all to be registered", lambda: len(self.registered(self.state)) >= 7)
        self.backup()
        before = self.registered(self.folder / "state")
        self.kill_all()
        self.restore()
        self.assertEqual(self.registered(self.state), set())
        self.set.start_all()
        stays("quiet", lambda: not self.set.events(type="process.lost"), LEASE)
        self.assertEqual(self.registered(self.state) & before, set())

    def test_who_was_dialled_since_is_not_dialled_again_by_what_is_put_back(self):
        contacts = people(24)
        self.filled(contacts)
        before = self.journal()
        told = self.backup()
        wait_for("more calls", lambda: len(self.set.dials()) > 14)
        since = len(self.set.dials())
        self.kill_all()
        restored = self.restore()
        self.assertEqual(restored["campaigns"]["paused"], 1)
        self.assertGreaterEqual(restored["campaigns"]["asked_for"], since - 10)
        self.assertEqual(restored["notes"], [])
        self.assertEqual((restored["put_back"], restored["made"]), (0, told["made"]))
        for name in DATABASES:
            self.assertTrue((self.state / f"{name}{restored['aside']}").exists(), name)
        self.check_after(contacts, before)
        # The logs were not put back: their places are further than the journal is.
        self.assertEqual({event["subject"] for event in self.set.events(type="journal.replaced")},
                         {"logger-json", "logger-text"})

    def test_a_host_that_has_nothing_gets_all_of_it(self):
        contacts = people(16)
        self.filled(contacts)
        before = self.journal()
        self.backup()
        token = (self.state / "console.token").read_bytes()
        wait_for("more calls", lambda: len(self.set.dials()) > 8)
        self.kill_all()
        keep = self.set.root / "elsewhere"
        keep.mkdir()
        (self.state / "simulator").rename(keep / "simulator")  # the far side does not go with the host
        config = self.set.config_file.read_text()
        for folder in ("state", "log", "secrets", "run"):
            shutil.rmtree(self.set.root / folder)
        self.set.config_file.unlink()
        looked = self.restore("--dry-run")
        self.assertEqual((looked["state_dir"], looked["replaced"], looked["dry_run"]), (str(self.state), 0, True))
        self.assertFalse(self.state.exists())
        restored = self.restore()
        self.assertNotIn("aside", restored)
        self.assertEqual(restored["put_back"], 5)  # the configuration, and a key of each provider
        (keep / "simulator").rename(self.state / "simulator")
        (self.set.root / "log").mkdir()
        self.assertEqual(self.set.config_file.read_text(), config)
        self.assertEqual((self.state / "console.token").read_bytes(), token)
        self.assertEqual((self.state / "console.token").stat().st_mode & 0o777, 0o600)
        self.check_after(contacts, before)
        self.assertEqual(self.set.events(type="journal.replaced"), [])

    def test_nothing_is_put_back_while_anything_runs(self):
        self.ended()
        self.backup()
        for service in ("broker", "orchestrator", "alerter", "logger", "health-monitor", "service-gateway", "console"):
            with self.subTest(service):
                process = self.set.start(service)
                self.assertIn(f"{service}-", refused := self.ringfence("restore", self.folder, code=1).stderr)
                self.assertIn(STOP, refused)
                self.assertEqual({name for name in self.content() if "restoring" in name or "before" in name}, set())
                if service != "broker":  # without it the others do not end at once
                    process.terminate()
                    self.assertEqual(process.wait(), 0)
        # One that does not say so, as in a container of its own: its locks do.
        self.set.config["run_dir"] = str(self.set.root / "another")
        other = self.set.write_other_config("other", {})
        refused = self.set.cli("restore", self.folder, config=other, check=1).stderr
        self.assertIn(f"broker/lock: a process has it: {STOP}", refused)

    def test_a_backup_that_is_not_whole_is_refused_and_all_stays_as_it_is(self):
        self.ended()
        self.backup()
        before = self.content()
        manifest = self.folder / "manifest.json"
        journal, written = self.folder / "state/broker/broker.db", manifest.read_text()
        whole = journal.read_bytes()

        def refused(words):
            told = self.ringfence("restore", self.folder, code=1).stderr
            self.assertIn(words, told)
            self.assertEqual(told.count("\n"), 1, told)
            self.assertEqual(self.content(), before)

        journal.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        refused(f"{journal} is not what was written")
        journal.write_bytes(whole[:-512])
        refused(f"{journal} is not what was written: {len(whole) - 512} bytes of {len(whole)}")
        journal.unlink()
        refused(f"{journal}: No such file")
        journal.symlink_to(self.state / "broker/broker.db")
        refused(f"{journal} is no file")
        journal.unlink()
        journal.write_bytes(whole)
        for text, words in (
                (written[:-20], "it is no JSON, or only a part of it"),
                ("{}", "it is none of a backup of ringfence"),
                (written.replace('"ringfence": "0.', '"ringfence": "7.'), "was made by ringfence 7."),
                (written.replace('"ringfence_backup": 1', '"ringfence_backup": 2'), "restore it with that version"),
                (written.replace('"state/broker/broker.db"', '"state/../broker.db"'), "a file that no backup has"),
                (written.replace('"state/broker/broker.db"', '"elsewhere/broker.db"'), "a file that no backup has"),
                (written.replace('"sha256": "', '"sha256": "x'), "a file that no backup has"),
                (written.replace('"state_dir"', '"state"'), "it is not as ringfence backup writes it")):
            self.assertNotEqual(text, written)
            manifest.write_text(text)
            refused(words)
        manifest.unlink()
        refused("is no backup, or not a whole one: manifest.json is missing")
        os.mkfifo(manifest)  # nobody will ever write to it
        refused("is no backup, or not a whole one: manifest.json is missing")
        manifest.unlink()
        file = self.set.root / "file"
        file.write_text("x")
        self.assertIn("ringfence campaign restore", self.ringfence("restore", file, code=1).stderr)
        self.assertIn("No such file", self.ringfence("restore", self.set.root / "none", code=1).stderr)
        manifest.write_text(written)
        self.restore()

    def test_a_full_disk_leaves_all_as_it_was(self):
        self.ended()
        self.backup()
        before = self.content()
        told = self.ringfence("restore", self.folder, code=1, limit=20000).stderr
        self.assertIn(".restoring: File too large", told)
        self.assertEqual(self.content(), before)

    @unittest.skipUnless(has_crash_points("ringfence"), "built without RF_CRASH_POINTS")
    def test_one_that_is_killed_leaves_each_database_whole_and_can_be_done_again(self):
        contacts = people(10)
        self.filled(contacts)
        before = self.journal()
        self.backup()
        self.finished()
        self.stop_all_but_simulator()
        for point in ("archive.all_written:1", "store.moved_aside:1", "archive.file_in_place:1",
                      "store.moved_aside:3", "archive.file_in_place:3"):
            with self.subTest(point):
                self.ringfence("restore", self.folder, environment={"RF_CRASH_AT": point}, code=-signal.SIGKILL)
                for name in DATABASES:
                    if (self.state / name).exists():
                        with sqlite3.connect(self.state / name) as database:
                            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                    else:
                        self.assertTrue((self.state / f"{name}.restoring").exists(), name)
        # Killed with the database of campaigns aside: nothing takes its place, until it is done again.
        self.ringfence("restore", self.folder, environment={"RF_CRASH_AT": "store.moved_aside:1"},
                       code=-signal.SIGKILL)
        refused = self.ringfence("backup", self.set.root / "backups" / "half", code=1).stderr
        self.assertIn("campaign.db.restoring: a restore was broken off", refused)
        self.set.start("broker")
        orchestrator = self.set.launch("orchestrator")
        self.assertEqual(orchestrator.wait(), 1)
        orchestrator.killed = True  # that is how it should end
        self.assertIn("a restore was broken off", orchestrator.text())
        self.set.processes["broker"].terminate()
        self.assertEqual(self.set.processes["broker"].wait(), 0)
        self.restore()
        self.assertEqual([path for path in self.state.rglob("*.restoring*")], [])
        self.check_after(contacts, before)

    def test_what_the_configuration_is_now_stays_and_is_told(self):
        self.ended()
        self.backup()
        self.set.write_key("openai", "another")
        self.set.config["drain_timeout"] = "6s"
        self.set.write_config()
        # Without this key it cannot be read, and the backup has it.
        (self.set.root / "secrets" / "twilio").unlink()
        self.assertIn("is whole", self.ringfence("restore", self.folder, "--dry-run", code=0).stdout)
        self.assertFalse((self.set.root / "secrets" / "twilio").exists())
        told = self.restore()
        self.assertEqual(told["put_back"], 1)
        self.assertEqual((self.set.root / "secrets" / "twilio").read_text(), "twilio-good\n")
        self.assertEqual(sorted(note.split(" ")[0] for note in told["notes"]),
                         sorted([str(self.set.config_file), str(self.set.root / "secrets" / "openai")]))
        self.assertEqual((self.set.root / "secrets" / "openai").read_text(), "another\n")
        nowhere = self.set.root / "nowhere.yaml"
        (self.set.root / "secrets" / "twilio").unlink()
        self.assertIn(f"{nowhere}: cannot open", self.set.cli("restore", self.folder, config=nowhere, check=78).stderr)
        self.assertFalse((self.set.root / "secrets" / "twilio").exists(), "nothing is put back before that is told")
        self.set.write_key("twilio", "twilio-good")
        # What nothing is missing for, and is wrong all the same, is told, and nothing is done.
        self.set.config["drain_timeout"] = "for long"
        self.set.write_config()
        self.assertIn("drain_timeout", self.ringfence("restore", self.folder, code=78).stderr)
        self.set.config["drain_timeout"] = "6s"
        self.set.write_config()
        words = self.ringfence("restore", self.folder, code=0).stdout
        self.assertIn(f"{self.state} is as it was at ", words)
        self.assertIn("complete the do-not-call list", words)


PEM = """-----BEGIN CERTIFICATE-----
MIIBejCCASGgAwIBAgIUJ
-----END CERTIFICATE-----
"""

if __name__ == "__main__":
    unittest.main()
