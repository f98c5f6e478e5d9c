"""The broker's disk, as a process: kill -9, a clean end, a disk that is late, full or damaged."""

import pathlib
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import BIN, RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position


def event(seq, kind="test.event", subject="x"):
    return {"seq": seq, "severity": "info", "type": kind, "subject": subject}


class DurableTest(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 10}, "drain_timeout": "3s",
              "broker": {"drain_timeout": "3s"}, "journal": {"waiting_events": 100},
              "defaults": {"breaker": {"recovery_timeout": "8s"}}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.broker = self.set.start("broker")
        self.database = self.set.root / "state" / "broker" / "broker.db"

    def connect(self, name, kind=zmq.DEALER):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.rcvtimeo = 20000
        socket.connect(f"ipc://{self.set.root}/run/{name}")
        return socket

    @staticmethod
    def send(socket, message):
        socket.send(msgpack.packb(dict(message, v=1)))

    @staticmethod
    def receive(socket, kind):
        """The next message of this type; others are passed over."""
        while True:
            answer = msgpack.unpackb(socket.recv())
            if answer["t"] == kind:
                return answer

    def ask(self, socket, message, kind):
        self.send(socket, message)
        return self.receive(socket, kind)

    def status(self):
        with self.connect("calls", zmq.REQ) as socket:
            return self.ask(socket, {"t": "status.request"}, "status.reply")["status"]

    def open_stream(self, socket, stream, following):
        return self.ask(socket, {"t": "stream.open", "stream": stream, "next": following}, "stream.opened")["last"]

    def publish(self, socket, stream, events):
        self.send(socket, {"t": "event.publish", "stream": stream, "events": events})

    def journal(self, prefix):
        """All events of the journal under a prefix, page by page."""
        after, found = 0, []
        with self.connect("ingest") as socket:
            while True:
                page = self.ask(socket, {"t": "journal.read", "rid": "1", "after": after, "limit": 1000,
                                         "prefixes": [prefix]}, "journal.page")
                self.assertNotIn("trimmed", page)
                found += page["events"]
                if page["scanned"] >= page["last"]:
                    return found
                after = page["scanned"]

    def restart(self):
        self.broker.kill()
        self.broker = self.set.start("broker")

    # ---- kill -9 ----

    def test_kill_9_under_load_loses_and_doubles_nothing_that_was_acknowledged(self):
        chooser = random.Random(5)
        total, known, lives = 3000, 0, 0
        while known < total:
            socket = self.connect("ingest")
            # What was acknowledged is known for ever, to whichever broker.
            last = self.open_stream(socket, "outbox", known + 1)
            self.assertGreaterEqual(last, known)
            known = last
            killer = threading.Timer(chooser.uniform(0.01, 0.15), self.broker.kill)
            if lives < 8:
                killer.start()
            following, refused = known + 1, None
            while known < total:
                while refused is None and following <= total and following - known <= 300:
                    count = min(chooser.randint(1, 40), total + 1 - following)
                    self.publish(socket, "outbox", [event(seq) for seq in range(following, following + count)])
                    following += count
                if not socket.poll(50 if refused else 500):
                    if not self.broker.alive():
                        break
                    # Held back, and what was under way behind it was a gap: once more, from there.
                    following, refused = refused or known + 1, None
                    continue
                answer = msgpack.unpackb(socket.recv())
                if answer["t"] == "event.ack":
                    self.assertLess(answer["seq"], following)
                    known = max(known, answer["seq"])
                elif answer["t"] == "event.refused":
                    refused = answer["expected"]
            killer.cancel()
            if not self.broker.alive():
                killer.join()
                self.broker = self.set.start("broker")
                lives += 1
            socket.close()
        self.assertGreaterEqual(lives, 3)
        events = self.journal("test.event/")
        self.assertEqual([one["seq"] for one in events], list(range(1, total + 1)))
        numbers = [one["n"] for one in events]
        self.assertEqual(numbers, sorted(set(numbers)))

    def open_breaker(self):
        worker = self.connect("workers")
        offer = {"service": "speech", "capacity": 1, "released": 0}
        self.ask(worker, {"t": "worker.heartbeat", "instance": "gateway-1", "offers": [offer]}, "worker.welcome")
        epoch = self.breaker()["epoch"]
        self.send(worker, {"t": "worker.outcomes", "outcomes": [
            {"seq": seq, "service": "elevenlabs", "epoch": epoch, "class": "transient", "took_ns": 1000}
            for seq in range(1, 6)]})
        wait_for("the breaker to open", lambda: self.breaker()["state"] == "open")

    def breaker(self):
        return next(one for one in self.status()["breakers"] if one["service"] == "elevenlabs")

    def test_after_kill_9_state_and_the_breaker_stand_with_the_time_that_was_left(self):
        client = self.connect("ingest")
        self.assertTrue(self.ask(client, {"t": "state.put", "rid": "1", "key": "a/b", "value": {"x": 1}},
                                 "state.reply")["ok"])
        self.assertTrue(self.ask(client, {"t": "state.put", "rid": "2", "key": "leased", "value": {"x": 2},
                                          "ttl_ns": 10**12}, "state.reply")["ok"])
        self.open_breaker()
        before = self.breaker()
        wait_for("the event", lambda: self.journal("breaker.opened/elevenlabs"))
        self.restart()
        after = self.breaker()
        self.assertEqual(after["state"], "open")
        self.assertEqual(after["epoch"], before["epoch"])
        self.assertEqual(after["since"], before["since"])
        # The same moment by the clock, but for what two readings of two clocks may differ.
        self.assertLess(abs(after["until"] - before["until"]), 50_000_000)
        client = self.connect("ingest")
        for key, value in (("a/b", {"x": 1}), ("leased", {"x": 2})):
            reply = self.ask(client, {"t": "state.get", "rid": "3", "key": key}, "state.reply")
            self.assertEqual(reply["entries"][0]["value"], value)
        # Open until then, and no longer.
        while time.time_ns() < after["until"] - 1_000_000_000:
            self.assertEqual(self.breaker()["state"], "open")
            time.sleep(0.2)
        wait_for("the end of OPEN", lambda: self.breaker()["state"] == "half_open")
        self.assertGreaterEqual(time.time_ns(), after["until"] - 50_000_000)
        self.assertEqual(len(self.journal("breaker.opened/")), 1)

    # ---- a disk that is late ----

    def lock(self):
        """Another process holds the database: no commit is possible."""
        other = sqlite3.connect(self.database, isolation_level=None, timeout=20, check_same_thread=False)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        return other

    def test_a_disk_that_stands_still_holds_up_no_call_no_measurement_and_no_breaker(self):
        socket = self.connect("ingest")
        self.open_stream(socket, "s", 1)
        hearer = self.connect("events", zmq.SUB)
        hearer.subscribe("metric.")
        other = self.lock()
        self.publish(socket, "s", [event(1)])
        seq = 2
        while True:  # until the subscription has arrived
            self.publish(socket, "s", [event(seq, "metric.latency")])
            seq += 1
            if hearer.poll(100):
                break
        for _ in range(20):
            self.assertGreater(self.status()["journal"]["waiting"], 0)
            self.publish(socket, "s", [event(seq, "metric.latency")])
            seq += 1
            self.assertTrue(hearer.poll(10000))
            hearer.recv_multipart()
        self.open_breaker()
        self.assertFalse(socket.poll(0), "acknowledged before it was written")
        self.assertEqual(self.journal("test.event/"), [])
        other.execute("ROLLBACK")
        while self.receive(socket, "event.ack")["seq"] < seq - 1:
            pass
        self.assertEqual(len(self.journal("test.event/")), 1)

    def test_a_clean_end_writes_and_acknowledges_what_waits(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            stream = f"s{int(sig)}"
            socket = self.connect("ingest")
            self.open_stream(socket, stream, 1)
            other = self.lock()
            self.publish(socket, stream, [event(seq, subject=stream) for seq in range(1, 51)])
            wait_for("the events to wait", lambda: self.status()["journal"]["waiting"] >= 50)
            self.broker.terminate(sig)
            threading.Timer(0.3, other.execute, ("ROLLBACK",)).start()
            self.assertEqual(self.receive(socket, "event.ack")["seq"], 50)
            self.assertEqual(self.broker.wait(), 0)
            self.broker = self.set.start("broker")
            self.assertEqual(len(self.journal(f"test.event/{stream}")), 50)

    # ---- a disk that is full, or damaged ----

    def limit_files(self, size):
        pid = self.broker.popen.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_a_full_disk_holds_publishers_back_and_recovers_by_itself(self):
        socket = self.connect("ingest")
        self.open_stream(socket, "s", 1)
        self.publish(socket, "s", [event(seq) for seq in range(1, 1001)])
        known, following = 0, 1001
        while known < 1000:
            answer = msgpack.unpackb(socket.recv())
            if answer["t"] == "event.refused":
                self.publish(socket, "s", [event(seq) for seq in range(answer["expected"], 1001)])
            elif answer["t"] == "event.ack":
                known = answer["seq"]
        size = pathlib.Path(f"{self.database}-wal").stat().st_size
        self.limit_files(max(size, 65536))
        refused = None
        while refused is None:
            self.publish(socket, "s", [event(seq) for seq in range(following, following + 10)])
            following += 10
            while socket.poll(20):
                answer = msgpack.unpackb(socket.recv())
                if answer["t"] == "event.ack":
                    known = answer["seq"]
                elif answer.get("held"):
                    refused = refused or answer
        wait_for("the failure to be told", lambda: self.status()["journal"]["failing"])
        journal = self.status()["journal"]
        self.assertTrue(journal["held"])
        self.assertNotEqual(journal["why"], "")
        self.assertLessEqual(journal["waiting"], 150)
        self.assertTrue(self.ask(socket, {"t": "hello", "instance": "a-1", "service": "a"}, "welcome")["held"])
        self.assertEqual(self.broker.text().count("cannot be written"), 1)
        self.assertEqual(self.journal("test.event/")[-1]["seq"], known)
        self.limit_files(resource.RLIM_INFINITY)
        wait_for("the disk to be written again", lambda: not self.status()["journal"]["held"])
        self.assertIn("is written again", self.broker.text())
        self.publish(socket, "s", [event(seq) for seq in range(refused["expected"], following)])
        while self.receive(socket, "event.ack")["seq"] < following - 1:
            pass
        self.assertEqual([one["seq"] for one in self.journal("test.event/")], list(range(1, following)))
        self.assertEqual(self.status()["counters"]["disk_failures"], 1)

    def test_a_damaged_database_is_refused_with_its_name_and_the_mend(self):
        self.broker.kill()
        for path in self.database.parent.glob("broker.db-*"):
            path.unlink()
        self.database.write_bytes(b"no database" * 1000)
        broken = subprocess.run([str(BIN / "ringfence-broker"), "--config", str(self.set.config_file)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(broken.returncode, 1)
        self.assertIn(str(self.database), broken.stderr)
        self.assertIn("move it away", broken.stderr)
        # As it says.
        self.database.unlink()
        self.broker = self.set.start("broker")
        self.assertEqual(self.journal("test.event/"), [])


if __name__ == "__main__":
    unittest.main()
