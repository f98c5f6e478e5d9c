"""Publishes events on the broker's ingest socket, written from the documentation of the messages alone: foreign
code that speaks the bus."""

import time

import msgpack
import zmq


class Publisher:
    """One stream of events; publish() returns when the broker has kept them."""

    def __init__(self, run_dir, name="test-publisher"):
        self.name = f"{name}-{time.time_ns()}"
        self.sequence = 0
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{run_dir}/ingest")
        self.send("hello", instance=self.name, service="test")
        self.expect("welcome")
        self.send("stream.open", stream=self.name, next=1)
        self.expect("stream.opened")

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def expect(self, kind, seconds=30):
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, end - time.monotonic()) * 1000):
            message = msgpack.unpackb(self.socket.recv())
            if message["t"] == kind:
                return message
            assert message["t"] in ("welcome", "event.ack"), message
        raise AssertionError(f"no {kind} from the broker")

    def publish(self, *events):
        """Each event is a dictionary of type, subject, data and so on. Returns the ids."""
        ids = []
        page = []
        for event in events:
            self.sequence += 1
            ids.append(ulid(self.name, self.sequence))
            page.append({"id": ids[-1], "seq": self.sequence, "ts": time.time_ns(), "stream": self.name,
                         "origin": self.name, "severity": "error", **event})
        self.send("event.publish", stream=self.name, events=page)
        while self.expect("event.ack")["seq"] < self.sequence:
            pass
        return ids

    def close(self):
        self.socket.close()
        self.context.term()


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(name, sequence):
    """26 characters that look like a ULID, and differ for each (name, sequence)."""
    number = (time.time_ns() // 1_000_000 << 80) | (hash(name) & ((1 << 48) - 1)) << 32 | sequence
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
