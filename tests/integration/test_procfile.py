#!/usr/bin/python3
"""The whole set under foreman by deploy/Procfile, with four gateways as the README starts them, through an outage of
the speech provider."""

import collections
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import unittest

from harness import BIN, SERVICES, SOURCE, RingfenceTest, free_port, people, wait_for

sys.path.insert(0, str(SOURCE / "tests"))
from readme import block  # noqa: E402 (found by the line before)

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}


class Procfile(RingfenceTest):
    CONFIG = {"simulator": {"talk": "300ms"}}

    def setUp(self):
        super().setUp()
        self.output = self.set.root / "out" / "foreman.log"
        mail_port = free_port()
        self.set.config["alerter"]["email"]["url"] = f"smtp://127.0.0.1:{mail_port}"
        self.set.write_config()
        self.environment = dict(
            os.environ, RF_BIN=str(BIN), RF_CONFIG=str(self.set.config_file),
            RF_MAILDIR=str(self.set.root / "mail"), RF_MAIL_PORT=str(mail_port))

    def start(self):
        with open(self.output, "wb") as log:
            foreman = subprocess.Popen(
                shlex.split(block("gateways")), cwd=SOURCE, stdout=log, stderr=subprocess.STDOUT,
                env=self.environment, start_new_session=True)
        self.addCleanup(self.kill, foreman)
        return foreman

    @staticmethod
    def kill(foreman):
        if foreman.poll() is None:
            os.killpg(foreman.pid, signal.SIGKILL)
            foreman.wait()

    def text(self):
        return self.output.read_text(errors="replace")

    def ready(self):
        """{process as foreman names it} of those that said they are ready."""
        return set(re.findall(r"^\S+ ([\w-]+\.\d+) .*\| .*: ready: ", self.text(), re.MULTILINE))

    def started(self):
        """{process as foreman names it: its process id}"""
        found = re.findall(r"^\S+ ([\w-]+\.\d+) .*\| started with pid (\d+)$", self.text(), re.MULTILINE)
        return {name: int(pid) for name, pid in found}

    def test_four_gateways_carry_a_campaign_through_an_outage(self):
        foreman = self.start()
        wanted = {f"{name}.1" for name in SERVICES} | {f"service-gateway.{n}" for n in (2, 3, 4)}

        def all_ready():
            self.assertIsNone(foreman.poll(), self.text())
            return self.ready() == wanted

        wait_for("all processes of the Procfile", all_ready)
        self.assertEqual(set(self.started()), wanted | {"mail.1"})

        contacts = people(40)
        self.set.faults(OUTAGE)
        campaign = self.set.campaign(contacts)
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        self.set.faults()
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        wait_for("each contact's end in the log",
                 lambda: len({e["contact"] for e in self.set.events(type="contact.done")}) == len(contacts))
        share = collections.Counter(e["data"]["worker"] for e in self.set.events(type="contact.step")
                                    if e["data"]["step"] in ("script", "speech", "dial"))
        self.assertEqual(len(share), 4, share)
        opened = self.set.events(type="breaker.opened")[0]
        wait_for("the mail of the Procfile's server", lambda: f"X-Ringfence-Alert: {opened['id']}" in "".join(
            mail.read_text() for mail in (self.set.root / "mail").glob("new/*")))

        pids = self.started().values()
        foreman.send_signal(signal.SIGTERM)
        foreman.wait(60)
        self.assertNotIn("SIGKILL", self.text())
        self.assertEqual([pid for pid in pids if pathlib.Path(f"/proc/{pid}").exists()], [])
        ends = dict(re.findall(r"^\S+ ([\w-]+\.\d+) .*\| (?:exited|terminated).*?(\d+|SIG\w+)$", self.text(),
                               re.MULTILINE))
        self.assertEqual({name: ends.get(name) for name in wanted}, dict.fromkeys(wanted, "0"), self.text())


if __name__ == "__main__":
    unittest.main()
