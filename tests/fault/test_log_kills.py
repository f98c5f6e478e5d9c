#!/usr/bin/python3
"""The logger killed at random moments while publishers with an outbox publish, its files are rotated by size and age,
compressed in the background and reopened by SIGHUP, also with another compression, and the broker and publishers die
as well. At the end each event stands in the log's files once and in order, over rotated and compressed ones, accounted
by its stream and its number there.
Usage: see kills.py; RF_FAULT_RATE is how many events a publisher makes a second.
"""

import collections
import contextlib
import gzip
import json
import os
import re
import subprocess

from kills import OPTIONS, KillTest, Member, main, wait_for

PUBLISHERS, RATE = 2, int(os.environ.get("RF_FAULT_RATE", "600"))
ROTATED = re.compile(r"\.\d{8}T\d{6}\.\d{6}Z\.\d+-\d+(\.gz|\.zst)?$")


def lines_of(file):
    """By other programs than ours."""
    if file.suffix == ".gz":
        data = gzip.decompress(file.read_bytes())
    elif file.suffix == ".zst":
        data = subprocess.run(["zstd", "-dc", file], check=True, capture_output=True).stdout
    else:
        data = file.read_bytes()
    assert data == b"" or data.endswith(b"\n"), f"{file.name} ends in half a line"
    return data.decode().splitlines()


class LogKills(KillTest):
    CONFIG = {"bus": {"heartbeat": "100ms"},
              "logger": {"retry": {"initial_delay": "100ms", "max_delay": "500ms"},
                         "rotate": {"size": f"{RATE * 110}B", "age": "1500ms", "compress": "gzip"}}}

    def start_logger(self):
        return self.set.launch("logger")

    def hup(self):
        """The files are reopened, half of the times to be compressed otherwise from then on."""
        logger = self.set.processes["logger"]
        if not logger.says("logger: ready: "):
            return  # before that the signal would end it
        if self.random.random() < 0.5:
            self.config["compress"] = self.random.choice(["none", "gzip", "zstd"])
            self.set.write_config()
            self.kills["other compression"] += 1
        logger.popen.send_signal(1)
        self.kills["SIGHUP"] += 1

    def rage_on(self, publishers):
        for _ in range(OPTIONS.rounds):
            self.pause(0.05, 0.8)
            what = self.random.random()
            if what < 0.3:
                self.hup()
                continue
            if what < 0.5:
                self.kill_broker()
            elif what < 0.6:
                self.random.choice(publishers).kill()
            if what >= 0.4:
                self.set.processes["logger"].kill()
                self.kills["logger"] += 1
            self.pause(0, 0.3)
            for member in publishers:
                if member.popen.poll() is not None:
                    member.launch()
                    self.kills["publisher"] += 1
            if not self.set.processes["broker"].alive():
                self.set.start("broker")
            if not self.set.processes["logger"].alive():
                self.start_logger()

    def parts(self, name):
        log = self.set.root / "log"
        return [*sorted(file for file in log.glob(f"{name}.*") if ROTATED.search(file.name)), log / name]

    def json_events(self):
        """[(n, stream, seq)] of all files. A rotation while they are read would hide the newest lines, and one that is
        compressed meanwhile has another name: once more."""
        while True:
            files = self.parts("app_logs.json")
            with contextlib.suppress(FileNotFoundError):
                events = [(line["n"], line.get("stream"), line.get("seq"))
                          for file in files for line in map(json.loads, lines_of(file))]
                if self.parts("app_logs.json") == files:
                    return events

    def last_events(self):
        """{(stream, seq)} of the last files; not of all when one of them is compressed meanwhile."""
        found = set()
        with contextlib.suppress(FileNotFoundError):
            for file in self.parts("app_logs.json")[-3:]:
                found |= {(line.get("stream"), line.get("seq")) for line in map(json.loads, lines_of(file))}
        return found

    def text_numbers(self):
        return [int(line.split()[0]) for file in self.parts("app.log") for line in lines_of(file)]

    def last_text_number(self):
        """In the last two files; 0 when one of them is compressed meanwhile."""
        with contextlib.suppress(FileNotFoundError):
            return max((int(line.split()[0]) for file in self.parts("app.log")[-2:] for line in lines_of(file)), default=0)
        return 0

    def settled(self):
        """What was rotated is what is there, once: nothing is half compressed or there twice."""
        log = self.set.root / "log"
        names = [ROTATED.sub(lambda found: found.group()[:-len(found.group(1) or "")] if found.group(1)
                             else found.group(), file.name)
                 for name in ("app_logs.json", "app.log") for file in self.parts(name)]
        return not list(log.glob("*.partial")) and len(names) == len(set(names))

    def test_each_event_is_in_the_files_once_and_in_order_over_kills_and_rotations(self):
        self.config = self.set.config["logger"]["rotate"]
        self.set.start("broker")
        self.start_logger()
        publishers = [Member(self, "outbox_publisher", f"publisher-{i}", RATE) for i in range(PUBLISHERS)]
        for publisher in publishers:
            publisher.launch()
        wait_for("the first acknowledgement",
                 lambda: all(any(line[0] == "a" for line in p.lines()) for p in publishers))
        self.rage_on(publishers)
        for publisher in publishers:
            publisher.finish()
        made = {p.name: sum(line[0] == "e" for line in p.lines()) for p in publishers}
        # One more life finds all that was left half done.
        self.set.processes["logger"].kill()
        self.set.start("logger")
        wait_for("each publisher's last event", lambda: self.last_events() >= set(made.items()))
        wait_for("the folder to be settled", self.settled)
        events = self.json_events()
        numbers = [n for n, _, _ in events]
        self.assertEqual(numbers, sorted(set(numbers)), "n ascends without a double")
        for name, count in made.items():
            seqs = [seq for _, stream, seq in events if stream == name]
            doubles = [seq for seq, times in collections.Counter(seqs).items() if times > 1]
            self.assertEqual(doubles, [], f"{name}: twice")
            self.assertEqual(sorted(set(range(1, count + 1)) - set(seqs)), [], f"{name}: missing")
            self.assertEqual(seqs, list(range(1, count + 1)), f"{name}: in order")
        # The other file has the same numbers.
        wait_for("the last line for people", lambda: self.last_text_number() >= numbers[-1])
        self.set.processes["logger"].terminate()
        self.assertEqual(self.set.processes["logger"].wait(), 0)
        self.assertEqual(self.text_numbers(), [n for n, _, _ in self.json_events()])
        rotated = len(self.parts("app_logs.json")) - 1
        self.assertGreater(rotated, OPTIONS.rounds // 4, "there were rotations")
        self.tell(f"{len(events)} events in {rotated} rotated files and one")


if __name__ == "__main__":
    main()
