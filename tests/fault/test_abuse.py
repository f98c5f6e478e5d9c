#!/usr/bin/python3
"""Clients that behave badly, at a broker that serves a good one all the while: the broker's memory stays bounded,
and the good client's calls go on. The figures are printed.

    test_abuse.py [--seed N]
"""

import pathlib
import select
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

import msgpack
import zmq

from kills import OPTIONS, KillTest, main, wait_for

FOREIGN = pathlib.Path(__file__).resolve().parents[1] / "integration/foreign"
SOCKETS = ("calls", "workers", "ingest")
MB = 1024 * 1024

# What the broker may grow by under abuse, at its peak. The sanitizer keeps what was freed for a while.
GROWTH_MB, SANITIZED_GROWTH_MB = 200, 900
# Beside what it has to keep: what else it has in work, and the good client's calls.
KEPT_MB = 16


class GoodClient(threading.Thread):
    """Makes one call after the other until it is told to stop."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.endpoint, self.stopping = endpoint, threading.Event()
        self.took, self.failed = [], []

    def run(self):
        client = zmq.Context.instance().socket(zmq.REQ)
        client.linger, client.rcvtimeo = 0, 30000
        client.connect(self.endpoint)
        number = 0
        while not self.stopping.is_set():
            number += 1
            began = time.monotonic()
            client.send(msgpack.packb({"t": "call.request", "v": 1, "id": f"good-{number}", "service": "echo",
                                       "operation": "echo", "params": {"number": number},
                                       "deadline": time.time_ns() + 20 * 10**9}))
            try:
                reply = msgpack.unpackb(client.recv())
            except zmq.Again:
                self.failed.append(f"call {number}: no reply")
                break
            if not reply.get("ok") or reply["result"]["params"] != {"number": number}:
                self.failed.append(reply)
            self.took.append(time.monotonic() - began)
            time.sleep(0.002)
        client.close()


class Abuse(KillTest):
    CONFIG = {"bus": {"heartbeat": "500ms", "heartbeat_misses": 10}, "broker": {"queue_bytes": "64MiB"}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.context.set(zmq.MAX_SOCKETS, 20000)
        self.addCleanup(self.context.destroy, 0)
        self.broker = self.set.start("broker")
        self.pid = self.broker.popen.pid
        self.worker = subprocess.Popen(
            [sys.executable, FOREIGN / "worker.py", self.endpoint("workers"), "echo-1", "echo", "8"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(self.end_worker)
        wait_for("the worker", lambda: self.status()["workers"])
        self.good = GoodClient(self.endpoint("calls"))
        self.good.start()
        self.addCleanup(self.good.stopping.set)
        wait_for("the good client's first calls", lambda: len(self.good.took) > 20)
        self.begin_watch()

    def end_worker(self):
        self.worker.kill()
        self.worker.stdin.close()
        self.worker.wait()

    # ---- what is watched ----

    def endpoint(self, name):
        return f"ipc://{self.set.root}/run/{name}"

    def connect(self, kind, name, **options):
        client = self.context.socket(kind)
        client.linger, client.rcvtimeo = 0, 30000
        for key, value in options.items():
            setattr(client, key, value)
        client.connect(self.endpoint(name))
        self.addCleanup(client.close)
        return client

    def status(self):
        client = self.connect(zmq.REQ, "calls")
        client.send(msgpack.packb({"t": "status.request", "v": 1}))
        status = msgpack.unpackb(client.recv())["status"]
        client.close()
        return status

    def memory_mb(self, field):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise AssertionError(f"no {field}")

    def sanitized(self):
        return "libasan" in pathlib.Path(f"/proc/{self.pid}/maps").read_text()

    def begin_watch(self):
        """From now on the peak counts (proc(5), clear_refs)."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        self.before_mb = self.memory_mb("VmRSS")
        self.calls_before = len(self.good.took)

    def assert_unharmed(self, what, most_mb=GROWTH_MB):
        wait_for("more good calls", lambda: len(self.good.took) > self.calls_before + 20 or self.good.failed)
        took = self.good.took[self.calls_before:]
        grown = self.memory_mb("VmHWM") - self.before_mb
        print(f"{what}: broker's memory {self.before_mb:.0f} MB, at its peak {grown:.0f} MB more, now "
              f"{self.memory_mb('VmRSS'):.0f} MB; {len(took)} good calls, p50 {statistics.median(took) * 1e3:.1f} "
              f"ms, longest {max(took) * 1e3:.0f} ms", file=sys.stderr)
        self.assertTrue(self.broker.alive())
        self.assertEqual(self.good.failed, [])
        self.assertLess(max(took), 10, "the longest good call")
        self.assertLess(grown, SANITIZED_GROWTH_MB if self.sanitized() else most_mb, "the broker's memory")

    # ---- publishers and subscribers ----

    def publisher(self, stream):
        client = self.connect(zmq.DEALER, "ingest")
        client.send(msgpack.packb({"t": "stream.open", "v": 1, "stream": stream, "next": 1}))
        self.assertEqual(msgpack.unpackb(client.recv())["t"], "stream.opened")
        return client

    def batch(self, stream, first, count, size=200, kind="test.event"):
        return msgpack.packb({"t": "event.publish", "v": 1, "stream": stream, "events": [
            {"seq": seq, "severity": "info", "type": kind, "subject": "x", "data": {"text": "x" * size}}
            for seq in range(first, first + count)]})

    def publish(self, client, stream, first, count, **options):
        """One batch, and its acknowledgement; tried again while the broker holds publishers back."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            client.send(self.batch(stream, first, count, **options))
            answer = msgpack.unpackb(client.recv())
            if answer["t"] == "event.ack":
                self.assertEqual(answer["seq"], first + count - 1)
                return
            time.sleep(0.05)
        self.fail(f"never taken: {answer}")

    def publish_until_heard(self, sockets, pipes):
        """Events until something has come to each of the subscribers, of which none is read."""
        client = self.publisher("calling")
        for seq in range(1, 3001):
            self.publish(client, "calling", seq, 1)
            if all(s.poll(0) for s in sockets) and len(select.select(pipes, [], [], 0)[0]) == len(pipes):
                return
            time.sleep(0.02)
        self.fail("not all have subscribed")

    def test_subscribers_that_do_not_read_slow_nobody_and_cost_a_bounded_memory(self):
        deaf = [self.connect(zmq.SUB, "events", rcvhwm=10) for _ in range(10)]
        for client in deaf:
            client.subscribe("")
        frozen = [subprocess.Popen([sys.executable, FOREIGN / "subscriber.py", self.endpoint("events"), "test."],
                                   stdout=subprocess.PIPE) for _ in range(3)]
        for process in frozen:
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.publish_until_heard(deaf, [process.stdout for process in frozen])
        for process in frozen:
            process.send_signal(19)
        client = self.publisher("fast")
        for first in range(1, 50001, 250):
            self.publish(client, "fast", first, 250)
        self.assert_unharmed("13 subscribers that do not read, 50,000 events")

    def test_a_reader_that_asks_for_pages_and_takes_none_costs_a_bounded_memory(self):
        client = self.publisher("pages")
        for first in range(1, 20001, 250):
            self.publish(client, "pages", first, 250, size=400)
        self.begin_watch()
        greedy = self.connect(zmq.DEALER, "ingest", rcvhwm=1)
        for number in range(3000):
            greedy.send(msgpack.packb({"t": "journal.read", "v": 1, "rid": str(number), "after": 0, "limit": 1000,
                                       "prefixes": ["test."]}))
        wait_for("the pages", lambda: self.status()["counters"]["pages_served"] > 50)
        time.sleep(2)  # what it does with the others in this time is what is looked at
        self.assert_unharmed("3,000 pages asked for, none taken")

    def test_a_publisher_that_floods_and_reads_no_answer_is_held_back(self):
        flood = self.connect(zmq.DEALER, "ingest", rcvhwm=1, sndhwm=1000)
        flood.send(msgpack.packb({"t": "stream.open", "v": 1, "stream": "flood", "next": 1}))
        other = self.publisher("other")
        end, seq, told = time.monotonic() + 6, 1, 0
        while time.monotonic() < end:
            try:
                flood.send(self.batch("flood", seq, 1000, size=800), zmq.DONTWAIT)
                seq += 1000
            except zmq.Again:
                time.sleep(0.001)
            told += 1
            self.publish(other, "other", told, 1)
        self.assertGreater(told, 20)
        self.assert_unharmed(f"a flood of {seq} events; another publisher told {told}")

    def test_a_flood_of_the_largest_frames_costs_a_bounded_memory(self):
        big = {name: msgpack.packb({"t": "no.such", "v": 1, "fill": b"x" * (15 * MB)}) for name in SOCKETS}
        clients = {name: self.connect(zmq.DEALER, name, sndhwm=2) for name in SOCKETS}
        end, sent = time.monotonic() + 5, 0
        while time.monotonic() < end:
            for name, client in clients.items():
                try:
                    client.send(big[name], zmq.DONTWAIT, copy=False)
                    sent += 1
                except zmq.Again:
                    time.sleep(0.001)
        self.assert_unharmed(f"{sent} frames of 15 MB")

    def test_large_calls_that_nobody_takes_are_refused_beyond_a_bound_and_leave_room_for_others(self):
        worker = self.connect(zmq.DEALER, "workers")
        worker.send(msgpack.packb({"t": "worker.heartbeat", "v": 1, "instance": "busy-1",
                                   "offers": [{"service": "busy", "capacity": 0, "released": 0}]}))
        self.assertEqual(msgpack.unpackb(worker.recv())["t"], "worker.welcome")
        flood = self.connect(zmq.DEALER, "calls", sndhwm=2)
        # What ZeroMQ reads ahead of the broker's loop depends on the scheduler, as it is bounded by messages: few of
        # ours are on the way at a time, so that the figure is of what the broker keeps and gives back.
        fill, sent, wait, ahead, refused = "x" * (15 * MB), 40, 2, 2, []
        anew = 3  # as its fields are not in the catalogue's order, a request is decoded and packed anew beside what came
        for number in range(sent):  # 600 MB
            while number - wait - len(refused) >= ahead:
                refused.append(msgpack.unpackb(flood.recv()))
            flood.send(msgpack.packb({"t": "call.request", "v": 1, "id": f"large-{number}", "service": "busy",
                                      "operation": "echo", "params": {"fill": fill},
                                      "deadline": time.time_ns() + 120 * 10**9}))
            worker.send(msgpack.packb({"t": "worker.heartbeat", "v": 1, "instance": "busy-1",
                                       "offers": [{"service": "busy", "capacity": 0, "released": 0}]}))
        while len(refused) < sent - wait:  # of 64 MiB, the half
            refused.append(msgpack.unpackb(flood.recv()))
        self.assertEqual({(reply["class"], reply["code"], reply["sent"]) for reply in refused},
                         {("local", "overloaded", "no")})
        waiting = {queue["service"]: queue for queue in self.status()["queues"]}["busy"]
        self.assertEqual(waiting["waiting"], wait)
        # At its peak what waits, what is on the way and one in work; in the end what waits.
        most = 15 * (wait + ahead + anew) + KEPT_MB
        self.assert_unharmed(f"{sent} calls of 15 MB, of which {waiting['bytes'] / MB:.0f} MB wait", most)
        if not self.sanitized():
            self.assertLess(self.memory_mb("VmRSS") - self.before_mb, 15 * wait + KEPT_MB, "what it did not give back")

    # ---- garbage ----

    def garbage(self):
        good = msgpack.packb({"t": "event.publish", "v": 1, "stream": "s", "events": [
            {"seq": 1, "severity": "info", "type": "a.b", "subject": "c", "data": {"x": [1, 2.5, None]}}]})
        kind = self.random.randrange(8)
        if kind == 0:
            return [self.random.randbytes(self.random.randrange(200))]
        if kind == 1:
            return [self.random.randbytes(20) for _ in range(self.random.randrange(1, 30))]
        if kind == 2:
            return [good[:self.random.randrange(len(good))]]
        if kind == 3:
            return [b"\x81\xa1t" * self.random.randrange(1, 20000)]
        if kind == 4:
            return [b"\x91" * self.random.randrange(1, 100000)]
        if kind == 5:
            head = self.random.choice([b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"])
            return [b"\x83\xa1t\xa5hello\xa1v\x01\xa8instance" + head + b"\xff\xff\xff\xff" + b"x" * 50]
        if kind == 6:
            return [msgpack.packb({"t": "hello", "v": self.random.choice([0, 2, 99, -1, 2**63, "1", None, 1.5]),
                                   "instance": "a", "service": "b"})]
        changed = bytearray(good)
        for _ in range(3):
            changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return [bytes(changed)]

    def test_garbage_on_every_socket_harms_nobody(self):
        clients = [self.connect(zmq.DEALER, name, rcvhwm=10) for name in SOCKETS for _ in range(4)]
        for _ in range(20000):
            self.random.choice(clients).send_multipart(self.garbage())
        counters = self.status()["counters"]
        self.assert_unharmed("20,000 messages of garbage")
        for name in ("messages_malformed", "messages_wrong_version"):
            self.assertGreater(counters[name], 0, name)

    def test_bytes_that_are_no_zeromq_harm_nobody(self):
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)
        ready = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
        for number in range(600):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(5)
                raw.connect(f"{self.set.root}/run/{self.random.choice(SOCKETS + ('events',))}")
                tail = self.random.choice([
                    self.random.randbytes(300), b"", greeting[:self.random.randrange(64)],
                    greeting + ready + b"\x02" + struct.pack(">Q", 2**62) + b"x",
                    greeting + ready + b"\x02" + struct.pack(">Q", 2**63 - 1),
                    greeting + ready + self.random.randbytes(200)])
                try:
                    raw.sendall(tail)
                    if number % 4 == 0:
                        raw.recv(64)
                except OSError:
                    pass  # it was shown the door
        self.assert_unharmed("600 connections that speak no ZeroMQ")

    def test_frames_of_100_mb_end_their_connection_alone(self):
        huge = b"x" * (100 * MB)
        for name in SOCKETS:
            client = self.connect(zmq.DEALER, name)
            client.send(huge, copy=False)
            client.send(huge, copy=False)
            time.sleep(0.5)  # for the broker to take what it wants of it
            client.close()
        self.assert_unharmed("six frames of 100 MB")

    def test_ten_thousand_connections_opened_and_closed_leave_nothing(self):
        def descriptors():
            return len(list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir()))

        before, total = descriptors(), 10000
        hello = {"t": "hello", "v": 1, "service": "abuse"}
        for begin in range(0, total, 200):
            clients = [self.connect(zmq.DEALER, "ingest") for _ in range(200)]
            for number, client in enumerate(clients):
                client.send(msgpack.packb({**hello, "instance": f"abuse-{begin + number}"}))
            for client in clients:
                self.assertIn(msgpack.unpackb(client.recv())["t"], ("welcome", "error"))
                client.close()
        wait_for("their descriptors to be closed", lambda: descriptors() <= before + 5)
        fresh = self.connect(zmq.DEALER, "ingest")
        fresh.send(msgpack.packb({**hello, "instance": "fresh"}))
        self.assertEqual(msgpack.unpackb(fresh.recv())["t"], "welcome", "a new client is served")
        self.assert_unharmed(f"{total} connections")


if __name__ == "__main__":
    main()
