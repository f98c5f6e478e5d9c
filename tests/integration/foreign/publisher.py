"""A client of `ingest` that shares no code with Ringfence: sends each line of JSON that comes on stdin as a
message (type `t`), and prints what it receives as lines of JSON. At the end of stdin it leaves.

    publisher.py INGEST_ENDPOINT
"""

import json
import os
import sys

import msgpack
import zmq


def main(endpoint):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 1000)
    socket.connect(endpoint)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    begun = b""  # a line that is not whole yet
    while True:
        ready = dict(poller.poll())
        if socket in ready:
            print(json.dumps(msgpack.unpackb(socket.recv())), flush=True)
        if sys.stdin.fileno() in ready:
            chunk = os.read(sys.stdin.fileno(), 65536)
            if chunk == b"":
                return
            *lines, begun = (begun + chunk).split(b"\n")
            for line in lines:
                socket.send(msgpack.packb({"v": 1, **json.loads(line)}))


main(*sys.argv[1:])
