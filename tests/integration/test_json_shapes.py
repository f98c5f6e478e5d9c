#!/usr/bin/python3
"""`--json` of every command of ringfence, as ringfence-json(7) and its schema have it: a real set in an outage, with
one of everything, answers every command, and each answer is held strictly against the schema."""

import json
import re
import signal
import subprocess
import unittest

import json_shapes
from harness import BIN, SOURCE, CampaignTest, RingfenceTest, people, wait_for
from test_commands import commands

# {words: (arguments, exit code)}, in an order in which each finds what it needs. What stands in braces: see given().
ASKED = {
    "campaign run": ("{root}/mixed.csv", 3),
    "campaign load": ("june {root}/june.csv", 0),
    "campaign start": ("june --priority 2", 0),
    "campaign pause": ("june --why trial", 0),
    "campaign set": ("june max_calls=3", 0),
    "campaign priority": ("june -5", 0),
    "campaign resume": ("june", 0),
    "campaign status": ("", 0),
    "campaign list": ("", 0),
    "campaign why": ("june-2", 0),
    "campaign export": ("mixed", 0),
    "campaign cancel": ("june --yes", 0),
    "campaign retry": ("mixed --reason permanent.invalid", 0),
    "dnc add": ("+12025550101 --why trial", 0),
    "dnc load": ("{root}/june.csv", 0),
    "dnc remove": ("+12025550101", 0),
    "dnc list": ("", 0),
    "call": ("speech --text hello --explain", 18),
    "status": ("", 0),
    "ready": ("service-gateway", 0),
    "tail": ("--last 500", 0),
    "logs": ("", 0),
    "replay": ("", 0),
    "trace": ("mixed-2", 0),
    "breaker list": ("", 0),
    "provider outages": ("", 0),
    "mark list": ("", 0),
    "breaker force-open": ("openai --for 10m --why trial", 0),
    "breaker force-closed": ("openai --why trial", 0),
    "breaker disable": ("openai --why trial", 0),
    "breaker reset": ("openai --why over", 0),
    "mark clear": ("openai", 0),
    "alert list": ("--all", 0),
    "alert show": ("{incident}", 0),
    "alert ack": ("{incident} --why looking", 0),
    "alert silence": ("breaker/* --for 2h --why trial", 0),
    "alert silences": ("", 0),
    "alert unsilence": ("{silence}", 0),
    "alert dead": ("", 0),
    "alert resend": ("--all", 0),
    "alert test": ("webhook", 0),
    "subscriber list": ("", 0),
    "subscriber forget": ("{subscriber}", 0),
    "keys new": ("gateway", 0),
    "keys allow": ("{root}/state/keys/gateway.public --role worker,caller", 0),
    "keys deal": ("{root}/dealt", 0),
    "keys list": ("", 0),
    "keys revoke": ("gateway", 0),
    "doctor": ("", None),
    "config check": ("", 0),
    "config keys": ("", 0),
    "config rules": ("openai", 0),
    "campaign backup": ("{root}/copy.db", 0),
    "campaign restore": ("{root}/copy.db", 0),
    "backup": ("{root}/archive", 0),
    "restore": ("{root}/archive", 0),
}


def asked_for_json():
    return [words for words, usage in commands().items() if "[--json]" in usage]


