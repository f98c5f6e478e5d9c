"""Starts a set of Ringfence processes for one test, on folders and ports of its own, and ends it.

Nothing here waits for a fixed time: wait_for() polls a condition under a generous deadline, and what must not
change is looked at all the while, by stays(). A process that ends with another code than it should, or that a
sanitizer speaks about, fails the test.
"""

import contextlib
import copy
import datetime
import email
import email.policy
import functools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml
from aiosmtpd.controller import Controller

BIN = pathlib.Path(os.environ.get("RF_BIN", "build/asan/bin")).resolve()
PROGRAMS = BIN.parent / "tests"  # and libraries that only tests use
SOURCE = pathlib.Path(__file__).resolve().parents[2]
# Each event that a person may want to hear of is one alert with that event's id, so that whoever counts losses and
# doubles can count events. What the built-in rules make of them is for the tests of the alerter.
EACH_EVENT_ALONE = [
    {"name": "observes", "on": "breaker.opened breaker.closed", "where": "mode=observe force!=open|closed|disabled",
     "drop": True},
    {"name": "marked", "on": "contact.set_aside", "where": "mark_made=true", "drop": True},
    {"name": "each-contact", "on": "contact.set_aside", "by": "id", "resolve_after": "1h",
     "where": "reason^=retries_exhausted|interrupted|call_lost|call_unknown|permanent."},
    {"name": "each-up", "on": "provider.up", "where": "from=down", "by": "id", "resolve_after": "1h"},
    {"name": "each", "by": "id", "resolve_after": "1h",
     "on": "breaker.opened breaker.closed provider.down process.lost journal.trimmed journal.replaced mark.set "
           "key.set_aside worker.ejected"},
    {"name": "no-more", "on": "*", "drop": True},
]

SERVICES = ["simulator", "broker", "service-gateway", "orchestrator", "health-monitor", "alerter",
            "logger", "console"]
ALERT_ID = re.compile(r"\bid: ([0-9A-HJKMNP-TV-Z]{26})\b")

# Sanitizers make everything some times slower, and two tests share two cores.
PATIENCE = 60


def wait_for(what, condition, seconds=PATIENCE):
    """Returns the condition's first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


def stays(what, condition, seconds):
    """Looks all this time, and fails as soon as the condition is not true."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if not condition():
            raise AssertionError(f"not {what} after {passed:.1f} s of {seconds}")
        time.sleep(0.05)


given_ports = set()


