#!/usr/bin/python3
"""The Debian package on a Debian 12 that boots with systemd: installed, the demo's campaign with its outage, upgraded
during another one, removed, installed again, purged. Needs root, and Debian's packages from the network.

    RF_DEB=build/release/ringfence_0.1.0_amd64.deb tests/package/test_package.py -v

RF_OLD_DEB is what is upgraded from; else the same package under an older number."""

import csv
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from installed_set import FOLDERS, UNITS, InstalledSet
from machine import SOURCE, Machine, run

DEB = pathlib.Path(os.environ["RF_DEB"]).resolve()
OLD_DEB = pathlib.Path(os.environ.get("RF_OLD_DEB", DEB)).resolve()
CACHE = pathlib.Path(os.environ.get("RF_PACKAGE_CACHE", SOURCE / "build/release/package"))
# What `ringfence init` asks a person, as nobody is here.
ANSWERS = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_FROM": "+12025550199", **dict.fromkeys(
    ("ELEVENLABS_API_KEY", "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN"), "never-used-0123456789")}
sys.path.insert(0, str(SOURCE / "tests"))
import demo  # noqa: E402 (found by the line before)
from readme import block  # noqa: E402


def numbered(package, version, folder):
    """The package as if it were another version."""
    tree = folder / version
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    deb = folder / f"{version}.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, deb)
    return deb


class Package(unittest.TestCase):
    def setUp(self):
        self.assertEqual(os.geteuid(), 0, "a container that boots takes root")
        CACHE.mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="rf-package-"))
        self.addCleanup(shutil.rmtree, folder)
        self.machine = Machine(CACHE)
        self.addCleanup(self.machine.off)
        self.set = InstalledSet(self.machine, folder)
        self.addCleanup(self.set.end_mail)
        self.stage = demo.load_stage("http://127.0.0.1:18080")
        shutil.copy2(DEB, self.machine.root / "root/new.deb")
        # Where the README's command looks for it stands an older one, for the upgrade.
        built = self.machine.root / "root/build/release"
        built.mkdir(parents=True)
        shutil.copy2(numbered(OLD_DEB, "0.0.9", folder), built / DEB.name)

    def pids(self):
        return dict(zip(UNITS, self.set.states("MainPID")))

    def ledger(self):
        with self.machine.in_network():
            return self.stage.http("GET", "/admin/ledger")

    def shell(self, text):
        """A block of the README in the machine."""
        return self.machine.run("env", *(f"{name}={value}" for name, value in ANSWERS.items()), "bash", "-euc", text)

    def as_the_readme_says(self):
        """With real providers, whom nothing here reaches."""
        machine = self.machine
        self.shell(block("configure"))
        machine.wait("all units", self.set.ready)
        told = self.shell(block("installed"))
        self.assertIn("orchestrator", told)
        self.assertIn("process.ready", told)
        self.shell(block("second"))
        self.assertEqual(machine.run("systemctl", "is-active", "ringfence-service-gateway@2").strip(), "active")
        machine.run("systemctl", "disable", "--now", "ringfence-service-gateway@2")

        # The command line finds the configuration, and says who may use it.
        self.assertIn("/etc/ringfence/ringfence.yaml: ok", machine.run("ringfence", "config", "check"))
        code, told = machine.tries("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "ringfence", "status")
        self.assertEqual(code, 78)
        self.assertIn("user nobody may not read it, it is ringfence's", told)
        self.set.stop_units()

    def test_it_installs_runs_upgrades_removes_and_purges(self):
        machine = self.machine
        machine.chroot("sh", "-c", "cd /root && apt-get update -qq && " +
                       block("install").replace("apt-get install ", "apt-get install -y -qq --no-install-recommends "))
        machine.boot()

        # Without a configuration nothing runs, and nothing is failed.
        self.assertEqual(set(self.set.states()), {"inactive"})
        self.assertEqual(machine.run("systemctl", "--failed", "--plain", "--no-legend"), "")
        self.assertIn("ConditionPathExists", machine.tries("systemctl", "status", UNITS[0])[1])

        self.as_the_readme_says()

        self.set.start_afresh()
        with machine.in_network():
            demo.play(self.stage, self.set.root, self.set)

        self.set.start_afresh()
        machine.wait("all units", self.set.ready)
        self.assertIn("ready", machine.ringfence("status"))
        for folder in FOLDERS.values():
            self.assertRegex(machine.run("stat", "-c", "%U %a", folder), "^ringfence (750|700)$")

        # Upgraded in the middle of a campaign, and one process killed besides.
        before = self.pids()
        machine.ringfence("campaign", "load", "spring", "/opt/contacts.csv")
        machine.ringfence("campaign", "start", "spring")
        machine.wait("some dials", lambda: len(self.ledger()["dials"]) >= 10)
        machine.run("dpkg", "-i", "/root/new.deb")
        self.assertEqual(set(self.set.states()), {"active"})
        for unit, pid in self.pids().items():
            self.assertNotEqual(pid, before[unit], f"{unit} still runs the old program")
        machine.run("systemctl", "kill", "-s", "KILL", "ringfence-orchestrator")
        machine.wait("the end of the campaign", lambda: "(finished)" in machine.ringfence("campaign", "status", "spring"))
        with open(SOURCE / "deploy/contacts.csv", encoding="utf-8") as file:
            numbers = sorted(row["phone"] for row in csv.DictReader(file))
        self.assertEqual(sorted(dial["to"] for dial in self.ledger()["dials"]), numbers)

        # A process whose loop hangs is started anew.
        pid = self.pids()["ringfence-alerter.service"]
        machine.run("systemctl", "kill", "-s", "STOP", "ringfence-alerter")
        machine.wait("the watchdog", lambda: self.pids()["ringfence-alerter.service"] not in ("0", pid))

        # What was removed without a purge is as it was when it comes back.
        machine.run("systemctl", "stop", "simulator")
        machine.run("dpkg", "-r", "ringfence")
        self.assertEqual(machine.run("systemctl", "list-units", "--state=active", "--plain", "--no-legend", "ringfence*"),
                         "")
        machine.run("dpkg", "-i", "/root/new.deb")
        machine.run("systemctl", "start", "ringfence.target")
        machine.wait("all units", self.set.ready)
        self.assertIn("80 done", machine.ringfence("campaign", "status", "spring"))

        machine.run("dpkg", "-P", "ringfence")
        left = machine.run("sh", "-c", "find /etc /usr /var/lib /var/log /run -xdev -name '*ringfence*' "
                                       "! -path '/var/log/journal/*'; getent passwd ringfence || true")
        self.assertEqual(left, "")
        self.assertEqual(machine.run("systemctl", "is-system-running").strip(), "running")


if __name__ == "__main__":
    unittest.main()
