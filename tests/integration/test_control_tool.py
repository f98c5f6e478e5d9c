"""The control tool `ringfence` against a real broker. The orchestrator is a stand-in written here, from the
documentation of the messages alone: so its answers are known, and the bus is spoken by foreign code."""

import csv
import json
import os
import pty
import select
import signal
import subprocess
import threading
import time
import unittest

import msgpack
import zmq

from harness import BIN, RingfenceTest, wait_for


class StandIn(threading.Thread):
    """Serves `campaign` with the answers of a small campaign that ends after some questions."""

    def __init__(self, run_dir, questions=3, set_aside=()):
        super().__init__(daemon=True)
        self.endpoint = f"ipc://{run_dir}/workers"
        self.questions = questions  # status calls until it is finished
        self.set_aside = set(set_aside)
        self.contacts = {}
        self.pages = []
        self.asked = 0
        self.started = False
        self.released = 0
        self.ending = threading.Event()

    def status(self):
        finished = self.asked >= self.questions
        total = len(self.contacts)
        aside = len(self.set_aside) if finished else 0
        return {"name": self.campaign, "total": total, "new": 0, "running": 0 if finished else 1,
                "waiting": 0 if finished else total - 1, "waiting_for": None if finished else "elevenlabs",
                "done": total - aside if finished else 0, "set_aside": aside, "finished": finished,
                "outcomes": {"completed": total - aside} if finished else {},
                "reasons": {"retries_exhausted": aside} if aside else {}}

    def answer(self, operation, params):
        self.campaign = params.get("campaign", "spring")
        if operation == "load":
            page = params["contacts"]
            self.pages.append(len(page))
            known = sum(c["line"] in self.contacts for c in page)
            self.contacts.update({c["line"]: c for c in page})
            return {"added": len(page) - known, "known": known, "refused": []}
        if operation == "start":
            self.started = True
            return {"total": len(self.contacts)}
        if operation in ("pause", "resume", "cancel", "priority"):
            return {**self.status(), "campaign": self.campaign, "state": "running", "was": "running",
                    "priority": params.get("priority", 0)}
        if operation == "set":
            return {"campaign": self.campaign, "state": "running", "version": 1, "changed": True,
                    "settings": params["changes"]}
        if operation == "retry":
            return {"campaign": self.campaign, "state": "running", "retried": 1, "kept": 0}
        if operation == "why":
            return {"contacts": [{"id": params["contact"], "state": "done", "text": "It is done."}]}
        if operation in ("dnc_add", "dnc_remove"):
            change, same = ("added", "known") if operation == "dnc_add" else ("removed", "unknown")
            return {change: len(params["numbers"]), same: 0, "refused": []}
        if operation == "dnc_list":
            return {"numbers": [{"phone": "+12025550101", "since": 1795860000000000000, "why": "trial"}]}
        if operation == "export":
            return {"columns": ["city"], "last": 2, "more": False, "contacts": [
                {"line": 2, "id": "june-2", "phone": "+12025550100", "fields": {"city": "Bath"}, "state": "new",
                 "attempts": 0, "sids": []}]}
        if operation == "status":
            self.asked += 1
            return {"campaigns": [self.status()]}
        lines = sorted(line for line in self.contacts if line > params["after"])[:params["limit"]]
        return {"contacts": [
            {"id": f"{self.campaign}-{line}", "line": line, "phone": self.contacts[line]["phone"],
             "name": self.contacts[line]["name"], "step": "speech",
             "state": "set_aside" if line in self.set_aside else "done",
             "reason": "retries_exhausted" if line in self.set_aside else None,
             "message": "503 from elevenlabs" if line in self.set_aside else None} for line in lines]}

    def run(self):
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(self.endpoint)
        beat = 0.0

        def send(kind, **fields):
            socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

        while not self.ending.is_set():
            if time.monotonic() > beat:
                send("worker.heartbeat", instance="stand-in-1", in_hand=[],
                     offers=[{"service": "campaign", "capacity": 4, "released": self.released}])
                beat = time.monotonic() + 0.2
            if not socket.poll(50):
                continue
            message = msgpack.unpackb(socket.recv())
            if message["t"] == "worker.welcome" and message.get("registered"):
                self.released = 0
            if message["t"] != "call.request":
                continue
            send("call.reply", id=message["id"], ok=True, **{"class": "ok"},
                 result=self.answer(message["operation"], message.get("params", {})))
            self.released += 1
            send("worker.credit", service="campaign", released=self.released)
        context.destroy()

    def end(self):
        self.ending.set()
        self.join()