class Shapes(CampaignTest):
    CONFIG = {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "60s"}, "retry": {"max_retries": 2}},
              "providers": {"openai": {"keys": ["file:secrets/openai-second"]}},
              "alerter": {"stale_after": "1s", "dead_after": "5s"}}

    def hold(self, words, text):
        values = [json.loads(line) for line in text.splitlines()]
        self.assertTrue(values, f"{words} told nothing")
        for value in values:
            self.assertEqual(json_shapes.problems(words, value), [])
        return values

    def tail(self, arguments):
        """It goes on until it is interrupted."""
        with subprocess.Popen([BIN / "ringfence", "tail", *arguments, "--json", "--config", self.set.config_file],
                              stdout=subprocess.PIPE, text=True) as popen:
            first = popen.stdout.readline()
            popen.send_signal(signal.SIGINT)
            return first + popen.stdout.read()

    def ask(self, words, arguments, code=0):
        if words == "tail":
            return self.hold(words, self.tail(arguments))
        done = self.set.cli(*words.split(), *arguments, "--json", check=code)
        return self.hold(words, done.stdout)

    def outage(self):
        """A campaign with a contact of each sort, a provider that is down, and one that is marked."""
        self.set.mailbox.close()
        self.set.write_key("openai-second", "openai-second")
        self.set.start("simulator")
        self.set.admin("PUT", "keys", {"openai": ["openai-good", "openai-second"]})
        self.set.start_all()
        self.set.write_list([*people(2), ("nonsense", "Nobody")], "mixed")
        self.set.write_list(people(3, 10), "june")
        self.set.faults({"id": "gone", "kind": "status", "status": 400, "count": 1,
                         "body": {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400},
                         "match": {"provider": "twilio", "method": "POST"}})
        self.ask("campaign run", [self.set.root / "mixed.csv"], 3)
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        self.ask("campaign load", ["july", self.set.write_list(people(4, 20), "july")])
        self.ask("campaign start", ["july"])
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        wait_for("the provider to be down", lambda: self.set.events(type="provider.down"))
        for event, key in (("key.set_aside", "openai-second"), ("mark.set", "another")):
            self.set.admin("PUT", "keys", {"openai": [key]})
            self.set.cli("call", "script", "--prompt", "Greet", check=0)  # by the next key, or link of the chain
            wait_for(event, lambda of=event: self.set.events(type=of))
        wait_for("a dead letter", lambda: self.ask("alert dead", [])[0]["dead"])
        wait_for("a channel that is down", lambda: self.ask("alert list", [])[0]["down"])

    def given(self, told):
        """What commands are asked about that others have told of."""
        one = lambda words: told[words][0] if words in told else None
        alerts, silence, subscribers = one("alert list"), one("alert silence"), one("subscriber list")
        return {"root": self.set.root, "incident": alerts and alerts["incidents"][0]["id"],
                "silence": silence and silence["id"], "subscriber": subscribers and subscribers[-1]["name"]}

    def test_each_answer_of_each_command_keeps_to_the_schema(self):
        self.assertEqual(sorted(ASKED), sorted(asked_for_json()), "each command that takes --json is asked here")
        self.outage()
        told = {}
        for words, (arguments, code) in ASKED.items():
            if words == "campaign restore":
                self.set.processes["orchestrator"].terminate()
                self.set.processes["orchestrator"].wait()
            if words == "restore":
                self.end_all()
            told[words] = self.ask(words, arguments.format(**self.given(told)).split(), code)
        self.check_that_much_was_there(told)

    def end_all(self):
        for name, process in reversed(self.set.processes.items()):
            if name != "simulator":
                process.terminate()
                process.wait()

    def check_that_much_was_there(self, told):
        """An empty list keeps to any schema."""
        status = told["status"][0]
        for area in ("process", "breaker", "provider", "mark"):
            self.assertTrue(status[area], area)
        self.assertEqual(status["breaker"]["elevenlabs"]["state"], "open")
        self.assertTrue(told["provider outages"][0]["outages"])
        self.assertTrue(told["campaign why"][0]["contacts"])
        self.assertEqual({name.split("/")[0] for name in told["mark list"][0]}, {"openai"})
        self.assertGreater(len(told["mark list"][0]), 1, "a key, besides the provider")
        self.assertTrue(told["alert show"][0]["notices"])
        self.assertEqual({one["state"] for one in told["campaign export"]}, {"done", "set_aside"})
        self.assertTrue(any("attempt" in line for line in told["trace"][0]["timeline"]))
        self.assertTrue(told["call"][0]["decisions"])


