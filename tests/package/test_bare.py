#!/usr/bin/python3
"""The README's commands on a Debian 12 with nothing installed, as somebody has them who follows the page from its
top: the source tree, and what the page says, word by word. Needs root, Debian's packages from the network, and the
ports of deploy/ringfence.yaml, as the machine has this host's network.

    tests/package/test_bare.py -v
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import unittest

from machine import Machine

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("RF_PACKAGE_CACHE", SOURCE / "build/release/package"))
TREE = "/root/ringfence"
PORTS = (18025, 18080, 18090)

sys.path.insert(0, str(SOURCE / "tests"))
from readme import block  # noqa: E402 (found by the line before)

# The set in one terminal, the commands in another; Ctrl-C in the first.
TWO_TERMINALS = """
{first} > /root/first.log 2>&1 &
first=$!
until [ "$(grep -c ': ready: ' /root/first.log)" -ge 8 ]; do kill -0 $first; sleep 0.5; done
{second}
kill -INT $first
wait $first || true
! grep SIGKILL /root/first.log
"""


def copy_tree(to):
    """What a clone has: what git knows, as it is in this tree."""
    names = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(SOURCE / name, to / name, follow_symlinks=False)


class Bare(unittest.TestCase):
    def setUp(self):
        self.assertEqual(os.geteuid(), 0, "a machine of its own takes root")
        for port in PORTS:
            with socket.socket() as probe:
                self.assertNotEqual(probe.connect_ex(("127.0.0.1", port)), 0, f"port {port} is in use on this host")
        CACHE.mkdir(parents=True, exist_ok=True)
        self.machine = Machine(CACHE, "bare")
        self.addCleanup(shutil.rmtree, self.machine.root)
        copy_tree(pathlib.Path(f"{self.machine.root}{TREE}"))

    def here(self, text):
        return self.machine.chroot("bash", "-euo", "pipefail", "-c", f"cd {TREE}\n{text}")

    def test_the_page_from_its_top(self):
        self.assertIn("Everything is as expected", self.here(block("try")))
        self.here(block("build"))
        told = self.here(TWO_TERMINALS.format(first=block("foreman"),
                                              second="\n".join((block("campaign"), block("call")))))
        self.assertRegex(told, "80 done")
        self.assertIn("+12025550102", told)
        self.assertRegex(told, "bytes of mp3 from elevenlabs")
        self.here(block("package"))
        self.assertTrue(list(pathlib.Path(f"{self.machine.root}{TREE}/build/release").glob("ringfence_*_*.deb")))
        self.here(re.sub("^apt-get install ", "apt-get install -y ", block("client")) + "\n./call || [ $? -eq 2 ]")


if __name__ == "__main__":
    unittest.main()
