#!/usr/bin/python3
"""The durable campaign under random faults: the providers fail in every way (weather.py), and every 200 to 800 ms a
random process of the set is killed, or stopped and later continued, or a gateway is cut off from the broker
(storm.py). Then a tail without faults. Nobody may be lost, and nobody dialled twice.

    test_campaign_kills.py [--seed N] [--kills N] [--contacts N] [--keep FOLDER] [Sqlite|PostgreSQL]

The seed repeats all choices of a run; the moments depend on the machine as well. A short run is part of every test
run, one of at least 300 kills and 500 contacts has the label "long".
"""

import argparse
import contextlib
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))

import calls  # noqa: E402  the folder is put on the path first
import ends  # noqa: E402
import events  # noqa: E402
import postgres  # noqa: E402
import witness  # noqa: E402
from evidence import Evidence, is_campaigns  # noqa: E402
from harness import BIN, CampaignTest, free_port, wait_for  # noqa: E402
from relay import Relay  # noqa: E402
from storm import Storm  # noqa: E402
from weather import Weather  # noqa: E402

GATEWAYS = 2
STALL = 60  # seconds of the tail in which no contact comes to its end: then it hangs
KILLS_A_SECOND = 1.1  # measured
PACE = 2  # times what would have the campaign last as long as the kills, without them: they slow it down by half

# What becomes of a call is decided by its number's last two digits, where the ninth of ten is 9 (see
# ringfence-simulator(8)). 95 would have its provider marked until a person clears it.
FATES = ("90", "91", "92", "93", "94", "96", "97")
PLANS = {"busy": [1, 2], "no-answer": [1], "failed": [], "voicemail": [1, 1]}
MAX_CALLS, MAX_RETRIES = 3, 3
TIMEOUT, LAG, SKEW = 3, 0.5, 2


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--contacts", type=int, default=32)
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="copies there what a failed run left")
    return parser.parse_known_args()


OPTIONS, REST = options()


def numbers():
    """Numbers that are reserved for fiction, +44 20 7946 0000 to 0999: those who answer, and the others."""
    every = [f"+442079460{n:03d}" for n in range(1000)]
    return [n for n in every if n[-2] != "9"], [n for n in every if n[-2:] in FATES]


