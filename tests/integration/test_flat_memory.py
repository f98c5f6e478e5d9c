#!/usr/bin/python3
"""Memory does not grow with the contacts: what a large list needs beyond a small one, in each process that has
to do with it, while it is loaded, started, asked for and exported."""

import os
import pathlib
import subprocess
import time
import unittest

from harness import BIN, RingfenceTest

FEW, MANY = 5000, 25000
# Beyond what the smaller campaign took: the numbers that a list was seen to have are kept while it is loaded,
# 12 bytes a place. A text of 100 bytes kept of each row would be seen.
BOUND_KB = 2000

# A sanitizer keeps what was freed for a while, up to 256 MB of it.
os.environ["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") +
                              ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64")


def peak_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0  # it has ended


class FlatMemory(RingfenceTest):
    def watched(self, *words):
        """Carries out a command; the memory in KB that it had resident at most."""
        peak = 0
        with open(self.set.root / "out" / "cli.log", "ab") as log:
            command = subprocess.Popen([str(BIN / "ringfence"), *map(str, words), "--config",
                                        str(self.set.config_file)], stdout=log, stderr=subprocess.STDOUT)
            while command.poll() is None:
                peak = max(peak, peak_kb(command.pid))
                time.sleep(0.01)
        self.assertEqual(command.returncode, 0, words)
        return peak

    def peaks(self, name, count, first):
        """Of each process after a campaign of so many contacts went through all that has to do with all of them."""
        file = self.set.root / f"{name}.csv"
        file.write_text("phone,name,note\n" + "".join(
            f"+1202{first + i:07d},Contact {i},\"a note of some length, as people write them\"\n"
            for i in range(count)))
        out = self.set.root / f"{name}.export.csv"
        seen = {"load": self.watched("campaign", "load", name, file)}
        self.watched("campaign", "start", name)
        seen["export"] = self.watched("campaign", "export", name, "--out", out)
        with open(out, "rb") as lines:
            self.assertEqual(sum(1 for _ in lines), count + 1)
        # The same list once more: all of it is known.
        seen["load"] = max(seen["load"], self.watched("campaign", "load", name, file))
        for process in ("broker", "orchestrator"):
            seen[process] = peak_kb(self.set.processes[process].popen.pid)
        return seen

    def test_a_list_five_times_as_long_needs_no_more_memory(self):
        self.set.start("broker")
        self.set.start("orchestrator")
        # The first one fills what is bounded: caches, the journal's tail, answers that are remembered.
        self.peaks("warm", FEW, 0)
        few = self.peaks("few", FEW, FEW)
        many = self.peaks("many", MANY, 2 * FEW)
        more = {process: many[process] - few[process] for process in few}
        print(f"KB more for {MANY - FEW} contacts more: {more}, of {many}")
        for process, kb in more.items():
            self.assertLess(kb, BOUND_KB, process)


if __name__ == "__main__":
    unittest.main()
