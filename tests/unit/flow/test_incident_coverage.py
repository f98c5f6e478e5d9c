#!/usr/bin/python3
"""Each failure seen in the field that concerns the core, the gateway and the orchestrator is a test named after its number."""

import collections
import pathlib
import re
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[2]
# The rows of the table of incidents that are marked "core and gateway", those of the fleet's breaker, and those of
# the orchestrator.
NUMBERS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 28, 29, 30, 31, 32, 33, 34, 40, 41, 42, 43,
           17, 18, 19, 27, 44, 45, 46, 47}
# In C a test counts when it is in a list of tests, in Python when it is a method.
NAME = re.compile(r"\bTEST\((incident_\w+)\)|\w*_TEST\((incident_\w+)\)|"
                  r"cmocka_unit_test(?:_setup_teardown)?\(\s*(incident_\w+)|def test_(incident_\w+)")


def tests_by_number():
    found = collections.defaultdict(list)
    for file in sorted(TESTS.rglob("test_*")):
        if file.suffix not in (".c", ".py"):
            continue
        for groups in NAME.findall(file.read_text()):
            name = next(group for group in groups if group)
            for number in re.findall(r"(?:^incident|_and)_(\d+)(?=_)", name):
                found[int(number)].append((name, file.relative_to(TESTS)))
    return found


class Coverage(unittest.TestCase):
    def test_each_incident_of_the_core_the_gateway_and_the_orchestrator_is_played(self):
        self.assertEqual(sorted(NUMBERS - set(tests_by_number())), [])


if __name__ == "__main__":
    if "--list" in sys.argv:
        for number, tests in sorted(tests_by_number().items()):
            for name, file in tests:
                print(f"{number:2}  {file}  {name}")
    else:
        unittest.main()
