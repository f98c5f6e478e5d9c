"""Makes one call with one frame on a REQ socket. Written from ringfence-bus(7).

    call.py CALLS_ENDPOINT SERVICE OPERATION PARAMS_AS_JSON SECONDS

Prints the result; exits with 1 if the call failed.
"""

import json
import sys
import time
import uuid

import msgpack
import zmq


def main(endpoint, service, operation, params, seconds):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.connect(endpoint)
    # The id names this one wish: whoever sends it twice has it carried out once.
    socket.send(msgpack.packb({
        "t": "call.request", "v": 1, "id": uuid.uuid4().hex, "service": service, "operation": operation,
        "params": json.loads(params), "deadline": time.time_ns() + int(float(seconds) * 1e9)}))
    if not socket.poll(1000 * (float(seconds) + 2)):
        sys.exit("no answer: the broker is away, and may or may not have got the call")
    reply = msgpack.unpackb(socket.recv())
    if reply["t"] != "call.reply":
        sys.exit(f"{reply['t']} {reply.get('code')}: {reply.get('message')}")
    if not reply["ok"]:
        print(reply["class"], reply.get("code", "-"), f"sent:{reply.get('sent', '-')}",
              reply.get("message", ""))
        sys.exit(1)
    print("ok", json.dumps(reply.get("result")))


main(*sys.argv[1:])
