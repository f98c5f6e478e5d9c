"""The broker as a process: broken frames, locked folders, numbers over kill -9, its ends."""

import os
import pathlib
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import BIN, RingfenceTest, free_port, wait_for  # noqa: E402  pylint: disable=wrong-import-position

SOCKETS = ("calls", "workers", "ingest")
NOT_MESSAGES = [
    b"", b"\x00", b"\xc1", b"\xff" * 100, b"\x80", b"\x90", b"hello",
    msgpack.packb({"t": "hello"}), msgpack.packb({"v": 1}), msgpack.packb({"t": 1, "v": 1}),
    msgpack.packb({"t": "hello", "v": "1"}), msgpack.packb({"t": "no.such", "v": 1}),
    msgpack.packb({"t": "hello", "v": 2, "instance": "a", "service": "b"}),
    msgpack.packb({"t": "hello", "v": 1, "instance": "a"}),
    msgpack.packb({"t": "call.request", "v": 1, "id": 5, "service": "s", "operation": "o", "deadline": 1}),
    msgpack.packb({"t": "hello", "v": 1, "instance": "a", "service": "b"}) + b"\x00",
    b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
    b"\x91" * 5000, b"\x81\xa1t" * 1000,
]


class BrokerTest(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 10}, "drain_timeout": "3s",
              "broker": {"drain_timeout": "3s"}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.broker = self.set.start("broker")

    def run_dir(self):
        return self.set.root / "run"

    def connect(self, kind, name):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.rcvtimeo = 20000
        socket.connect(f"ipc://{self.run_dir()}/{name}")
        return socket

    def ask(self, socket, message):
        socket.send(msgpack.packb(dict(message, v=1)))
        return msgpack.unpackb(socket.recv())

    def status(self):
        socket = self.connect(zmq.REQ, "calls")
        return self.ask(socket, {"t": "status.request"})["status"]

    def publish(self, stream, seqs):
        """Publishes on a new stream and returns the journal numbers of its events."""
        socket = self.connect(zmq.DEALER, "ingest")
        self.ask(socket, {"t": "stream.open", "stream": stream, "next": seqs[0]})
        events = [{"seq": seq, "severity": "info", "type": "test.event", "subject": stream} for seq in seqs]
        ack = self.ask(socket, {"t": "event.publish", "stream": stream, "events": events})
        self.assertEqual(ack["seq"], seqs[-1])
        page = self.ask(socket, {"t": "journal.read", "rid": "1", "after": 0, "limit": 1000,
                                 "prefixes": [f"test.event/{stream}"]})
        return [event["n"] for event in page["events"]]

    def test_what_is_not_a_message_is_answered_on_every_socket(self):
        for name in SOCKETS:
            socket = self.connect(zmq.DEALER, name)
            for frame in NOT_MESSAGES:
                socket.send(frame)
                answer = msgpack.unpackb(socket.recv())
                self.assertEqual(answer["t"], "error", frame[:40])
                self.assertIn(answer["code"], ("malformed", "unknown_type", "version"))
        counters = self.status()["counters"]
        self.assertEqual(counters["messages_unknown_type"], 3)
        self.assertEqual(counters["messages_wrong_version"], 3)
        self.assertEqual(counters["messages_malformed"], 3 * (len(NOT_MESSAGES) - 2))

    def test_each_of_several_questions_that_cannot_be_used_is_told_apart(self):
        socket = self.connect(zmq.DEALER, "ingest")
        questions = {
            "a": {"t": "state.put", "key": "example/a", "value": "a text"},
            "b": {"t": "journal.read", "after": 0, "limit": 0},
            "c": {"t": "state.get", "key": "example/a"},
            "d": {"t": "no.such.question"},
            "e": {"t": "journal.read", "after": 0, "limit": 1, "prefixes": ["x" * 256]},
            "f": {"t": "call.cancel", "id": "elsewhere"},
        }
        for rid, question in questions.items():
            socket.send(msgpack.packb(dict(question, v=1, rid=rid)))
        answers = [msgpack.unpackb(socket.recv()) for _ in questions]
        self.assertEqual({answer.get("rid"): answer["code"] for answer in answers},
                         {"a": "malformed", "b": "malformed", "c": "not_found", "d": "unknown_type",
                          "e": "invalid", None: "not_allowed"})
        call = {"t": "call.request", "id": "c1", "service": "s", "operation": "o", "deadline": "soon"}
        answer = self.ask(self.connect(zmq.REQ, "calls"), call)
        self.assertEqual((answer["t"], answer["code"], answer["rid"]), ("error", "malformed", "c1"))
        # A rid that is too long is not sent back.
        answer = self.ask(socket, {"t": "journal.read", "rid": "x" * 256, "after": 0, "limit": 0})
        self.assertEqual((answer["code"], answer.get("rid")), ("malformed", None))

    def test_a_client_is_told_when_the_broker_counts_as_away(self):
        hello = {"t": "hello", "instance": "example-1", "service": "example"}
        welcome = self.ask(self.connect(zmq.DEALER, "ingest"), hello)
        self.assertEqual((welcome["heartbeat_ns"], welcome["lease_ns"]), (10**8, 10**9))

    def test_a_call_is_cancelled_over_the_connection_that_took_the_place_of_a_broken_one(self):
        worker = self.connect(zmq.DEALER, "workers")

        def heard(capacity):
            """What the worker is told until it is welcomed."""
            worker.send(msgpack.packb({"t": "worker.heartbeat", "v": 1, "instance": "w-1", "offers": [
                {"service": "example", "capacity": capacity, "released": 0}]}))
            types = []
            while "worker.welcome" not in types or worker.poll(0):
                types.append(msgpack.unpackb(worker.recv())["t"])
            return types

        heard(0)
        request = {"t": "call.request", "v": 1, "id": "c1", "service": "example", "operation": "o",
                   "deadline": time.time_ns() + 60 * 10**9}
        first, second = self.connect(zmq.DEALER, "calls"), self.connect(zmq.DEALER, "calls")
        first.send(msgpack.packb(request))
        wait_for("the call to wait", lambda: self.status()["counters"]["calls_taken"] == 1)
        first.close()
        second.send(msgpack.packb(dict(request, asked_ns=10**6, remaining_ns=50 * 10**9)))

        def cancelled():
            heard(0)
            second.send(msgpack.packb({"t": "call.cancel", "v": 1, "id": "c1"}))
            return second.poll(500) and msgpack.unpackb(second.recv())["t"] == "call.reply"

        wait_for("the broken connection to count no more", cancelled)
        heard(1)
        counters = self.status()["counters"]
        self.assertEqual((counters["calls_cancelled"], counters["calls_dispatched"]), (1, 0))

    def test_broken_messages_are_logged_about_once_a_second(self):
        socket = self.connect(zmq.DEALER, "ingest")
        began = time.monotonic()
        for _ in range(300):
            socket.send(b"garbage")
            socket.recv()
        seconds = time.monotonic() - began
        lines = self.broker.text().count("ingest: a message was refused")
        self.assertGreaterEqual(lines, 1)
        self.assertLessEqual(lines, 2 + seconds)

    def test_frames_of_any_number_are_survived(self):
        for name in SOCKETS:
            socket = self.connect(zmq.DEALER, name)
            for frames in ([b"", b""], [b"a", b"b"], [b"", b"a", b"b"], [b"", b"", b"a"], [b"x"] * 20):
                socket.send_multipart(frames)
                answer = socket.recv_multipart()
                self.assertEqual(msgpack.unpackb(answer[-1])["code"], "malformed", frames)

    def test_random_changes_to_good_messages_do_no_harm(self):
        chooser = random.Random(7)
        good = [
            {"t": "worker.heartbeat", "v": 1, "instance": "w", "in_hand": ["a"], "offers": [
                {"service": "s", "capacity": 3, "released": 0}], "breakers": [
                    {"service": "elevenlabs", "state": "open", "epoch": 3, "until": 1}]},
            {"t": "call.request", "v": 1, "id": "i", "service": "s", "operation": "o",
             "deadline": time.time_ns() + 10**9, "params": {"a": [1, 2.5, None]}},
            {"t": "event.publish", "v": 1, "stream": "s", "events": [
                {"seq": 1, "severity": "info", "type": "a.b", "subject": "c", "data": {"x": 1}}]},
            {"t": "state.put", "v": 1, "rid": "1", "key": "k", "value": {"a": 1}, "ttl_ns": 5},
            {"t": "state.watch", "v": 1, "rid": "1", "prefix": ""},
            {"t": "journal.read", "v": 1, "rid": "1", "after": 0, "limit": 10},
            {"t": "worker.outcomes", "v": 1, "outcomes": [
                {"seq": 1, "service": "elevenlabs", "epoch": 0, "class": "transient", "took_ns": 1}]},
        ]
        sockets = [self.connect(zmq.DEALER, name) for name in SOCKETS]
        for _ in range(3000):
            frame = bytearray(msgpack.packb(chooser.choice(good)))
            for _ in range(chooser.randrange(0, 4)):
                frame[chooser.randrange(len(frame))] = chooser.randrange(256)
            if chooser.random() < 0.2:
                del frame[chooser.randrange(len(frame)):]
            chooser.choice(sockets).send(bytes(frame))
        # A fresh client is served as if nothing had happened.
        self.assertEqual(len(self.publish("after", [1, 2, 3])), 3)
        self.assertTrue(self.broker.alive())

    def test_a_frame_over_the_largest_ends_that_connection_alone(self):
        big = self.connect(zmq.DEALER, "ingest")
        big.send(b"x" * (16 * 1024 * 1024 + 1))
        self.assertEqual(len(self.publish("others", [1])), 1)

    def test_both_framings_are_answered_in_kind(self):
        hello = msgpack.packb({"t": "hello", "v": 1, "instance": "a", "service": "b"})
        plain = self.connect(zmq.DEALER, "ingest")
        plain.send(hello)
        self.assertEqual(len(plain.recv_multipart()), 1)
        delimited = self.connect(zmq.DEALER, "ingest")
        delimited.send_multipart([b"", hello])
        frames = delimited.recv_multipart()
        self.assertEqual(len(frames), 2)
        self.assertEqual(frames[0], b"")

    def test_sockets_and_folders_are_private(self):
        for name in (*SOCKETS, "events"):
            mode = os.stat(self.run_dir() / name).st_mode
            self.assertTrue(stat.S_ISSOCK(mode))
            self.assertEqual(mode & 0o077, 0)
        self.assertEqual(os.stat(self.set.root / "state" / "broker").st_mode & 0o777, 0o700)

    def test_a_second_broker_is_refused_before_it_binds_anything(self):
        second = subprocess.run([str(BIN / "ringfence-broker"), "--config", str(self.set.config_file)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"another broker (pid {self.broker.popen.pid})", second.stderr)
        # The first one still has its sockets.
        self.assertEqual(self.status()["pid"], self.broker.popen.pid)

    def starts(self):
        """Ids of the starts that the journal knows, and how far each came."""
        database = sqlite3.connect(f"file:{self.set.root}/state/broker/broker.db?mode=ro", uri=True)
        try:
            return database.execute("SELECT id, reached FROM starts ORDER BY number").fetchall()
        finally:
            database.close()

    def test_a_broker_that_cannot_bind_leaves_no_start_in_the_journal(self):
        self.broker.terminate()
        self.assertEqual(self.broker.wait(), 0)
        before = self.starts()
        taken = self.context.socket(zmq.ROUTER)
        port = free_port()
        taken.bind(f"tcp://127.0.0.1:{port}")
        config = self.set.write_other_config("taken", {"bus": {"insecure": True, "calls": f"tcp://127.0.0.1:{port}"}})
        for _ in range(3):
            failed = subprocess.run([str(BIN / "ringfence-broker"), "--config", str(config)],
                                    capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(failed.returncode, 1, failed.stderr)
            self.assertIn(str(port), failed.stderr)
        self.assertEqual(self.starts(), before)
        self.broker = self.set.start("broker")
        self.assertEqual(len(self.starts()), len(before) + 1)

    def test_journal_numbers_and_versions_ascend_without_reuse_over_kill_9(self):
        highest, version = 0, 0
        for life in range(3):
            numbers = self.publish(f"life-{life}", [1, 2, 3])
            self.assertEqual(numbers, sorted(set(numbers)))
            self.assertGreater(numbers[0], highest)
            highest = numbers[-1]
            reply = self.ask(self.connect(zmq.DEALER, "ingest"),
                             {"t": "state.put", "rid": "1", "key": "k", "value": {"life": life}})
            self.assertGreater(reply["entries"][0]["version"], version)
            version = reply["entries"][0]["version"]
            self.broker.kill()
            self.broker = self.set.start("broker")
        # Whoever read up to the end of the last life has missed nothing, nor has who read nothing.
        for after, expected in ((highest, []), (0, ["life-0", "life-1", "life-2"])):
            page = self.ask(self.connect(zmq.DEALER, "ingest"),
                            {"t": "journal.read", "rid": "1", "after": after, "limit": 100})
            self.assertNotIn("trimmed", page)
            streams = [event["stream"] for event in page["events"] if event["seq"] == 3]
            self.assertEqual([name for name in streams if name.startswith("life-")], expected)

    def test_after_a_clean_end_numbers_go_on_without_a_hole(self):
        last = self.publish("before", [1])[0]
        self.broker.terminate()
        self.assertEqual(self.broker.wait(), 0)
        self.broker = self.set.start("broker")
        # process.stopped of the first life and process.ready of the second lie between.
        self.assertEqual(self.publish("behind", [1])[0], last + 3)

    def test_without_peers_a_drain_is_over_at_once(self):
        self.status()
        began = time.monotonic()
        self.broker.terminate()
        self.assertEqual(self.broker.wait(), 0)
        self.assertLess(time.monotonic() - began, 2)

    def test_a_draining_broker_serves_until_its_clients_have_left(self):
        client = self.connect(zmq.DEALER, "ingest")
        hello = {"t": "hello", "instance": "a-1", "service": "a"}
        self.ask(client, hello)
        self.broker.terminate()
        # It says so in its own registry entry, and serves on.
        key = f"process/{self.status()['broker']}"

        def draining():
            client.send(msgpack.packb(dict(hello, v=1)))
            client.send(msgpack.packb({"t": "state.get", "v": 1, "rid": "1", "key": key}))
            while True:
                answer = msgpack.unpackb(client.recv())
                if answer["t"] == "state.reply":
                    return answer["entries"][0]["value"]["state"] == "draining"
        wait_for("the registry entry", draining)
        self.assertEqual(len(self.publish("late", [1])), 1)
        self.assertTrue(self.broker.alive())
        began = time.monotonic()
        client.close()
        self.assertEqual(self.broker.wait(), 0)
        self.assertLess(time.monotonic() - began, 2)

    def test_a_drain_ends_with_its_timeout(self):
        client = self.connect(zmq.DEALER, "ingest")
        self.ask(client, {"t": "hello", "instance": "a-1", "service": "a"})
        self.broker.terminate()
        began = time.monotonic()
        while self.broker.alive() and time.monotonic() - began < 20:
            client.send(msgpack.packb({"t": "hello", "v": 1, "instance": "a-1", "service": "a"}))
            time.sleep(0.05)
        self.assertEqual(self.broker.wait(), 0)
        self.assertGreater(time.monotonic() - began, 2.5)
        self.assertLess(time.monotonic() - began, 6)

    def test_sigint_and_a_second_sigterm_end_within_2_seconds(self):
        for signals in ([signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]):
            client = self.connect(zmq.DEALER, "ingest")
            self.ask(client, {"t": "hello", "instance": "a-1", "service": "a"})
            began = time.monotonic()
            for one in signals:
                self.broker.terminate(one)
                time.sleep(0.05)
            self.assertEqual(self.broker.wait(), 0)
            self.assertLess(time.monotonic() - began, 2)
            self.broker = self.set.start("broker")

    def test_help_and_version(self):
        for argument, pattern in (("--help", r"broker"), ("--version", r"\d+\.\d+\.\d+")):
            result = subprocess.run([str(BIN / "ringfence-broker"), argument], capture_output=True,
                                    text=True, timeout=20, check=True)
            self.assertRegex(result.stdout, re.compile(pattern))


if __name__ == "__main__":
    unittest.main()
