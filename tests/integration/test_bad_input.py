#!/usr/bin/python3
"""Bad input gets one clear error that names the place; the rest goes on."""

import json
import os
import subprocess
import unittest

from harness import BIN, SERVICES, RingfenceTest, people


class BadContacts(RingfenceTest):
    def test_bad_lines_are_named_and_the_others_are_called(self):
        good = people(5)
        lines = ["phone,name", f"{good[0][0]},{good[0][1]}", "12345,No Plus", f"{good[1][0]},{good[1][1]}",
                 f"{good[0][0]},Same Number", '+12025550150,"never closed quote is not here"',
                 "+1202555015,Too Short?", f"{good[2][0]},{good[2][1]},one,too,many", "",
                 f"{good[3][0]},{good[3][1]}", f"{good[4][0]},\xff\xfe"]
        file = self.set.root / "bad.csv"
        file.write_bytes("\n".join(lines).encode("latin-1") + b"\n")
        self.set.start_all(without=["health-monitor"])
        result = self.set.cli("campaign", "run", file, "--name", "bad", "--json", timeout=120)
        self.assertEqual(result.returncode, 3, result.stderr)
        for line in (3, 5, 8, 11):
            self.assertIn(f"bad.csv:{line}:", result.stderr)
        dialled = self.set.dials()
        for index in (0, 1, 3):
            self.assertEqual(dialled.get(good[index][0]), 1)
        self.assertNotIn(good[4][0], dialled)
        json.loads(result.stdout.strip().splitlines()[-1])


class BadConfiguration(RingfenceTest):
    def test_an_unknown_key_is_named_with_file_and_line_by_every_process(self):
        self.set.config["defaults"]["breaker"]["recovery_timeot"] = "3s"
        self.set.write_config()
        lines = self.set.config_file.read_text().splitlines()
        number = next(i for i, line in enumerate(lines, 1) if "recovery_timeot" in line)
        by_name = dict(os.environ, RINGFENCE_CONFIG=str(self.set.config_file))
        for service, words, environment in [(service, *way) for service in SERVICES for way in (
                (["--config", str(self.set.config_file)], None), ([], by_name))]:
            process = subprocess.run([str(BIN / f"ringfence-{service}"), *words], env=environment, capture_output=True,
                                     text=True, timeout=30, check=False)
            self.assertEqual(process.returncode, 78, process.stderr)
            self.assertIn(f"ringfence.yaml:{number}:", process.stderr)
            self.assertIn("recovery_timeot", process.stderr)
            self.assertIn("recovery_timeout", process.stderr)
            self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
        check = self.set.cli("config", "check")
        self.assertEqual(check.returncode, 78)
        self.assertIn(f"ringfence.yaml:{number}:", check.stderr)

    def test_a_good_file_passes_the_check(self):
        self.set.cli("config", "check", check=0)


if __name__ == "__main__":
    unittest.main()
