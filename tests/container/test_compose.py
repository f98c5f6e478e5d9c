#!/usr/bin/python3
"""deploy/compose.yaml for real, with four gateways and the bus over CURVE: the campaign of the demo with its outage,
judged by deploy/demo-check; then one in which containers are killed; then all is taken down and started again on its
volumes, and from a backup alone; then down with these, and nothing is left. The same file with Docker's second Compose as well.

    tests/container/test_compose.py -v        (root; see run)
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from compose_set import PROJECT, SCALE, SERVICES, ComposeSet
from engine import SOURCE, Engine, wait_for

sys.path.insert(0, str(SOURCE / "tests"))
import demo  # noqa: E402 (found by the line before)
from readme import block  # noqa: E402


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine()
        cls.addClassCleanup(cls.engine.off)
        cls.engine.provide_image()

    def begin(self, environment=None):
        self.set = ComposeSet(self.engine, environment)
        self.addCleanup(self.set.down)
        self.stage = demo.load_stage(self.set.address("RF_SIMULATOR_PORT"))
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-compose-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.root.chmod(0o755)

    def ledger(self):
        return self.stage.http("GET", "/admin/ledger")

    def run_the_readme(self):
        names = {"COMPOSE_PROJECT_NAME": PROJECT, **self.set.environment}
        told = self.engine.shell(block("compose"), **names)
        self.assertIn("80 completed", told)
        self.engine.shell(block("compose-down"), **names)
        self.assertEqual(self.set.left(), "")

    def test_it_runs_as_the_readme_says_and_leaves_nothing(self):
        self.begin()
        self.run_the_readme()
        self.set.up()
        (self.root / "log").symlink_to(self.engine.volume(f"{PROJECT}_log"))
        (self.root / "mail").symlink_to(self.engine.volume(f"{PROJECT}_mail") / "box")
        self.check_each_container()
        self.check_keys()
        demo.play(self.stage, self.root, self.set)
        self.set.up()
        self.check_campaign_with_kills()
        self.check_each_is_started_anew()
        self.check_volumes_survive()
        self.check_backup()
        self.set.down()
        self.assertEqual(self.set.left(), "")

    def test_dockers_second_compose_does_the_same(self):
        self.begin(self.engine.provide_second_compose())
        self.assertRegex(self.set.compose("version"), r"version v?2\.")
        self.run_the_readme()
        self.set.up()
        self.check_each_container()
        self.check_keys()
        self.check_campaign_with_kills()
        self.check_volumes_survive()
        self.set.compose("run", "--rm", "-T", "backup", "backup", "/srv/ringfence/backups/kept")
        self.set.down()
        self.assertEqual(self.set.left(), f"{PROJECT}_backups\n")
        self.engine.docker("volume", "rm", f"{PROJECT}_backups")

    def check_each_container(self):
        for service in SERVICES:
            for one in self.set.inspected(service):
                host = one["HostConfig"]
                self.assertTrue(host["ReadonlyRootfs"], service)
                self.assertEqual((host["CapDrop"], host["SecurityOpt"]), (["ALL"], ["no-new-privileges:true"]))
                self.assertEqual(host["RestartPolicy"]["Name"], "unless-stopped")
                self.assertEqual(one["Config"]["StopTimeout"], 30)
                self.assertFalse(host["Privileged"])
                self.assertEqual(one["Config"]["User"], "10001:10001")
                status = pathlib.Path(f"/proc/{one['State']['Pid']}/status").read_text()
                self.assertIn("CapBnd:\t0000000000000000", status)
                self.assertIn("NoNewPrivs:\t1", status)
                for port, to in one["NetworkSettings"]["Ports"].items():
                    self.assertEqual([where["HostIp"] for where in to or []], ["127.0.0.1"] * len(to or []), port)

    def check_keys(self):
        """Each container sees its own key, and the bus is used by all of them over CURVE."""
        for service in SERVICES[1:]:
            names = {file.name for file in self.engine.volume(f"{PROJECT}_keys-{service}").iterdir()}
            secrets = {name for name in names if name.endswith(".secret")}
            self.assertEqual(secrets, {f"{service}.secret"})
            for one in self.set.inspected(service):
                keys = [mount["Name"] for mount in one["Mounts"] if "keys" in mount.get("Name", "")]
                self.assertEqual(keys, [f"{PROJECT}_keys-{service}"])
        status = json.loads(self.set.cli("status", "--json"))
        running = [value["service"] for value in status["process"].values() if value["state"] == "ready"]
        self.assertEqual(sorted(running), sorted([*(set(SERVICES) - {"simulator", "service-gateway"}),
                                                  *["service-gateway"] * SCALE["service-gateway"]]))

    def check_campaign_with_kills(self):
        """A gateway, the orchestrator and the broker die in the middle; nobody is lost or called twice."""
        numbers = [f"+1202555{number:04d}" for number in range(3000, 3060)]
        self.contacts = self.root / "list.csv"
        self.contacts.write_text("phone,name,appointment\n" + "".join(f"{to},Person {to[-4:]},Monday\n" for to in numbers))
        campaign = self.set.run("campaign", "run", self.contacts, "--name", "kills",
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        killed = ("service-gateway", "orchestrator", "broker")
        for service, dials in zip(killed, (10, 20, 30), strict=True):
            wait_for(f"{dials} dials", lambda least=dials: len(self.ledger()["dials"]) >= least, 120)
            self.set.crash(self.set.inspected(service)[0])
        _, said = campaign.communicate(timeout=300)
        self.assertEqual(campaign.returncode, 0, said)
        self.assertEqual(sorted(dial["to"] for dial in self.ledger()["dials"]), numbers)
        wait_for("all that were killed", self.set.ready, 60)
        self.assertEqual({service for service, count in self.set.restarts().items() if count}, set(killed))

    def check_each_is_started_anew(self):
        expected = {service: count + 1 for service, count in self.set.restarts().items()}
        for service in SERVICES:
            self.set.crash(self.set.inspected(service)[0])
        wait_for("all that were killed", lambda: self.set.restarts() == expected and self.set.ready(), 120)

    def check_volumes_survive(self):
        """Without -v it comes back with its keys, its log and its campaigns: who was called is not called again."""
        key = self.engine.volume(f"{PROJECT}_keys-broker") / "broker.secret"
        log = self.engine.volume(f"{PROJECT}_log") / "app_logs.json"
        before, lines = key.read_text(), self.numbers(log)
        self.set.compose("down")
        self.assertEqual(self.set.inspected("broker"), [])
        self.set.up()
        self.assertIn("60 completed", self.set.cli("campaign", "run", self.contacts, "--name", "kills"))
        self.assertEqual(self.ledger()["dials"], [])
        self.assertEqual(key.read_text(), before)
        self.assertEqual(self.numbers(log)[:len(lines)], lines)
        self.assertGreater(max(self.numbers(log)), max(lines))

    def check_backup(self):
        """What was copied while all ran is put back where all else of it is gone: keys, journal, campaigns."""
        folder = "/srv/ringfence/backups/monday"
        told = self.set.compose("run", "--rm", "-T", "backup", "backup", folder, "--json")
        made = json.loads(told)
        (note,) = made["notes"]  # the simulator's, which is the far side
        self.assertEqual((made["databases"], note.split()[0]), (4, "/srv/ringfence/simulator/simulator/service-account.json"))
        key = (self.engine.volume(f"{PROJECT}_keys-broker") / "broker.secret").read_text()
        self.set.compose("down")
        for name in ("broker", "orchestrator", "alerter", "health-monitor", "logger", "console", "log",
                     *(f"keys-{service}" for service in (*SERVICES[1:], "cli"))):
            self.engine.docker("volume", "rm", f"{PROJECT}_{name}")
        self.set.compose("run", "--rm", "-T", "backup", "restore", folder)
        self.assertEqual((self.engine.volume(f"{PROJECT}_keys-broker") / "broker.secret").read_text(), key)
        self.set.up()
        self.assertIn("60 completed", self.set.cli("campaign", "run", self.contacts, "--name", "kills"))
        self.assertEqual(self.ledger()["dials"], [])

    def numbers(self, log):
        """Those of the events in it, in its order."""
        return [json.loads(line)["n"] for line in log.read_text().splitlines()]


if __name__ == "__main__":
    unittest.main()
