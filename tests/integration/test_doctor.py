#!/usr/bin/python3
"""`ringfence doctor`: what it finds, each fault by itself, and what it says to do."""
import email.utils
import json
import os
import socket
import time
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from harness import RingfenceTest, free_port

ACCOUNT = "state/simulator/service-account.json"  # which the simulator writes


class Doctor(RingfenceTest):
    CONFIG = {"logger": {"sheets": {"enabled": True, "spreadsheet": "s", "sheet": "events"}}}

    def setUp(self):
        super().setUp()
        sheets = self.set.config["logger"]["sheets"]
        sheets.update(base_url=f"{self.set.simulator_url}/sheets",
                      token_url=f"{self.set.simulator_url}/google/token",
                      credentials=str(self.set.root / ACCOUNT))
        self.set.write_config()

    def examine(self, *options, code=0):
        """{name: check} of a run."""
        result = self.set.cli("doctor", "--json", "--timeout", "5s", *options, check=code)
        report = json.loads(result.stdout)
        self.assertEqual(report["ok"], code == 0)
        for name in ("ok", "warn", "fail", "skipped"):
            self.assertEqual(report["counts"][name], sum(c["verdict"] == name for c in report["checks"]))
        for check in report["checks"]:
            self.assertLessEqual(set(check) - {"mend"}, {"name", "verdict", "took_ms", "text"})
            if check["verdict"] == "fail":
                self.assertIn("mend", check, check)
        return {check["name"]: check for check in report["checks"]}

    def only(self, name, verdict):
        """The check of this name alone, which comes to this."""
        check = self.examine("--only", name, code=1 if verdict == "fail" else 0)[name]
        self.assertEqual(check["verdict"], verdict, check)
        return check

    def change(self, **values):
        self.set.config.update(values)
        self.set.write_config()


class WithSimulator(Doctor):
    def setUp(self):
        super().setUp()
        self.set.start("simulator")

    def test_all_is_well_with_the_set_down_and_nothing_is_sent(self):
        checks = self.examine()
        wrong = {name: c["verdict"] for name, c in checks.items() if c["verdict"] not in ("ok", "skipped")}
        self.assertEqual(wrong, {"bus": "warn"})
        for name in ("version/libcurl", "config", "secrets", "port/console", "rights/state_dir", "disk/run_dir",
                     "connection/twilio", "clock/openai", "key/anthropic", "mail/email", "telegram/telegram",
                     "telegram/telegram/chat", "webhook/webhook", "sheets"):
            self.assertEqual(checks[name]["verdict"], "ok", checks[name])
        self.assertIn("ringfence-simulator", checks["port/simulator"]["text"])
        self.assertEqual(self.set.mailbox.mails, [])
        ledger = self.set.ledger()
        for kept in ("telegram", "webhook", "calls"):
            self.assertEqual(len(ledger.get(kept) or []), 0, kept)
        paths = {r["path"] for r in ledger["requests"] if r["provider"] in ("elevenlabs", "openai", "anthropic")}
        self.assertEqual(paths, {"/v1/user/subscription", "/v1/models"})

    def test_a_line_has_its_verdict_and_what_to_do(self):
        text = self.set.cli("doctor", "--only", "bus", check=0).stdout
        self.assertRegex(text, r"^warn    bus +[0-9.]+ ms  no broker answers at ipc:.*\n        to do: .*\n"
                               r"0 ok, 1 to look at, 0 failed, 0 skipped\n$")

    def test_a_revoked_key(self):
        self.set.admin("PUT", "keys", {"openai": ["another"]})
        check = self.only("key/openai", "fail")
        self.assertIn("HTTP 401, permanent.auth", check["text"])
        self.assertIn(str(self.set.root / "secrets/openai"), check["mend"])
        self.assertNotIn("openai-good", json.dumps(check))
        self.only("connection/openai", "ok")

    def test_a_provider_that_says_the_key_again_does_not_have_it_told(self):
        self.set.faults({"id": "f", "kind": "status", "match": {"path": "/v1/models"}, "status": 401,
                         "body": {"error": {"message": "Incorrect API key provided: openai-good"}}})
        check = self.only("key/openai", "fail")
        self.assertIn("Incorrect API key provided", check["text"])
        self.assertNotIn("openai-good", json.dumps(check))

    def test_a_further_key_is_asked_about_as_well(self):
        self.set.write_key("openai-2", "openai-spare")
        self.set.config["providers"]["openai"]["keys"] = ["file:secrets/openai-2"]
        self.set.write_config()
        self.set.admin("PUT", "keys", {"openai": ["openai-good"]})
        checks = self.examine("--only", "key/openai", code=1)
        self.assertEqual({name: c["verdict"] for name, c in checks.items()},
                         {"key/openai": "ok", "key/openai/2": "fail"})

    def test_a_provider_in_trouble_says_nothing_of_the_key(self):
        self.set.faults({"id": "f", "kind": "status", "match": {"path": "/v1/models"}, "status": 503})
        self.assertIn("transient", self.only("key/openai", "warn")["text"])

    def test_a_clock_that_is_off(self):
        for seconds, words in ((-90, "ahead of"), (90, "behind")):
            began = time.time()
            date = email.utils.formatdate(began + seconds, usegmt=True)
            self.set.faults({"id": "f", "kind": "status", "match": {"path": "/v1/models"}, "status": 200, "headers": {"Date": date}})
            check = self.only("clock/openai", "warn")
            self.assertRegex(check["text"], rf"^[0-9]+ s {words} the provider's$")
            # That date stands still, and has whole seconds.
            self.assertLessEqual(abs(int(check["text"].split()[0]) - 90), 1 + time.time() - began)
            self.assertIn("timedatectl", check["mend"])
        self.only("clock/elevenlabs", "ok")

    def test_a_chat_that_the_bot_is_not_in(self):
        self.set.faults({"id": "f", "kind": "status", "match": {"path": "*/getChat"}, "status": 400,
                         "body": {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}})
        self.assertIn("chat not found", self.only("telegram/telegram/chat", "fail")["text"])

    def test_a_bot_whose_token_is_wrong(self):
        self.set.admin("PUT", "keys", {"telegram": ["1:right"]})
        checks = self.examine("--only", "telegram", code=1)
        self.assertIn("HTTP 401", checks["telegram/telegram"]["text"])
        self.assertEqual(checks["telegram/telegram/chat"]["verdict"], "skipped")
        self.assertNotIn("1:test", json.dumps(checks))

    def test_a_sheet_that_is_not_shared(self):
        self.set.faults({"id": "f", "kind": "status", "match": {"path": "/v4/spreadsheets/*"}, "status": 403,
                         "body": {"error": {"code": 403, "message": "The caller does not have permission"}}})
        check = self.only("sheets", "fail")
        self.assertIn("does not have permission", check["text"])
        self.assertIn("client_email", check["mend"])

    def test_the_set_up(self):
        self.set.start_all()
        checks = self.examine()
        self.assertEqual([c for c in checks.values() if c["verdict"] in ("warn", "fail")], [])
        self.assertIn("held by ringfence-console", checks["port/console"]["text"])


