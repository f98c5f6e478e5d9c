#!/usr/bin/python3
"""Every process ended in order (SIGTERM) and started anew, one after the other, while a campaign runs at load and
callers call: nobody notices. No call fails, nobody is set aside or dialled twice, each event is in the log once and
the journal's numbers have no gap, and no alert tells of a process that was only started anew.
Usage: see kills.py; in each round every process is restarted once, in an order that the seed gives.
"""

import collections
import contextlib
import json
import signal
import sqlite3
import sys
import time

from kills import OPTIONS, KillTest, Member, main, wait_for

from harness import PATIENCE, CampaignTest, people

PROCESSES = {"broker": "broker", "orchestrator": "orchestrator", "gateway-1": "service-gateway",
             "gateway-2": "service-gateway", "alerter": "alerter", "logger": "logger",
             "health-monitor": "health-monitor", "console": "console"}
LIST = 60  # contacts in each campaign; one more is loaded when few are left


class RollingRestart(KillTest, CampaignTest):
    # Slow enough that each end finds calls in hand.
    CONFIG = {"orchestrator": {"concurrency": 8}, "simulator": {"talk": "300ms", "latency": "120ms"},
              "alerter": {"rules": []}}

    def setUp(self):
        super().setUp()
        self.contacts = []

    # ---- the load ----

    def more(self):
        # Past the hundred numbers of which the simulator makes failures.
        name, contacts = f"c{len(self.campaigns())}", people(LIST, first=100 + len(self.contacts))
        self.load(contacts, name)
        self.order("start", name)
        self.contacts += contacts

    def campaigns(self):
        return [f"c{i}" for i in range(len(self.contacts) // LIST)]

    def left(self):
        """Contacts that are not at their end, by the orchestrator's database."""
        file = self.set.root / "state" / "orchestrator" / "campaign.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            [(count,)] = db.execute("SELECT count (*) FROM contact WHERE state NOT IN ('done', 'set_aside')")
        return count

    def begin(self):
        self.set.start_all(without=["service-gateway"])
        self.set.start("service-gateway", "gateway-1")
        self.set.start("service-gateway", "gateway-2")
        self.workers = [Member(self, "ledger_worker", f"worker-{i}", OPTIONS.seed + i) for i in range(2)]
        self.caller = Member(self, "ledger_caller", "caller", 8)
        for member in (*self.workers, self.caller):
            member.launch()
        self.more()
        wait_for("the first calls", lambda: len(self.set.dials()) >= 8)
        wait_for("the first answers", self.answers)

    def answers(self):
        """What the caller was told, a word for each call, in order."""
        return [line[2] for line in self.caller.lines() if line[0] == "d"]

    # ---- the restarts ----

    def restart(self, name):
        process = self.set.processes[name]
        dialled, began = len(self.set.dials()), time.monotonic()
        process.terminate(signal.SIGTERM)
        self.assertEqual(process.wait(), 0, f"{name} after SIGTERM")
        ended = time.monotonic()
        self.set.start(PROCESSES[name], name)
        self.restarts[name] += 1
        answered = len(self.answers())
        wait_for(f"calls to go on after {name}",
                 lambda: len(self.set.dials()) > dialled + 2 and len(self.answers()) > answered + 20)
        print(f"{name}: ended after {ended - began:.1f} s, ready after {time.monotonic() - ended:.1f} s",
              file=sys.stderr)

    def roll(self):
        order = list(PROCESSES)
        self.random.shuffle(order)
        for name in order:
            if self.left() < LIST // 2:
                self.more()
            self.restart(name)

    def settle(self):
        for member in (self.caller, *self.workers):
            member.finish()
        wait_for("all contacts to end", lambda: self.left() == 0, 3 * PATIENCE)
        wait_for("the campaigns' ends on each channel",
                 lambda: all(len(ids) >= len(self.campaigns()) for ids in self.set.alert_ids().values()))
        for name in reversed(PROCESSES):
            if name not in ("logger", "broker"):
                self.end(name)
        newest = json.loads(self.set.cli("status", "--json").stdout)["broker"]["journal"]["last"]
        wait_for("all of the journal in the log", lambda: self.set.events()[-1]["n"] >= newest)

    def end(self, name):
        self.set.processes[name].terminate(signal.SIGTERM)
        self.assertEqual(self.set.processes[name].wait(), 0, name)

    # ---- what must hold ----

    def check_calls(self):
        words = collections.Counter(self.answers())
        self.assertEqual(set(words), {"ok"}, words)
        self.assertEqual(len(self.answers()), sum(line[0] == "s" for line in self.caller.lines()))
        carried_out = [line[1] for worker in self.workers for line in worker.lines()]
        self.assertEqual(len(carried_out), len(set(carried_out)))
        self.assertEqual(len(carried_out), words["ok"])

    def check_contacts(self):
        dials, numbers = self.set.dials(), {phone for phone, _ in self.contacts}
        self.assertEqual({phone: count for phone, count in dials.items() if count != 1}, {}, "dialled twice")
        self.assertEqual(numbers ^ set(dials), set(), "not dialled, or nobody's number")
        done = collections.Counter(event["data"]["phone"] for event in self.set.events(type="contact.done"))
        self.assertEqual(done, collections.Counter(numbers))

    def check_events(self):
        events = self.set.events()
        numbers = [event["n"] for event in events]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "without a gap, each once")
        streams = collections.defaultdict(list)
        for event in events:
            streams[event["stream"]].append(event["seq"])
        for stream, numbers in streams.items():
            self.assertEqual(numbers[0], 1, stream)
            # A gateway's measurements are numbered with the rest, and in no journal.
            whole = sorted(set(numbers)) if "gateway" in stream else list(range(1, len(numbers) + 1))
            self.assertEqual(numbers, whole, stream)
        ready = collections.Counter(e["data"]["service"] for e in events if e["type"] == "process.ready")
        stopped = collections.Counter(e["data"]["service"] for e in events if e["type"] == "process.stopped")
        lives = collections.Counter()
        for name, service in PROCESSES.items():
            lives[service] += self.restarts[name] + 1
        self.assertEqual(ready, lives)
        still = collections.Counter(["logger", "broker"])
        self.assertEqual(stopped, lives - still)

    def check_quiet(self):
        """Nothing that a person should look at has happened: only the ends of the campaigns are told."""
        loud = [(e["type"], e["subject"], e.get("data")) for e in self.set.events() if e["severity"] != "info"]
        self.assertEqual(loud, [])
        campaigns = self.campaigns()
        self.assertEqual(sorted(str(mail["Subject"]) for mail in self.set.mailbox.mails),
                         sorted(f"[ringfence] info: Campaign {name} finished: {LIST} of {LIST} done, 0 set aside"
                                for name in campaigns))
        for channel, ids in self.set.alert_ids().items():
            self.assertEqual((len(ids), len(set(ids))), (len(campaigns), len(campaigns)), channel)

    def test_no_call_contact_or_event_is_lost_while_each_process_is_restarted(self):
        self.restarts = collections.Counter()
        self.begin()
        for _ in range(OPTIONS.rounds):
            self.roll()
        self.settle()
        self.check_calls()
        self.check_contacts()
        self.check_events()
        self.check_quiet()
        self.tell(f"{len(self.contacts)} contacts, {len(self.answers())} other calls, {len(self.set.events())} events;"
                  f" restarted: {dict(self.restarts)}")


if __name__ == "__main__":
    main()
