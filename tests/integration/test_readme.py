#!/usr/bin/python3
"""The README's flow table is the catalogue's: who sends what to whom."""

import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MESSAGE = re.compile(r'^MESSAGE\(\w+, "([^"]+)", "([^"]+)", "([^"]+)"\)$', re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


class Readme(unittest.TestCase):
    def test_the_flow_table_has_every_message_of_the_catalogue_and_no_other(self):
        catalogue = (SOURCE / "include" / "ringfence" / "messages.def").read_text()
        messages = MESSAGE.findall(catalogue)
        self.assertGreater(len(messages), 20)
        table = (SOURCE / "README.md").read_text().split("## Who sends what to whom")[1]
        table = table.split("\n## ")[0]
        self.assertEqual([tuple(cell.strip() for cell in row) for row in ROW.findall(table)], messages)


if __name__ == "__main__":
    unittest.main()
