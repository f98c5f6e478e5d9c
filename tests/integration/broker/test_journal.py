"""The journal as a process keeps it: pages from memory and from disk, retention, durable subscribers, and a disk that
is full, broken or slow."""

import pathlib
import signal
import subprocess
import sys
import time
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import (  # noqa: E402  pylint: disable=wrong-import-position
    PROGRAMS, RingfenceTest, preloaded, replace, wait_for)

MIB = 1024 * 1024


class Peer:
    """A client of ingest, written from the documentation of the messages."""

    def __init__(self, test):
        self.socket = test.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{test.set.root}/run/ingest")
        self.last = {}

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def receive(self, seconds=60):
        if not self.socket.poll(seconds * 1000):
            raise AssertionError("the broker does not answer")
        return msgpack.unpackb(self.socket.recv())

    def ask(self, kind, **fields):
        self.send(kind, **fields)
        return self.receive()

    def open(self, stream):
        """Until the broker takes it: right after its start it may still be refused."""
        self.last[stream] = self.ask("stream.open", stream=stream, next=1)["last"]

    def offer(self, stream, count, kind="test.event", size=10, subject=None):
        """Sends so many events, without waiting for their acknowledgement."""
        if stream not in self.last:
            self.open(stream)
        first = self.last[stream] + 1
        self.last[stream] += count
        events = [{"seq": seq, "severity": "info", "type": kind, "subject": subject or stream,
                   "data": {"text": "x" * size}} for seq in range(first, first + count)]
        self.send("event.publish", stream=stream, events=events)

    def publish(self, stream, count, **how):
        self.offer(stream, count, **how)
        while True:
            ack = self.receive()
            assert ack["t"] == "event.ack", ack
            if ack["seq"] >= self.last[stream]:
                return

    def read(self, after=0, limit=1000, **fields):
        page = self.ask("journal.read", rid="r", after=after, limit=limit, **fields)
        assert page["t"] == "journal.page", page
        return page

    def read_all(self, after=0, **fields):
        """Page by page to the end: [(n, seq)], and up to where something was trimmed."""
        events, trimmed = [], 0
        while True:
            page = self.read(after, **fields)
            events += [(event["n"], event["seq"]) for event in page["events"]]
            trimmed = max(trimmed, page.get("trimmed", 0))
            after = page["scanned"]
            fields.pop("since", None), fields.pop("newest", None), fields.pop("resume", None)
            if after >= page["last"]:
                return events, trimmed


class JournalTest(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "100ms"}, "drain_timeout": "2s", "broker": {"drain_timeout": "3s"},
              "journal": {"memory_events": 100}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.start_broker()

    def start_broker(self):
        self.broker = self.set.start("broker")

    def configure(self, **journal):
        self.broker.terminate()
        self.assertEqual(self.broker.wait(), 0)
        self.set.config["journal"] = {**self.set.config["journal"], **journal}
        self.set.write_config()
        self.start_broker()

    def status(self):
        return Peer(self).ask("status.request")["status"]

    def journal(self):
        return self.status()["journal"]

    def settled(self):
        """All that may be deleted is."""
        seen = []

        def still():
            seen.append(self.journal()["first"])
            return len(seen) > 5 and seen[-1] == seen[-5]
        wait_for("retention to settle", still)

    def database_bytes(self):
        return (self.set.root / "state/broker/broker.db").stat().st_size


class Pages(JournalTest):
    def test_what_has_left_memory_is_read_from_disk_once_and_in_order(self):
        peer = Peer(self)
        for _ in range(10):
            peer.publish("a", 60)
            peer.publish("b", 40)
        for limit in (1000, 7):
            events, trimmed = peer.read_all(limit=limit, prefixes=["test.event/a"])
            self.assertEqual([seq for _, seq in events], list(range(1, 601)))
            self.assertEqual(trimmed, 0)
        status = self.status()
        self.assertGreater(status["counters"]["pages_from_disk"], 60)
        self.assertEqual(status["journal"]["memory"]["count"], 100)
        self.assertGreaterEqual(status["journal"]["count"], 1000)

    def test_a_page_may_begin_at_a_time_or_at_the_newest_that_match(self):
        peer = Peer(self)
        peer.publish("a", 300)
        peer.publish("b", 1)
        wait_for("the clock to go on", lambda moment=time.time_ns(): time.time_ns() > moment + 10_000_000)
        moment = time.time_ns()
        peer.publish("a", 200)
        events, _ = peer.read_all(since=moment, prefixes=["test."])
        self.assertEqual([seq for _, seq in events], list(range(301, 501)))
        events, _ = peer.read_all(newest=350, prefixes=["test.event/a"])
        self.assertEqual([seq for _, seq in events], list(range(151, 501)))
        events, _ = peer.read_all(newest=5, prefixes=["test.event/b"])
        self.assertEqual([seq for _, seq in events], [1])
        events, _ = peer.read_all(newest=5, since=moment, prefixes=["test.event/b"])
        self.assertEqual(events, [])

    def test_the_whole_journal_is_there_after_a_kill(self):
        peer = Peer(self)
        peer.publish("a", 500)
        before, _ = peer.read_all(prefixes=["test."])
        self.broker.kill()
        self.start_broker()
        peer = Peer(self)
        after, trimmed = peer.read_all(prefixes=["test."])
        self.assertEqual(after, before)
        self.assertEqual(trimmed, 0)
        peer.publish("a", 1)
        events, _ = peer.read_all(after=before[-1][0], prefixes=["test."])
        self.assertEqual([seq for _, seq in events], [501])

    def test_a_subscriber_that_does_not_read_slows_nobody(self):
        peer = Peer(self)
        for _ in range(20):
            peer.publish("a", 50, size=20000)
        dead = Peer(self)
        for _ in range(2000):
            dead.send("journal.read", rid="r", after=0, limit=1000)
        began = time.monotonic()
        peer.publish("a", 1)
        self.assertLess(time.monotonic() - began, 10)
        events, _ = peer.read_all(after=peer.read()["last"] - 10)
        self.assertEqual(len(events), 10)


