#!/usr/bin/python3
"""deploy/compose.yaml for real: the campaign of the demo with its outage, with four gateways and the bus over CURVE,
judged by deploy/demo-check; then one in which containers are killed; then down, and nothing is left.

    tests/container/test_compose.py -v        (root; see run)
"""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from compose_set import GATEWAYS, PROJECT, SERVICES, ComposeSet
from engine import SOURCE, Engine, wait_for

sys.path.insert(0, str(SOURCE / "tests"))
import demo  # noqa: E402 (found by the line before)
from readme import block  # noqa: E402


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine()
        cls.addClassCleanup(cls.engine.off)
        cls.engine.provide_image()
        ports = free_ports(2)
        cls.stage = demo.load_stage(f"http://127.0.0.1:{ports[1]}")
        cls.set = ComposeSet(cls.engine, ports)
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-compose-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.set.down()  # what a run that was cut off has left
        cls.addClassCleanup(cls.set.down)

    def ledger(self):
        return self.stage.http("GET", "/admin/ledger")

    def test_it_runs_as_the_readme_says_and_leaves_nothing(self):
        names = {"COMPOSE_PROJECT_NAME": PROJECT, **self.set.variables}
        told = self.engine.shell(block("compose"), **names)
        self.assertIn("80 completed", told)
        self.engine.shell(block("compose-down"), **names)
        self.assertEqual(self.set.left(), "")

        self.set.up()
        (self.root / "log").symlink_to(self.engine.volume(f"{PROJECT}_log"))
        (self.root / "mail").symlink_to(self.engine.volume(f"{PROJECT}_mail") / "box")
        self.check_each_container()
        self.check_keys()
        demo.play(self.stage, self.root, self.set)
        self.set.up()
        self.check_kills()
        self.set.down()
        self.assertEqual(self.set.left(), "")

    def check_each_container(self):
        for service in SERVICES:
            for one in self.set.inspected(service):
                host = one["HostConfig"]
                self.assertTrue(host["ReadonlyRootfs"], service)
                self.assertEqual((host["CapDrop"], host["SecurityOpt"]), (["ALL"], ["no-new-privileges:true"]))
                self.assertEqual(host["RestartPolicy"]["Name"], "unless-stopped")
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
                                                  *["service-gateway"] * GATEWAYS]))

    def check_kills(self):
        """A gateway, the orchestrator and the broker die in the middle; nobody is lost or called twice."""
        contacts = self.root / "contacts.csv"
        numbers = [f"+1202555{number:04d}" for number in range(3000, 3060)]
        contacts.write_text("phone,name,appointment\n" + "".join(f"{to},Person {to[-4:]},Monday\n" for to in numbers))
        contacts.chmod(0o644)
        self.root.chmod(0o755)
        campaign = subprocess.Popen([*self.set.words, "run", "--rm", "-T", "-v", f"{contacts}:/tmp/list.csv:ro", "cli",
                                     "campaign", "run", "/tmp/list.csv", "--name", "kills"], env=self.set.environment,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for service, dials in (("service-gateway", 10), ("orchestrator", 20), ("broker", 30)):
            wait_for(f"{dials} dials", lambda least=dials: len(self.ledger()["dials"]) >= least, 120)
            self.set.crash(self.set.inspected(service)[0])
        _, said = campaign.communicate(timeout=300)
        self.assertEqual(campaign.returncode, 0, said)
        self.assertEqual(sorted(dial["to"] for dial in self.ledger()["dials"]), numbers)
        wait_for("all that were killed", self.set.ready, 60)
        restarts = {service: sum(one["RestartCount"] for one in self.set.inspected(service)) for service in SERVICES}
        self.assertEqual({service for service, count in restarts.items() if count},
                         {"service-gateway", "orchestrator", "broker"})


if __name__ == "__main__":
    unittest.main()
