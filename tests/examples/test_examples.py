"""The example clients against a real broker, each in C and in Python: they do what their first lines say."""

import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import PATIENCE, RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("RF_BUILD", "build/asan")).resolve()
PROGRAMS = pathlib.Path(os.environ.get("RF_EXAMPLES", "build/asan/examples")).resolve()


class Running:
    """A client that goes on: its lines."""

    def __init__(self, command):
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self):
        try:
            return self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"{self.popen.args} said nothing more") from None

    def expect(self, pattern):
        seen = []
        while not (seen and re.fullmatch(pattern, seen[-1])):
            seen.append(self.line())
        return seen[-1]

    def end(self, sig=signal.SIGTERM):
        self.popen.send_signal(sig)
        self.popen.wait(PATIENCE)
        self.reader.join()
        self.popen.stdout.close()


class InC:
    """How a client is started: `sockets` are those that it needs."""

    @staticmethod
    def command(run_dir, name, _sockets, *arguments):
        return [PROGRAMS / name, run_dir, *map(str, arguments)]


class InPython:
    @staticmethod
    def command(run_dir, name, sockets, *arguments):
        return ["/usr/bin/python3", HERE / "python" / f"{name}.py",
                *(f"ipc://{run_dir}/{socket}" for socket in sockets), *map(str, arguments)]


