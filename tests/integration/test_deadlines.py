#!/usr/bin/python3
"""A deadline and a cancellation reach the transfer: the provider's server sees the connection close."""

import time
import unittest

import msgpack

from harness import wait_for
from test_bad_replies import Raw as _Raw


class Deadlines(_Raw):
    CONFIG = {
        "defaults": {"retry": {"max_retries": 3}, "timeout": {"connect": "2s", "attempt": "6s"}},
        "gateway": {"chains": {"speech": ["elevenlabs"], "script": ["openai"]}},
    }

    def test_a_call_ends_at_its_deadline_and_its_transfer_with_it(self):
        self.server.behave = self.server.holds()
        began = time.monotonic()
        self.client.speak("s", "never", seconds=1)
        reply = self.client.wait("s")
        took = time.monotonic() - began
        self.assertEqual((reply["class"], reply["code"]), ("local", "deadline_exceeded"), reply)
        self.assertGreater(took, 0.8)
        self.assertLess(took, 2.0)
        closed = wait_for("the server to see the close", lambda: self.server.closed)
        self.assertLess(closed[0] - began, 2.5)
        self.assertEqual(len(self.server.ledger), 1)

    def test_a_cancelled_call_closes_its_transfer(self):
        self.server.behave = self.server.holds()
        self.client.speak("s", "never", seconds=30)
        wait_for("the request", lambda: self.server.ledger)
        began = time.monotonic()
        self.client.socket.send_multipart(
            [b"", msgpack.packb({"t": "call.cancel", "v": 1, "id": "s"})])
        wait_for("the server to see the close", lambda: self.server.closed)
        self.assertLess(self.server.closed[0] - began, 2)
        self.assertEqual(self.client.wait("s")["code"], "cancelled")
        self.serves()


if __name__ == "__main__":
    unittest.main()
