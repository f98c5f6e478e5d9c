"""The example clients against a real broker, each in C and in Python: they do what their first lines say."""

import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import PATIENCE, RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
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

    def test_a_server_keeps_to_its_capacity_and_loses_nothing_over_a_restart_of_the_broker(self):
        server = self.server(capacity=2, milliseconds=300)
        calls = [Running(self.command("call", ["calls"], "echo", "say", "{}", 30)) for _ in range(6)]
        for call in calls:
            self.assertTrue(call.line().startswith("ok "))
            call.popen.wait(PATIENCE)
            call.end()
        self.restart_broker()
        server.expect("registered")
        for _ in range(5):  # more than its capacity, one after the other
            self.assertTrue(self.call()[0].startswith("ok "))
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)
        self.assertIn("serve-1", json.dumps(status))

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


class ClientsInC(Clients, RingfenceTest):
    LANGUAGE = InC


class ClientsInPython(Clients, RingfenceTest):
    LANGUAGE = InPython


if __name__ == "__main__":
    unittest.main()