class WithoutSimulator(Doctor):
    def test_a_wrong_port(self):
        check = self.only("connection/twilio", "fail")
        self.assertIn("Failed to connect", check["text"])
        self.assertIn("providers.twilio.base_url", check["mend"])
        self.only("key/twilio", "skipped")
        self.only("clock/twilio", "skipped")
        self.assertIn("alerter.webhook.url", self.only("webhook/webhook", "fail")["mend"])

    def test_a_secrets_file_that_is_missing(self):
        (self.set.root / "secrets/openai").unlink()
        checks = self.examine(code=1)
        self.assertIn("providers.openai.key", checks["config"]["text"])
        self.assertIn("secrets/openai", checks["config"]["text"])
        self.assertEqual(checks["key"]["verdict"], "skipped")
        self.assertEqual(len(checks), 5 + 15)
        # The one that was asked for is not known, and the cause is told.
        self.assertEqual(list(self.examine("--only", "disk/run_dir", code=1)), ["config"])

    def test_a_secret_that_others_may_read(self):
        (self.set.root / "secrets/openai").chmod(0o644)
        check = self.only("secrets", "fail")
        self.assertIn("mode 0644", check["text"])
        self.assertIn("chmod 600", check["mend"])

    def test_a_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.set.ports["console"]))
            other.listen()
            check = self.only("port/console", "fail")
        self.assertRegex(check["text"], rf"in use by python3\S*, process {os.getpid()}$")
        self.assertIn("console.listen", check["mend"])
        self.only("port/console", "ok")

    def test_rights_on_a_folder(self):
        state = self.set.root / "state"
        state.chmod(0o777)
        self.assertIn("mode 0777", self.only("rights/state_dir", "fail")["text"])
        state.chmod(0o700)
        self.only("rights/state_dir", "ok")
        # No user may write here, root neither.
        self.change(state_dir="/proc/ringfence")
        self.assertIn("cannot be written, where it would be made", self.only("rights/state_dir", "fail")["text"])
        file = self.set.root / "file"
        file.write_text("")
        self.change(state_dir=str(file))
        self.assertIn("is no folder", self.only("rights/state_dir", "fail")["text"])

    def test_little_room_on_a_disk(self):
        self.change(health={"disk": {"least_bytes": "1024GiB", "least_share": "100%"}})
        self.assertIn("free", self.only("disk/run_dir", "warn")["text"])

    def test_a_mail_server_that_refuses_the_login(self):
        kept = []

        class Handler:
            async def handle_DATA(self, _server, _session, envelope):
                kept.append(envelope)
                return "250 kept"

        def login(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=data.password == b"right-4711", handled=False)
        controller = Controller(Handler(), hostname="127.0.0.1", port=free_port(), authenticator=login,
                                auth_require_tls=False)
        controller.start()
        self.addCleanup(controller.stop)
        mail = self.set.config["alerter"]["email"]
        mail.update(url=f"smtp://127.0.0.1:{controller.port}", user="ringfence", password="wrong-4711")
        self.set.write_config()
        check = self.only("mail/email", "fail")
        self.assertIn("auth", check["text"])
        self.assertIn("alerter.email.user and password", check["mend"])
        self.assertNotIn("4711", json.dumps(check))
        mail["password"] = "right-4711"
        self.set.write_config()
        self.assertRegex(self.only("mail/email", "ok")["text"], r"^dns .*hello .*auth .*; no mail was sent$")
        self.assertEqual(kept, [])

    def test_a_database_that_is_away(self):
        self.set.config["orchestrator"]["store"] = {"url": f"postgresql://x@127.0.0.1:{free_port()}/x"}
        self.set.write_config()
        self.only("database", "fail")

    def test_a_check_that_there_is_not(self):
        self.assertIn("expected one of version, config,",
                      self.set.cli("doctor", "--only", "ports", check=2).stderr)
        self.assertIn("there is no such check", self.set.cli("doctor", "--only", "key/nobody", check=2).stderr)


if __name__ == "__main__":
    unittest.main()