class Clients:
    """The tests, for either language."""

    LANGUAGE = None
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 20}}

    def setUp(self):
        super().setUp()
        self.set.start("broker")

    def command(self, name, sockets, *arguments, language=None):
        return (language or self.LANGUAGE).command(self.set.root / "run", name, sockets, *arguments)

    def run_client(self, name, sockets, *arguments, code=0, language=None):
        done = subprocess.run(self.command(name, sockets, *arguments, language=language),
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def start_client(self, name, sockets, *arguments, language=None):
        client = Running(self.command(name, sockets, *arguments, language=language))
        self.addCleanup(lambda: client.popen.poll() is None and client.end())
        return client

    def restart_broker(self):
        self.set.processes["broker"].kill()
        self.set.start("broker")

    # ---- events ----

    def publish(self, *text, stream="notes"):
        return self.run_client("publish", ["ingest"], stream, self.set.root / f"{stream}.outbox", *text)

    def subscriber(self, *prefixes):
        return self.start_client("subscribe", ["ingest", "events"], self.set.root / "cursor", *prefixes)

    def texts_in(self, subscriber, count):
        """The texts of the next `count` events; their numbers ascend."""
        seen = []
        while len(seen) < count:
            number, topic, data = subscriber.line().split(" ", 2)
            self.assertEqual(topic, "example.note/outbox")
            seen.append((int(number), json.loads(data)["text"]))
        self.assertEqual(seen, sorted(seen, key=lambda event: event[0]))
        self.assertEqual(len({number for number, _ in seen}), count)
        return [text for _, text in seen]

    def test_an_event_is_published_durably_and_once(self):
        self.assertEqual(self.publish("first"), ["acknowledged up to 1"])
        self.restart_broker()
        # All of the outbox again: the broker has the first already.
        self.assertEqual(self.publish("second")[-1], "acknowledged up to 2")
        self.publish()
        self.restart_broker()
        self.publish()
        lines = self.set.cli("replay", "example.", "--json", check=0).stdout.splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual([event["data"]["text"] for event in events], ["first", "second"])
        ids = [re.match(r'(?:\{"id": ")?(\w+)', line).group(1)
               for line in (self.set.root / "notes.outbox").read_text().splitlines()]
        self.assertEqual([event["id"] for event in events], ids)

    def test_a_subscriber_misses_nothing_over_restarts_of_itself_and_of_the_broker(self):
        self.publish("one")
        self.restart_broker()  # it has the first only on disk
        subscriber = self.subscriber("example.")
        self.publish("two")
        self.assertEqual(self.texts_in(subscriber, 2), ["one", "two"])
        self.restart_broker()
        self.publish("three")
        self.assertEqual(self.texts_in(subscriber, 1), ["three"])
        subscriber.end(signal.SIGKILL)
        self.publish("four")
        self.restart_broker()
        subscriber = self.subscriber("example.")
        # What it was killed behind, before its cursor was stored, comes again.
        again = self.texts_in(subscriber, 1)
        if again == ["three"]:
            again = self.texts_in(subscriber, 1)
        self.assertEqual(again, ["four"])
        subscriber.end()

    # ---- calls ----

    def server(self, instance="serve-1", capacity=2, milliseconds=0, language=None):
        server = self.start_client("serve", ["workers"], instance, "echo", capacity, milliseconds,
                                   language=language)
        server.expect("registered")
        return server

    def call(self, seconds=20, service="echo", params=None, code=0, language=None):
        return self.run_client("call", ["calls"], service, "say", json.dumps(params or {}), seconds,
                               code=code, language=language)

    def test_a_call_is_made_and_served(self):
        self.server()
        for language in (InC, InPython):  # whoever calls
            said = self.call(params={"words": ["a", 1, None, True]}, language=language)[0]
            self.assertTrue(said.startswith("ok "), said)
            self.assertEqual(json.loads(said[3:]),
                             {"operation": "say", "params": {"words": ["a", 1, None, True]}})

    def test_a_call_fails_with_a_class_and_a_code(self):
        self.server(capacity=1, milliseconds=30000)
        late = self.call(seconds=0.3, code=1)[0]
        self.assertTrue(late.startswith("local deadline_exceeded sent:maybe"), late)
        nobody = self.call(service="nobody", code=1)[0]
        self.assertTrue(nobody.startswith("local no_worker sent:no"), nobody)

    def load(self):
        """What serve-1 has in hand, as the broker counts, and the calls that wait for it."""
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)["broker"]
        in_hand = [worker["in_hand"] for worker in status["workers"] if worker["instance"] == "serve-1"]
        waiting = [queue["waiting"] for queue in status["queues"] if queue["service"] == "echo"]
        return sum(in_hand), sum(waiting)

    def calls_are_answered(self, calls, pause):
        """All of the calls are, and the server never has more than two in hand; others wait meanwhile."""
        seen = []
        began = time.monotonic()
        running = [Running(self.command("call", ["calls"], "echo", "say", json.dumps({"n": n}), 60, language=InC))
                   for n in range(calls)]
        wait_for("two in its hand, and others waiting",
                 lambda: seen.append(self.load()) or (seen[-1][0] >= 2 and seen[-1][1] >= 1))
        while any(call.popen.poll() is None for call in running):
            seen.append(self.load())
            self.assertLess(time.monotonic() - began, PATIENCE)
        for n, call in enumerate(running):
            self.assertEqual(json.loads(call.line()[3:])["params"], {"n": n})
            call.end()
        self.assertEqual(max(in_hand for in_hand, _ in seen), 2)
        # Whatever the broker counts: two at once take half as long as one after the other, not less.
        self.assertGreaterEqual(time.monotonic() - began, calls / 2 * pause)

    def test_a_server_keeps_to_its_capacity_before_and_after_a_restart_of_the_broker(self):
        pause = 2
        server = self.server(capacity=2, milliseconds=1000 * pause)
        self.calls_are_answered(6, pause)
        self.restart_broker()
        server.expect("registered")
        self.calls_are_answered(6, pause)
        wait_for("every place to be given back", lambda: self.load() == (0, 0))

    def test_a_call_in_hand_is_answered_over_a_restart_of_the_broker(self):
        server = self.server(milliseconds=2000)
        # By the library, which asks again under the same id.
        call = Running(self.command("call", ["calls"], "echo", "say", '{"n":1}', 60, language=InC))
        wait_for("the call to be in its hand", lambda: '"in_hand":1' in json.dumps(json.loads(
            self.set.cli("status", "--json", check=0).stdout), separators=(",", ":")))
        self.restart_broker()
        server.expect("registered")
        self.assertEqual(json.loads(call.line()[3:]), {"operation": "say", "params": {"n": 1}})
        call.popen.wait(PATIENCE)
        call.end()

    def test_a_server_that_is_killed_is_told_to_its_caller(self):
        server = self.server(milliseconds=30000)
        call = Running(self.command("call", ["calls"], "echo", "say", "{}", 60))
        wait_for("the call to be in its hand", lambda: '"in_hand":1' in json.dumps(json.loads(
            self.set.cli("status", "--json", check=0).stdout), separators=(",", ":")))
        server.end(signal.SIGKILL)
        self.assertTrue(call.line().startswith("local worker_lost sent:maybe"))
        call.popen.wait(PATIENCE)
        call.end()

    # ---- state ----

    def state(self, *arguments, code=0):
        return self.run_client("state", ["ingest"], *arguments, code=code)

    def test_state_is_written_read_compared_and_deleted(self):
        self.assertEqual(self.state("get", "example/a", code=1), ["not_found"])
        said = self.state("put", "example/a", '{"n":1}')
        version = int(re.fullmatch(r'example/a (\d+) \{"n":1\}', said[1]).group(1))
        self.assertEqual(self.state("get", "example/a"), ["ok", f'example/a {version} {{"n":1}}'])
        self.assertEqual(self.state("cas", "example/a", version + 1, "[2]", code=1),
                         ["conflict", f'example/a {version} {{"n":1}}'])
        later = int(self.state("cas", "example/a", version, '["b"]')[1].split()[1])
        self.assertGreater(later, version)
        self.assertEqual(self.state("cas", "example/a", 0, '["c"]', code=1)[0], "conflict")
        self.assertEqual(self.state("cas", "example/a", later)[0], "ok")
        self.assertEqual(self.state("get", "example/a", code=1), ["not_found"])

    def test_a_watch_gives_a_snapshot_and_every_change_also_over_a_restart_of_the_broker(self):
        self.state("put", "example/a", "[1]")
        watch = self.start_client("state", ["ingest"], "watch", "example/")
        self.assertEqual(watch.line(), "snapshot of 1")
        self.assertRegex(watch.line(), r"^example/a \d+ \[1\]$")
        self.state("put", "example/b", "[2]", 1)
        self.assertRegex(watch.line(), r"^example/b \d+ \[2\]$")
        self.assertEqual(watch.line(), "example/b 0 -", "its lease ended")
        began = time.monotonic()
        self.restart_broker()
        watch.expect(r"snapshot of \d+")
        self.state("put", "example/c", "[3]")
        watch.expect(r"example/c \d+ \[3\]")
        self.assertLess(time.monotonic() - began, PATIENCE)


