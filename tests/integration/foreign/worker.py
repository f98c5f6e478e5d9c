"""A worker that shares no code with Ringfence: registers by heartbeat, answers each call with its own params.

    worker.py WORKERS_ENDPOINT INSTANCE SERVICE CAPACITY [hold]

With `hold` it keeps the calls in hand until a line with a call's id comes on stdin. A line
{"outcomes": ...} or any other JSON map is sent as it is. Prints what it receives as lines of JSON.
"""

import json
import os
import sys
import time

import msgpack
import zmq

HEARTBEAT = 0.1


class Worker:
    def __init__(self, endpoint, instance, service, capacity):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.instance, self.service, self.capacity = instance, service, int(capacity)
        self.released = 0
        self.in_hand = {}

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def heartbeat(self):
        offer = {"service": self.service, "capacity": self.capacity, "released": self.released}
        self.send("worker.heartbeat", instance=self.instance, offers=[offer],
                  in_hand=list(self.in_hand))

    def answer(self, call_id):
        request = self.in_hand.pop(call_id)
        self.send("call.reply", id=call_id, ok=True, **{"class": "ok"}, body=b"\x00\xff",
                  result={"operation": request["operation"], "params": request.get("params")})
        self.released += 1
        self.send("worker.credit", service=self.service, released=self.released)

    def receive(self, hold):
        message = msgpack.unpackb(self.socket.recv())
        print(json.dumps(message), flush=True)
        if message["t"] == "call.request":
            self.in_hand[message["id"]] = message
            if not hold:
                self.answer(message["id"])
        elif message["t"] == "worker.welcome" and message.get("registered"):
            self.released = 0
        elif message["t"] == "worker.unknown":
            self.heartbeat()

    def obey(self, line):
        if line.startswith("{"):
            command = json.loads(line)
            self.send(command.pop("t"), **command)
        else:
            self.answer(line)


def main(endpoint, instance, service, capacity, hold=None):
    worker = Worker(endpoint, instance, service, capacity)
    poller = zmq.Poller()
    poller.register(worker.socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    due = time.monotonic()
    begun = b""  # a line that is not whole yet
    while True:
        if time.monotonic() >= due:
            worker.heartbeat()
            due = time.monotonic() + HEARTBEAT
        ready = dict(poller.poll(max(0, int(1000 * (due - time.monotonic())))))
        if worker.socket in ready:
            worker.receive(hold is not None)
        if sys.stdin.fileno() in ready:
            chunk = os.read(sys.stdin.fileno(), 65536)
            if chunk == b"":
                worker.send("worker.bye", instance=instance)
                return
            *lines, begun = (begun + chunk).split(b"\n")
            for line in lines:
                worker.obey(line.decode())


main(*sys.argv[1:])