class CampaignKills(CampaignTest):
    maxDiff = None
    ORCHESTRATORS = ("orchestrator",)
    server = None  # of the database

    def setUp(self):
        self.random = random.Random(f"contacts {OPTIONS.seed}")
        self.ports = {name: free_port() for name in ("workers", "ingest")}
        self.CONFIG = self.configuration()
        super().setUp()
        self.weather = Weather(OPTIONS.seed)
        self.relays = {f"gateway-{i}": [Relay(self.ports["workers"]), Relay(self.ports["ingest"])]
                       for i in range(GATEWAYS)}
        for relay in (relay for relays in self.relays.values() for relay in relays):
            self.addCleanup(relay.close)
        self.storm = Storm(self.set, OPTIONS.seed, self.victims(), self.relays, self.server)
        self.draw_contacts()

    def configuration(self):
        recall = {how: {"waits": [f"{wait}s" for wait in waits]} if waits else {"retries": 0}
                  for how, waits in PLANS.items()}
        return {
            "bus": {"insecure": True, "heartbeat": "400ms",
                    **{name: f"tcp://127.0.0.1:{port}" for name, port in self.ports.items()}},
            "defaults": {"timeout": {"connect": "1s", "attempt": f"{TIMEOUT}s"},
                         "retry": {"initial_delay": "100ms", "max_retries": MAX_RETRIES, "max_delay": "2s"}},
            "telephony": {"send_margin": "3s", "list_lag": f"{int(LAG * 1000)}ms", "clock_skew": f"{SKEW}s",
                          "machine_detection": True},
            "orchestrator": {"concurrency": 40, "dial_deadline": "12s", "call_deadline": "20s", "defer_delay": "2s",
                             "pace": round(PACE * OPTIONS.contacts * KILLS_A_SECOND / OPTIONS.kills, 2),
                             "store": {"lease": "3s"}},
            "campaign": {"max_calls": MAX_CALLS, "recall": recall},
            "simulator": {"talk": "300ms", "seed": OPTIONS.seed % 1000},
        }

    # ---- the set ----

    def victims(self):
        """name: how it is started."""
        launch = {}
        for name in ("broker", "alerter", "logger", "health-monitor", "console"):
            launch[name] = lambda service=name: self.set.launch(service)
        for name in self.ORCHESTRATORS:
            launch[name] = lambda name=name: self.set.launch("orchestrator", name)
        for name, (workers, ingest) in self.relays.items():
            config = self.set.write_other_config(name, {"bus": {"workers": f"tcp://127.0.0.1:{workers.port}",
                                                                "ingest": f"tcp://127.0.0.1:{ingest.port}"}})
            launch[name] = lambda name=name, config=config: self.set.launch("service-gateway", name, config=config)
        return launch

    def draw_contacts(self):
        """Two campaigns that have some numbers in common, and a few whom nobody may call."""
        count = OPTIONS.contacts
        plain, special = numbers()
        first = count - count // 10
        plain = self.random.sample(plain, count)
        fates = self.random.sample(special, max(count // 10, len(FATES)))
        mine = (plain[:first - len(fates)] + fates)[:first]
        self.random.shuffle(mine)
        shared = count // 20
        other = self.random.sample(mine, shared) + plain[first:first + count - first - shared]
        self.people = {"c": mine, "d": other}
        self.do_not_call = set(self.random.sample(plain[:first // 2], max(2, count // 50)))

    def load_all(self):
        self.store.watch()
        for name, phones in self.people.items():
            self.load([(phone, f"{name} {i}") for i, phone in enumerate(phones)], name)
        # After the load, which would refuse their lines.
        self.set.cli("dnc", "add", *sorted(self.do_not_call), check=0)
        for name in self.people:
            self.order("start", name)

    def begin(self):
        self.set.start("simulator")
        for launch in self.storm.victims.values():
            launch()
        for process in self.set.processes.values():
            process.wait_ready()
        self.load_all()

    # ---- the run ----

    def left(self):
        """How many contacts have not ended."""
        return self.store.rows("SELECT count (*) AS n FROM contact WHERE state NOT IN ('done', 'set_aside')")[0][0]

    def turn_of_weather(self):
        if time.monotonic() >= self.weather_until:
            self.clear(self.weather.revoked)
            faults, lasts = self.weather.phase()
            self.set.faults(*faults)
            self.weather_until = time.monotonic() + lasts

    def clear(self, providers):
        """A person has mended the key. Whether the word gets through depends on the broker: the tail repeats it."""
        self.clearing = [popen for popen in self.clearing if popen.poll() is None]
        for provider in providers:
            self.revoked.add(provider)
            self.clearing.append(subprocess.Popen(
                [str(BIN / "ringfence"), "mark", "clear", provider, "--timeout", "2s", "--config",
                 str(self.set.config_file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def enough(self):
        """Looks at the campaign once a second: one that has ended has nothing left to break."""
        if time.monotonic() >= self.look_at and "database" not in self.storm.away:
            self.look_at = time.monotonic() + 1
            self.left_last = self.left()
        return self.storm.counts["killed"] >= OPTIONS.kills or self.left_last == 0

    def rage(self):
        self.weather_until = self.look_at = 0
        self.left_last, self.revoked, self.clearing = OPTIONS.contacts, set(), []
        began = time.monotonic()
        self.storm.rage(self.enough, self.turn_of_weather)
        self.set.faults()
        self.storm.calm()
        self.tell(f"{self.left_last} of {OPTIONS.contacts} contacts left after {time.monotonic() - began:.0f} s: "
                  f"{dict(sorted(self.storm.counts.items()))}, {self.weather.phases} phases")
        self.assertGreaterEqual(self.storm.counts["killed"], OPTIONS.kills, "the campaign ended before the kills")

    def tail(self):
        """Nothing happens to anybody any more: everything comes to an end."""
        began = time.monotonic()
        self.clear(self.weather.revoked)
        for popen in self.clearing:
            popen.wait()
        for provider in self.revoked:
            wait_for("the mark to go", lambda p=provider: "no mark on" in self.set.cli("mark", "clear", p).stderr)
        while before := self.left():
            def fewer():
                self.storm.supervise()
                return self.left() < before  # pylint: disable=cell-var-from-loop
            wait_for(f"the next of {before} contacts to end", fewer, STALL)
        wait_for("the outbox to be told", lambda: self.store.rows("SELECT count (*) AS n FROM outbox") == [(0,)])
        told = self.store.rows("SELECT count (*) AS n FROM witness_event")[0][0]
        with contextlib.suppress(AssertionError):  # what is missing is told by the check
            wait_for("the log", lambda: len({(e["stream"], e["seq"]) for e in self.set.events()
                                             if is_campaigns(e)}) >= told)
        self.tell(f"the tail took {time.monotonic() - began:.0f} s; {told} events")

    @staticmethod
    def tell(words):
        print(words, file=sys.stderr, flush=True)

    def check(self):
        evidence = Evidence(self.set, self.store, self.weather)
        self.tell(f"{len(evidence.ledger['dials'])} calls, {len(evidence.requests)} requests; ends: "
                  f"{self.store.rows('SELECT state, outcome, reason, count (*) AS n FROM contact GROUP BY 1, 2, 3')}")
        absent = [a for mine in evidence.attempts.values() for a in mine if a.path[-2:] == ["unknown", "absent"]]
        self.tell(f"{len(absent)} dials were proven absent, {sum(1 for a in absent if not a.posts)} of them never sent")
        config = {"timeout": TIMEOUT, "lag": LAG, "skew": SKEW, "plans": PLANS, "max_calls": MAX_CALLS,
                  "max_attempts": MAX_RETRIES + 1, "do_not_call": self.do_not_call}
        self.assertEqual(evidence.ledger["dropped"], 0)
        self.assertEqual(len(evidence.contacts), OPTIONS.contacts)
        wrong = (calls.complaints(evidence, config) + ends.complaints(evidence, self.storm, config)
                 + events.complaints(evidence, self.people))
        if wrong and OPTIONS.keep:
            kept = OPTIONS.keep / f"{type(self).__name__}-{OPTIONS.seed}"
            shutil.copytree(self.set.root, kept, ignore=shutil.ignore_patterns("run"), dirs_exist_ok=True)
            (kept / "ledger.json").write_text(json.dumps(evidence.ledger))
            (kept / "weather.json").write_text(json.dumps(self.weather.names))
            (kept / "storm.json").write_text(json.dumps(self.storm.spans))
        self.assertEqual("\n".join(wrong), "", f"--seed {OPTIONS.seed}")

    def run_it(self):
        self.begin()
        self.rage()
        self.tail()
        self.check()


class Sqlite(CampaignKills):
    def setUp(self):
        super().setUp()
        self.store = witness.Sqlite(self.set.root / "state" / "orchestrator" / "campaign.db")

    def test_nobody_is_lost_and_nobody_dialled_twice(self):
        self.run_it()


class PostgreSQL(postgres.OnPostgres, CampaignKills):
    ORCHESTRATORS = ("orchestrator-0", "orchestrator-1", "orchestrator-2")

    def setUp(self):
        super().setUp()
        self.store = witness.Postgres(self.server)

    def test_nobody_is_lost_and_nobody_dialled_twice_by_three_orchestrators(self):
        self.run_it()


if __name__ == "__main__":
    print(f"--seed {OPTIONS.seed} --kills {OPTIONS.kills} --contacts {OPTIONS.contacts}", file=sys.stderr)
    unittest.main(argv=[sys.argv[0], *REST])
