"""`ringfence tail` and `ringfence replay` against a real broker, with events of a publisher written here."""

import json
import os
import pty
import signal
import subprocess
import threading
import time
import unittest

import msgpack
import zmq

from harness import BIN, PATIENCE, RingfenceTest, wait_for

S = 10**9
MINUTE = 60 * S


class Publisher:
    """Publishes on a stream of its own and waits for each acknowledgement."""

    def __init__(self, run_dir, stream="test"):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{run_dir}/ingest")
        self.stream, self.seq = stream, 0
        self.send("stream.open", stream=stream, next=1)
        self.expect("stream.opened")

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def expect(self, kind):
        while True:
            assert self.socket.poll(1000 * PATIENCE), f"no {kind}"
            message = msgpack.unpackb(self.socket.recv())
            if message["t"] == kind:
                return message

    def publish(self, kind="test.note", subject="s", severity="info", **fields):
        self.seq += 1
        self.send("event.publish", stream=self.stream, events=[
            {"seq": self.seq, "type": kind, "subject": subject, "severity": severity, **fields}])
        assert self.expect("event.ack")["seq"] == self.seq

    def close(self):
        self.socket.close()


class Reading(RingfenceTest):
    """A broker, a publisher, and readers."""

    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 20}}

    def setUp(self):
        super().setUp()
        self.set.start("broker")
        self.publisher = Publisher(self.set.root / "run")
        self.addCleanup(self.publisher.close)

    def start(self, *arguments, **more):
        popen = subprocess.Popen([BIN / "ringfence", *map(str, arguments), "--config", self.set.config_file],
                                 stdout=more.pop("stdout", subprocess.PIPE), text=True, **more)
        self.addCleanup(lambda: popen.poll() is None and popen.kill())
        if popen.stdout is not None:
            self.addCleanup(popen.stdout.close)
        return popen

    def follow(self, *arguments):
        """A running tail of test events and its lines as they come."""
        popen = self.tail = self.start("tail", *arguments, "--json")
        lines = []

        def read():
            for line in popen.stdout:
                lines.append(json.loads(line))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()

        def end():
            popen.send_signal(signal.SIGTERM)
            self.assertEqual(popen.wait(PATIENCE), 0)
            reader.join()

        return lines, end

    def replay(self, *arguments, code=0):
        result = self.set.cli("replay", *arguments, "--json", check=code)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def subjects(self, events):
        return [event["subject"] for event in events]


