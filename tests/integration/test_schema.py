#!/usr/bin/python3
"""The schemas of all databases: each has a version, goes forward from a kill in the middle of any step, and refuses a
program that is older than it. A new database has to be entered in DATABASES: else the first test fails."""

import contextlib
import re
import signal
import sqlite3
import unittest

from harness import CampaignTest, has_crash_points, people, wait_for
from otlp_collector import Collector

# Below the folder of state: whose it is, and whether that process ends for one that it cannot read. To watch is more
# than to remember what was seen.
DATABASES = {
    "broker/broker.db": ("broker", True),
    "orchestrator/campaign.db": ("orchestrator", True),
    "alerter/alerts.db": ("alerter", True),
    "logger/traces.db": ("logger", True),
    "health-monitor/history.db": ("health-monitor", False),
}
REFUSED = r"{file}: schema version {later} is later than {ours}, the last that this program knows: run the newer" \
          r" program, or restore an older copy"


class Schemas(CampaignTest):
    CONFIG = {"alerter": {"rules": []}}  # the end of a campaign is an alert

    def setUp(self):
        super().setUp()
        collector = Collector()
        self.addCleanup(collector.close)
        self.set.config["logger"]["traces"] = {"enabled": True, "url": collector.url, "interval": "10ms"}
        self.set.write_config()
        self.state = self.set.root / "state"

    @contextlib.contextmanager
    def database(self, name):
        with contextlib.closing(sqlite3.connect(self.state / name, timeout=30)) as database, database:
            yield database

    def version(self, name):
        with self.database(name) as database:
            [(version,)] = database.execute("SELECT version FROM schema_version").fetchall()
        return version

    def content(self, name):
        with self.database(name) as database:
            return list(database.iterdump())

    def schema(self, name):
        with self.database(name) as database:
            return database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()

    def fill(self):
        """Everything has run, so that each database is there and has something in it."""
        contacts = people(3)
        self.set.start_all()
        self.run_campaign(contacts)
        wait_for("an alert", self.set.mailbox.ids)
        for service in reversed(self.set.processes):
            if service != "simulator":
                self.end(service)

    def end(self, service):
        self.set.processes[service].terminate(signal.SIGTERM)
        self.assertEqual(self.set.processes[service].wait(), 0, service)

    def test_every_database_is_in_the_table_and_has_a_version(self):
        self.fill()
        found = {str(file.relative_to(self.state)) for file in self.set.root.rglob("*")
                 if file.is_file() and file.read_bytes()[:16] == b"SQLite format 3\0"}
        self.assertEqual(found, set(DATABASES))
        for name in DATABASES:
            self.assertGreater(self.version(name), 0, name)

    def check_refused(self, name, service, ends):
        ours = self.version(name)
        with self.database(name) as database:
            database.execute("UPDATE schema_version SET version = ?", (ours + 7,))
        before = self.content(name)
        process = self.set.launch(service)
        words = REFUSED.format(file=re.escape(str(self.state / name)), later=ours + 7, ours=ours)
        if ends:
            self.assertEqual(process.wait(), 1, process.text())
            process.killed, process.popen.returncode = False, 0  # that is how it should end
        else:
            process.wait_ready()
            self.end(service)
        self.assertRegex(process.text(), words)
        self.assertEqual(self.content(name), before)
        with self.database(name) as database:
            database.execute("UPDATE schema_version SET version = ?", (ours,))

    def test_a_database_of_a_later_version_is_refused_and_stays_as_it_is(self):
        self.fill()
        for name, (service, ends) in DATABASES.items():
            with self.subTest(name):
                if service != "broker" and not self.set.processes["broker"].alive():
                    self.set.start("broker")
                self.check_refused(name, service, ends)
        if self.set.processes["broker"].alive():
            self.end("broker")
        self.set.start_all()  # and with the right version again they go on
        self.run_campaign(people(3, first=20), "d")

    def climb(self, name, service):
        """Dies in the middle of each step of the schema, which the next start makes anew. Returns how often."""
        deaths = 0
        while True:
            # Its first start dies in its first step; each later one makes the step that was broken off, and dies in
            # the next.
            process = self.set.launch(service, environment={
                "RF_CRASH_AT": f"store.migration_written:{1 if deaths == 0 else 2}"})
            wait_for(f"{service} to die or to be ready", lambda p=process: not p.alive() or p.says("ready: "))
            if process.alive():
                self.end(service)
                return deaths
            process.wait_killed()
            self.assertEqual(self.version(name), deaths, name)
            deaths += 1

    @unittest.skipUnless(has_crash_points("ringfence-broker"), "built without RF_CRASH_POINTS")
    def test_a_kill_in_the_middle_of_any_step_loses_nothing(self):
        self.fill()
        whole = {name: (self.version(name), self.schema(name)) for name in DATABASES}
        for name, (service, _) in DATABASES.items():
            with self.subTest(name):
                if service != "broker" and not self.set.processes["broker"].alive():
                    self.set.start("broker")
                for end in ("", "-wal", "-shm"):
                    (self.state / f"{name}{end}").unlink(missing_ok=True)
                # Without a death each start makes one step: it was killed in all but the last.
                self.assertEqual(self.climb(name, service), whole[name][0])
                self.assertEqual((self.version(name), self.schema(name)), whole[name])


if __name__ == "__main__":
    unittest.main()