class Retention(JournalTest):
    def test_the_oldest_of_too_many_go_but_not_before_a_durable_subscriber_has_taken_them(self):
        self.configure(max_events=1000)
        peer = Peer(self)
        peer.read(durable="desk", limit=1)
        for _ in range(30):
            peer.publish("a", 100)
        self.settled()
        events, trimmed = peer.read_all(prefixes=["test."])
        self.assertEqual([seq for _, seq in events], list(range(1, 3001)))
        self.assertEqual(trimmed, 0)
        subscriber = self.status()["subscribers"][0]
        self.assertEqual((subscriber["name"], subscriber["taken"]), ("desk", 0))
        self.assertGreaterEqual(subscriber["behind"], 3000)
        peer.read(after=events[1499][0], durable="desk", limit=1)
        peer.publish("a", 1)
        wait_for("what was taken to go", lambda: self.journal()["first"] > events[1400][0])
        self.settled()
        self.assertEqual(self.journal()["first"], events[1499][0] + 1)
        _, trimmed = peer.read_all(prefixes=["test."])
        self.assertEqual(trimmed, events[1499][0])
        self.assertEqual(self.set.cli("subscriber", "forget", "nobody").returncode, 1)
        self.assertIn("desk", self.set.cli("subscriber", "list", check=0).stdout)
        self.set.cli("subscriber", "forget", "desk", check=0)
        peer.publish("a", 1)
        wait_for("the rest to go", lambda: self.journal()["count"] <= 1000)
        self.assertEqual(self.status()["subscribers"], [])
        forgotten = [event for event in peer.read(newest=10)["events"] if event["type"] == "subscriber.forgotten"]
        self.assertEqual([event["subject"] for event in forgotten], ["desk"])

    def test_old_events_go_though_nothing_new_comes(self):
        self.configure(max_age="1s")
        peer = Peer(self)
        peer.publish("a", 3000)
        wait_for("all to go", lambda: self.journal()["count"] == 0)
        page = peer.read()
        self.assertEqual(page["events"], [])
        self.assertGreaterEqual(page["trimmed"], 3000)

    def test_the_database_does_not_outgrow_its_bound_whatever_is_not_taken(self):
        self.configure(max_bytes="16MiB")
        peer = Peer(self)
        peer.read(durable="desk", limit=1)
        largest = 0
        for _ in range(60):
            peer.publish("a", 50, size=20000)
            largest = max(largest, self.database_bytes())
        self.settled()
        journal = self.journal()
        print(f"60 MB of events: database {largest / MIB:.1f} MiB at most, in use {journal['bytes'] / MIB:.1f} MiB, "
              f"{journal['count']} events left", file=sys.stderr)
        self.assertLessEqual(largest, 20 * MIB)
        self.assertLessEqual(journal["bytes"], 16 * MIB)
        self.assertGreater(journal["count"], 500)
        page = peer.read(durable="desk", resume=True)
        self.assertEqual(page["trimmed"], journal["first"] - 1)