class Failures(RingfenceTest):
    """Without a set that runs."""

    def told_nothing(self, words, arguments):
        """On standard output, and by objects on standard error why."""
        done = self.set.cli(*words.split(), *arguments, "--json", "--timeout", "200ms")
        self.assertNotEqual(done.returncode, 0, words)
        if words not in ("call", "doctor", "alert test"):
            self.assertEqual(done.stdout, "", words)
        said = [json.loads(line) for line in done.stderr.splitlines()]
        for line in said:
            self.assertEqual(json_shapes.problems("said", line), [], words)
        return said

    def test_each_command_that_needs_the_set_says_as_json_that_there_is_none(self):
        self.set.write_list(people(1), "mixed")
        self.set.write_list(people(1), "june")
        alone = {"logs", "keys new", "keys allow", "keys list", "keys revoke", "config check", "config keys",
                 "config rules", "doctor", "ready", "keys deal", "campaign backup", "campaign restore", "backup",
                 "restore"}
        given = {"root": self.set.root, "incident": "01M8", "silence": "01M8", "subscriber": "reports"}
        for words, (arguments, _) in ASKED.items():
            if words not in alone:
                said = self.told_nothing(words, arguments.format(**given).split())
                self.assertEqual(said[-1]["level"], "error")
                self.assertIn("no broker answers", said[-1]["message"], words)

    def test_wrong_arguments_and_a_wrong_configuration_are_objects_too(self):
        for words, arguments, code in (
                ("status", ["what"], 2), ("breaker reset", ["openai"], 2), ("breaker reset", ["nobody", "--why", "x"], 1),
                ("config rules", ["nobody"], 2), ("mark clear", ["nobody"], 2), ("campaign load", ["a", "none.csv"], 1),
                ("campaign priority", ["a", "x"], 2), ("keys revoke", ["nobody"], 1), ("doctor", ["--only", "x"], 2),
                ("campaign restore", ["none.db"], 1)):
            done = self.set.cli(*words.split(), *arguments, "--json", "--timeout", "200ms", check=code)
            self.assertEqual(done.stdout, "", words)
            said = [json.loads(line) for line in done.stderr.splitlines()]
            self.assertEqual([json_shapes.problems("said", line) for line in said], [[]] * len(said))
            self.assertEqual(said[-1]["level"], "error", words)
        self.set.config_file.write_text("bus: \n  hearbeat: 1s\n")
        done = self.set.cli("config", "check", "--json", check=78)
        self.assertEqual(json_shapes.problems("config check", json.loads(done.stdout)), [])
        self.assertEqual(json.loads(done.stderr)["message"], json.loads(done.stdout)["error"])
        self.assertIn("hearbeat", json.loads(self.set.cli("status", "--json", check=78).stderr)["message"])

    def test_words_that_are_no_text_do_not_break_the_line(self):
        done = subprocess.run([BIN / "ringfence", "config", "rules", b"\xff\n\"x", "--json"], capture_output=True, check=False)
        self.assertIn('"x', json.loads(done.stderr)["message"])


class Schema(unittest.TestCase):
    def test_each_command_that_takes_json_has_a_definition_and_a_place_in_the_page(self):
        self.assertEqual(sorted(json_shapes.commands()), sorted(asked_for_json()))
        page = (SOURCE / "services/cli/ringfence-json.7").read_text()
        listed = re.findall(r"^\.It Cm (.+)$", page, re.MULTILINE)
        self.assertEqual([words for item in listed for words in self.spelt_out(item)], asked_for_json())

    def spelt_out(self, item):
        """["breaker list", "breaker reset"] of "breaker list | reset"."""
        first, *others = item.split(" | ")
        return [first, *(f"{first.split()[0]} {other}" for other in others)]

    def test_it_refuses_what_it_does_not_name(self):
        good = {"forgotten": "reports"}
        self.assertEqual(json_shapes.problems("subscriber forget", good), [])
        for bad in ({}, {"forgotten": 1}, {**good, "more": 1}, [good]):
            self.assertNotEqual(json_shapes.problems("subscriber forget", bad), [], bad)


if __name__ == "__main__":
    unittest.main()
