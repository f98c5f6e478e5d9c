"""A client that shares no code with Ringfence: one call, by a REQ socket and one frame of msgpack.

    caller.py CALLS_ENDPOINT SERVICE OPERATION PARAMS_AS_JSON SECONDS [ID]

Prints the reply as a line of JSON (bytes as their length).
"""

import json
import sys
import time
import uuid

import msgpack
import zmq


def main(endpoint, service, operation, params, seconds, call_id=None):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVTIMEO, 60000)
    socket.connect(endpoint)
    socket.send(msgpack.packb({
        "t": "call.request", "v": 1, "id": call_id or str(uuid.uuid4()), "service": service,
        "operation": operation, "params": json.loads(params),
        "deadline": time.time_ns() + int(float(seconds) * 1e9),
    }))
    reply = msgpack.unpackb(socket.recv())
    print(json.dumps(reply, default=len), flush=True)


main(*sys.argv[1:])
