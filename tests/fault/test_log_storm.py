#!/usr/bin/python3
"""The logger killed again and again while it writes many events as fast as they come: each event stands in
app_logs.json once, in the order of its stream, in whole lines; and app.log has the same numbers.
  test_log_storm.py [--kills N] [--events N] [--seed S] [unittest's arguments]
"""

import argparse
import json
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import RingfenceTest, wait_for  # noqa: E402
from publisher import Publisher  # noqa: E402

BATCH = 250
PATIENCE = 600  # seconds for a million events on a busy machine


def event(number):
    """Of a size, and with a number, that a campaign's have."""
    return {"type": "contact.done", "subject": f"storm-{number}", "contact": f"storm-{number}", "campaign": "storm",
            "severity": "info",
            "data": {"outcome": "completed", "sid": f"CA{number:032x}", "duration_s": number % 90,
                     "phone": f"+1202555{number % 10000:04}", "name": "Ada Abel"}}


class LogStorm(RingfenceTest):
    # The journal keeps all of it, as the logger may be behind.
    CONFIG = {"logger": {"retry": {"initial_delay": "50ms", "max_delay": "200ms"},
                         "rotate": {"size": "0B", "age": "0s"}}}

    def publish(self):
        for first in range(0, OPTIONS.events, BATCH):
            self.publisher.publish(*(event(n) for n in range(first, min(first + BATCH, OPTIONS.events))))
            self.published = first + BATCH
        self.published = OPTIONS.events

    def written(self):
        """Whole lines in app_logs.json: of what came since the last look, as the file is large."""
        try:
            with open(self.set.root / "log" / "app_logs.json", "rb") as file:
                file.seek(self.seen)
                for block in iter(lambda: file.read(2**20), b""):
                    end = block.rfind(b"\n") + 1
                    self.count += block.count(b"\n")
                    self.seen += end
                    if end < len(block):
                        break
        except FileNotFoundError:
            pass
        return self.count

    def kill_while_it_writes(self):
        """At moments spread over all of the work, each once something was written after the kill before."""
        dice = random.Random(OPTIONS.seed)
        kills = 0
        for number in range(OPTIONS.kills):
            due = OPTIONS.events * number // OPTIONS.kills
            wait_for(f"{due} lines", lambda due=due: self.written() >= due, PATIENCE)
            time.sleep(dice.uniform(0, 0.05))
            self.set.processes["logger"].kill()
            kills += 1
            self.set.start("logger")
        return kills

    def check_json(self):
        numbers, seqs = [], []
        with open(self.set.root / "log" / "app_logs.json", "rb") as file:
            for line in file:
                self.assertTrue(line.endswith(b"\n"), "a torn line")
                entry = json.loads(line)
                numbers.append(entry["n"])
                if entry.get("stream") == self.publisher.name:
                    seqs.append(entry["seq"])
        self.assertEqual(len(seqs), OPTIONS.events)
        self.assertEqual(seqs, list(range(1, OPTIONS.events + 1)), "each event once, in order")
        self.assertTrue(all(a < b for a, b in zip(numbers, numbers[1:])), "n ascends")
        return numbers

    def check_text(self, numbers):
        """Both files take until the end, and the last event of all tells of that end itself: "process.stopped". It
        comes back from the broker while the logger leaves, so that it may be in one file and not yet in the other."""
        with open(self.set.root / "log" / "app.log", "rb") as file:
            lines = list(file)
        text = [int(line.split(None, 1)[0]) for line in lines]
        both = min(len(text), len(numbers))
        self.assertEqual(text[:both], numbers[:both])
        ends = [line for line in lines[both:] if b"process.stopped" not in line] + [
            entry for entry in self.last_entries(len(numbers) - both) if entry["type"] != "process.stopped"]
        self.assertEqual(ends, [], "missing in the other file")
        self.assertLessEqual(abs(len(text) - len(numbers)), 1)

    def last_entries(self, count):
        lines = (self.set.root / "log" / "app_logs.json").read_text().splitlines()
        return [json.loads(line) for line in lines[len(lines) - count:]]

    def test_each_event_is_logged_once_over_kills_while_a_storm_is_written(self):
        self.set.start("broker")
        self.set.start("logger")
        self.publisher = Publisher(self.set.root / "run", name="storm")
        self.addCleanup(self.publisher.close)
        self.published, self.seen, self.count = 0, 0, 0
        began = time.monotonic()
        publishing = threading.Thread(target=self.publish, daemon=True)
        publishing.start()
        kills = self.kill_while_it_writes()
        publishing.join(PATIENCE)
        self.assertEqual(self.published, OPTIONS.events)
        wait_for("the last line", lambda: self.written() >= OPTIONS.events, PATIENCE)
        took = time.monotonic() - began
        self.end_logger()
        numbers = self.check_json()
        self.check_text(numbers)
        print(f"{OPTIONS.events} events, {kills} kills, {took:.0f} s, {len(numbers)} lines", file=sys.stderr)

    def end_logger(self):
        """In order, which writes the last lines of the other file too."""
        logger = self.set.processes["logger"]
        logger.terminate()
        self.assertEqual(logger.wait(60), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