class DurableSubscriber(JournalTest):
    def reader(self):
        out = self.set.root / "out"
        with open(out / "reader.log", "ab") as log:
            popen = subprocess.Popen(
                [str(PROGRAMS / "durable_reader"), str(self.set.config_file), str(out / "place"), str(out / "read"),
                 "test."], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(popen.wait)
        self.addCleanup(popen.stdin.close)
        return popen

    def seen(self):
        file = self.set.root / "out/read"
        return [int(line.split()[0]) for line in file.read_text().splitlines()] if file.exists() else []

    def test_each_event_comes_once_and_in_order_over_restarts_of_itself_and_the_broker(self):
        peer = Peer(self)
        for life in range(6):
            peer.publish("a", 200)
            reader = self.reader()
            wait_for("the events so far", lambda count=200 * (life + 1): len(self.seen()) >= count)
            if life % 2 == 0:
                self.broker.kill()
                self.start_broker()
            else:
                self.broker.terminate(signal.SIGINT)
                self.broker.wait()
                self.start_broker()
            reader.stdin.close()
            self.assertEqual(reader.wait(30), 0)
            peer = Peer(self)
        events, _ = peer.read_all(prefixes=["test."])
        self.assertEqual(self.seen(), [n for n, _ in events])
        self.assertEqual(len(events), 1200)

    def test_killed_at_any_moment_it_repeats_one_event_at_most(self):
        peer = Peer(self)
        peer.publish("a", 1000)
        kills = 0
        while len(set(self.seen())) < 5000:
            reader = self.reader()
            before = len(self.seen())
            peer.publish("a", 500)
            wait_for("some events", lambda count=before: len(self.seen()) > count + 100)
            reader.kill()
            reader.wait()
            kills += 1
        seen = self.seen()
        unique = sorted(set(seen))
        self.assertLessEqual(len(seen) - len(unique), kills)
        self.assertEqual(list(dict.fromkeys(seen)), unique, "in order")
        events, _ = peer.read_all(prefixes=["test."])
        self.assertEqual(unique, [n for n, _ in events][:len(unique)], "none is missing")


class Disk(JournalTest):
    """A disk with faults (tests/fault/disk_fault.c)."""

    def start_broker(self):
        self.control = self.set.root / "out/disk"
        self.broker = self.set.start("broker", environment=preloaded("disk_fault", RF_DISK_FAULT=str(self.control)))

    def fault(self, text):
        replace(self.control, f"path={self.set.root}/state/broker {text}\n")

    def heal(self):
        self.control.unlink()

    def hold_back(self, fault, words):
        peer, reader = Peer(self), Peer(self)
        peer.publish("a", 100)
        self.fault(fault)
        peer.offer("a", 100)
        wait_for("the broker to say so", lambda: "cannot be written" in self.broker.text())
        self.assertIn(words, self.broker.text().split("cannot be written")[-1])
        self.assertFalse(peer.socket.poll(500), "acknowledged though it is not on disk")
        newest = reader.read(newest=1, prefixes=["test."])
        self.assertEqual(newest["events"][-1]["seq"], 100, "shown though it is not on disk")
        self.assertGreaterEqual(self.journal()["waiting"], 100)
        self.heal()
        while peer.receive()["seq"] < 200:
            pass
        wait_for("the broker to say that it is over", lambda: self.broker.text().count("is written again") == 1)
        self.assertEqual(self.broker.text().count("cannot be written"), 1)
        events, _ = reader.read_all(prefixes=["test."])
        self.assertEqual([seq for _, seq in events], list(range(1, 201)))

    def test_a_full_disk_holds_acknowledgements_back_and_nothing_is_lost(self):
        self.hold_back("write=enospc", "full")

    def test_a_disk_that_fails_to_write_holds_acknowledgements_back_and_nothing_is_lost(self):
        self.hold_back("write=eio", "I/O")

    def test_a_kill_while_the_disk_is_full_loses_nothing_that_was_acknowledged(self):
        peer = Peer(self)
        peer.publish("a", 100)
        self.fault("write=enospc")
        peer.offer("a", 100)
        wait_for("the broker to say so", lambda: "cannot be written" in self.broker.text())
        self.broker.kill()
        self.heal()
        self.start_broker()
        peer = Peer(self)
        peer.open("a")
        self.assertEqual(peer.last["a"], 100)
        peer.publish("a", 100)
        events, _ = peer.read_all(prefixes=["test."])
        self.assertEqual([seq for _, seq in events], list(range(1, 201)))

    def test_a_disk_that_stands_still_delays_no_status_and_no_measurement(self):
        events = self.context.socket(zmq.SUB)
        events.linger = 0
        events.subscribe(b"metric.")
        events.connect(f"ipc://{self.set.root}/run/events")
        peer, other = Peer(self), Peer(self)
        wait_for("the subscription", lambda: peer.publish("m", 1, kind="metric.x") or events.poll(10))
        self.fault("stall_ms=6000")
        other.offer("a", 10)
        began, worst = time.monotonic(), 0.0
        while time.monotonic() - began < 4:
            asked = time.monotonic()
            while events.poll(0):
                events.recv_multipart()
            peer.offer("m", 1, kind="metric.x")
            self.assertTrue(events.poll(60000))
            worst = max(worst, time.monotonic() - asked)
            peer.ask("status.request")
        self.heal()
        print(f"while the disk stood still: a measurement came within {worst * 1000:.0f} ms", file=sys.stderr)
        self.assertLess(worst, 4)
        while other.receive()["seq"] < 10:
            pass


if __name__ == "__main__":
    unittest.main()
