"""What gateways tell of their attempts (metric.attempts), heard by a SUB socket that shares no code with them."""

import unittest

import msgpack
import zmq

from harness import wait_for
from test_gateway import GatewayTest


class Measures(GatewayTest):
    GATEWAYS = 2

    def setUp(self):
        super().setUp()
        self.context = zmq.Context()
        self.hearer = self.context.socket(zmq.SUB)
        self.hearer.setsockopt(zmq.SUBSCRIBE, b"metric.")
        self.hearer.connect(f"ipc://{self.set.root}/run/events")
        self.told = []

    def finish(self):
        self.hearer.close(0)
        self.context.term()
        super().finish()

    def hear(self):
        while self.hearer.poll(0):
            topic, event = self.hearer.recv_multipart()
            event = msgpack.unpackb(event)
            self.assertEqual(topic.decode(), f"metric.attempts/{event['subject']}")
            self.told.append(event)
        return self.told

    def total(self, provider, name):
        return sum(e["data"][name] for e in self.hear() if e["subject"] == provider)

    def test_each_attempt_is_counted_once_over_all_gateways_and_is_in_no_journal(self):
        self.set.faults({"id": "out", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "status", "status": 503, "body": "over capacity", "count": 3})
        calls = [f"s{i}" for i in range(20)]
        for call in calls:
            self.client.speak(call, f"text {call}")
        replies = self.client.wait_all(calls)
        attempts = sum(len(r["attempts"]) for r in replies)
        self.assertGreater(attempts, len(calls))
        wait_for("all attempts", lambda: self.total("elevenlabs", "attempts") >= attempts)
        self.assertEqual(self.total("elevenlabs", "attempts"), attempts)
        self.assertEqual(self.total("elevenlabs", "failed"), attempts - len(calls))
        for event in self.told:
            self.assertEqual(sum(event["data"]["classes"].values()), event["data"]["attempts"])
            self.assertEqual(sum(event["data"]["took"][1::2]), event["data"]["attempts"])
            self.assertNotIn("n", event)
        self.assertEqual(self.set.cli("replay", "metric.", check=0).stdout, "")


if __name__ == "__main__":
    unittest.main()
