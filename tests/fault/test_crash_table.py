#!/usr/bin/python3
"""The table of crash points holds all that are passed somewhere, and nothing else; and what is built without the
option RF_CRASH_POINTS has none of them."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RF_BIN", SOURCE / "build/asan/bin")).resolve()
TABLE = SOURCE / "common/base/crash_point.def"
ROW = re.compile(r"^POINT\((\w+), (\w+), \"([^\"]+)\"\)$", re.M)
PASSED = re.compile(r"\bRF_CRASH_POINT\((\w+), (\w+)\);")

OWN = {"crash_point.h", "crash_point.c", "crash_point.def"}


def table():
    """part.moment: sentence."""
    return {f"{part}.{moment}": sentence for part, moment, sentence in ROW.findall(TABLE.read_text())}


def passed():
    """The points in the sources, each as often as it stands there."""
    files = [file for folder in ("common", "services") for file in (SOURCE / folder).rglob("*.[ch]")
             if file.name not in OWN]
    return [f"{part}.{moment}" for file in files for part, moment in PASSED.findall(file.read_text())]


class CrashTable(unittest.TestCase):
    def test_every_row_of_the_table_can_be_read(self):
        rows = [line for line in TABLE.read_text().splitlines() if line.startswith("POINT")]
        self.assertEqual(len(table()), len(rows))

    def test_every_point_is_listed_and_passed_in_one_place(self):
        self.assertEqual(sorted(passed()), sorted(table()))

    def test_builds_that_are_tested_have_the_points_and_a_release_has_none(self):
        presets = json.loads((SOURCE / "CMakePresets.json").read_text())["configurePresets"]
        has = {preset["name"]: preset.get("cacheVariables", {}).get("RF_CRASH_POINTS") for preset in presets}
        self.assertEqual((has["release"], has["debug"], has["asan"]), ("OFF", "ON", "ON"))

    def test_the_programs_name_their_points_only_if_they_were_built_with_them(self):
        with_points = os.environ["RF_CRASH_POINTS"] == "ON"
        for program in BIN.glob("ringfence*"):
            data = program.read_bytes()
            self.assertEqual(b"RF_CRASH_AT" in data, with_points, program)
            for name in table():
                self.assertEqual(name.encode() + b"\0" in data, with_points, f"{name} in {program}")

    def test_without_the_option_nothing_of_them_is_compiled(self):
        with tempfile.TemporaryDirectory() as folder:
            passing = pathlib.Path(folder) / "passing.c"
            passing.write_text('#include "base/crash_point.h"\nvoid pass (void);\nvoid pass (void)\n{\n'
                               "    RF_CRASH_POINT(orchestrator, dial_sent);\n}\n")
            for source, symbols in ((passing, ["pass"]), (SOURCE / "common/base/crash_point.c", [])):
                out = pathlib.Path(folder) / "out.o"
                subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", f"-I{SOURCE}/common", "-c",
                                source, "-o", out], check=True)
                listed = subprocess.run(["nm", "-P", out], check=True, capture_output=True, text=True).stdout
                self.assertEqual([line.split()[0] for line in listed.splitlines()], symbols)


if __name__ == "__main__":
    unittest.main()
