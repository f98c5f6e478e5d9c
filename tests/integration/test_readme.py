#!/usr/bin/python3
"""The README's commands and programs do what it says, word by word. What takes a machine of its own is run by
tests/package; tests/readme.py says who runs which block."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import unittest

from harness import BIN, PATIENCE, SERVICES, SOURCE, RingfenceTest, free_port, wait_for

sys.path.insert(0, str(SOURCE / "tests"))
from readme import TEXT, WHO, block, blocks  # noqa: E402 (found by the line before)

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}


def spans(beginning):
    """What stands in backticks within the text, line breaks taken for spaces."""
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose) if span.startswith(beginning)]


class Blocks(unittest.TestCase):
    def test_each_block_is_run_by_a_test(self):
        names = [name for _, name, _ in blocks()]
        self.assertEqual(len(names), len(set(names)), "a name stands twice")
        self.assertEqual(set(names), set(WHO))
        for name, tests in WHO.items():
            for test in tests:
                self.assertIn(f'block("{name}")', (SOURCE / test).read_text(), test)

    def test_no_command_stands_outside_of_a_block_with_a_name(self):
        prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
        self.assertEqual(re.findall(r"^(?: {4}|\t).*$", prose, re.MULTILINE), [])

    def test_commands_within_the_text_are_there_with_their_options(self):
        told = subprocess.run([BIN / "ringfence", "--help"], capture_output=True, text=True, check=True).stdout
        found = spans("ringfence ")
        self.assertGreater(len(found), 10)
        for span in found:
            words = [word for word in span.split() if re.fullmatch("[a-z-]+", word)]
            self.assertTrue(any(re.search(f"^  {' '.join(words[1:n])}( |$)", told, re.MULTILINE) for n in (3, 2)), span)
            for option in re.findall(r"--[a-z-]+", span):
                self.assertIn(option, told, span)


class Named(unittest.TestCase):
    def test_every_file_and_program_that_is_named_exists(self):
        for name in re.findall(r"[`(]((?:deploy|common|include|tests|services)/[\w./-]*)[`)]", TEXT):
            self.assertTrue((SOURCE / name).exists(), name)
        for name in re.findall(r"^\| `(ringfence[\w-]*)` \|", TEXT, re.MULTILINE):
            self.assertTrue((BIN / name).exists(), name)
        for service in SERVICES:
            self.assertIn(f"| `ringfence-{service}` |", TEXT)

    def test_each_link_within_the_page_has_its_heading(self):
        headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
                    for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
        for link in re.findall(r"\]\(#([\w-]+)\)", TEXT):
            self.assertIn(link, headings)

    def test_ci_runs_the_command_of_the_tests(self):
        self.assertIn(f'exec {block("tests")}', (SOURCE / ".ci" / "run").read_text())

    def test_foreman_is_started_with_a_longer_timeout_than_the_brokers(self):
        words = shlex.split(block("foreman"))
        text = (SOURCE / "deploy" / "ringfence.yaml").read_text()
        broker = int(re.search(r"^broker:\n  drain_timeout: (\d+)s", text, re.MULTILINE).group(1))
        self.assertGreater(int(words[words.index("-t") + 1]), broker)

    def test_the_lines_of_c_are_c(self):
        around = ("#include <ringfence/bus.h>\n"
                  "enum rf_err f(struct rf_bus *, bool (*)(void *, const struct rf_event *), void *);\n"
                  "enum rf_err f(struct rf_bus *bus, bool (*on_event)(void *, const struct rf_event *), void *arg) {\n"
                  "struct rf_durable *durable; struct rf_error error;\n%s\nreturn RF_OK; }\n")
        code = around % block("durable").replace("rf_durable_new(", "(void)!rf_durable_new(")
        subprocess.run(["cc", "-fsyntax-only", "-Wall", "-Werror", "-I", SOURCE / "include", "-xc", "-"], input=code,
                       text=True, check=True)


class Commands(RingfenceTest):
    """In a folder that looks like the source tree, but for the configuration: its folders and ports are the test's."""

    def setUp(self):
        super().setUp()
        self.tree = self.set.root / "tree"
        (self.tree / "build").mkdir(parents=True)
        (self.tree / "build" / "release").symlink_to(BIN.parent)
        (self.tree / "run").symlink_to(self.set.root / "run")
        shutil.copytree(SOURCE / "deploy", self.tree / "deploy")
        shutil.copy(self.set.config_file, self.tree / "deploy" / "ringfence.yaml")
        shutil.copytree(self.set.root / "secrets", self.tree / "deploy" / "secrets")
        self.environment = dict(os.environ, RF_MAIL_PORT=str(free_port()), PYTHONUNBUFFERED="1")

    def bash(self, text, environment=None, code=0):
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.tree, text=True, timeout=3 * PATIENCE,
                                env=environment or self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        self.assertEqual(result.returncode, code, f"{text}\n{result.stdout}")
        return result.stdout

    def begin(self, name, command):
        """Starts what has no end of its own."""
        with open(self.set.root / "out" / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, cwd=self.tree, env=self.environment, stdout=log, start_new_session=True,
                                       stderr=subprocess.STDOUT)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def log(self, name):
        return (self.set.root / "out" / f"{name}.log").read_text(errors="replace")

    def with_commands(self):
        """As somebody has it who went on in the terminal of the block "campaign"."""
        exports = block("campaign").split("\n")[0]
        self.assertTrue(exports.startswith("export PATH="), exports)
        return exports + "\n"

    def test_the_set_of_the_procfile_and_the_commands_beside_it(self):
        foreman = self.begin("foreman", ["bash", "-c", f'exec {block("foreman")}'])

        def ready():
            self.assertIsNone(foreman.poll(), self.log("foreman"))
            return all(f"{service}: ready: " in self.log("foreman") for service in SERVICES)

        wait_for("all processes", ready)
        (tail,) = set(spans("ringfence tail breaker."))
        self.begin("tail", ["bash", "-c", self.with_commands() + f"exec {tail}"])
        self.begin("python", ["/usr/bin/python3", "-c", block("subscriber")])
        told = self.bash(block("campaign"))
        self.assertIn("80 done", told)
        self.assertIn("+12025550102", told)
        self.assertIn("status 200", self.bash(self.with_commands() + block("call")))
        self.assertGreater((self.tree / "hello.mp3").stat().st_size, 0)
        self.watch_outage()
        foreman.send_signal(signal.SIGINT)  # Ctrl-C
        foreman.wait(PATIENCE)
        self.assertNotIn("SIGKILL", self.log("foreman"))

    def watch_outage(self):
        # A subscriber hears only what comes after its subscription: so the breaker opens until both have.
        self.set.faults(OUTAGE)

        def shown():
            subprocess.run([BIN / "ringfence", "--config", self.set.config_file, "call", "speech", "--text", "again",
                            "--deadline", "2s"], capture_output=True, timeout=PATIENCE, check=False)
            return all("breaker.opened" in self.log(name) for name in ("tail", "python"))

        wait_for("both to show a breaker that opened", shown)

    def answers(self):
        """What `ringfence init` asks a person, by the environment, as nobody is here."""
        keys = dict.fromkeys(("ELEVENLABS_API_KEY", "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN"), "trial")
        return dict(self.environment, TWILIO_ACCOUNT_SID="AC" + 32 * "0", TWILIO_FROM="+12025550199", **keys)

    def test_the_commands_for_the_real_providers(self):
        self.bash(self.with_commands() + block("init"), self.answers())
        self.assertIn("production/ringfence.yaml: ok", self.bash(self.with_commands() + block("check")))
        # Nothing of a test goes to the real ones: the same command with the test's own set behind the file.
        shutil.copy(self.set.config_file, self.tree / "production" / "ringfence.yaml")
        shutil.copytree(self.set.root / "secrets", self.tree / "production" / "secrets", dirs_exist_ok=True)
        self.set.start_all()
        self.assertIn("0 failed", self.bash(self.with_commands() + block("doctor")))

    def test_the_keys_of_several_hosts(self):
        self.bash(self.with_commands() + block("keys"))
        keys = self.set.root / "state" / "keys"
        self.assertEqual({file.name for file in keys.iterdir()}, {
            f"{name}.{half}" for name in ("broker", "service-gateway") for half in ("secret", "public")})
        shutil.copy(keys / "service-gateway.public", self.tree)  # "once it has come"
        self.bash(self.with_commands() + block("allow"))
        (entry,) = json.loads(self.set.cli("keys", "list", "--json", check=0).stdout)
        self.assertEqual((entry["name"], entry["roles"]), ("service-gateway", "publisher,worker"))

    def test_a_backup_and_the_way_back(self):
        broker = self.set.start("broker")
        self.assertIn("keep it private", self.bash(self.with_commands() + block("backup")))
        broker.terminate()
        self.assertEqual(broker.wait(), 0)
        told = self.bash(self.with_commands() + block("restore"))
        self.assertIn("is whole", told)
        self.assertIn(f"{self.set.root}/state is as it was at", told)


if __name__ == "__main__":
    unittest.main()