class Printed(RingfenceTest):
    """The examples that ringfence-bus(7) prints, as they stand there, but for the run directory."""

    CONFIG = Clients.CONFIG

    def setUp(self):
        super().setUp()
        page = (BUILD / "man/ringfence-bus.7").read_text(encoding="utf-8")
        section = page[page.index(".Sh EXAMPLES"):]
        blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", section, re.MULTILINE | re.DOTALL)
        self.printed = {title: block for title, block in zip(("caller", "subscriber"), blocks, strict=True)}
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)

    def start_printed(self, title, run_dir):
        text = self.printed[title].replace(r"\&", "").replace(r"\e", "\\")
        self.assertIn("/run/ringfence/", text)
        client = Running(["/usr/bin/python3", "-u", "-c", text.replace("/run/ringfence/", f"{run_dir}/")])
        self.addCleanup(lambda: client.popen.poll() is None and client.end())
        return client

    def publish(self, stream, *subjects):
        socket = self.context.socket(zmq.DEALER)
        socket.rcvtimeo = 1000 * PATIENCE
        socket.connect(f"ipc://{self.set.root}/run/ingest")
        events = [{"seq": seq, "severity": "info", "type": kind, "subject": subject}
                  for seq, (kind, subject) in enumerate(subjects, 1)]
        for message in ({"t": "stream.open", "stream": stream, "next": 1},
                        {"t": "event.publish", "stream": stream, "events": events}):
            socket.send(msgpack.packb(message | {"v": 1}))
            answer = msgpack.unpackb(socket.recv())
        self.assertEqual((answer["t"], answer["seq"]), ("event.ack", len(events)))

    def test_the_caller_is_answered(self):
        self.set.start("broker")
        server = Running([PROGRAMS / "serve", self.set.root / "run", "serve-1", "script", "1", "0"])
        self.addCleanup(server.end)
        server.expect("registered")
        caller = self.start_printed("caller", self.set.root / "run")
        said = caller.line()
        self.assertEqual(caller.popen.wait(PATIENCE), 0)
        caller.end()
        self.assertIn("'t': 'call.reply'", said)
        self.assertIn("Write a short greeting for Ada.", said)

    def test_the_subscriber_misses_nothing_also_over_a_restart_of_the_broker(self):
        self.set.start("broker")
        self.publish("first", ("contact.done", "ada"), ("other.kind", "x"), ("contact.step", "bea"))
        subscriber = self.start_printed("subscriber", self.set.root / "run")
        self.assertRegex(subscriber.line(), r"^\d+ contact\.done ada$")
        self.assertRegex(subscriber.line(), r"^\d+ contact\.step bea$")
        self.publish("second", ("contact.done", "cleo"))
        self.assertRegex(subscriber.line(), r"^\d+ contact\.done cleo$")
        self.set.processes["broker"].kill()
        self.set.start("broker")
        self.publish("third", ("contact.done", "dora"))
        subscriber.expect(r"\d+ contact\.done dora")
        self.assertIsNone(subscriber.popen.poll())

    def test_the_subscriber_goes_on_after_an_error_and_skips_what_is_no_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            ingest = self.context.socket(zmq.ROUTER)
            ingest.rcvtimeo = 1000 * PATIENCE
            ingest.bind(f"ipc://{folder}/ingest")
            subscriber = self.start_printed("subscriber", folder)

            def answer(*messages):
                peer, frame = ingest.recv_multipart()
                question = msgpack.unpackb(frame)
                for message in messages:
                    ingest.send_multipart([peer, msgpack.packb({"v": 1, "rid": question["rid"]} | message)])
                return question

            welcome = {"t": "welcome", "rid": None, "broker": "b", "heartbeat_ns": 1, "first": 1, "last": 0}
            answer(welcome, {"t": "error", "code": "overloaded", "message": "ask again"})
            self.assertEqual(subscriber.line(), "overloaded ask again")
            event = {"n": 7, "type": "contact.done", "subject": "ada"}
            page = {"t": "journal.page", "events": [event], "scanned": 7, "last": 9, "journal": "j"}
            answer(page | {"rid": "an earlier one", "events": []}, page)
            self.assertEqual(subscriber.line(), "7 contact.done ada")
            question = answer(page | {"events": [], "scanned": 9})
            self.assertEqual((question["after"], question["journal"]), (7, "j"))
            subscriber.end()


class ClientsInC(Clients, RingfenceTest):
    LANGUAGE = InC


class ClientsInPython(Clients, RingfenceTest):
    LANGUAGE = InPython


if __name__ == "__main__":
    unittest.main()
