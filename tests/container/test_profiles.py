#!/usr/bin/python3
"""The profiles postgres, prometheus and grafana of deploy/compose.yaml, with two orchestrators: a campaign that is kept
in PostgreSQL, whose server dies in the middle; Prometheus with its target and its rules. Both are made of Debian's
packages, in the place of the official images. Grafana is in no package of Debian and does not run: its files are where
compose.yaml takes them from, its source of data is the address where Prometheus answers, and each query of the dashboard
is asked there.

    tests/container/test_profiles.py -v        (root; see run)
"""

import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

import yaml

from compose_set import PROJECT, SERVICES, ComposeSet
from engine import SOURCE, Engine, wait_for

sys.path.insert(0, str(SOURCE / "tests/integration"))
from test_prometheus import SELECTOR, expressions  # noqa: E402 (found by the line before)

DEPLOY = SOURCE / "deploy"
USER = 10001
NUMBERS = [f"+1202555{number:04d}" for number in range(4000, 4040)]
SCALE = {"orchestrator": 2}


def image_of(service):
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][service]["image"]


def config_with_store(folder):
    """deploy/compose/ringfence.yaml with its lines of the profile postgres as they are meant to be taken in."""
    text = (DEPLOY / "compose/ringfence.yaml").read_text()
    text, count = re.subn(r"^  # ((?:store:|  url: postgresql:|  password: file:).*)$", r"  \1", text, flags=re.M)
    assert count == 3, f"{count} lines of the store, not 3"
    config = folder / "ringfence.yaml"
    config.write_text(text)
    config.chmod(0o644)
    return config


def own_secret(folder):
    """A folder with the secret of the database, for the user of the set alone, and one that is not the database's."""
    folder = folder / "secrets"
    folder.mkdir(mode=0o755)
    for name in ("postgres", "elevenlabs"):
        file = folder / name
        file.write_text(secrets.token_hex(16) + "\n")
        file.chmod(0o600)
        os.chown(file, USER, USER)
    return folder


class Profiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine()
        cls.addClassCleanup(cls.engine.off)
        cls.engine.provide_image()
        for service in ("postgres", "prometheus"):
            cls.engine.provide_stand_in(image_of(service), service)
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-profiles-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.root.chmod(0o755)
        cls.set = ComposeSet(
            cls.engine, profiles=("simulator", "postgres", "prometheus"), files=[DEPLOY / "compose/secrets.yaml"],
            services=[*SERVICES, "postgres", "prometheus"], scale=SCALE,
            RINGFENCE_CONFIG=str(config_with_store(cls.root)), RINGFENCE_SECRETS=str(own_secret(cls.root)))
        cls.addClassCleanup(cls.set.down)
        cls.set.up()

    def ask(self, path, **query):
        """The data of an answer of Prometheus."""
        url = f"{self.set.address('RF_PROMETHEUS_PORT')}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as reply:
            return json.load(reply)["data"]

    def ledger(self):
        with urllib.request.urlopen(f"{self.set.address('RF_SIMULATOR_PORT')}/admin/ledger", timeout=30) as reply:
            return json.load(reply)

    def sql(self, text):
        """Asked as the set asks: by TCP, with the password."""
        password = (self.root / "secrets/postgres").read_text().strip()
        return self.set.compose("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", "psql", "-h", "postgres", "-U",
                                "ringfence", "-At", "-c", text).split()

    def campaign(self):
        contacts = self.root / "list.csv"
        contacts.write_text("phone,name,appointment\n" + "".join(f"{to},Person {to[-4:]},Monday\n" for to in NUMBERS))
        return self.set.run("campaign", "run", contacts, "--name", "kept", stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)

    def test_a_campaign_is_kept_in_postgres_whose_server_dies_in_the_middle(self):
        campaign = self.campaign()
        wait_for("12 dials", lambda: len(self.ledger()["dials"]) >= 12, 120)
        self.set.crash(self.set.inspected("postgres")[0])
        told, _ = campaign.communicate(timeout=300)
        self.assertEqual(campaign.returncode, 0, told)
        self.assertIn("40 completed", told)
        self.assertEqual(sorted(dial["to"] for dial in self.ledger()["dials"]), NUMBERS)
        self.assertEqual(self.sql("SELECT phone FROM contact ORDER BY phone"), NUMBERS)
        self.assertEqual({service: count for service, count in self.set.restarts().items() if count}, {"postgres": 1})
        kept = [file.name for file in self.engine.volume(f"{PROJECT}_orchestrator").rglob("*") if ".db" in file.name]
        self.assertEqual(kept, [], "campaigns are kept in files as well")

        self.set.compose("down")
        self.set.up()
        told, _ = self.campaign().communicate(timeout=120)
        self.assertIn("40 completed", told)
        self.assertEqual(self.ledger()["dials"], [])

    def test_postgres_has_its_own_secret_alone(self):
        (one,) = self.set.inspected("postgres")
        self.assertEqual({mount["Destination"] for mount in one["Mounts"]},
                         {"/run/secrets/postgres", "/var/lib/postgresql/data"})
        self.assertNotIn((self.root / "secrets/postgres").read_text().strip(), json.dumps(one))
        self.assertEqual(self.set.compose("exec", "-T", "postgres", "ls", "/run/secrets").split(), ["postgres"])
        wrong = self.engine.tries("/usr/bin/docker", "exec", "-e", "PGPASSWORD=wrong", one["Id"], "psql", "-h", "postgres",
                                  "-U", "ringfence", "-c", "SELECT 1")
        self.assertIn("password authentication failed", wrong.stderr)

    def test_prometheus_has_its_target_and_the_rules(self):
        (one,) = self.set.inspected("prometheus")
        self.assertEqual((one["Config"]["User"], one["HostConfig"]["CapDrop"]), ("10001:10001", ["ALL"]))
        self.wait_scraped()
        self.assertEqual([(row["scrapeUrl"], row["health"], row["lastError"]) for row in self.targets()],
                         [("http://console:18090/metrics", "up", "")])
        known = yaml.safe_load((DEPLOY / "prometheus/ringfence-rules.yml").read_text())
        groups = self.ask("rules")["groups"]
        self.assertEqual([[rule["name"] for rule in group["rules"]] for group in groups],
                         [[rule["alert"] for rule in group["rules"]] for group in known["groups"]])
        wait_for("the rules to be judged", lambda: {rule["health"] for group in self.ask("rules")["groups"]
                                                    for rule in group["rules"]} == {"ok"}, 120)
        said = self.promtool("check", "config", "/etc/prometheus/prometheus.yml")
        self.assertIn("SUCCESS: /etc/prometheus/prometheus.yml is valid", said)

    def targets(self):
        return self.ask("targets")["activeTargets"]

    def wait_scraped(self):
        """By this Prometheus: what one before it has stored is answered for minutes."""
        def scraped():
            targets = self.targets()
            return targets and all(row["lastScrape"][:4] != "0001" for row in targets)
        wait_for("the first scrape", scraped, 60)

    def promtool(self, *words):
        """In a container beside the others, as Grafana's would be."""
        return self.set.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "/bin/promtool", "prometheus", *words)

    def test_grafana_gets_files_that_are_there_and_its_queries_are_answered(self):
        file = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
        mounts = dict(reversed(mount.split(":")[:2]) for mount in file["services"]["grafana"]["volumes"])
        sources = yaml.safe_load((DEPLOY / mounts["/etc/grafana/provisioning/datasources/ringfence.yml"]).read_text())
        provider = yaml.safe_load((DEPLOY / mounts["/etc/grafana/provisioning/dashboards/ringfence.yml"]).read_text())
        folder = provider["providers"][0]["options"]["path"]
        dashboards = [path for path in mounts if pathlib.Path(path).parent == pathlib.Path(folder)]
        self.assertEqual([DEPLOY / mounts[path] for path in dashboards], [DEPLOY / "./grafana/ringfence.json"])
        self.assertEqual(sources["datasources"][0]["type"], "prometheus")

        self.wait_scraped()
        self.assertIn("ringfence", self.promtool("query", "instant", sources["datasources"][0]["url"], 'up{job="ringfence"} == 1'))
        measured = set(self.ask("metadata"))
        for title, expression in expressions():
            self.ask("query", query=expression)  # an error of the language is an error of HTTP
            for name, _ in SELECTOR.findall(expression):
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name) if name not in measured else name, measured, title)


if __name__ == "__main__":
    unittest.main()