def free_port():
    """A port that nobody listens on, below those that the kernel hands out for connections, and
    that was not given before: whoever it was given to may not listen yet."""
    chooser = random.SystemRandom()
    for _ in range(1000):
        port = chooser.randrange(20000, 32000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in given_ports:
                    given_ports.add(port)
                    return port
    raise AssertionError("no free port")


def merge(base, changes):
    """The dictionary `base` with the values of `changes` in it, section by section."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def replace(file, text):
    """Writes a file in one act: who reads it meanwhile finds the old text or the new one."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def preloaded(library, **more):
    """The environment of a process that a library of tests/fault comes before. A sanitizer's runtime wants to be the
    first; behind this one it works as well."""
    return {"LD_PRELOAD": str(PROGRAMS / f"{library}.so"),
            "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0", **more}


class Mailbox:
    """A real SMTP server that keeps what it gets; it can be away for a while."""

    def __init__(self):
        self.port = free_port()
        self.mails = []
        self.controller = None

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 kept"

    def open(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    def ids(self):
        return [mail["X-Ringfence-Alert"] for mail in self.mails]


@functools.cache
def has_crash_points(program):
    """Whether it was built with RF_CRASH_POINTS: a release is not."""
    return b"RF_CRASH_AT" in (BIN / program).read_bytes()


class Process:
    """One process of the set."""

    def __init__(self, the_set, service, name, environment, config=None, through=()):
        if "RF_CRASH_AT" in environment and not has_crash_points(f"ringfence-{service}"):
            raise unittest.SkipTest("built without RF_CRASH_POINTS")
        self.name = name
        self.output = the_set.root / "out" / f"{name}.log"
        self.began = time.monotonic()
        with open(self.output, "ab") as log:
            self.start_offset = log.tell()
            self.popen = subprocess.Popen(
                [*through, str(BIN / f"ringfence-{service}"), "--config", str(config or the_set.config_file)],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **environment))
        self.service = service
        self.killed = False

    def text(self):
        with open(self.output, "rb") as log:
            log.seek(self.start_offset)
            return log.read().decode(errors="replace")

    def says(self, words):
        return words in self.text()

    def alive(self):
        return self.popen.poll() is None

    def wait_ready(self):
        def ready():
            ended = not self.alive()  # looked at first: it may be ready and end right after
            if self.says(f"{self.service}: ready: "):
                return True
            if ended:
                raise AssertionError(f"{self.name} ended with {self.popen.returncode} before it was "
                                     f"ready:\n{self.text()}")
            return False
        wait_for(f"{self.name} to be ready", ready)
        return self

    def kill(self):
        """SIGKILL: no last words."""
        self.killed = True
        self.popen.kill()
        self.popen.wait()

    def wait_killed(self):
        """Waits until the process has killed itself at a crash point."""
        wait_for(f"{self.name} to reach its crash point", lambda: not self.alive())
        assert self.popen.returncode == -signal.SIGKILL, \
            f"{self.name} ended with {self.popen.returncode}:\n{self.text()}"
        self.killed = True

    def terminate(self, sig=signal.SIGTERM):
        if self.alive():
            self.popen.send_signal(sig)

    def reload(self):
        """SIGHUP, and waits until it has taken the configuration over."""
        words = "configuration read again"
        times = self.text().count(words)
        self.terminate(signal.SIGHUP)
        wait_for(f"{self.name} to reload", lambda: self.text().count(words) > times)

    def wait(self, seconds=PATIENCE):
        self.popen.wait(seconds)
        return self.popen.returncode


class RingfenceSet:
    """The processes, folders and ports of one test."""

    def __init__(self, changes=None):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-"))
        for folder in ("run", "state", "log", "media", "out", "secrets"):
            (self.root / folder).mkdir(mode=0o700)
        self.ports = {name: free_port() for name in ("simulator", "tls", "console")}
        self.mailbox = Mailbox()
        self.mailbox.open()
        self.processes = {}
        self.campaigns = []
        self.simulator_url = f"http://127.0.0.1:{self.ports['simulator']}"
        for name in ("elevenlabs", "openai", "anthropic", "twilio"):
            self.write_key(name, f"{name}-good")
        self.config = merge(self.base_config(), changes or {})
        self.config_file = self.root / "ringfence.yaml"
        self.write_config()

    def base_config(self):
        """Every wait is short, but none is zero; the numbers keep the order that the defaults have."""
        url = self.simulator_url
        return {
            "run_dir": str(self.root / "run"), "state_dir": str(self.root / "state"),
            "log_dir": str(self.root / "log"), "media_dir": str(self.root / "media"),
            "drain_timeout": "5s",
            "bus": {"heartbeat": "600ms", "heartbeat_misses": 4},
            "broker": {"drain_timeout": "10s"},
            "defaults": {
                "retry": {"initial_delay": "200ms", "backoff_factor": 2, "max_retries": 3,
                          "max_delay": "5s", "jitter": "20%"},
                "breaker": {"failure_threshold": 5, "recovery_timeout": "2s", "test_lease": "8s"},
                "timeout": {"connect": "2s", "attempt": "6s"},
            },
            "providers": {
                "elevenlabs": {"base_url": f"{url}/elevenlabs", "key": "file:secrets/elevenlabs"},
                "openai": {"base_url": f"{url}/openai", "key": "file:secrets/openai"},
                "anthropic": {"base_url": f"{url}/anthropic", "key": "file:secrets/anthropic"},
                "twilio": {"base_url": f"{url}/twilio", "key": "file:secrets/twilio",
                           "account_sid": "AC" + 32 * "0", "from": "+12025550199"},
            },
            "telephony": {"audio": "play", "media_secret": "test-media-secret",
                          "media_url": f"http://127.0.0.1:{self.ports['console']}",
                          "send_margin": "4s", "list_lag": "500ms", "clock_skew": "2s",
                          "poll_initial": "100ms", "poll_max": "500ms"},
            "orchestrator": {"concurrency": 8, "call_deadline": "40s", "dial_deadline": "15s",
                             "defer_delay": "3s", "ramp_interval": "20ms",
                             "prompt": "Write a short greeting for {name}."},
            "health": {"interval": "300ms", "timeout": "2s", "rise": 2, "fall": 2},
            "alerter": {
                "email": {"enabled": True, "url": f"smtp://127.0.0.1:{self.mailbox.port}",
                          "from": "ringfence@example.com", "to": "oncall@example.com",
                          "require_tls": False},
                "telegram": {"enabled": True, "base_url": f"{url}/telegram", "token": "1:test",
                             "chat_id": "-100", "rate": 6000},
                "webhook": {"enabled": True, "url": f"{url}/webhook"},
                "retry": {"initial_delay": "200ms", "max_delay": "2s", "max_retries": 3},
                "breaker": {"recovery_timeout": "500ms", "recovery_max": "2s"},
                "timeout": "5s", "rules": EACH_EVENT_ALONE, "own_side": {"providers": 0},
                "storm": {"notices": 100, "within": "100ms"},
            },
            "logger": {"sheets": {"enabled": False}},
            # So that tests know contacts by their numbers; test_redaction.py has the default.
            "redaction": {"phones": "keep"},
            "console": {"listen": f"127.0.0.1:{self.ports['console']}"},
            "simulator": {"listen": f"127.0.0.1:{self.ports['simulator']}", "seed": 1, "cps": 50,
                          "list_lag": "300ms", "ring": "50ms", "talk": "100ms", "latency": "5ms"},
        }

    # ---- configuration ----

    def write_key(self, provider, key):
        file = self.root / "secrets" / provider
        file.write_text(key + "\n")
        file.chmod(0o600)

    def write_config(self):
        self.config_file.write_text(yaml.safe_dump(self.config))

    def write_other_config(self, name, changes):
        """The set's configuration with changes, for a process that differs."""
        file = self.root / f"{name}.yaml"
        file.write_text(yaml.safe_dump(merge(self.config, changes)))
        return file

    # ---- processes ----

    def launch(self, service, name=None, environment=None, config=None, through=()):
        """`config`: a file of its own, such as one of write_other_config; `through`: a command that becomes it."""
        name = name or service
        process = Process(self, service, name, environment or {}, config, through)
        self.processes[name] = process
        return process

    def start(self, service, name=None, environment=None, config=None):
        return self.launch(service, name, environment, config).wait_ready()

    def start_all(self, without=()):
        """The simulator first, as providers do not start with us; the rest at once, in no order."""
        if "simulator" not in self.processes:
            self.start("simulator")
        launched = [self.launch(service) for service in SERVICES
                    if service not in without and service != "simulator"]
        for process in launched:
            process.wait_ready()
        return self

    def stop_all(self):
        """Ends all in order and returns what was wrong with their ends."""
        faults = []
        for popen in self.campaigns:
            popen.kill()
            popen.wait()
        for process in self.processes.values():
            process.terminate(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                code = process.wait(30)
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.wait()
                faults.append(f"{process.name} did not end within 30 s of SIGTERM")
                continue
            if code != (-signal.SIGKILL if process.killed else 0):
                faults.append(f"{process.name} ended with {code}")
        return faults

    def sanitizer_reports(self):
        reports = []
        for file in (self.root / "out").iterdir():
            text = file.read_text(errors="replace")
            if re.search(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:", text):
                reports.append(f"{file.name}:\n{text[-6000:]}")
        return reports

    def close(self):
        self.mailbox.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- the command line ----

    def write_list(self, contacts, name="c", header="phone,name"):
        """A file of contacts, each a tuple of the header's columns, for the campaign of this name."""
        file = self.root / f"{name}.csv"
        file.write_text("".join(f"{line}\n" for line in [header, *map(",".join, contacts)]))
        return file

    def cli(self, *arguments, check=None, timeout=PATIENCE, config=None, through=()):
        """`through`: a command line that runs the one behind it."""
        result = subprocess.run([*map(str, through), str(BIN / "ringfence"), *map(str, arguments),
                                 "--config", str(config or self.config_file)],
                                capture_output=True, text=True, timeout=timeout, check=False)
        if check is not None and result.returncode != check:
            raise AssertionError(f"ringfence {arguments} ended with {result.returncode}, not {check}:\n"
                                 f"{result.stdout}\n{result.stderr}")
        return result

    def campaign(self, contacts, name="c", header="phone,name", environment=None):
        """Begins `ringfence campaign run` for a list of contacts. It goes on by itself, at most to the end of the
        set."""
        file = self.write_list(contacts, name, header)
        with open(self.root / "out" / f"campaign-{name}.log", "wb") as log:
            popen = subprocess.Popen([str(BIN / "ringfence"), "campaign", "run", str(file), "--name", name,
                                      "--config", str(self.config_file)],
                                     stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ, **(environment or {})))
        self.campaigns.append(popen)
        return popen

    # ---- the simulator ----

    def admin(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.simulator_url}/admin/{path}", data=data,
                                         method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)

    def faults(self, *faults):
        return self.admin("PUT", "faults", {"faults": list(faults)})

    def begun(self, contacts):
        """When the dials to these were begun, by the orchestrator's own record in SQLite, in seconds, sorted."""
        numbers = dict(contacts)
        file = self.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            rows = database.execute("SELECT phone, created FROM attempt").fetchall()
        return sorted(created / 1e9 for phone, created in rows if phone in numbers)

    def ledger(self):
        return self.admin("GET", "ledger")

    def state_of(self, service):
        """Where this service keeps what outlives it."""
        return self.root / "state" / service

    def requests(self, provider, words):
        return [r for r in self.ledger()["requests"]
                if r["provider"] == provider and words in r["path"]]

    def dials(self):
        """How often each number was called, in calls that exist."""
        counts = {}
        for dial in self.ledger()["dials"]:
            counts[dial["to"]] = counts.get(dial["to"], 0) + 1
        return counts

    # ---- what was told ----

    def events(self, **wanted):
        """The events in app_logs.json with these fields, each with its time as UTC seconds in "at"."""
        events = []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.root / "log" / "app_logs.json").read_bytes().split(b"\n")[:-1]:
                event = json.loads(line)
                event["at"] = datetime.datetime.fromisoformat(event["time"]).timestamp()
                if all(event.get(key) == value for key, value in wanted.items()):
                    events.append(event)
        return events

    def alert_ids(self):
        """The ids of the alerts that arrived, by channel."""
        ledger = self.ledger()
        return {"email": self.mailbox.ids(),
                "telegram": [ALERT_ID.search(m["text"]).group(1) for m in ledger["telegram"]],
                "webhook": [w["id"] for w in ledger["webhooks"]]}


