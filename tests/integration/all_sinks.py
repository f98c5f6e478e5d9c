"""A logger with every sink it has, each with a strict receiving end: both files, the simulator's sheet, an OTLP
collector and a syslog receiver over TCP."""

from harness import wait_for
from otlp_collector import Collector
from test_log_syslog import Stream
from test_logger import SheetsCase


class AllSinksCase(SheetsCase):
    SINKS = ("json", "text", "sheets", "otlp", "syslog")

    def setUp(self):
        super().setUp()
        self.collector, self.receiver = Collector(), Stream()
        self.addCleanup(self.close_receivers)
        self.set.config["logger"]["otlp"] = {"enabled": True, "url": self.collector.url, "batch": 500,
                                             "interval": "10ms"}
        self.set.config["logger"]["syslog"] = {"enabled": True, "url": f"tcp://127.0.0.1:{self.receiver.port}"}
        # A receiver in Python on a busy machine: an answer that is given up is given again.
        self.set.config["logger"]["timeout"] = "20s"
        self.set.write_config()

    def close_receivers(self):
        problems = self.collector.problems + self.receiver.problems
        self.collector.close()
        self.receiver.close()
        self.assertEqual(problems, [])

    def got(self, kind="contact.done"):
        """The subjects of all events of a type in each sink, in the order in which they came."""
        return {
            "json": [event["subject"] for event in self.set.events(type=kind)],
            "text": self.text_subjects(),
            "sheets": [row[4] for row in self.set.ledger()["sheets"]["rows"] if len(row) > 4 and row[2] == kind],
            "otlp": [r["attributes"]["ringfence.subject"] for r in self.collector.records if r["event"] == kind],
            "syslog": [m["data"]["subject"] for m in self.receiver.messages if m["kind"] == kind],
        }

    def wait_for_all(self, last):
        wait_for(f"{last} in every sink", lambda: all(there[-1:] == [last] for there in self.got().values()))

    def wait_for_places(self):
        """What a sink has taken is known to the broker: whoever comes next begins behind it."""
        wait_for("the broker to know what was taken", lambda: self.set.cli(
            "subscriber", "list", check=0).stdout.count(" 0 behind") == len(self.SINKS))

    def check_sinks(self, expected):
        """Each of these once in every sink, in order, and nothing else."""
        self.wait_for_all(expected[-1])
        for sink, there in self.got().items():
            self.assertEqual(there, expected, sink)
