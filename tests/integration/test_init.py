#!/usr/bin/python3
"""`ringfence init`: what it writes passes `config check`, keeps secrets apart, and breaks nothing that is there.
deploy/production.yaml is what it writes."""
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import unittest

import yaml

from harness import BIN, PATIENCE, SOURCE

SID = "AC" + 32 * "0"
SECRETS = {"ELEVENLABS_API_KEY": "eleven-4711", "OPENAI_API_KEY": "open-4711", "ANTHROPIC_API_KEY": "anthropic-4711",
           "TWILIO_AUTH_TOKEN": "twilio-4711", "SMTP_PASSWORD": "smtp-4711", "TELEGRAM_BOT_TOKEN": "1:telegram-4711"}
TWILIO = ("--account-sid", SID, "--from", "+12025550199")
PRODUCTION = ("--provider", "elevenlabs,openai,anthropic,twilio", *TWILIO, "--run-dir", "/run/ringfence",
              "--state-dir", "/var/lib/ringfence", "--email", "oncall@example.com", "--smtp",
              "smtps://smtp.example.com:465", "--smtp-user", "ringfence", "--telegram", "-1001234567890")


class Init(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.file = self.root / "ringfence.yaml"
        self.clean = {name: value for name, value in os.environ.items()
                      if name not in SECRETS and not name.startswith("TWILIO_")}

    def init(self, *arguments, code=0, secrets=None, text=None):
        environment = self.clean | (SECRETS if secrets is None else secrets)
        stdin = {"stdin": subprocess.DEVNULL} if text is None else {"input": text}
        result = subprocess.run([BIN / "ringfence", "init", *arguments], cwd=self.root, env=environment, text=True,
                                capture_output=True, timeout=PATIENCE, check=False, **stdin)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertNotIn("4711", result.stdout + result.stderr)
        return result

    def check(self, file=None):
        result = subprocess.run([BIN / "ringfence", "config", "check", file or self.file], env=self.clean, text=True,
                                capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def secrets(self):
        return {file.name: file.read_text() for file in (self.root / "secrets").iterdir()}

    def test_what_it_writes_passes_config_check(self):
        cases = [
            TWILIO, PRODUCTION,
            (*TWILIO, "--provider", "openai,twilio"),
            (*TWILIO, "--provider", "anthropic elevenlabs twilio"),
            (*TWILIO, "--media-url", "https://calls.example.com", "--webhook", "https://hooks.example.com/x"),
            (*TWILIO, "--email", "a@example.com, b@example.com", "--smtp", "smtp://mail.example.com:587"),
        ]
        for arguments in cases:
            with self.subTest(arguments):
                self.init("--yes", "--force", *arguments)
                self.check()

    def test_secrets_are_in_files_of_their_own_that_nobody_else_reads(self):
        text = self.init("--yes", *PRODUCTION, "--webhook", "https://hooks.example.com/x").stdout
        self.assertNotIn("4711", self.file.read_text())
        kept = self.secrets()
        self.assertEqual(kept.pop("telegram"), "1:telegram-4711\n")
        self.assertRegex(kept.pop("webhook"), r"^[0-9a-f]{64}\n$")
        self.assertEqual(kept, {name: f"{value}\n" for name, value in (
            ("elevenlabs", "eleven-4711"), ("openai", "open-4711"), ("anthropic", "anthropic-4711"),
            ("twilio", "twilio-4711"), ("smtp", "smtp-4711"))})
        self.assertEqual((self.root / "secrets").stat().st_mode & 0o777, 0o700)
        for file in (self.file, *(self.root / "secrets").iterdir()):
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)
        self.assertIn("ringfence config check ringfence.yaml\n", text)
        self.assertIn("ringfence --config ringfence.yaml doctor\n", text)

    def test_the_production_file_is_what_it_writes(self):
        self.init("--yes", *PRODUCTION)
        self.assertEqual((SOURCE / "deploy/production.yaml").read_text(), self.file.read_text())
        copy = self.root / "production.yaml"
        shutil.copy(SOURCE / "deploy/production.yaml", copy)
        self.check(copy)

    def test_nothing_is_overwritten_without_force(self):
        self.file.write_text("mine\n")
        self.assertIn("--force", self.init("--yes", *TWILIO, code=2).stderr)
        self.assertEqual(self.file.read_text(), "mine\n")
        self.assertFalse((self.root / "secrets").exists())
        self.init("--yes", "--force", *TWILIO)
        self.check()

    def test_a_secret_that_is_there_is_kept_unless_another_is_given(self):
        self.init("--yes", *TWILIO)
        before = self.secrets()
        self.init("--yes", "--force", *TWILIO, secrets={"OPENAI_API_KEY": "new-4711"})
        self.assertEqual(self.secrets(), before | {"openai": "new-4711\n"})

    def test_what_is_missing_is_told_at_once_and_nothing_is_written(self):
        words = self.init("--yes", *TWILIO, code=2, secrets={"OPENAI_API_KEY": "open-4711"}).stderr
        self.assertIn("ELEVENLABS_API_KEY", words)
        self.assertIn("TWILIO_AUTH_TOKEN", words)
        self.assertNotIn("OPENAI_API_KEY", words)
        self.assertIn("--account-sid", self.init("--yes", code=2).stderr)
        self.assertIn("--from", self.init("--yes", "--account-sid", SID, code=2).stderr)
        self.assertIn("--smtp", self.init("--yes", *TWILIO, "--email", "a@example.com", code=2).stderr)
        self.assertIn("--email", self.init("--yes", *TWILIO, "--smtp", "smtp://mail.example.com", code=2).stderr)
        self.assertIn("--webhook: what is given is not UTF-8",
                      self.init("--yes", *TWILIO, "--webhook", b"https://example.com/\xff", code=2).stderr)
        self.assertIn("twilio is the one", self.init("--yes", "--provider", "openai", code=2).stderr)
        self.assertIn('"opnai"', self.init("--yes", "--provider", "opnai,twilio", code=2).stderr)
        self.assertEqual(list(self.root.iterdir()), [])

    def test_a_value_that_the_set_would_not_take_leaves_nothing_behind(self):
        words = self.init("--yes", "--account-sid", SID, "--from", "12", code=78).stderr
        self.assertIn("nothing was written", words)
        self.assertIn("providers.twilio.from", words)
        self.assertEqual(list(self.root.iterdir()), [])

    def test_what_is_given_is_a_value_and_nothing_else(self):
        odd = 'a"b\\c: ${HOME} #'
        self.init("--yes", *TWILIO, "--telegram", odd)
        self.assertEqual(yaml.safe_load(self.file.read_text())["alerter"]["telegram"]["chat_id"],
                         odd.replace("${", "$${"))
        self.check()

    def test_secrets_by_standard_input(self):
        lines = "# keys\n\n" + "".join(f"{name}={value}\n" for name, value in SECRETS.items())
        self.init("--stdin", *TWILIO, secrets={}, text=lines)
        self.assertEqual(self.secrets()["openai"], "open-4711\n")
        for wrong, words in (("OPENAI_API_KEY\n", "line 1: expected NAME=VALUE"), ("KEY=4711\n", "line 1: there is no"),
                             ("OPENAI_API_KEY=4711\nOPENAI_API_KEY=4711\n", "line 2: OPENAI_API_KEY is given twice")):
            self.assertIn(words, self.init("--stdin", "--force", *TWILIO, code=2, secrets={}, text=wrong).stderr)

    def talk(self, *answers):
        """Runs it on a terminal; each answer is given when its question stands there. What the terminal showed."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.root)
            os.execve(BIN / "ringfence", ["ringfence", "init"], self.clean)
        shown = b""
        for question, answer in answers:
            while question.encode() not in shown[shown.rfind(b"\n", 0, -2) + 1:] or not shown.endswith(b": "):
                shown += os.read(terminal, 4096)
            os.write(terminal, answer.encode())
        while True:
            try:
                more = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
            if not more:
                break
            shown += more
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        return shown.decode(), code

    def test_it_asks_on_a_terminal_and_shows_no_secret(self):
        shown, code = self.talk(
            ("providers", "\n"), ("Account SID", f"{SID}\n"), ("caller id", "+12025550199\n"), ("folder", "\n"),
            ("by mail", "oncall@example.com\n"), ("mail server", "smtp://mail.example.com:587\n"),
            ("user at", "ringfence\n"), ("Telegram", "\n"), ("webhook", "\n"), ("ElevenLabs", "eleven-4711\n"),
            ("OpenAI", "open-4711\n"), ("Twilio", "twilio-4711\n"), ("password", "smtp-4711\n"))
        self.assertEqual(code, 0, shown)
        self.assertNotIn("4711", shown)
        self.assertEqual(self.secrets(), {"elevenlabs": "eleven-4711\n", "openai": "open-4711\n",
                                          "twilio": "twilio-4711\n", "smtp": "smtp-4711\n"})
        self.check()

    def test_ctrl_c_at_a_secret_writes_nothing(self):
        shown, code = self.talk(
            ("providers", "\n"), ("Account SID", f"{SID}\n"), ("caller id", "+12025550199\n"), ("folder", "\n"),
            ("by mail", "\n"), ("Telegram", "\n"), ("webhook", "\n"), ("ElevenLabs", "\x03\n"))
        self.assertEqual(code, 130, shown)
        self.assertEqual(list(self.root.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
