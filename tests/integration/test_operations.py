#!/usr/bin/python3
"""ringfence-operations(7), as it was built: each alert is in it, and each command in it is one."""

import os
import re
import shlex
import subprocess
import unittest

from harness import BIN, SOURCE

PAGE = (BIN.parent / "man" / "ringfence-operations.7").read_text()
# What some commands look at before they read the configuration.
FILLED = {"ROLE": "worker", "FILE": 40 * "0", "PROVIDER": "openai"}


class Page(unittest.TestCase):
    def test_each_built_in_rule_that_tells_somebody_is_there(self):
        source = (SOURCE / "services" / "alerter" / "rules_default.c").read_text()
        rules = re.split(r"\{\.name = ", source)[1:]
        self.assertGreater(len(rules), 30)
        told = re.findall(r"^\.It Sy ([a-z-]+)$", PAGE, re.MULTILINE)
        wanted = [re.match('"([a-z-]+)"', rule).group(1) for rule in rules if ".drop = true" not in rule]
        self.assertEqual(told, wanted)
        for name in wanted:
            part = PAGE.split(f".It Sy {name}\n")[1].split(".It Sy")[0]
            self.assertRegex(part, r"(?m)^\.Dl ringfence ", name)
            self.assertGreater(len(re.findall(r"(?m)^\\&.", part)), 1, f"{name}: a title, and what to do")

    def test_each_rule_for_prometheus_is_there(self):
        rules = re.findall(r"- alert: (\w+)", (SOURCE / "deploy" / "prometheus" / "ringfence-rules.yml").read_text())
        self.assertGreater(len(rules), 5)
        self.assertEqual(re.findall(r"^\.It Li (Ringfence\w+)$", PAGE, re.MULTILINE), rules)

    def test_each_command_is_one(self):
        commands = set(re.findall(r"^\.(?:Dl|Ql) (ringfence .*?)(?: [.,;:])?$", PAGE, re.MULTILINE))
        self.assertGreater(len(commands), 20)
        environment = dict(os.environ, RINGFENCE_CONFIG="/nonexistent/ringfence.yaml")
        for command in sorted(commands):
            words = shlex.split(" ".join(FILLED.get(word, word) for word in command.split()))[1:]
            done = subprocess.run([BIN / "ringfence", *words], capture_output=True, text=True, env=environment,
                                  timeout=60, check=False)
            # Each is understood, and then ends for want of a configuration, or of the backup that it looks at first.
            wanting = "FOLDER: No such file" if words[0] == "restore" else "/nonexistent/ringfence.yaml"
            self.assertIn(wanting, done.stdout + done.stderr, command)
            self.assertIn(done.returncode, (1, 78), command)

    def test_each_page_of_ours_that_a_page_names_is_there(self):
        pages = [*SOURCE.glob("services/*/*.[1-8]"), *(BIN.parent / "man").glob("*.[1-8]")]
        there = {page.name for page in pages}
        for page in pages:
            for name, section in re.findall(r"^\.Xr ((?:ringfence|app_logs)\S*) (\d)", page.read_text(), re.MULTILINE):
                self.assertIn(f"{name}.{section}", there, page.name)


if __name__ == "__main__":
    unittest.main()