class ControlToolTest(RingfenceTest):
    def stand_in(self, **options):
        stand_in = StandIn(self.set.root / "run", **options)
        stand_in.start()
        self.addCleanup(stand_in.end)
        return stand_in

    def contacts(self, lines):
        file = self.set.root / "spring.csv"
        file.write_text("phone,name,city\n" + "".join(line + "\n" for line in lines))
        return file

    def state_operation(self, **fields):
        """One state operation by a plain DEALER."""
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(f"ipc://{self.set.root}/run/ingest")
            socket.send(msgpack.packb({"t": "hello", "v": 1, "instance": "test-1", "service": "test"}))
            socket.send(msgpack.packb({"v": 1, "rid": "1", **fields}))
            while True:
                self.assertTrue(socket.poll(10000), "no answer")
                message = msgpack.unpackb(socket.recv())
                if message["t"] == "state.reply":
                    return message

    def test_a_campaign_is_loaded_in_pages_followed_and_summed_up(self):
        self.set.start("broker")
        stand_in = self.stand_in(set_aside=[3])
        file = self.contacts([f"+1202{i:07d},N{i},Paris" for i in range(1100)] +
                             ["not a number,X,Y", "+12020000003,twice,Z"])
        result = self.set.cli("campaign", "run", file, check=3)
        self.assertEqual(stand_in.pages, [500, 500, 100])
        self.assertTrue(stand_in.started)
        self.assertEqual(stand_in.contacts[2], {"line": 2, "phone": "+12020000000", "name": "N0",
                                                "fields": {"city": "Paris"}})
        self.assertIn("campaign spring: contacts loaded: 1100, known from before: 0, lines refused: 2",
                      result.stdout)
        self.assertIn("0 of 1100: 0 done, 1 in progress, 1099 waiting for elevenlabs", result.stdout)
        self.assertIn("campaign spring (finished): 1100 of 1100: 1099 done, 1 set aside", result.stdout)
        self.assertIn(f"{file}:3: +12020000001 N1: retries_exhausted at the step speech: 503 from "
                      "elevenlabs", result.stdout)
        self.assertIn(f"{file}:1102: phone: \"not a number\" is not a telephone number", result.stderr)
        self.assertIn(f"{file}:1103: phone: +12020000003 stands in line 5 already", result.stderr)
        self.assertNotIn("\r", result.stdout)
        rejects = file.with_suffix(".rejects.csv")
        self.assertIn(f"lines refused: 2 (they are in {rejects})", result.stdout)
        with open(rejects, newline="", encoding="utf-8") as rows:
            rows = list(csv.reader(rows))
        self.assertEqual(rows[0], ["line", "reason", "phone", "name", "city"])
        self.assertEqual([row[0] for row in rows[1:]], ["1102", "1103"])
        self.assertEqual(rows[2][2:], ["+12020000003", "twice", "Z"])

    def test_a_campaign_is_told_as_json(self):
        self.set.start("broker")
        self.stand_in()
        file = self.contacts(["+12025550100,Ada,Paris"])
        result = self.set.cli("campaign", "run", file, "--json", "--name", "june", check=0)
        told = json.loads(result.stdout)
        self.assertEqual(told["campaign"], "june")
        self.assertEqual((told["added"], told["known"], told["refused"]), (1, 0, []))
        self.assertTrue(told["status"]["finished"])
        self.assertTrue(told["complete"])
        again = json.loads(self.set.cli("campaign", "run", file, "--json", check=0).stdout)
        self.assertEqual((again["added"], again["known"]), (0, 1))

    def test_a_terminal_gets_a_bar(self):
        self.set.start("broker")
        self.stand_in()
        file = self.contacts(["+12025550100,Ada,Paris"])
        ours, theirs = pty.openpty()
        popen = subprocess.Popen([BIN / "ringfence", "campaign", "run", file, "--config",
                                  self.set.config_file], stdout=theirs, stderr=theirs)
        os.close(theirs)
        drawn = b""
        while True:
            ready, _, _ = select.select([ours], [], [], 30)
            self.assertTrue(ready, "nothing was drawn")
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            drawn += part
        os.close(ours)
        self.assertEqual(popen.wait(30), 0)
        self.assertIn(b"\r[......", drawn)
        self.assertIn(b"\r[######", drawn)
        self.assertIn(b"\r\x1b[Kcampaign spring (finished)", drawn)

    def test_what_is_said_while_a_bar_stands_is_not_glued_to_it(self):
        self.set.start("broker")
        self.stand_in(questions=10**6)
        file = self.contacts(["+12025550100,Ada,Paris"])
        ours, theirs = pty.openpty()
        popen = subprocess.Popen([BIN / "ringfence", "campaign", "run", file, "--config",
                                  self.set.config_file], stdout=theirs, stderr=theirs)
        os.close(theirs)
        drawn = b""

        def draws(what):
            nonlocal drawn
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    drawn += os.read(ours, 4096)
                except OSError:  # the other side is closed
                    pass
            return what in drawn
        wait_for("the bar", lambda: draws(b"\r[......"))
        self.set.processes["broker"].kill()
        wait_for("a word about the broker", lambda: draws(b"ringfence: "))
        popen.send_signal(signal.SIGINT)
        wait_for("its end", lambda: draws(b"campaign status") and popen.poll() is not None)
        os.close(ours)
        for before in drawn.split(b"ringfence: ")[:-1]:
            self.assertTrue(before.endswith((b"\n", b"\r\x1b[K")), drawn)

    def test_it_waits_for_the_orchestrator_and_for_the_broker(self):
        file = self.contacts(["+12025550100,Ada,Paris"])
        popen = self.set.campaign([("+12025550100", "Ada")], "early")
        log = self.set.root / "out" / "campaign-early.log"
        wait_for("the notice", lambda: b"waiting up to 10 s for the broker" in log.read_bytes())
        self.set.start("broker")
        wait_for("the second notice",
                 lambda: b"waiting for the orchestrator (no_worker)" in log.read_bytes())
        self.stand_in()
        self.assertEqual(popen.wait(30), 0, log.read_text())
        self.assertTrue(file.exists())

    def test_without_a_broker_it_fails_after_the_stated_time(self):
        began = time.monotonic()
        for words in (["status"], ["campaign", "status"], ["mark", "list"], ["tail"]):
            result = self.set.cli(*words, "--timeout", "300ms", check=1)
            self.assertIn("no broker answers at ipc://", result.stderr)
            self.assertIn("(waited 0.3 s); is ringfence-broker running", result.stderr)
        self.assertLess(time.monotonic() - began, 30)

    def test_ctrl_c_leaves_the_campaign_running_and_says_how_to_look_at_it(self):
        self.set.start("broker")
        stand_in = self.stand_in(questions=10**6)
        popen = self.set.campaign([("+12025550100", "Ada")], "long")
        wait_for("the campaign to run", lambda: stand_in.asked > 1)
        popen.send_signal(signal.SIGINT)
        self.assertEqual(popen.wait(10), 130)
        text = (self.set.root / "out" / "campaign-long.log").read_text()
        self.assertIn("the campaign goes on without this program; to look at it: ringfence campaign "
                      "status long", text)
        stood = self.set.cli("campaign", "status", "long", check=0)
        self.assertIn("campaign long: 0 of 1: 0 done, 1 in progress", stood.stdout)

    def test_a_broker_that_is_restarted_costs_the_follower_nothing(self):
        broker = self.set.start("broker")
        stand_in = self.stand_in(questions=10**6)
        popen = self.set.campaign([("+12025550100", "Ada")], "steady")
        wait_for("the campaign to run", lambda: stand_in.asked > 1)
        broker.kill()
        self.set.start("broker", "broker-again")
        asked = stand_in.asked
        wait_for("further questions", lambda: stand_in.asked > asked)
        stand_in.questions = 0
        self.assertEqual(popen.wait(60), 0)
        self.assertIn("campaign steady (finished): 1 of 1: 1 done",
                      (self.set.root / "out" / "campaign-steady.log").read_text())

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([BIN / "ringfence", "config", "keys"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output cannot be written: No space left on device", result.stderr)

    def run_in_shell(self, command):
        """`command` after the words that all have; its end, and that of the last to write."""
        return subprocess.run(["bash", "-o", "pipefail", "-c", f"{BIN}/ringfence --config {self.set.config_file} {command}"],
                              capture_output=True, text=True, check=False, timeout=60)

    def test_what_cannot_be_written_is_told_and_a_reader_that_went_away_is_no_failure(self):
        self.set.start("broker")
        for words in ("--help", "--version", "config keys", "status", "status --json", "status --watch=200ms",
                      "status --watch=200ms --json", "breaker list --json", "tail --since 1h", "replay --since 1h"):
            with self.subTest(words):
                full = self.run_in_shell(f"{words} > /dev/full")
                self.assertEqual(full.returncode, 1, full.stderr)
                self.assertEqual(full.stderr.count("standard output cannot be written: No space left on device"), 1)
                closed = self.run_in_shell(f"{words} >&-")
                self.assertEqual(closed.returncode, 1, closed.stderr)
                self.assertEqual(closed.stderr.count("standard output cannot be written: Bad file descriptor"), 1)
                gone = self.run_in_shell(f"{words} | head -1")
                self.assertEqual((gone.returncode, gone.stderr), (0, ""))
                self.assertEqual(gone.stdout.count("\n"), 1)

    def test_status_tells_workers_and_breakers(self):
        self.set.start("broker")
        self.stand_in()
        wait_for("the worker", lambda: "stand-in-1" in self.set.cli("status", check=0).stdout)
        text = self.set.cli("status", check=0).stdout
        self.assertRegex(text, r"stand-in-1 +ready +\S+ +\S+ +0 +campaign +4 +4 +0\n")
        self.assertRegex(text, r"campaign +0 +- +0 +1\n")
        self.assertRegex(text, r"calls\n  0 taken, 0 answered\n")
        self.assertRegex(text, r"elevenlabs +closed")
        self.assertRegex(text, r"broker +ready +pid \d+")
        told = json.loads(self.set.cli("status", "--json", check=0).stdout)
        worker = told["broker"]["workers"][0]
        self.assertEqual((worker["instance"], worker["state"], worker["in_hand"]),
                         ("stand-in-1", "ready", 0))
        self.assertEqual(worker["offers"][0]["credit"], 4)
        self.assertEqual(told["breaker"]["elevenlabs"]["state"], "closed")

    def test_a_mark_is_listed_cleared_and_told(self):
        self.set.start("broker")
        self.assertEqual(self.set.cli("mark", "list", check=0).stdout, "no provider is marked\n")
        self.assertIn("there is no mark on elevenlabs",
                      self.set.cli("mark", "clear", "elevenlabs", check=1).stderr)
        self.assertIn("is not a provider", self.set.cli("mark", "clear", "acme", check=2).stderr)
        set_mark = self.state_operation(t="state.cas", key="mark/elevenlabs", version=0, value={
            "class": "permanent.config", "message": "certificate\nexpired", "fingerprint": "ab",
            "since": time.time_ns(), "contact": "spring-2", "clears": "person"})
        self.assertTrue(set_mark["ok"])
        listed = self.set.cli("mark", "list", check=0).stdout
        self.assertRegex(listed, r"^elevenlabs: permanent\.config since .*: certificate expired "
                                 r"\(cleared by: person\)\n$")
        log = self.set.root / "out" / "tail.log"
        with open(log, "wb") as out:
            tail = subprocess.Popen([BIN / "ringfence", "tail", "mark.", "--json", "--config",
                                     self.set.config_file], stdout=out, stderr=subprocess.STDOUT)
        self.addCleanup(tail.kill)
        # A SUB socket tells nobody when its subscription has arrived: marks are set until one is heard.
        # The subscription of `tail` is in place when one of them comes.

        def heard():
            self.state_operation(t="state.put", key="mark/openai", value={"class": "permanent.auth"})
            self.set.cli("mark", "clear", "openai", check=0)
            return b"mark.cleared/openai" in log.read_bytes()
        wait_for("tail to hear", heard)
        self.assertEqual(self.set.cli("mark", "clear", "elevenlabs", check=0).stdout,
                         "elevenlabs is no longer marked\n")
        wait_for("the event", lambda: b"mark.cleared/elevenlabs" in log.read_bytes())
        event = json.loads(log.read_bytes().splitlines()[-1])
        self.assertEqual((event["type"], event["subject"], event["severity"]),
                         ("mark.cleared", "elevenlabs", "info"))
        self.assertEqual(event["data"]["why"], "a person cleared it")
        self.assertEqual(self.state_operation(t="state.get", key="mark/elevenlabs")["ok"], False)
        tail.send_signal(signal.SIGINT)
        self.assertEqual(tail.wait(10), 0)

    def test_a_person_forces_a_breaker_and_takes_it_back(self):
        self.set.start("broker")
        breaker = self.set.cli
        self.assertIn("--why TEXT is needed", breaker("breaker", "disable", "twilio", check=2).stderr)
        self.assertIn("expected one of", breaker("breaker", "reset", "acme", "--why", "x", check=1).stderr)
        self.assertIn("--for", breaker("breaker", "disable", "twilio", "--for", "soon", "--why", "x",
                                       check=2).stderr)
        self.assertEqual(breaker("breaker", "force-open", "twilio", "--for", "10m", "--why", "a\ttrial",
                                 check=0).stdout, "twilio: force-open for 10m\n")
        told = {one["service"]: one for one in
                json.loads(breaker("breaker", "list", "--json", check=0).stdout)}
        self.assertEqual((told["twilio"]["state"], told["twilio"]["force"], told["openai"]["state"]),
                         ("open", "open", "closed"))
        self.assertAlmostEqual(told["twilio"]["force_until"] / 1e9, time.time() + 600, delta=30)
        kept = self.state_operation(t="state.get", key="breaker/twilio")["entries"][0]["value"]
        self.assertEqual((kept["state"], kept["force"], kept["cause"]), ("open", "open", "forced_open"))
        self.assertRegex(breaker("breaker", "list", check=0).stdout,
                         r"(?m)^twilio: open \(enforce\), .*, opened 1 times, since 20.* UTC, forced open by .* "
                         r"until 20.* UTC: a trial$")
        self.assertRegex(breaker("status", check=0).stdout,
                         r"(?m)^  twilio +open +for .*, forced open by .* until 20.* UTC: a trial$")
        breaker("breaker", "reset", "twilio", "--why", "over", check=0)
        self.assertIn("twilio: closed (enforce), 0 failures in a row, window 0 failed of 0",
                      breaker("breaker", "list", check=0).stdout)

    def test_config_check_names_the_unknown_key(self):
        self.set.config["orchestrator"]["concurency"] = 8
        self.set.write_config()
        result = self.set.cli("config", "check", check=78)
        line = self.set.config_file.read_text().splitlines().index("  concurency: 8") + 1
        self.assertEqual(result.stderr, f"{self.set.config_file}:{line}: orchestrator.concurency: unknown "
                                        "key; did you mean concurrency?\n")
        self.assertEqual(result.stdout, "")
        result = self.set.cli("config", "check", "--json", check=78)
        self.assertEqual(json.loads(result.stdout), {"file": str(self.set.config_file), "ok": False,
                                                     "error": json.loads(result.stderr)["message"]})

    def test_config_check_tells_its_warnings_as_text_and_as_json(self):
        self.assertEqual(self.set.cli("config", "check", check=0).stdout, f"{self.set.config_file}: ok\n")
        secret = self.set.root / "secrets" / "openai"
        secret.chmod(0o644)
        text = f"{secret} may be read by others (mode 0644); chmod 600 {secret}"
        result = self.set.cli("config", "check", check=0)
        self.assertIn(f"{self.set.config_file}: warning: providers.openai.key: {text} [secret-mode]\n", result.stderr)
        told = json.loads(self.set.cli("config", "check", "--json", check=0).stdout)
        self.assertIn({"code": "secret-mode", "key": "providers.openai.key", "text": text}, told["warnings"])

    def test_config_rules_lists_the_users_own_before_the_built_in_ones_each_with_its_source(self):
        self.set.config["providers"]["openai"]["rules"] = [
            {"status": "5xx", "field": "error.code", "equals": "later", "class": "rate_limited",
             "retry": "never", "mark_for": "2m", "source": "our contract"}]
        self.set.write_config()
        rules = [json.loads(line) for line in
                 self.set.cli("config", "rules", "openai", "--json", check=0).stdout.splitlines()]
        self.assertEqual(rules[0], {"number": 1, "whose": "yours",
                                    "rule": "status 500-599, error.code = later",
                                    "class": "rate_limited", "retried": "never",
                                    "mark_for_ns": 120 * 10**9, "source": "our contract"})
        self.assertEqual([rule["number"] for rule in rules], list(range(1, len(rules) + 1)))
        for rule in rules:
            self.assertTrue(rule["source"], rule)
        quota = [rule for rule in rules if "insufficient_quota" in rule["rule"]]
        self.assertEqual([(r["whose"], r["class"]) for r in quota], [("built-in", "permanent.quota")])
        text = self.set.cli("config", "rules", "openai", check=0).stdout
        self.assertIn("yours: our contract\n", text)
        wrong = self.set.cli("config", "rules", "acme", check=2)
        self.assertIn('"acme" is not a provider', wrong.stderr)
        self.set.config["providers"]["openai"]["rules"] = [{"status": 500}]
        self.set.write_config()
        wrong = self.set.cli("config", "rules", "openai", check=78)
        self.assertIn("providers.openai.rules[0]: has no class", wrong.stderr)

    def test_every_key_is_in_the_manual_page(self):
        keys = [json.loads(line) for line in
                self.set.cli("config", "keys", "--json", check=0).stdout.splitlines()]
        page = self.set.cli("config", "man", check=0).stdout
        listed = [line[7:] for line in page[:page.index(".Sh WARNINGS")].splitlines() if line.startswith(".It Li ")]
        self.assertEqual(listed, [key["key"] for key in keys])
        warnings = page[page.index(".Sh WARNINGS"):]
        self.assertIn(".It Li secret-mode\n\\&The file of a secret can be read by others than its owner.\n", warnings)
        self.assertIn(".It Li bus-role\n", warnings)
        threshold = next(k for k in keys if k["key"] == "defaults.breaker.failure_threshold")
        self.assertEqual((threshold["default"], threshold["expected"]),
                         ("5", "a whole number from 0 to 128"))


if __name__ == "__main__":
    unittest.main()
