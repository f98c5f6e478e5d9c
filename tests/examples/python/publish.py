"""Publishes durably: an event that is in the outbox gets into the broker's journal, once, however often
this program, the broker or the host stops in between. Written from ringfence-bus(7).

    publish.py INGEST_ENDPOINT STREAM OUTBOX [TEXT]

The outbox is a file with a line of JSON for each event; an event's number within the stream is the
number of its line. TEXT is appended to it. Then all that the broker does not have is published, and
the program ends when the last line is acknowledged.
"""

import json
import os
import pathlib
import sys
import time
import uuid

import msgpack
import zmq

BATCH = 100  # events in one message


def append(outbox, text):
    """An event is in the outbox before it is published, with all that makes it this event."""
    event = {"id": uuid.uuid4().hex, "ts": time.time_ns(), "severity": "info",
             "type": "example.note", "subject": "outbox", "data": {"text": text}}
    with open(outbox, "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")
        file.flush()
        os.fsync(file.fileno())


def publish(endpoint, stream, events):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    known = None  # the last number that the broker has of this stream

    def send(kind, **fields):
        socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    while known is None or known < len(events):
        if known is None:  # at the beginning, and after a broker that was restarted
            send("stream.open", stream=stream, next=1)
        else:
            send("event.publish", stream=stream, events=[
                {**event, "seq": known + 1 + i} for i, event in enumerate(events[known:known + BATCH])])
        if not socket.poll(2000):
            known = None  # no answer: what was sent may be lost, or its answer
            continue
        message = msgpack.unpackb(socket.recv())
        if message.get("stream") != stream:
            continue
        if message["t"] == "stream.opened":
            known = message["last"]
        elif message["t"] == "event.ack":
            known = max(known or 0, message["seq"])
            print(f"acknowledged up to {known}", flush=True)
        elif message["t"] == "event.refused":
            known = message["expected"] - 1 if message["expected"] > 0 else None
            time.sleep(1 if message.get("held") else 0.1)  # held: the broker's disk is late, or fails


def main(endpoint, stream, outbox, text=None):
    if text is not None:
        append(outbox, text)
    lines = pathlib.Path(outbox).read_text(encoding="utf-8").splitlines()
    publish(endpoint, stream, [json.loads(line) for line in lines])


main(*sys.argv[1:])
