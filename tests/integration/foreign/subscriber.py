"""A subscriber that shares no code with Ringfence: prints each event of a topic prefix as a line of JSON.

    subscriber.py EVENTS_ENDPOINT PREFIX
"""

import json
import sys

import msgpack
import zmq


def main(endpoint, prefix):
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt_string(zmq.SUBSCRIBE, prefix)
    socket.connect(endpoint)
    while True:
        topic, envelope = socket.recv_multipart()
        print(json.dumps({"topic": topic.decode(), "event": msgpack.unpackb(envelope)}), flush=True)


main(*sys.argv[1:])
