"""Reads, writes and watches retained values. Written from ringfence-bus(7).

    state.py INGEST_ENDPOINT get KEY
    state.py INGEST_ENDPOINT put KEY VALUE_AS_JSON [LEASE_IN_SECONDS]
    state.py INGEST_ENDPOINT cas KEY VERSION [VALUE_AS_JSON]      without a value: delete
    state.py INGEST_ENDPOINT watch PREFIX                         ends by SIGTERM

Prints the key with its version and value as they stand now. Exits with 1 if it was refused.
"""

import json
import sys
import time

import msgpack
import zmq


def show(entry):
    value = json.dumps(entry["value"], separators=(",", ":")) if entry["version"] else "-"
    print(entry["key"], entry["version"], value, flush=True)


def ask(socket, kind, **fields):
    socket.send(msgpack.packb({"t": kind, "v": 1, "rid": "1", **fields}))
    if not socket.poll(10000):
        sys.exit("no answer: it may or may not have been done")
    reply = msgpack.unpackb(socket.recv())
    print("ok" if reply.get("ok") else reply["code"])
    for entry in reply.get("entries", []):
        show(entry)
    sys.exit(0 if reply.get("ok") else 1)


def watch(socket, prefix):
    """The broker forgets the watches of a client that is silent, so it says hello now and then."""
    heartbeat, beat_at = 1.0, 0.0
    while True:
        if time.monotonic() >= beat_at:
            socket.send(msgpack.packb({"t": "hello", "v": 1, "instance": "state-py-1", "service": "example"}))
            beat_at = time.monotonic() + heartbeat
        if not socket.poll(max(0, 1000 * (beat_at - time.monotonic()))):
            continue
        message = msgpack.unpackb(socket.recv())
        if message["t"] == "welcome":
            heartbeat = min(heartbeat, message["heartbeat_ns"] / 1e9)
            if message.get("registered"):  # it did not know us: also after its restart
                socket.send(msgpack.packb({"t": "state.watch", "v": 1, "rid": "w", "prefix": prefix}))
        elif message["t"] == "state.change":
            if message.get("snapshot"):
                print("snapshot of", len(message["entries"]), flush=True)
            for entry in message["entries"]:
                show(entry)


def main(endpoint, operation, key, *more):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    if operation == "get":
        ask(socket, "state.get", key=key)
    elif operation == "put":
        lease = {"ttl_ns": int(float(more[1]) * 1e9)} if len(more) > 1 else {}
        ask(socket, "state.put", key=key, value=json.loads(more[0]), **lease)
    elif operation == "cas":
        value = {"value": json.loads(more[1])} if len(more) > 1 else {}
        ask(socket, "state.cas", key=key, version=int(more[0]), **value)
    elif operation == "watch":
        watch(socket, key)


main(*sys.argv[1:])