def people(count, first=0):
    """Contacts with numbers reserved for fiction (+1 202 555 0100 to 0199)."""
    names = ["Ada", "Bela", "Cleo", "Dina", "Egon", "Finn", "Greta", "Hugo", "Ines", "Jonas"]
    return [(f"+1202555{100 + i:04d}", f"{names[i % 10]} Number{i}")
            for i in range(first, first + count)]


class RingfenceTest(unittest.TestCase):
    """A test with a set of its own; CONFIG is merged into the harness's configuration."""

    CONFIG = {}

    def make_set(self):
        return RingfenceSet(self.CONFIG)

    def setUp(self):
        self.set = self.make_set()
        self.addCleanup(self.finish)

    def finish(self):
        faults = self.set.stop_all()
        reports = self.set.sanitizer_reports()
        outcome = self._outcome
        failed = faults or reports or any(error for _, error in getattr(outcome, "errors", []) if error)
        failed = failed or bool(outcome.result.failures or outcome.result.errors)
        if failed:
            self.print_logs()
        self.set.close()
        self.assertEqual(faults, [])
        self.assertEqual(reports, [])

    def print_logs(self):
        for file in sorted((self.set.root / "out").iterdir()) + [self.set.root / "log" / "app.log"]:
            with contextlib.suppress(FileNotFoundError):
                print(f"==== {file.name}\n{file.read_text(errors='replace')[-3000:]}",
                      file=sys.stderr)

    def run_campaign(self, contacts, name="c", code=0):
        popen = self.set.campaign(contacts, name)
        try:
            ended = popen.wait(3 * PATIENCE)
        except subprocess.TimeoutExpired:
            popen.kill()
            self.fail("the campaign did not end")
        self.assertEqual(ended, code, "exit code of campaign run")

    def assert_each_dialled_once(self, contacts):
        self.assertEqual(self.set.dials(), {phone: 1 for phone, _ in contacts})

    def assert_alerts(self, expected_events):
        """Each of these events gave one alert on each channel, and nothing else did."""
        ids = sorted(event["id"] for event in expected_events)

        def arrived():
            seen = self.set.alert_ids()
            return all(len(seen[channel]) >= len(ids) for channel in seen)

        wait_for("the alerts", arrived)
        for channel, seen in self.set.alert_ids().items():
            self.assertEqual(sorted(seen), ids, channel)


class CampaignTest(RingfenceTest):
    """A test that does with campaigns what an operator does."""

    def order(self, *arguments, code=0):
        return self.set.cli("campaign", *arguments, check=code)

    def load(self, contacts, name="c", *options, code=0):
        """Loads contacts, each (phone, name)."""
        return self.order("load", name, self.set.write_list(contacts, name), *options, code=code)

    def status(self, name="c"):
        return json.loads(self.order("status", name, "--json").stdout)["campaigns"][0]

    def until(self, what, condition, name="c", seconds=PATIENCE):
        """Waits until the campaign is there and its status fulfils the condition; returns the status."""
        def holds():
            result = self.set.cli("campaign", "status", name, "--json")
            if result.returncode == 1 and f"there is no campaign {name}" in result.stderr:
                return None
            self.assertEqual(result.returncode, 0, result.stderr)
            status = json.loads(result.stdout)["campaigns"][0]
            return status if condition(status) else None
        return wait_for(what, holds, seconds)

    def finished(self, name="c", seconds=PATIENCE):
        """Waits for its end; returns its status."""
        return self.until(f"the end of {name}", lambda status: status["finished"], name, seconds)
