"""Serves the calls of a service: each is answered with its own operation and parameters, a while after it
came. Written from ringfence-bus(7).

    serve.py WORKERS_ENDPOINT INSTANCE SERVICE CAPACITY MILLISECONDS

Ends by SIGTERM.
"""

import sys
import time

import msgpack
import zmq


class Server:
    def __init__(self, endpoint, instance, service, capacity, milliseconds):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.instance, self.service, self.capacity = instance, service, int(capacity)
        self.pause = int(milliseconds) / 1000
        self.heartbeat, self.beat_at = 0.2, 0.0
        self.in_hand = {}  # id: (when it is to be answered, the request)
        self.old = set()   # and their ids
        self.released = 0  # places given back since it

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def beat(self):
        offer = {"service": self.service, "capacity": self.capacity - len(self.old),
                 "released": self.released}
        self.send("worker.heartbeat", instance=self.instance, offers=[offer], in_hand=list(self.in_hand))
        self.beat_at = time.monotonic() + self.heartbeat

    def answer(self, call_id):
        _, request = self.in_hand.pop(call_id)
        self.send("call.reply", id=call_id, ok=True, **{"class": "ok"},
                  result={"operation": request["operation"], "params": request.get("params")})
        if call_id in self.old:
            self.old.remove(call_id)  # the next heartbeat's capacity says so
            self.beat()
        else:
            self.released += 1
            self.send("worker.credit", service=self.service, released=self.released)

    def take(self, message):
        if message["t"] == "call.request":
            self.in_hand[message["id"]] = (time.monotonic() + self.pause, message)
        elif message["t"] == "worker.welcome":
            self.heartbeat = min(self.heartbeat, message["heartbeat_ns"] / 1e9)
            if message.get("registered"):  # the counts begin anew, and the broker waits for them
                self.old, self.released = set(self.in_hand), 0
                self.beat()
                print("registered", flush=True)
        elif message["t"] == "worker.unknown":
            self.beat()

    def run(self):
        while True:
            now = time.monotonic()
            for call_id in [i for i, (due, _) in self.in_hand.items() if due <= now]:
                self.answer(call_id)
            if now >= self.beat_at:
                self.beat()
            due = min([self.beat_at] + [due for due, _ in self.in_hand.values()])
            if self.socket.poll(max(0, 1000 * (due - time.monotonic()))):
                self.take(msgpack.unpackb(self.socket.recv()))


Server(*sys.argv[1:]).run()
