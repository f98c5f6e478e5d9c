#!/usr/bin/python3
"""The demo's campaign with its outage, configured as deploy/ringfence.yaml, by a set on six hosts."""

import subprocess
import unittest

import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from network import Network
from set_on_hosts import SetOnHosts  # puts the folders of the next ones on the path

import demo
from harness import BIN, SOURCE, RingfenceTest

WAY_MS = 10  # from one host to another


class DemoOnHosts(SetOnHosts):
    """In the shape that deploy/demo-stage plays with."""

    def __init__(self, network):
        super().__init__(network)
        self.mailbox.close()
        self.mails = Controller(Mailbox(self.root / "mail"), hostname="127.0.0.1", port=self.mailbox.port)
        self.mails.start()

    def base_config(self):
        """deploy/ringfence.yaml as it stands, but for where things are."""
        text = (SOURCE / "deploy/ringfence.yaml").read_text()
        text = text.replace("http://127.0.0.1:18080", self.simulator_url)
        text = text.replace("smtp://127.0.0.1:18025", f"smtp://127.0.0.1:{self.mailbox.port}")
        text = text.replace("${RF_ROOT:-../run}/state/simulator", f"{self.root}/world/state/simulator")
        return yaml.load(text, Loader=yaml.BaseLoader)  # words as they stand: "off" is one for us

    def ready(self):
        return all(process.says(f"{process.service}: ready: ") for process in self.processes.values())

    def run(self, *arguments, **options):
        return subprocess.Popen([BIN / "ringfence", *arguments, "--config", self.config_file], **options)

    def stop(self):
        self.stop_all()

    def close(self):
        self.mails.stop()
        super().close()


class Demo(RingfenceTest):
    def make_set(self):
        self.network = Network()
        self.addCleanup(self.network.close)
        return DemoOnHosts(self.network)

    def test_it_ends_as_expected_on_six_hosts(self):
        self.network.everywhere(delay_ms=WAY_MS)
        self.set.begin_all()
        self.set.cli("config", "check", check=0)
        demo.play(demo.load_stage(self.set.simulator_url), self.set.root, self.set)
        counts = self.network.counts()
        for gateway in ("east", "west"):
            self.assertGreater(counts[f"{gateway} world passed"], 0, f"{gateway} has asked no provider")


if __name__ == "__main__":
    unittest.main()