class Tail(Reading):

    def test_the_present_follows_the_past_without_gap_or_double(self):
        publishing = threading.Event()
        for _ in range(50):
            self.publisher.publish()

        def flood():
            while not publishing.is_set():
                self.publisher.publish()

        flooder = threading.Thread(target=flood, daemon=True)
        flooder.start()
        followed = [self.follow("test.", "--since", "1h"), self.follow("test.", "--last", 20),
                    self.follow("test.")]
        wait_for("all of them to follow", lambda: all(len(lines) > 200 for lines, _ in followed))
        publishing.set()
        flooder.join()
        last = self.publisher.seq
        for lines, end in followed:
            wait_for("the last event", lambda lines=lines: lines[-1]["seq"] == last)
            end()
            seqs = [line["seq"] for line in lines]
            self.assertEqual(seqs, list(range(seqs[0], last + 1)))
        self.assertEqual(followed[0][0][0]["seq"], 1)
        self.assertGreater(followed[1][0][0]["seq"], 30)

    def test_events_are_filtered_by_topics_contact_campaign_service_and_severity(self):
        for n, fields in enumerate([
                {"kind": "test.one", "contact": "c-1", "campaign": "c", "severity": "error"},
                {"kind": "test.two", "contact": "c-2", "campaign": "c", "service": "openai"},
                {"kind": "other.one", "contact": "c-1", "campaign": "d", "severity": "warning"},
                {"kind": "test.one", "contact": "c-1", "severity": "critical", "service": "openai"}]):
            self.publisher.publish(subject=str(n), **fields)
        for words, wanted in [
                (["test.", "other."], "0123"), (["test.two", "other."], "12"), (["nothing."], ""),
                (["test.", "other.", "--contact", "c-1"], "023"),
                (["test.", "--contact", "c-1"], "03"), (["test.", "--campaign", "c"], "01"),
                (["test.", "--service", "openai"], "13"),
                (["test.", "other.", "--severity", "warning"], "023"),
                (["test.", "--severity", "error", "--contact", "c-1", "--service", "openai"], "3"),
                (["test.one/0"], "0")]:
            self.assertEqual("".join(self.subjects(self.replay(*words))), wanted, words)
        # The last N are those that pass.
        lines, end = self.follow("test.", "other.", "--last", "2", "--contact", "c-1")
        wait_for("two lines", lambda: len(lines) == 2)
        self.publisher.publish(subject="4", contact="c-1")
        self.publisher.publish(subject="5", contact="c-2")
        self.publisher.publish(subject="6", contact="c-1")
        wait_for("four lines", lambda: len(lines) >= 4)
        end()
        self.assertEqual(self.subjects(lines), ["2", "3", "4", "6"])

    def test_it_goes_on_over_a_restart_of_the_broker(self):
        self.publisher.publish(subject="before")
        lines, end = self.follow("test.", "--last", 1)
        wait_for("the event before", lambda: len(lines) == 1)
        self.set.processes["broker"].kill()
        self.set.start("broker")
        publisher = Publisher(self.set.root / "run", "another")
        publisher.publish(subject="after")
        publisher.close()
        wait_for("the event after", lambda: len(lines) == 2)
        end()
        self.assertEqual(self.subjects(lines), ["before", "after"])

    def test_a_reader_that_is_away_for_a_while_misses_nothing(self):
        lines, end = self.follow("test.", "--last", 1)
        self.publisher.publish()
        wait_for("it to follow", lambda: lines)
        self.tail.send_signal(signal.SIGSTOP)
        for _ in range(300):
            self.publisher.publish(data={"fill": 2000 * "x"})
        self.tail.send_signal(signal.SIGCONT)
        wait_for("all of them", lambda: lines[-1]["seq"] == 301)
        end()
        self.assertEqual([line["seq"] for line in lines], list(range(1, 302)))

    def test_it_ends_when_nobody_reads_any_more_also_while_nothing_happens(self):
        popen = self.start("tail", "process.ready", "--last", "1")
        self.assertIn("process.ready", popen.stdout.readline())
        popen.stdout.close()
        self.assertEqual(popen.wait(PATIENCE), 0)

    def test_measurements_are_shown_live_where_a_topic_names_them(self):
        lines, end = self.follow("metric.", "test.")

        def heard():
            self.publisher.publish("metric.queue", subject="q")
            return lines

        wait_for("a measurement", heard)
        self.publisher.publish()
        wait_for("a kept event", lambda: lines[-1]["topic"] == "test.note/s")
        end()
        self.assertEqual({line["n"] for line in lines if line["topic"] == "metric.queue/q"}, {0})
        self.assertEqual(len([line for line in lines if line["topic"] == "test.note/s"]), 1)
        self.assertEqual(self.replay("metric."), [])

    # ---- text ----

    def on_a_terminal(self, *arguments, **environment):
        """What a command that ends by itself writes to a terminal."""
        ours, theirs = pty.openpty()
        base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
        popen = self.start(*arguments, stdout=theirs, env={**base, "TERM": "xterm", **environment})
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            written += part
        os.close(ours)
        self.assertEqual(popen.wait(PATIENCE), 0)
        return written.decode()

    def test_a_terminal_gets_colors_and_nothing_else_that_it_would_obey(self):
        self.publisher.publish(subject="\x1b[2J\u202eevil", severity="critical", data={"message": "\x1b]0;x\x07"})
        words = ("replay", "test.")
        colored = self.on_a_terminal(*words)
        self.assertIn("\x1b[1;31mcritical\x1b[0m", colored)
        plain = self.on_a_terminal(*words, NO_COLOR="1")
        self.assertNotIn("\x1b", plain)
        self.assertNotIn("\x1b", self.on_a_terminal(*words, TERM="dumb"))
        self.assertNotIn("\x1b", self.on_a_terminal(*words, "--color", "never"))
        self.assertIn("\x1b[1;31m", self.on_a_terminal(*words, "--color", "always", NO_COLOR="1"))
        self.assertIn("\x1b[1;31m", self.set.cli(*words, "--color", "always", check=0).stdout)
        piped = self.set.cli(*words, check=0).stdout
        self.assertEqual(piped, plain.replace("\r\n", "\n"))
        self.assertRegex(piped, r"^\d{4}-\d\d-\d\dT[\d:.]+Z critical test.note/")
        for text in (piped, colored):
            self.assertNotIn("\x1b[2J", text)
            self.assertNotIn("\x1b]", text)
            self.assertNotIn("\u202e", text)

    # ---- replay ----

    def test_a_range_is_replayed_by_number_and_by_time(self):
        # Ten minutes apart, so that it does not matter how long the commands take.
        now = time.time_ns()
        for n in range(10):
            self.publisher.publish(subject=str(n), ts=now - (100 - 10 * n) * MINUTE)
        events = self.replay("test.")
        self.assertEqual("".join(self.subjects(events)), "0123456789")
        numbers = [event["n"] for event in events]
        self.assertEqual("".join(self.subjects(self.replay(
            "test.", "--from", numbers[2], "--to", numbers[5]))), "2345")
        self.assertEqual("".join(self.subjects(self.replay("test.", "--from", numbers[8]))), "89")
        self.assertEqual("".join(self.subjects(self.replay("test.", "--to", numbers[0]))), "0")
        self.assertEqual(self.replay("test.", "--from", numbers[9] + 1), [])
        self.assertEqual("".join(self.subjects(self.replay("test.", "--until", "55m"))), "01234")
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((now - 75 * MINUTE) // S))
        self.assertEqual("".join(self.subjects(self.replay("test.", "--until", date))), "012")
        # What the broker took just now happened before it was taken.
        self.assertEqual(self.replay("test.", "--since", "5m"), [])
        self.assertEqual("".join(self.subjects(self.replay("test.", "--since", "35m", "--until", "15m"))), "78")

    def test_a_replay_sends_nothing_and_keeps_the_pace_that_is_wanted(self):
        now = time.time_ns()
        for n in range(4):
            self.publisher.publish(subject=str(n), ts=now - 10 * S + n * S)
        newest = self.replay("test.")[-1]["n"]
        began = time.monotonic()
        self.assertEqual(len(self.replay("test.", "--speed", "2")), 4)
        self.assertGreaterEqual(time.monotonic() - began, 1.5)
        began = time.monotonic()
        self.assertEqual(len(self.replay("test.", "--speed", "1000")), 4)
        self.publisher.publish()
        after = [event for event in self.replay("--from", newest + 1)
                 if not event["topic"].startswith("process.")]
        self.assertEqual(self.subjects(after), ["s"], "a replay published something")

    def test_a_replay_is_ended_by_whoever_reads_it_and_by_ctrl_c(self):
        for _ in range(3000):
            self.publisher.publish()
        command = f"{BIN}/ringfence replay test. --config {self.set.config_file} | head -n 2; " \
                  "exit ${PIPESTATUS[0]}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, len(done.stdout.splitlines()), done.stderr), (0, 2, ""))
        popen = self.start("replay", "test.", "--speed", "0.000001")
        self.assertIn("test.note/s", popen.stdout.readline())
        popen.send_signal(signal.SIGINT)
        self.assertEqual(popen.wait(PATIENCE), 130)

    def test_what_is_wrong_with_the_options_is_said(self):
        for words, text in [
                (["tail", "--since", "yesterday"], '--since: "yesterday" is no time; expected a length of time'),
                (["tail", "--last", "-1"], '--last: "-1"; expected a whole number from 0 to 100000'),
                (["tail", "--severity", "bad"], "expected info, warning, error or critical"),
                (["tail", "--color", "red"], "expected auto, always or never"),
                (["tail", "--speed", "1"], "tail: there is no option --speed"),
                (["replay", "--speed", "0"], '--speed: "0"; expected how many times as fast'),
                (["replay", "--from", "5", "--to", "4"], "--to is before --from"),
                (["replay", "--since", "1h", "--until", "2h"], "--until is before --since"),
                (["replay", "--from", "x"], '--from: "x"; expected a whole number from 1')]:
            self.assertIn(text, self.set.cli(*words, check=2).stderr)


class OldEvents(Reading):
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 20}, "journal": {"max_age": "1s"}}

    def test_events_that_the_journal_no_longer_has_are_said_to_be_missing(self):
        for _ in range(5):
            self.publisher.publish()
        second = self.replay("test.")[1]["n"]
        self.assertEqual(self.set.cli("replay", "test.", "--from", second, check=0).stderr, "")
        wait_for("the journal to forget them", lambda: self.replay("test.") == [])
        result = self.set.cli("replay", "test.", "--from", second, check=0)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, rf"the journal no longer has the events from number {second} to \d+")
        self.assertEqual(self.set.cli("replay", "test.", check=0).stderr, "", "nobody asked for them")


if __name__ == "__main__":
    unittest.main()
