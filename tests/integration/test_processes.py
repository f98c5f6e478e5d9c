#!/usr/bin/python3
"""What every process does the same: arguments, readiness, any order of start, both ways to end."""

import signal
import subprocess
import time
import unittest

from harness import BIN, SERVICES, RingfenceTest, people, wait_for


class Arguments(unittest.TestCase):
    def run_program(self, service, *arguments):
        return subprocess.run([str(BIN / f"ringfence-{service}"), *arguments], capture_output=True,
                              text=True, timeout=30, check=False)

    def test_each_process_tells_its_version_and_its_use(self):
        for service in SERVICES:
            version = self.run_program(service, "--version")
            self.assertEqual(version.returncode, 0)
            self.assertRegex(version.stdout, rf"^ringfence-{service} \d+\.\d+\.\d+\n$")
            usage = self.run_program(service, "--help")
            self.assertEqual(usage.returncode, 0)
            self.assertIn("--config FILE", usage.stdout)
            self.assertEqual(usage.stderr, "")

    def test_wrong_arguments_end_with_2_and_a_word_about_help(self):
        for service in SERVICES:
            for arguments in (["--wrong"], ["extra"], ["--config"]):
                result = self.run_program(service, *arguments)
                self.assertEqual(result.returncode, 2, service)
                self.assertIn("--help", result.stderr)
                self.assertEqual(result.stdout, "")


class Order(RingfenceTest):
    def test_the_others_wait_for_a_broker_that_comes_last_and_say_so(self):
        others = [self.set.launch(s) for s in SERVICES if s not in ("broker", "simulator")]
        for process in others:
            wait_for(f"{process.name} to say that it waits",
                     lambda p=process: p.says("waiting for the broker"))
            self.assertTrue(process.alive())
            if process.name in ("service-gateway", "orchestrator"):  # without a broker nobody can call
                self.assertFalse(process.says("ready: "), process.name)
        self.set.start("simulator")
        self.set.start("broker")
        for process in others:
            process.wait_ready()
        contacts = people(4)
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)

    def test_a_broker_that_is_killed_and_comes_back_is_found_again(self):
        self.set.start_all()
        self.set.processes["broker"].kill()
        self.set.start("broker")
        contacts = people(4)
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)


class Ends(RingfenceTest):
    def test_sigint_ends_each_process_within_two_seconds(self):
        self.set.start_all()
        for name in reversed(SERVICES):
            process = self.set.processes[name]
            began = time.monotonic()
            process.terminate(signal.SIGINT)
            self.assertEqual(process.wait(), 0, name)
            self.assertLess(time.monotonic() - began, 2.5, name)

    def test_a_second_sigterm_ends_a_drain_within_two_seconds(self):
        self.set.start_all()
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 5000,
                         "match": {"provider": "elevenlabs", "method": "POST"}})
        campaign = self.set.campaign(people(2))
        self.addCleanup(campaign.wait)
        self.addCleanup(campaign.kill)
        wait_for("speech under way", lambda: self.set.events(type="contact.step"))
        gateway = self.set.processes["service-gateway"]
        gateway.terminate()
        wait_for("the drain", lambda: "draining" in self.set.cli("status", check=0).stdout)
        self.assertTrue(gateway.alive(), "it waits for the speech in hand")
        began = time.monotonic()
        gateway.terminate()
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - began, 2.5)

    def test_sigterm_lets_the_calls_in_hand_end(self):
        contacts = people(8)
        self.set.start_all()
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 1500,
                         "match": {"provider": "elevenlabs"}})
        campaign = self.set.campaign(contacts)
        wait_for("speech under way",
                 lambda: self.set.events(type="contact.step"))
        gateway = self.set.processes["service-gateway"]
        gateway.terminate()
        self.assertEqual(gateway.wait(), 0)
        self.set.faults()
        self.set.start("service-gateway")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        self.assertEqual(self.set.events(type="process.lost"), [])


if __name__ == "__main__":
    unittest.main()
