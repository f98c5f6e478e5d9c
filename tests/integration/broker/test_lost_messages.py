"""What sockets lose silently (incidents 20 and 49) is lost to no subscriber: the whole way from publishers over the
broker to the lines of the logger."""

import pathlib
import shutil
import signal
import sys
import time
import unittest

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position
from test_journal import Peer  # noqa: E402  pylint: disable=wrong-import-position


class LostMessages(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "200ms"}, "drain_timeout": "5s", "broker": {"drain_timeout": "10s"}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.set.start("broker")

    def logged(self):
        return [(event["stream"], event["seq"]) for event in self.set.events(type="test.event")]

    def assert_logged(self, expected):
        file = self.set.root / "log/app_logs.json"
        wait_for("the last line", lambda: file.exists() and
                 file.read_bytes().count(b'"type":"test.event"') >= len(expected), seconds=240)
        self.assertEqual(self.logged(), expected)
        self.assertEqual(self.set.events(type="journal.trimmed"), [])

    def publish_through(self, peer, stream, count):
        """Again and again until it is acknowledged, as an outbox does: over brokers that come and go."""
        last = 0
        while last < count:
            try:
                peer.send("stream.open", stream=stream, next=last + 1)
                last = self.last_of(peer, "stream.opened")
                peer.last[stream] = last
                peer.offer(stream, min(50, count - last))
                last = self.last_of(peer, "event.ack")
            except TimeoutError:
                continue

    def last_of(self, peer, kind):
        end = time.monotonic() + 1
        while peer.socket.poll(max(0, end - time.monotonic()) * 1000):
            message = peer.receive()
            if message["t"] == kind:
                return message.get("seq", message.get("last"))
        raise TimeoutError(kind)

    def test_incident_20_events_outlive_a_broker_that_vanishes_under_publisher_and_subscriber(self):
        logger = self.set.start("logger")
        expected = []
        for life in range(6):
            peer = Peer(self)
            self.publish_through(peer, f"s{life}", 300)
            expected += [(f"s{life}", seq) for seq in range(1, 301)]
            # What is on its way to the logger dies with this broker, or with the logger.
            victim = "broker" if life % 2 == 0 else "logger"
            self.set.processes[victim].kill()
            if life == 3:
                self.set.processes["broker"].kill()
                self.set.start("broker")
            self.set.start(victim)
        self.assertFalse(logger.alive())
        self.assert_logged(expected)

    def test_incident_20_one_peer_publishes_over_brokers_that_are_killed(self):
        self.set.start("logger")
        peer = Peer(self)
        for life in range(4):
            self.publish_through(peer, f"s{life}", 200)
            self.set.processes["broker"].kill()
            self.set.start("broker")
        self.publish_through(peer, "last", 100)
        self.assert_logged([(f"s{life}", seq) for life in range(4) for seq in range(1, 201)] +
                           [("last", seq) for seq in range(1, 101)])

    def replace_journal(self):
        """As a person does who moves a damaged database away."""
        self.set.processes["broker"].kill()
        shutil.rmtree(self.set.root / "state/broker")
        self.set.start("broker")

    def test_a_journal_that_begins_anew_is_read_from_its_beginning(self):
        logger = self.set.start("logger")
        Peer(self).publish("old", 300)
        expected = [("old", seq) for seq in range(1, 301)]
        self.assert_logged(expected)
        self.replace_journal()
        Peer(self).publish("new", 50)
        expected += [("new", seq) for seq in range(1, 51)]
        self.assert_logged(expected)
        logger.kill()
        self.replace_journal()  # while nobody looks
        Peer(self).publish("newer", 20)
        self.set.start("logger")
        expected += [("newer", seq) for seq in range(1, 21)]
        self.assert_logged(expected)

    def test_incident_49_a_subscriber_whose_pipe_overflowed_gets_every_event_all_the_same(self):
        """The logger stands still while more events are published than all queues on the way hold; the events socket
        drops the rest, and nothing else is told."""
        logger = self.set.start("logger")
        peer = Peer(self)
        peer.publish("s", 10)
        self.assert_logged([("s", seq) for seq in range(1, 11)])
        doorbell = self.context.socket(zmq.SUB)
        doorbell.linger, doorbell.rcvhwm = 0, 1
        doorbell.subscribe(b"test.")
        doorbell.connect(f"ipc://{self.set.root}/run/events")
        logger.terminate(signal.SIGSTOP)
        for _ in range(160):
            peer.publish("s", 250, size=400)
        logger.terminate(signal.SIGCONT)
        self.assert_logged([("s", seq) for seq in range(1, 40011)])
        heard = 0
        while doorbell.poll(500):
            doorbell.recv_multipart()
            heard += 1
        self.assertLess(heard, 40000, "a plain SUB that did not read has lost some: so the test means something")


if __name__ == "__main__":
    unittest.main()
