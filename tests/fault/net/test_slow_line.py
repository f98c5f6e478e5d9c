#!/usr/bin/python3
"""Events that wait behind a slow line arrive, each once, in the time that the line needs for them: nothing is asked
for again while the line still carries the answer.

See net_test.py for --seed.
"""

import collections
import contextlib
import pathlib
import sqlite3
import sys
import time

from net_test import HERE, OPTIONS, main, wait_for
from network import Network
from set_on_hosts import SetOnHosts

sys.path.append(str(HERE.parents[2] / "integration/curve"))

from curve_set import Client  # noqa: E402  the folder is put on the path first
from harness import RingfenceTest  # noqa: E402

EVENTS, BATCH, KBIT = 1500, 100, 64
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

    def bytes_waiting(self):
        file = self.set.state_of("broker") / "broker.db"
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute("SELECT sum(length(frame)) FROM events").fetchone()[0]

    def logged(self):
        file = pathlib.Path(self.set.root / "log" / "app_logs.json")
        return file.read_bytes().count(b'"test.note"') if file.exists() else 0

    def test_events_that_wait_arrive_in_the_time_that_the_line_needs(self):
        self.set.begin("broker").wait_ready()
        self.publish(EVENTS)
        needs = READERS * self.bytes_waiting() / (KBIT * 125)
        self.network.around("hub", kbit=KBIT, delay_ms=20)
        began = time.monotonic()
        self.set.begin("logger").wait_ready()
        # The start, and the share of heartbeats, encryption, TCP, and of turns between one page and the next.
        wait_for(f"all events, for which the line needs {needs:.0f} s", lambda: self.logged() >= EVENTS,
                 30 + 1.6 * needs)
        print(f"    {EVENTS} events after {time.monotonic() - began:.1f} s; the line needs {needs:.1f} s for them",
              file=sys.stderr)
        arrived = collections.Counter(e["seq"] for e in self.set.events(stream="waiting"))
        self.assertEqual(arrived, dict.fromkeys(range(1, EVENTS + 1), 1))


if __name__ == "__main__":
    main()
