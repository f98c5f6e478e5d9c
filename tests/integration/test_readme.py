#!/usr/bin/python3
"""The README's commands and programs do what it says, word by word."""

import os
import re
import shlex
import subprocess
import unittest

from harness import BIN, SERVICES, SOURCE, RingfenceTest, people, wait_for

README = (SOURCE / "README.md").read_text()
OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}


def blocks():
    """The indented blocks, each as one text without its indent."""
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, re.MULTILINE)
    return ["\n".join(line[4:] for line in block.strip("\n").split("\n")) for block in found]


def commands(beginning):
    return [line for block in blocks() for line in block.split("\n") if line.startswith(beginning)]


class Named(unittest.TestCase):
    def test_every_file_and_program_that_is_named_exists(self):
        for name in re.findall(r"`((?:deploy|common|include|tests|services)/[\w./-]*)`", README):
            self.assertTrue((SOURCE / name).exists(), name)
        for name in re.findall(r"^\| `(ringfence[\w-]*)` \|", README, re.MULTILINE):
            self.assertTrue((BIN / name).exists(), name)
        for service in SERVICES:
            self.assertIn(f"| `ringfence-{service}` |", README)

    def test_the_two_commands_can_be_run(self):
        for command in ("./deploy/demo", "./tests/run"):
            self.assertIn(command, [line for block in blocks() for line in block.split("\n")])
            self.assertTrue(os.access(SOURCE / command, os.X_OK))

    def test_foreman_is_started_with_a_longer_timeout_than_the_brokers(self):
        (line,) = commands("foreman start")
        seconds = int(shlex.split(line)[shlex.split(line).index("--timeout") + 1])
        text = (SOURCE / "deploy" / "ringfence.yaml").read_text()
        broker = int(re.search(r"^broker:\n  drain_timeout: (\d+)s", text, re.MULTILINE).group(1))
        self.assertGreater(seconds, broker)


class Commands(RingfenceTest):
    def here(self, line):
        """The command as it stands, with this test's programs, configuration and folders."""
        line = line.replace("build/release/bin", str(BIN))
        line = line.replace("deploy/ringfence.yaml", str(self.set.config_file))
        for words in ("check", "--config"):
            line = line.replace(f"{words} FILE", f"{words} {self.set.config_file}")
        return shlex.split(line.replace("deploy/contacts.csv", str(SOURCE / "deploy/contacts.csv")))

    def answers(self):
        """What `ringfence init` asks a person, by the environment, as nobody is here."""
        keys = dict.fromkeys(("ELEVENLABS_API_KEY", "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN"), "trial")
        return dict(os.environ, TWILIO_ACCOUNT_SID="AC" + 32 * "0", TWILIO_FROM="+12025550199", **keys)

    def test_the_commands_of_the_control_tool_work_as_they_stand(self):
        self.set.start_all()
        lines = commands("build/release/bin/ringfence ")
        environment = self.answers()
        self.assertGreaterEqual(len(lines), 5)
        for line in lines:
            if " tail " in line:
                continue  # it has no end: see below
            result = subprocess.run(self.here(line), capture_output=True, text=True, timeout=120,
                                    check=False, cwd=self.set.root, env=environment, stdin=subprocess.DEVNULL)
            self.assertEqual(result.returncode, 0, f"{line}\n{result.stdout}{result.stderr}")

    def test_tail_and_the_python_subscriber_show_a_breaker_that_opens(self):
        self.set.start_all()
        (tail,) = commands("build/release/bin/ringfence --config deploy/ringfence.yaml tail")
        (python,) = [block for block in blocks() if block.startswith("import msgpack")]
        environment = dict(os.environ, RF_ROOT=str(self.set.root / "run"), PYTHONUNBUFFERED="1")
        with open(self.set.root / "out" / "tail.log", "wb") as tail_log, \
                open(self.set.root / "out" / "python.log", "wb") as python_log:
            watchers = [subprocess.Popen(self.here(tail), stdout=tail_log),
                        subprocess.Popen(["/usr/bin/python3", "-c", python], stdout=python_log,
                                         env=environment)]
        try:
            self.watch_outage()
        finally:
            for watcher in watchers:
                watcher.terminate()
                watcher.wait(30)

    def watch_outage(self):
        # A subscriber hears only what comes after its subscription: so there are several openings.
        self.set.faults(OUTAGE)
        campaign = self.set.campaign(people(6))
        try:
            for name in ("tail", "python"):
                log = self.set.root / "out" / f"{name}.log"
                wait_for(f"{name} to show it",
                         lambda f=log: "breaker.opened" in f.read_text() and
                         "elevenlabs" in f.read_text())
            self.set.faults()
            self.assertEqual(campaign.wait(120), 0)
        finally:
            campaign.kill()
            campaign.wait()


if __name__ == "__main__":
    unittest.main()
