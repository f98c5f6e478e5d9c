"""The broker's database replaced under its subscribers: by a new one, and by an older copy. Each reads all of the
journal that is there now, once and in order, and says what it may have missed; publishers go on by themselves."""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import PATIENCE, PROGRAMS, RingfenceTest, wait_for  # noqa: E402  pylint: disable=wrong-import-position


class ReplacedJournalTest(RingfenceTest):
    CONFIG = {"bus": {"heartbeat": "100ms"}, "drain_timeout": "3s", "broker": {"drain_timeout": "3s"}}

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.addCleanup(self.context.destroy, 0)
        self.set.start("broker")
        self.folder = self.set.root / "state" / "broker"
        self.kept = self.set.root / "out" / "reader.kept"
        self.seq = {}

    # ---- the broker and its database ----

    def stop_broker(self):
        self.set.processes["broker"].terminate()
        self.set.processes["broker"].wait()

    def copy(self, name):
        """The whole folder as a backup takes it, whatever stands beside the database."""
        shutil.copytree(self.folder, self.set.root / name)

    def put_back(self, name):
        shutil.rmtree(self.folder)
        shutil.copytree(self.set.root / name, self.folder)

    # ---- who reads ----

    def start_reader(self):
        with open(self.set.root / "out" / "reader.log", "ab") as log:
            reader = subprocess.Popen([str(PROGRAMS / "cursor_subscriber"), self.set.config_file, "reader", self.kept,
                                       "test."], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(self.end_reader, reader)
        return reader

    @staticmethod
    def end_reader(reader):
        reader.stdin.close()
        reader.wait(PATIENCE)

    def lines(self, kind):
        if not self.kept.exists():
            return []
        return [line.split(" ") for line in self.kept.read_text().splitlines() if line.startswith(kind + " ")]

    def read(self):
        """What the reader got, as (stream, seq), in order."""
        return [(line[3], int(line[2])) for line in self.lines("r")]

    def logged(self):
        """What the logger wrote of our events, and the lines that say that another journal begins."""
        file = self.set.root / "log" / "app_logs.json"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        own = [(line["stream"], line["seq"]) for line in lines if line["type"].startswith("test.")]
        marks = [line for line in lines if line["type"] == "journal.replaced"
                 and line["subject"] == "logger-json" and "id" not in line]
        return own, marks

    # ---- who publishes ----

    def publish(self, stream, count):
        """`count` more events of the stream, acknowledged; a broker that lost some is told so, as the library does."""
        socket = self.context.socket(zmq.DEALER)
        socket.linger, socket.rcvtimeo = 0, 20000
        socket.connect(f"ipc://{self.set.root}/run/ingest")
        following = self.seq.get(stream, 0) + 1
        self.tell(socket, t="stream.open", stream=stream, next=following)
        known = self.hear(socket, "stream.opened")["last"]
        if known + 1 < following:
            self.tell(socket, t="stream.skip", stream=stream, to=following - 1)
            self.assertEqual(self.hear(socket, "event.ack")["seq"], following - 1)
        events = [{"seq": seq, "severity": "info", "type": "test.event", "subject": "x"}
                  for seq in range(following, following + count)]
        self.tell(socket, t="event.publish", stream=stream, events=events)
        while self.hear(socket, "event.ack")["seq"] < following + count - 1:
            pass
        self.seq[stream] = following + count - 1
        socket.close()
        return [(stream, event["seq"]) for event in events]

    @staticmethod
    def tell(socket, **message):
        socket.send(msgpack.packb(dict(message, v=1)))

    @staticmethod
    def hear(socket, kind):
        while True:
            answer = msgpack.unpackb(socket.recv())
            if answer["t"] == kind:
                return answer
            assert answer["t"] == "welcome", answer

    # ---- tests ----

    def begin(self):
        """Logger and reader have taken the first half, and are gone; the second half is only in the database."""
        self.set.start("logger")
        reader = self.start_reader()
        first = self.publish("a", 40)
        wait_for("the reader to have the first half", lambda: self.read() == first)
        wait_for("the logger to have it", lambda: self.logged()[0] == first)
        self.end_reader(reader)
        self.set.processes["logger"].kill()
        return first

    def go_on(self):
        self.set.start("logger")
        self.start_reader()

    def assert_told(self):
        """Once each, and by the broker that has the other journal."""
        wait_for("both to tell", lambda: len(self.lines("o")) == 1 and len(self.logged()[1]) == 1)
        self.assertTrue(self.set.processes["broker"].says("the database is another one, or an older copy"))
        wait_for("an event of it", lambda: self.events_of("logger-json"))

    def events_of(self, subscriber):
        """Those of the bus: a line of the logger's own has no id."""
        return [one for one in self.set.events(type="journal.replaced", subject=subscriber) if "id" in one]

    def test_another_database_is_read_from_its_beginning_even_if_its_numbers_are_further(self):
        first = self.begin()
        self.publish("a", 10)  # lost with the database, unread
        self.stop_broker()
        shutil.rmtree(self.folder)
        self.set.start("broker")
        anew = self.publish("b", 120)  # the places of both are numbers of this one too
        self.go_on()
        wait_for("the reader to have all of the new one", lambda: self.read() == first + anew)
        wait_for("the logger to have all of it", lambda: self.logged()[0] == first + anew)
        self.assert_told()
        self.assertEqual(self.lines("o"), [["o", "0"]])
        # From here on it is their journal, over restarts.
        self.set.processes["broker"].kill()
        self.set.start("broker")
        more = self.publish("b", 5)
        wait_for("the rest", lambda: self.read() == first + anew + more)
        wait_for("the rest in the log", lambda: self.logged()[0] == first + anew + more)
        self.assertEqual((len(self.lines("o")), len(self.logged()[1])), (1, 1))

    def test_an_emptied_state_dir_leaves_no_place_to_the_logs_that_are_left(self):
        first = self.begin()
        self.stop_broker()
        shutil.rmtree(self.set.root / "state")
        self.set.start("broker")
        anew = self.publish("b", 120)
        self.set.start("logger")
        wait_for("the logger to have all of the new one", lambda: self.logged()[0] == first + anew)
        self.assertEqual(len(self.logged()[1]), 1)
        self.assertTrue(self.set.processes["logger"].says("nobody knows of which journal its number"))
        self.set.processes["logger"].kill()
        more = self.publish("b", 5)
        self.set.start("logger")
        wait_for("the rest", lambda: self.logged()[0] == first + anew + more)

    def test_an_older_copy_whose_numbers_are_given_again_is_read_from_its_beginning(self):
        first = self.begin()
        self.stop_broker()
        self.copy("backup")
        self.set.start("broker")
        self.go_on()
        lost = self.publish("a", 30)
        wait_for("the reader to have what will be lost", lambda: self.read() == first + lost)
        wait_for("the logger to have it", lambda: self.logged()[0] == first + lost)
        self.stop_broker()
        self.put_back("backup")
        self.set.start("broker")
        # The stream is ahead of this broker: that is told, and no event waits for ever.
        anew = self.publish("a", 200)
        both = first + lost
        # They stood at a start that the copy does not know, so all of it comes: what both had, and what is new.
        wait_for("the reader to have all of the copy", lambda: self.read() == both + first + anew)
        wait_for("the logger to have all of it", lambda: self.logged()[0] == both + first + anew)
        self.assert_told()

    def test_a_copy_of_a_running_broker_leads_to_the_number_where_it_parted(self):
        first = self.begin()
        database = self.folder / "broker.db"
        backup = self.set.root / "copy.db"
        subprocess.run([sys.executable, "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1])"
                        ".execute('VACUUM INTO ?', (sys.argv[2],))", database, backup], check=True)
        self.go_on()
        lost = self.publish("a", 30)
        wait_for("the reader to have what will be lost", lambda: self.read() == first + lost)
        wait_for("the logger to have it", lambda: self.logged()[0] == first + lost)
        self.set.processes["broker"].kill()
        for beside in self.folder.glob("broker.db*"):
            beside.unlink()
        shutil.copy(backup, database)
        self.set.start("broker")
        anew = self.publish("a", 200)
        wait_for("the reader to have what is new", lambda: self.read() == first + lost + anew)
        wait_for("the logger to have it", lambda: self.logged()[0] == first + lost + anew)
        self.assert_told()
        self.assertGreater(int(self.lines("o")[0][1]), 0)

    def test_the_alerter_tells_of_it_and_an_outbox_goes_on_by_itself(self):
        outbox = self.set.root / "out" / "outbox.kept"
        self.set.start("alerter")
        self.set.start("logger")
        self.stop_broker()
        self.copy("backup")
        self.set.start("broker")

        def acked():
            if not outbox.exists():
                return 0
            return max([int(line.split()[1]) for line in outbox.read_text().splitlines()[:-1]
                        if line.startswith("a ")], default=0)

        with open(self.set.root / "out" / "outbox.log", "wb") as log:
            publisher = subprocess.Popen([str(PROGRAMS / "outbox_publisher"), self.set.config_file, "outbox", outbox,
                                          "300"], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(self.end_reader, publisher)
        wait_for("events to be acknowledged", lambda: acked() > 300)
        self.set.processes["broker"].kill()
        self.put_back("backup")
        before = acked()
        self.set.start("broker")
        wait_for("the outbox to go on", lambda: acked() > before + 300)
        said = (self.set.root / "out" / "outbox.log").read_text()
        self.assertLessEqual(said.count("the broker refused events"), 1, said)
        wait_for("the alerter to tell", lambda: self.events_of("alerter"))


if __name__ == "__main__":
    unittest.main()
