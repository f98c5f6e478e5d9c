#!/usr/bin/python3
"""Every command of `ringfence`, as its own help lists them: what all of them have in common, and that the manual
page has them all. A command that is new has to be given an example here."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time
import unittest

import test_control_tool
import test_tail
from harness import BIN, SERVICES, SOURCE, PATIENCE
from terminal import Terminal

# {words: (arguments, exit code)}, run in this order; {root} is the test's folder. Those that read for ever and
# those that write no JSON have tests of their own.
EXAMPLES = {
    "campaign run": ("{root}/spring.csv", 0),
    "campaign load": ("june {root}/spring.csv", 0),
    "campaign start": ("june", 0),
    "campaign pause": ("june", 0),
    "campaign resume": ("june", 0),
    "campaign cancel": ("june --yes", 0),
    "campaign retry": ("june june-2 --reason retries_exhausted", 0),
    "campaign priority": ("june -5", 0),
    "campaign set": ("june max_calls=3", 0),
    "campaign status": ("", 0),
    "campaign list": ("", 0),
    "campaign why": ("june-2", 0),
    "campaign export": ("june", 0),
    "dnc add": ("+12025550101 --why trial", 0),
    "dnc load": ("{root}/spring.csv", 0),
    "dnc remove": ("+12025550101", 0),
    "dnc list": ("", 0),
    "call": ("script --prompt Greet --deadline 100ms", 18),  # nobody serves it, which is told as JSON too
    "status": ("", 0),
    "ready": ("broker", 0),
    "logs": ("", 0),
    "replay": ("contact.", 0),
    "trace": ("spring-2", 0),
    "breaker list": ("", 0),
    "breaker force-open": ("openai --for 10m --why trial", 0),
    "breaker force-closed": ("openai --why trial", 0),
    "breaker disable": ("openai --why trial", 0),
    "breaker reset": ("openai --why over", 0),
    "mark list": ("", 0),
    "mark clear": ("openai", 0),
    "alert silence": ("breaker/* --for 2h --why trial", 0),
    "alert silences": ("", 0),
    "subscriber list": ("", 0),
    "subscriber forget": ("reports", 0),
    "keys new": ("gateway", 0),
    "keys allow": ("{root}/state/keys/gateway.public --role worker,caller", 0),
    "keys deal": ("{root}/dealt", 0),
    "keys list": ("", 0),
    "keys revoke": ("gateway", 0),
    "doctor": ("--only version", 0),
    "config check": ("", 0),
    "config keys": ("", 0),
    "config rules": ("openai", 0),
}
# Of a real set: test_backup and test_archive read their JSON.
ON_FILES = ("campaign backup", "campaign restore", "backup", "restore")
# Of a real alerter: test_alert_commands reads their JSON.
OF_THE_ALERTER = ("alert list", "alert show", "alert ack", "alert unsilence", "alert dead", "alert resend",
                  "alert test")
OF_THE_MONITOR = ("provider outages",)  # test_health_history reads it
FOLLOWS = "tail"
TEXT_ONLY = {"top": "", "config man": "", "init": "", "completion": "bash"}


def commands():
    """{words: usage} of all commands."""
    text = subprocess.run([BIN / "ringfence", "--help"], capture_output=True, text=True, check=True).stdout
    text = text[:text.index("\n  --config FILE")].replace("\n        [", " [")
    found = re.findall(r"^  ([a-z][a-z-]*(?: [a-z][a-z-]*)*)(.*)$", text, re.MULTILINE)
    assert len(found) > 20, text
    return dict(found)


class Json(test_tail.Reading):
    """A broker, something of everything in it, and a stand-in for the orchestrator."""

    state_operation = test_control_tool.ControlToolTest.state_operation

    def setUp(self):
        super().setUp()
        stand_in = test_control_tool.StandIn(self.set.root / "run")
        stand_in.start()
        self.addCleanup(stand_in.end)
        (self.set.root / "spring.csv").write_text("phone\n+12025550100\n")
        (self.set.root / "log" / "app_logs.json").write_text('{"n":1,"type":"contact.done"}\n')
        self.publisher.publish("contact.started", "spring-2", campaign="spring", contact="spring-2")
        self.publisher.send("hello", instance="reports-1", service="reports")
        self.publisher.send("journal.read", rid="1", durable="reports", after=0, limit=10)
        self.publisher.expect("journal.page")
        for key in ("mark/openai", "key/openai/0123456789abcdef"):
            self.assertTrue(self.state_operation(t="state.put", key=key,
                                                 value={"class": "permanent.auth"})["ok"])

    def told(self, words, more=()):
        """What it tells as JSON, and it tells nothing else."""
        arguments, code = EXAMPLES[words]
        arguments = arguments.format(root=self.set.root).split()
        lines = self.set.cli(*words.split(), *arguments, *more, "--json", check=code).stdout.splitlines()
        self.assertTrue(lines, f"{words}: nothing")
        values = [json.loads(line) for line in lines]
        for value in values:
            self.assertIsInstance(value, (dict, list), words)
        return values

    def test_every_command_tells_json_and_nothing_else_or_refuses_to(self):
        usages = commands()
        self.assertEqual(set(usages), {*EXAMPLES, *ON_FILES, *OF_THE_ALERTER, *OF_THE_MONITOR, FOLLOWS, *TEXT_ONLY},
                         "each command has an example")
        told = {words: self.told(words) for words in EXAMPLES}
        for words, usage in usages.items():
            self.assertEqual("[--json]" in usage, words not in TEXT_ONLY, words)
        for words, argument in TEXT_ONLY.items():
            refused = self.set.cli(*words.split(), *argument.split(), "--json", check=2)
            self.assertEqual(refused.stdout, "")
            self.assertIn(f"{words}: there is no option --json", refused.stderr)
        tail = self.start("tail", "contact.", "--last", 1, "--json")
        self.assertEqual(json.loads(tail.stdout.readline())["topic"], "contact.started/spring-2")
        tail.send_signal(signal.SIGINT)
        self.assertEqual((tail.wait(PATIENCE), tail.stdout.read()), (0, ""))
        self.check_contents({words: values[0] for words, values in told.items()})

    def check_contents(self, told):
        """Those that change something tell what, in the names that the bus has for it."""
        forced = told["breaker force-open"]
        until = forced.pop("until")
        self.assertAlmostEqual(until / 1e9, time.time() + 600, delta=PATIENCE)
        self.assertEqual((forced["service"], forced["action"], forced["why"]), ("openai", "force_open", "trial"))
        self.assertEqual(told["breaker reset"]["action"], "reset")
        self.assertNotIn("until", told["breaker force-closed"])
        self.assertEqual(told["mark clear"], {"cleared": ["openai", "openai/0123456789abcdef"]})
        self.assertEqual(told["subscriber forget"], {"forgotten": "reports"})
        key = told["keys new"]["key"]
        entry = {"name": "gateway", "roles": "worker,caller", "key": key}
        self.assertEqual(told["keys allow"], {**entry, "changed": True, "replaced": []})
        self.assertEqual(told["keys list"], [entry])
        self.assertEqual(told["keys revoke"], entry)
        self.assertEqual(told["config check"]["file"], str(self.set.config_file))
        self.assertTrue(told["config check"]["ok"])


class Colors(Json):
    """Of each command: on a terminal at most, and never where NO_COLOR says so (no-color.org)."""

    test_every_command_tells_json_and_nothing_else_or_refuses_to = None
    COLOR = re.compile("\x1b\\[[0-9;]*m")

    def on_a_terminal(self, words, arguments, code, **environment):
        terminal = Terminal([str(BIN / "ringfence"), *words.split(), *arguments, "--config",
                             str(self.set.config_file)],
                            {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment})
        self.addCleanup(terminal.close)
        text, ended = terminal.wait()
        self.assertEqual(ended, code, f"{words}: {text}")
        return text

    def test_no_command_writes_colours_where_none_are_wanted(self):
        for words, (arguments, code) in EXAMPLES.items():
            arguments = arguments.format(root=self.set.root).split()
            result = self.set.cli(*words.split(), *arguments, check=code)
            self.assertNotIn("\x1b", result.stdout + result.stderr, words)
        for words in ("logs", "replay", "trace"):
            arguments = EXAMPLES[words][0].split()
            self.assertRegex(self.on_a_terminal(words, arguments, 0), self.COLOR, words)
        for words in ("logs", "replay", "trace", "status", "campaign status", "breaker list", "mark list", "dnc list",
                      "alert silences", "subscriber list", "keys list", "config check", "config keys", "config rules"):
            arguments, code = EXAMPLES[words]
            self.assertNotRegex(self.on_a_terminal(words, arguments.split(), code, NO_COLOR="1"), self.COLOR, words)
            self.assertNotRegex(self.on_a_terminal(words, arguments.split(), code, TERM="dumb"), self.COLOR, words)


class Page(unittest.TestCase):
    """ringfence(1) and the help."""

    def test_the_help_of_each_command_has_an_example_that_is_right(self):
        usages = commands()
        for words in usages:
            text = subprocess.run([BIN / "ringfence", *words.split(), "--help"], capture_output=True, text=True,
                                  check=True).stdout
            told = re.findall(r"^    ringfence (.*)$", text[text.index("\n  for example\n"):], re.MULTILINE)
            self.assertTrue(told, words)
            for example in told:
                self.check_example(words, example)

    def check_example(self, words, example):
        """It is of this command, and comes as far as the configuration, which is not there."""
        given = shlex.split(example.split(" > ")[0])
        self.assertEqual(given[:len(words.split())], words.split())
        if words in ("init", "top"):
            return  # the one reads none, the other wants a terminal: test_init and test_top have them
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "gateway.public").write_text("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n")
            done = subprocess.run([BIN / "ringfence", *given, "--config", f"{folder}/none.yaml"], cwd=folder,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        self.assertNotEqual(done.returncode, 2, f"{example}: {done.stderr}")

    def entries(self):
        """{words: text} of the commands in the page's list."""
        page = (SOURCE / "services/cli/ringfence.1").read_text()
        listed = page[page.index("The commands:"):page.index(".Ss The list of contacts")]
        entries, depth, words = {}, 0, []
        for line in listed.splitlines():
            depth += line.startswith(".Bl") - line.startswith(".El")
            if depth == 1 and line.startswith(".It Cm "):
                names = re.match(r"[a-z| -]+", line[len(".It Cm "):]).group().strip()
                first, *others = names.split(" | ")
                group = first.split(" ")[0]
                words = [first, *(f"{group} {other}" for other in others)]
                entries.update(dict.fromkeys(words, ""))
            for word in words:
                entries[word] += line + "\n"
        return entries

    def test_the_page_has_every_command_with_all_its_options(self):
        usages, entries = commands(), self.entries()
        self.assertEqual(list(entries), list(usages))
        for words, usage in usages.items():
            told = set(re.findall(r"Fl -([a-z-]+)", entries[words]))
            if "Ar filter" in entries[words]:
                told |= {"contact", "campaign", "service", "severity", "color"}
            if "Ar list-option" in entries[words]:
                told |= {"map", "country", "separator", "rejects"}
            self.assertEqual(set(re.findall(r"--([a-z-]+)", usage)), told, words)

    def test_the_page_of_each_process_has_its_options(self):
        for service in SERVICES:
            text = subprocess.run([BIN / f"ringfence-{service}", "--help"], capture_output=True, text=True,
                                  check=True).stdout
            page = (SOURCE / "services" / service / f"ringfence-{service}.8").read_text()
            synopsis = page[page.index(".Sh SYNOPSIS"):page.index(".Sh DESCRIPTION")]
            listed = set(re.findall(r"(?m)^  --([a-z-]+)", text))
            self.assertGreaterEqual(listed, {"config", "help"}, service)
            self.assertEqual(listed, set(re.findall(r"[ |]-([a-z-]+)", synopsis)), service)
            self.assertNotIn("\n\n\n", text, service)


if __name__ == "__main__":
    unittest.main()
