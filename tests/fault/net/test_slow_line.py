#!/usr/bin/python3
"""Events that wait behind a slow line, on either side of it, arrive, each once, in the time that the line needs for
them: nothing is asked for or sent again while the line still carries it.

See net_test.py for --seed.
"""

import collections
import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

import msgpack
from net_test import HERE, OPTIONS, main, wait_for
from network import Network
from set_on_hosts import SetOnHosts

sys.path.append(str(HERE.parents[2] / "integration/curve"))

from curve_set import Client  # noqa: E402  the folder is put on the path first
from harness import PROGRAMS, RingfenceTest  # noqa: E402

EVENTS, BATCH, KBIT = 1500, 100, 64
WAITING = 4000  # of a publisher; these are short
# Seconds for the start; and what heartbeats, encryption, TCP, and turns between one page and the next add.
SLACK, SHARE = 30, 1.6
READERS = 2  # the logger reads the journal once for each of its files


class SlowLine(RingfenceTest):
    def make_set(self):
        self.network = Network(OPTIONS.seed)
        self.addCleanup(self.network.close)
        return SetOnHosts(self.network)

    def publish(self, count):
        """By somebody on another host, whose line is quick. Returns when the broker has them."""
        endpoint = self.set.config["bus"]["ingest"]
        client = Client(self.set.keys("brain"), "orchestrator", endpoint)
        self.addCleanup(client.close)
        client.say("stream.open", stream="waiting", next=1)
        client.expect("stream.opened")
        for first in range(1, count + 1, BATCH):
            client.say("event.publish", stream="waiting", events=[
                {"id": f"{seq:026}", "stream": "waiting", "seq": seq, "ts": time.time_ns(), "origin": "test",
                 "severity": "info", "type": "test.note", "subject": "waiting", "data": {"text": "x" * 150}}
                for seq in range(first, first + BATCH)])
            while client.expect("event.ack")["seq"] < first + BATCH - 1:
                pass

    def journal(self):
        """Each event as it went over the line."""
        file = self.set.state_of("broker") / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            return [frame for frame, in db.execute("SELECT frame FROM events")]

    def line_needs(self, times=1):
        """Seconds for what the journal has."""
        return times * sum(map(len, self.journal())) / (KBIT * 125)

    def logged(self):
        file = pathlib.Path(self.set.root / "log" / "app_logs.json")
        return file.read_bytes().count(b'"test.note"') if file.exists() else 0

    def test_events_that_wait_arrive_in_the_time_that_the_line_needs(self):
        self.set.begin("broker").wait_ready()
        self.publish(EVENTS)
        needs = self.line_needs(READERS)
        self.network.around("hub", kbit=KBIT, delay_ms=20)
        began = time.monotonic()
        self.set.begin("logger").wait_ready()
        wait_for(f"all events, for which the line needs {needs:.0f} s", lambda: self.logged() >= EVENTS,
                 SLACK + SHARE * needs)
        print(f"    {EVENTS} events after {time.monotonic() - began:.1f} s; the line needs {needs:.1f} s for them",
              file=sys.stderr)
        arrived = collections.Counter(e["seq"] for e in self.set.events(stream="waiting"))
        self.assertEqual(arrived, dict.fromkeys(range(1, EVENTS + 1), 1))

    def begin_publisher(self):
        """On a host of its own, with WAITING events that nobody has yet; ends when the broker has them."""
        keys, outbox = self.set.keys("brain"), self.set.root / "out" / "outbox"
        shutil.copy(keys / "orchestrator.secret", keys / "test.secret")
        outbox.write_text("".join(f"e {seq:026} {time.time_ns()}\n" for seq in range(1, WAITING + 1)))
        popen = subprocess.Popen([*self.network.hosts["brain"].through(), PROGRAMS / "outbox_publisher",
                                  self.set.configs["brain"], "outbox", outbox, "0"], stdin=subprocess.PIPE)
        popen.stdin.close()
        self.addCleanup(popen.wait)
        self.addCleanup(popen.kill)
        return popen

    def test_what_a_publisher_still_has_is_published_in_the_time_that_the_line_needs(self):
        self.set.begin("broker").wait_ready()
        self.network.between("hub", "brain", kbit=KBIT, delay_ms=20)
        began = time.monotonic()
        publisher = self.begin_publisher()
        self.assertEqual(publisher.wait(5 * 60), 0)
        took, needs = time.monotonic() - began, self.line_needs()
        print(f"    {WAITING} events after {took:.1f} s; the line needs {needs:.1f} s for them", file=sys.stderr)
        self.assertLess(took, SLACK + SHARE * needs)
        arrived = collections.Counter(e["seq"] for e in map(msgpack.unpackb, self.journal()) if e["stream"] == "outbox")
        self.assertEqual(arrived, dict.fromkeys(range(1, WAITING + 1), 1))


if __name__ == "__main__":
    main()
