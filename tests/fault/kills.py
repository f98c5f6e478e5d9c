"""SIGKILL at random moments: what the kill tests share. The choices of a run are repeated by its seed (the moments
depend on the machine as well):

    test_..._kills.py [--seed N] [--rounds N]        default rounds: RF_FAULT_ROUNDS, or 10
"""

import argparse
import collections
import os
import pathlib
import random
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import PATIENCE, PROGRAMS, RingfenceTest, wait_for  # noqa: E402  the folder is put on the path first


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("RF_FAULT_ROUNDS", "10")))
    return parser.parse_known_args()


OPTIONS, REST = options()


def main():
    print(f"--seed {OPTIONS.seed} --rounds {OPTIONS.rounds}", file=sys.stderr)
    unittest.main(argv=[sys.argv[0], *REST])


class Member:
    """A program of this folder, with a file that outlives it; its lives are many."""

    def __init__(self, test, program, name, *words):
        self.program, self.name = program, name
        self.file = test.set.root / "out" / f"{name}.kept"
        self.command = [PROGRAMS / program, test.set.config_file, name, self.file, *map(str, words)]
        self.output = test.set.root / "out" / f"{name}.log"
        self.popen = None
        test.addCleanup(self.end)

    def launch(self):
        with open(self.output, "ab") as log:
            self.popen = subprocess.Popen([str(word) for word in self.command], stdin=subprocess.PIPE,
                                          stdout=log, stderr=subprocess.STDOUT)

    def kill(self):
        """It must have lived until now: what ends by itself has found something wrong."""
        code = self.popen.poll()
        assert code is None, f"{self.name} ended with {code}:\n{self.output.read_text()[-3000:]}"
        self.popen.kill()
        self.end()

    def finish(self, seconds=2 * PATIENCE):
        """Lets it end what it has begun."""
        self.popen.stdin.close()
        try:
            code = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            code = "nothing yet"
        assert code == 0, f"{self.name} ended with {code}:\n{self.output.read_text()[-3000:]}"

    def end(self):
        if self.popen is not None:
            self.popen.kill()
            self.popen.stdin.close()
            self.popen.wait()

    def lines(self):
        """What it kept, without a line that a kill has cut off."""
        if not self.file.exists():
            return []
        return [line.split(" ") for line in self.file.read_text().split("\n")[:-1]]


class KillTest(RingfenceTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(OPTIONS.seed)
        self.kills = collections.Counter()
        self.began = time.monotonic()

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def kill_broker(self):
        self.set.processes["broker"].kill()
        self.kills["broker"] += 1

    def rage(self, members):
        """In each round one to three of them and the broker die at random moments, and come back."""
        for _ in range(OPTIONS.rounds):
            self.pause(0.05, 0.5)
            victims = self.random.sample(members, self.random.choice([1, 1, 2, 3]))
            if self.random.random() < 0.5:
                victims[0] = "broker"
            for victim in victims:
                if victim == "broker":
                    self.kill_broker()
                else:
                    victim.kill()
                    self.kills[victim.program] += 1
                self.pause(0, 0.05)
            self.pause(0, 0.3)
            for victim in self.random.sample(victims, len(victims)):
                if victim == "broker":
                    self.set.start("broker")
                else:
                    victim.launch()

    def tell(self, words):
        print(f"{words}; killed: {dict(self.kills)}; {time.monotonic() - self.began:.0f} s", file=sys.stderr)


__all__ = ["KillTest", "Member", "OPTIONS", "main", "wait_for"]
