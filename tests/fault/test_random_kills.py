#!/usr/bin/python3
"""Processes killed, stopped and started again at random moments, while the providers fail at random.

Whatever happens, each contact comes to an end, nobody is dialled twice, and no event of the orchestrator and
no alert is lost.

RF_FAULT_SEED repeats the choices of a run (the moments depend on the machine as well), RF_FAULT_SECONDS says
how long the kills go on.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import RingfenceTest, people, wait_for  # noqa: E402  the folder is put on the path first

SECONDS = float(os.environ.get("RF_FAULT_SECONDS", "12"))
CONTACTS = 60

# Name of the process, its service. The gateways are two, so that one can take over from the other.
VICTIMS = {"orchestrator": "orchestrator", "gateway-1": "service-gateway", "gateway-2": "service-gateway",
           "alerter": "alerter", "logger": "logger", "health-monitor": "health-monitor",
           "console": "console"}

ALERTED = ("breaker.opened", "breaker.closed", "contact.set_aside", "mark.set", "provider.down",
           "process.lost")


def fault(name, provider, method, kind, rate, **more):
    return {"id": name, "match": {"provider": provider, "method": method}, "kind": kind, "rate": rate, **more}


FAULTS = [
    fault("dial-not-arrived", "twilio", "POST", "reset_before", 0.10),
    fault("dial-reply-lost", "twilio", "POST", "reset_after", 0.15),
    fault("dial-503", "twilio", "POST", "status", 0.05, status=503),
    fault("dial-slow", "twilio", "POST", "latency", 0.20, delay_ms=700),
    fault("list-503", "twilio", "GET", "status", 0.05, status=503),
    fault("speech-503", "elevenlabs", "POST", "status", 0.15, status=503),
    fault("speech-429", "elevenlabs", "POST", "status", 0.10, status=429, headers={"Retry-After": "1"}),
    fault("speech-slow", "elevenlabs", "POST", "latency", 0.30, delay_ms=400),
    fault("script-503", "openai", "POST", "status", 0.10, status=503),
    fault("script-429", "openai", "POST", "status", 0.10, status=429, headers={"Retry-After": "1"}),
]


class RandomKills(RingfenceTest):
    # Slow enough that the kills meet contacts at every step.
    CONFIG = {"orchestrator": {"concurrency": 6}, "simulator": {"talk": "300ms"}}

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("RF_FAULT_SEED") or random.SystemRandom().randrange(1 << 31))
        self.random = random.Random(self.seed)
        self.kills = collections.Counter()
        self.numbers = people(CONTACTS)
        print(f"RF_FAULT_SEED={self.seed}", file=sys.stderr)

    # ---- the campaign ----

    def contacts(self):
        """phone: (state, outcome, reason), as the orchestrator's database has it."""
        file = self.set.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
            rows = db.execute("SELECT phone, state, outcome, reason FROM contact").fetchall()
        return {phone: (state, outcome, reason) for phone, state, outcome, reason in rows}

    def ended(self):
        states = self.contacts()
        return len(states) == CONTACTS and all(s[0] in ("done", "set_aside") for s in states.values())

    def begin(self):
        self.set.start_all(without=["service-gateway"])
        self.set.start("service-gateway", "gateway-1")
        self.set.start("service-gateway", "gateway-2")
        self.set.faults(*FAULTS)
        self.campaign = self.set.campaign(self.numbers)
        self.addCleanup(self.end_campaign)
        wait_for("the first contacts on their way", lambda: len(self.set.dials()) >= 2)

    def end_campaign(self):
        """The command line only looks on; what it saw of a broker that was killed is another test's matter."""
        with contextlib.suppress(ProcessLookupError):
            self.campaign.kill()
        self.campaign.wait()

    # ---- what goes wrong ----

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def kill(self, name):
        self.kills[name] += 1
        self.set.processes[name].kill()
        self.pause(0, 1.2)
        self.set.launch(VICTIMS.get(name, name), name)

    def stop(self, name):
        """Stopped by the system for longer than its lease: the others take it for lost, and it goes on."""
        self.kills[f"{name} stopped"] += 1
        process = self.set.processes[name]
        process.terminate(signal.SIGSTOP)
        self.pause(2.5, 5)
        process.terminate(signal.SIGCONT)

    def rage(self, victims):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not self.ended():
            self.pause(0.1, 1.2)
            name = self.random.choice(victims)
            if name.startswith("gateway") and self.random.random() < 0.3:
                self.stop(name)
            else:
                self.kill(name)

    def settle(self):
        """Nothing is killed any more, and the providers work again: everything must come to an end."""
        self.set.faults()
        for process in self.set.processes.values():
            process.wait_ready()
        wait_for("all contacts to end", self.ended, 150)
        print(f"killed: {dict(self.kills)}", file=sys.stderr)

    # ---- what must hold ----

    def check_contacts(self):
        states = self.contacts()
        calls = collections.defaultdict(list)
        for dial in self.set.ledger()["dials"]:
            calls[dial["to"]].append((dial["sid"], dial["status"], dial["at"]))
        self.assertEqual({n: c for n, c in calls.items() if len(c) > 1}, {}, "dialled twice")
        self.assertEqual(sorted(states), sorted(phone for phone, _ in self.numbers))
        for phone, (state, outcome, reason) in states.items():
            if state == "done":
                self.assertEqual([outcome], [status for _, status, _ in calls[phone]], phone)
            else:
                # Every fault here passes: only retries can have been used up, or a dial was interrupted again and
                # again; and no call exists.
                self.assertIn(reason, ("retries_exhausted", "interrupted"), phone)
                self.assertEqual(calls[phone], [], phone)
        for speech in self.set.ledger()["speeches"]:
            self.assertTrue(speech["text"])

    def outbox(self):
        """The name of the orchestrator's stream, and how many events it took."""
        file = self.set.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
            [(name, count)] = db.execute("SELECT name, next - 1 FROM stream").fetchall()
        return name, count

    def check_events(self):
        wait_for("the campaign's end in the log", lambda: self.set.events(type="campaign.finished"))
        stream, count = self.outbox()

        def told():
            return sorted(e["seq"] for e in self.set.events(stream=stream))

        wait_for("all events in the log", lambda: len(told()) >= count)
        self.assertEqual(told(), list(range(1, count + 1)), "each event of the outbox once")
        numbers = [e["n"] for e in self.set.events()]
        self.assertEqual(numbers, sorted(set(numbers)), "n ascends without reuse")
        states = self.contacts()
        for state, kind in (("done", "contact.done"), ("set_aside", "contact.set_aside")):
            self.assertEqual(sorted(e["data"]["phone"] for e in self.set.events(type=kind)),
                             sorted(phone for phone, s in states.items() if s[0] == state), kind)

    def expected_alerts(self):
        events = [e for kind in ALERTED for e in self.set.events(type=kind)
                  if not e["data"].get("mark_made")]  # its mark is told of
        events += [e for e in self.set.events(type="provider.up") if e["data"].get("from") == "down"]
        return {e["id"] for e in events}

    def check_alerts(self):
        def missing():
            seen = self.set.alert_ids()
            wanted = self.expected_alerts()
            return {c: sorted(wanted - set(ids)) for c, ids in seen.items() if wanted - set(ids)}

        with contextlib.suppress(AssertionError):
            wait_for("the alerts", lambda: not missing())
        self.assertEqual(missing(), {}, "alerts that did not arrive")
        for channel, ids in self.set.alert_ids().items():
            self.assertEqual(set(ids) - self.expected_alerts(), set(), f"{channel}: alerts of nothing")
            doubles = len(ids) - len(set(ids))
            # A kill between a delivery and its record repeats it under the same id, once a kill and
            # alert in hand.
            print(f"{channel}: {len(set(ids))} alerts, {doubles} doubles", file=sys.stderr)
            if self.kills["alerter"] == 0:
                self.assertEqual(doubles, 0, f"{channel}: doubles without a kill of the alerter")

    def test_random_kills_of_all_but_the_broker_lose_no_contact_event_or_alert(self):
        self.begin()
        self.rage(list(VICTIMS))
        self.settle()
        self.check_contacts()
        self.check_events()
        self.check_alerts()

    def test_random_kills_of_the_broker_too_lose_no_contact_event_or_alert(self):
        self.begin()
        self.rage(list(VICTIMS) + 3 * ["broker"])
        self.settle()
        self.check_contacts()
        self.check_events()
        self.check_alerts()


if __name__ == "__main__":
    unittest.main()
