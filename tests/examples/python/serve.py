"""Serves the calls of a service: each is answered with its own operation and parameters, a while after it
came. Written from ringfence-bus(7).

    serve.py WORKERS_ENDPOINT INSTANCE SERVICE CAPACITY MILLISECONDS

Ends by SIGTERM.
"""

import sys
import time

import msgpack
import zmq

REMEMBER = 600  # seconds: so long a broker that was restarted is told how a call ended


class Server:
    def __init__(self, endpoint, instance, service, capacity, milliseconds):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.instance, self.service, self.capacity = instance, service, int(capacity)
        self.pause = int(milliseconds) / 1000
        self.interval, self.beat_at, self.beats = 0.2, 0.0, 0
        self.read = 0      # the last heartbeat that the broker has surely read
        self.registration = self.connection = 0  # as its welcomes number them
        self.in_hand = {}  # id: (when it is to be answered, the request)
        self.old = set()   # ids in hand from before this registration: they lower the capacity
        self.released = 0  # places given back since it
        self.told = {}     # id: (when, the last heartbeat before it, the reply)
        self.forgot = False

    def send(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def beat(self):
        self.beats += 1
        offer = {"service": self.service, "capacity": self.capacity - len(self.old),
                 "released": self.released}
        self.send("worker.heartbeat", instance=self.instance, seq=self.beats, offers=[offer],
                  in_hand=list(self.in_hand), registration=self.registration)
        self.beat_at = time.monotonic() + self.interval
        for call_id in [i for i, (at, _, _) in self.told.items() if at < time.monotonic() - REMEMBER]:
            del self.told[call_id]
            self.forgot = True

    def tell(self, call_id, reply):
        """It may be lost with the connection: what was sent behind a heartbeat without answer is told again."""
        self.send("call.reply", **reply)
        self.told[call_id] = (time.monotonic(), self.beats, reply)

    def give_back(self, call_id):
        if call_id in self.old:
            self.old.remove(call_id)  # the next heartbeat's capacity says so
            self.beat()
        else:
            self.release()

    def release(self):
        self.released += 1
        self.send("worker.credit", service=self.service, released=self.released,
                  registration=self.registration)

    def answer(self, call_id):
        _, request = self.in_hand.pop(call_id)
        self.tell(call_id, {"id": call_id, "ok": True, "class": "ok", "result": {
            "operation": request["operation"], "params": request.get("params")}})
        self.give_back(call_id)

    def welcome(self, message):
        self.interval = min(self.interval, message["heartbeat_ns"] / 3e9)
        seq, registration = message.get("seq", 0), message.get("registration", 0)
        if seq == 0:  # it asks whether we are there
            self.beat()
            return
        if seq < self.read:  # overtaken, over the connection before
            return
        if registration != self.registration:  # the counts begin anew, and the broker waits for them
            self.registration, self.old, self.released = registration, set(self.in_hand), 0
            for call_id, (_, _, reply) in list(self.told.items()):
                self.tell(call_id, reply)
            self.beat()
            self.send("worker.recalled", registration=registration,
                      **({"known_ns": REMEMBER * 10**9} if self.forgot else {}))
            print("registered", flush=True)
        elif message["connection"] != self.connection:  # what was under way may be lost with the one before
            for call_id, (_, beat, reply) in list(self.told.items()):
                if beat >= self.read:
                    self.tell(call_id, reply)
        self.connection, self.read = message["connection"], seq

    def request(self, message):
        """One id is carried out once, also if the broker does not know that we have it."""
        call_id = message["id"]
        if call_id in self.in_hand or call_id in self.told:
            if call_id in self.told:
                self.tell(call_id, self.told[call_id][2])
            self.release()
        else:
            self.in_hand[call_id] = (time.monotonic() + self.pause, message)

    def take(self, message):
        if message["t"] == "call.request":
            self.request(message)
        elif message["t"] == "worker.welcome":
            self.welcome(message)
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
