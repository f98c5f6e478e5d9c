"""The broker as seen by programs that share no code with it: they are started as programs of their own."""

import json
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import PATIENCE, RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
ULID = re.compile(r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")


class Program:
    """A foreign program: lines of JSON out, lines in."""

    def __init__(self, name, *arguments):
        self.name = name
        self.popen = subprocess.Popen(
            ["/usr/bin/python3", str(HERE / f"{name}.py"), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.popen.stdout:
            self.lines.put(json.loads(line))

    def say(self, line):
        self.popen.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.popen.stdin.flush()

    def expect(self, what, condition=lambda line: True, seconds=PATIENCE):
        """The next line for which the condition holds; those before it are kept in `seen`."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name} waited in vain for {what}; it saw {self.seen[-20:]}"
                                     ) from None
            self.seen.append(line)
            if condition(line):
                return line

    def expect_type(self, kind):
        return self.expect(kind, lambda line: line.get("t") == kind)

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def close(self):
        self.kill()
        self.reader.join()
        self.popen.stdin.close()
        self.popen.stdout.close()


class ForeignTest(RingfenceTest):
    CONFIG = {"broker": {"queue_limit": 1}, "bus": {"heartbeat": "100ms", "heartbeat_misses": 10}}

    def setUp(self):
        super().setUp()
        self.set.start("broker")

    def endpoint(self, socket):
        return f"ipc://{self.set.root}/run/{socket}"

    def program(self, name, *arguments):
        program = Program(name, *arguments)
        self.addCleanup(program.close)
        return program

    def call(self, service="speech", seconds=30, params=None, call_id=None):
        more = [] if call_id is None else [call_id]
        return self.program("caller", self.endpoint("calls"), service, "speak",
                            json.dumps(params or {}), seconds, *more)

    def worker(self, instance="foreign-1", capacity=1, hold=False):
        worker = self.program("worker", self.endpoint("workers"), instance, "speech", capacity,
                              *(["hold"] if hold else []))
        worker.expect("its registration", lambda line: line.get("registered"))
        return worker


class Events(ForeignTest):
    def publisher(self):
        return self.program("publisher", self.endpoint("ingest"))

    def publish(self, publisher, stream, *numbers, kind="breaker.note"):
        publisher.say({"t": "event.publish", "stream": stream, "events": [
            {"severity": "info", "type": kind, "subject": f"number-{n}", "seq": n, "stream": stream,
             "data": {"n": n}} for n in numbers]})

    def pages(self, publisher, prefix):
        """All events of the journal under a prefix, page by page."""
        events, after = [], 0
        while True:
            publisher.say({"t": "journal.read", "rid": f"page-{after}", "prefixes": [prefix],
                           "after": after, "limit": 2})
            page = publisher.expect_type("journal.page")
            self.assertEqual(page["rid"], f"page-{after}")
            self.assertLessEqual(len(page["events"]), 2)
            events += page["events"]
            after = page["scanned"]
            if after >= page["last"]:
                return events

    def test_a_subscriber_decodes_the_opening_of_a_breaker(self):
        subscriber = self.program("subscriber", self.endpoint("events"), "breaker.")
        publisher = self.publisher()
        publisher.say({"t": "stream.open", "stream": "s", "next": 1})
        publisher.expect_type("stream.opened")
        # A subscription takes effect some time after it was made: events are published until one is heard.
        for number in range(1, 10000):
            self.publish(publisher, "s", number)
            publisher.expect_type("event.ack")
            if not subscriber.lines.empty():
                break
        first = subscriber.expect("an event")
        self.assertRegex(first["topic"], r"^breaker\.note/number-\d+$")
        worker = self.worker()
        worker.say({"t": "worker.outcomes", "outcomes": [
            {"seq": n, "service": "elevenlabs", "epoch": 0, "class": "transient",
             "took_ns": 1000, "error": f"HTTP 503 number {n}"} for n in range(1, 6)]})
        pushed = worker.expect("the breaker's new state", lambda line: any(
            b["service"] == "elevenlabs" and b["state"] == "open" for b in line.get("breakers", [])))
        self.assertEqual(worker.expect_type("worker.outcomes_ack")["seq"], 5)
        told = subscriber.expect("the opening",
                                 lambda line: line["topic"] == "breaker.opened/elevenlabs")
        event = told["event"]
        self.assertEqual(event["v"], 1)
        self.assertRegex(event["id"], ULID)
        self.assertGreater(event["n"], 0)
        self.assertLess(abs(event["ts"] - time.time_ns()), 60 * 10**9)
        self.assertEqual((event["type"], event["subject"], event["severity"], event["service"]),
                         ("breaker.opened", "elevenlabs", "error", "elevenlabs"))
        self.assertEqual(event["data"]["from"], "closed")
        self.assertEqual(event["data"]["failures"], 5)
        self.assertEqual(event["data"]["last_error"], "HTTP 503 number 5")
        opened = next(b for b in pushed["breakers"] if b["service"] == "elevenlabs")
        self.assertEqual(event["data"]["epoch"], opened["epoch"])
        self.assertEqual(event["data"]["until"], opened["until"])
        # A prefix is a prefix: nothing else came.
        self.assertTrue(all(line["topic"].startswith("breaker.") for line in subscriber.seen))

    def test_a_repeated_event_is_dropped_and_a_gap_is_refused(self):
        publisher = self.publisher()
        self.publish(publisher, "s", 1)
        refused = publisher.expect_type("event.refused")
        self.assertEqual(refused["expected"], 0, "a stream is opened first")
        publisher.say({"t": "stream.open", "stream": "s", "next": 1})
        self.assertEqual(publisher.expect_type("stream.opened")["last"], 0)
        self.publish(publisher, "s", 1, 2, 3)
        self.assertEqual(publisher.expect_type("event.ack")["seq"], 3)
        self.publish(publisher, "s", 2, 3)
        self.assertEqual(publisher.expect_type("event.ack")["seq"], 3)
        self.publish(publisher, "s", 5)
        self.assertEqual(publisher.expect_type("event.refused")["expected"], 4)
        publisher.say({"t": "stream.skip", "stream": "s", "to": 4})
        self.assertEqual(publisher.expect_type("event.ack")["seq"], 4)
        self.publish(publisher, "s", 5)
        self.assertEqual(publisher.expect_type("event.ack")["seq"], 5)
        publisher.say({"t": "stream.open", "stream": "s", "next": 2})
        self.assertEqual(publisher.expect_type("stream.opened")["last"], 5)
        events = self.pages(publisher, "breaker.note")
        self.assertEqual([event["data"]["n"] for event in events], [1, 2, 3, 5])
        numbers = [event["n"] for event in events]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_a_filter_hides_no_gap_from_a_reader_of_pages(self):
        publisher = self.publisher()
        publisher.say({"t": "stream.open", "stream": "s", "next": 1})
        publisher.expect_type("stream.opened")
        for number in range(1, 21):
            kind = "breaker.note" if number % 5 == 0 else "mark.note"
            self.publish(publisher, "s", number, kind=kind)
        publisher.expect("the last acknowledgement", lambda line: line.get("seq") == 20)
        events = self.pages(publisher, "breaker.note")
        self.assertEqual([event["data"]["n"] for event in events], [5, 10, 15, 20])

    def test_state_is_written_once_by_compare_and_set_and_watched(self):
        watcher, writer = self.publisher(), self.publisher()
        watcher.say({"t": "hello", "instance": "watcher-1", "service": "foreign"})
        self.assertTrue(watcher.expect_type("welcome")["registered"])
        watcher.say({"t": "state.watch", "rid": "w", "prefix": "mark/"})
        snapshot = watcher.expect_type("state.change")
        self.assertTrue(snapshot["snapshot"])
        self.assertEqual(snapshot["entries"], [])
        cas = {"t": "state.cas", "key": "mark/elevenlabs", "version": 0}
        writer.say({**cas, "rid": "1", "value": {"class": "permanent.auth"}})
        first = writer.expect_type("state.reply")
        self.assertTrue(first["ok"])
        version = first["entries"][0]["version"]
        change = watcher.expect_type("state.change")
        self.assertFalse(change.get("snapshot"))
        self.assertEqual(change["entries"], [{"key": "mark/elevenlabs", "version": version,
                                              "value": {"class": "permanent.auth"}}])
        writer.say({**cas, "rid": "2", "value": {"class": "permanent.quota"}})
        second = writer.expect_type("state.reply")
        self.assertEqual((second["ok"], second["code"]), (False, "conflict"))
        self.assertEqual(second["entries"][0]["value"], {"class": "permanent.auth"})
        writer.say({**cas, "rid": "3", "version": version})
        self.assertTrue(writer.expect_type("state.reply")["ok"])
        gone = watcher.expect_type("state.change")
        self.assertEqual((gone["entries"][0]["key"], gone["entries"][0]["version"]),
                         ("mark/elevenlabs", 0))

    def test_what_is_not_a_message_is_refused_and_the_next_one_is_understood(self):
        publisher = self.publisher()
        for message, code in (({"t": "no.such.type"}, "unknown_type"),
                              ({"t": "hello", "v": 2, "instance": "x", "service": "y"}, "version"),
                              ({"t": "hello", "instance": "x"}, "malformed"),
                              ({"t": "hello", "instance": 7, "service": "y"}, "malformed"),
                              ({"t": "call.request", "id": "1", "service": "speech",
                                "operation": "speak", "deadline": 1}, "not_allowed")):
            publisher.say(message)
            self.assertEqual(publisher.expect_type("error")["code"], code, message)
        publisher.say({"t": "hello", "instance": "x", "service": "y", "unknown": [None, {"a": 1.5}]})
        publisher.expect_type("welcome")


class Calls(ForeignTest):
    def test_a_req_socket_with_one_frame_is_a_complete_client(self):
        worker = self.worker()
        call = self.call(params={"text": "Gr\u00fc\u00dfe", "list": [1, -1, 2.5, None, True]})
        reply = call.expect("the reply")
        self.assertEqual((reply["t"], reply["ok"], reply["class"]), ("call.reply", True, "ok"))
        self.assertEqual(reply["result"], {"operation": "speak", "params": {
            "text": "Gr\u00fc\u00dfe", "list": [1, -1, 2.5, None, True]}})
        self.assertEqual(reply["body"], 2)
        self.assertEqual(reply["worker"], "foreign-1")
        request = next(line for line in worker.seen + list(worker.lines.queue)
                       if line["t"] == "call.request")
        self.assertLessEqual(request["remaining_ns"], 30 * 10**9)
        self.assertGreater(request["remaining_ns"], 0)
        self.assertEqual(call.popen.wait(PATIENCE), 0)

    def test_credit_bounds_what_a_worker_has_in_hand(self):
        worker = self.worker(capacity=1, hold=True)
        first = self.call(call_id="call-1")
        self.assertEqual(worker.expect_type("call.request")["id"], "call-1")
        second = self.call(call_id="call-2")
        status = self.program("publisher", self.endpoint("ingest"))

        def waiting():
            status.say({"t": "status.request", "rid": "1"})
            queues = status.expect_type("status.reply")["status"]["queues"]
            return [queue["waiting"] for queue in queues if queue["service"] == "speech"] == [1]

        wait_for("the second call to wait", waiting)
        # One waits, and the queue's bound is one: the third is refused at once.
        third = self.call(call_id="call-3").expect("a refusal")
        self.assertEqual((third["class"], third["code"], third["sent"]), ("local", "overloaded", "no"))
        self.assertFalse(any(line.get("id") == "call-2"
                             for line in worker.seen + list(worker.lines.queue)))
        worker.say("call-1")
        self.assertTrue(first.expect("the first reply")["ok"])
        self.assertEqual(worker.expect_type("call.request")["id"], "call-2")
        worker.say("call-2")
        self.assertTrue(second.expect("the second reply")["ok"])

    def test_a_call_whose_worker_vanishes_is_answered(self):
        worker = self.worker(hold=True)
        call = self.call(call_id="call-1")
        worker.expect_type("call.request")
        worker.kill()
        reply = call.expect("the reply")
        self.assertEqual((reply["class"], reply["code"], reply["sent"]),
                         ("local", "worker_lost", "maybe"))

    def test_a_call_that_nobody_can_serve_is_answered(self):
        reply = self.call(service="juggling").expect("the reply")
        self.assertEqual((reply["class"], reply["code"], reply["sent"]), ("local", "no_worker", "no"))

    def test_a_call_ends_at_its_deadline_on_both_sides(self):
        worker = self.worker(hold=True)
        began = time.monotonic()
        reply = self.call(seconds=0.5, call_id="call-1").expect("the reply")
        self.assertEqual((reply["class"], reply["code"]), ("local", "deadline_exceeded"))
        self.assertGreaterEqual(time.monotonic() - began, 0.5)
        self.assertIn("call-1", [line.get("id") for line in worker.seen + list(worker.lines.queue)])
        late = self.call(seconds=-1).expect("the reply")
        self.assertEqual((late["code"], late["sent"]), ("deadline_exceeded", "no"))

    def test_one_id_is_carried_out_once(self):
        worker = self.worker(capacity=4, hold=True)
        one = self.call(call_id="call-1")
        worker.expect_type("call.request")
        two = self.call(call_id="call-1")
        status = self.program("publisher", self.endpoint("ingest"))

        def joined():
            status.say({"t": "status.request", "rid": "1"})
            counters = status.expect_type("status.reply")["status"]["counters"]
            return counters["calls_joined"] == 1

        wait_for("the second client to join", joined)
        worker.say("call-1")
        self.assertTrue(one.expect("the reply")["ok"])
        self.assertTrue(two.expect("the reply")["ok"])
        self.assertTrue(self.call(call_id="call-1").expect("the reply from memory")["ok"])
        requests = [line for line in worker.seen + list(worker.lines.queue)
                    if line["t"] == "call.request"]
        self.assertEqual(len(requests), 1)


if __name__ == "__main__":
    unittest.main()
