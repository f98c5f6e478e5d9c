#!/usr/bin/python3
"""deploy/compose.yaml and the files beside it as they stand: what can be held against each other without an engine."""

import pathlib
import re
import subprocess
import sys
import unittest

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = SOURCE / "deploy"
sys.path.insert(0, str(SOURCE / "tests/integration"))
from prometheus import program  # noqa: E402 (found by the line before)

FILE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PROCESSES = {name: service for name, service in FILE["services"].items() if "ringfence" in service["image"]}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


class ComposeFile(unittest.TestCase):
    def test_a_process_may_take_longer_to_stop_than_its_work_may_go_on(self):
        config = yaml.safe_load((DEPLOY / "compose/ringfence.yaml").read_text())
        longest = max(seconds(config["drain_timeout"]), seconds(config["broker"]["drain_timeout"]))
        for name, service in PROCESSES.items():
            self.assertGreater(seconds(service["stop_grace_period"]), longest, name)

    def test_each_process_that_reads_the_configuration_gets_its_secrets(self):
        given = yaml.safe_load((DEPLOY / "compose/secrets.yaml").read_text())["services"]
        self.assertEqual(set(given), set(PROCESSES))

    def test_what_it_mounts_from_the_source_is_there(self):
        for name, service in FILE["services"].items():
            for mount in service.get("volumes", []):
                path = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")[0]
                if path.startswith("."):
                    self.assertTrue((DEPLOY / path).is_file(), f"{name}: {mount}")
                else:
                    self.assertIn(path, FILE["volumes"], name)

    def test_no_service_has_a_name_or_a_port_that_stands_in_the_way_of_a_second_one(self):
        for name, service in FILE["services"].items():
            self.assertNotIn("container_name", service, name)
        for name in ("broker", "service-gateway", "orchestrator", "health-monitor", "alerter", "logger"):
            self.assertNotIn("ports", PROCESSES[name], name)

    def test_promtool_takes_the_configuration_of_its_prometheus(self):
        done = subprocess.run([program("promtool"), "check", "config", "--syntax-only", DEPLOY / "compose/prometheus.yml"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
