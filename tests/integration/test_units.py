#!/usr/bin/python3
"""The systemd units as they are installed: systemd itself reads and rates them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, SERVICES

EXPOSURE_MOST = 2.0


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-units-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        subprocess.run(["cmake", "--install", str(BIN.parent), "--component", "programs", "--prefix", "/usr"],
                       check=True, env=dict(os.environ, DESTDIR=str(cls.root)), stdout=subprocess.DEVNULL)
        cls.folder = cls.root / "usr/lib/systemd/system"
        # What the units of Debian's that ours name are in, and the one program of Debian's.
        shutil.copytree("/usr/lib/systemd/system", cls.folder, symlinks=True, dirs_exist_ok=True,
                        ignore=lambda folder, names: [name for name in names if name.startswith("ringfence")])
        (cls.root / "bin").mkdir()
        shutil.copy2("/bin/kill", cls.root / "bin/kill")

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", f"--root={self.root}", *arguments], capture_output=True, text=True,
                              timeout=120, check=False)

    def units(self):
        return sorted(path.name.replace("@.", "@1.") for path in self.folder.glob("ringfence-*.service"))

    def test_there_is_one_for_each_process_of_ours(self):
        ours = {re.sub("@1", "", unit) for unit in self.units()}
        self.assertEqual(ours, {f"ringfence-{service}.service" for service in SERVICES if service != "simulator"})

    def test_systemd_finds_nothing_wrong(self):
        result = self.analyze("verify", "--man=no", "ringfence.target", *self.units())
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_systemd_rates_each_as_little_exposed(self):
        for unit in self.units():
            result = self.analyze("security", "--offline=true", "--json=short", f"--threshold={EXPOSURE_MOST * 10:.0f}",
                                  unit)
            self.assertEqual(result.returncode, 0, f"{unit}: {result.stdout[-2000:]}{result.stderr}")
            self.assertGreater(len(json.loads(result.stdout)), 50)

    def test_each_starts_the_program_where_it_was_installed(self):
        for path in self.folder.glob("ringfence-*.service"):
            program = re.search("^ExecStart=(\\S+) ", path.read_text(), re.MULTILINE).group(1)
            self.assertTrue(program.startswith("/usr/bin/ringfence-"), program)
            self.assertTrue(os.access(f"{self.root}{program}", os.X_OK), program)

    def test_no_line_of_the_template_is_left(self):
        for path in self.folder.glob("ringfence*"):
            self.assertNotRegex(path.read_text(), "@[A-Z]+@", path.name)


if __name__ == "__main__":
    unittest.main()
