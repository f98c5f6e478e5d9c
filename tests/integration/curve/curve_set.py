"""A set whose bus is TCP with CURVE: keys for every process, in the list with the roles of the manual, and
clients that share no code with Ringfence."""

import pathlib
import re
import sys
import time

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import PATIENCE, SOURCE, RingfenceTest, free_port, wait_for  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import

MANUAL = (SOURCE / "services/broker/ringfence-broker.8").read_text()
# What the manual says that each process needs: these tests hold it to that.
ROLES = {name: roles.replace(" ", "")
         for name, roles in re.findall(r"^\.It ([a-z-]+) Ta ([a-z, ]+)$", MANUAL, re.MULTILINE)}
SOCKETS = ("calls", "workers", "ingest", "events")


class CurveTest(RingfenceTest):
    def setUp(self):
        super().setUp()
        self.ports = {name: free_port() for name in SOCKETS}
        self.keys = self.set.root / "state" / "keys"
        self.set.config["bus"].update({name: self.endpoint(name) for name in SOCKETS})
        self.set.config["bus"]["curve"] = {"secret_file": "state/keys/{service}.secret",
                                           "server_key_file": "state/keys/broker.public"}
        self.set.write_config()
        self.new("broker")

    def endpoint(self, name):
        return f"tcp://127.0.0.1:{self.ports[name]}"

    def new(self, name):
        self.set.cli("keys", "new", name, check=0)

    def allow(self, name, roles, *more):
        self.set.cli("keys", "allow", self.keys / f"{name}.public", "--role", roles, *more, check=0)

    def start_broker(self):
        return self.set.start("broker")

    def reload(self, words="keys are let in"):
        """The broker has read its list again."""
        broker = self.set.processes["broker"]
        before = broker.text().count(words)
        broker.popen.send_signal(1)
        wait_for("the broker to read its keys again", lambda: broker.text().count(words) > before)

    def member(self, name, roles):
        self.new(name)
        self.allow(name, roles)

    def everybody(self):
        for name, roles in ROLES.items():
            self.member(name, roles)

    def client(self, name, socket, kind=zmq.DEALER):
        client = Client(self.keys, name, self.endpoint(socket), kind)
        self.addCleanup(client.close)
        return client


def key_of(file):
    """The key in a file as `ringfence keys new` writes it."""
    line = [l for l in file.read_text().splitlines() if not l.startswith("#")][0].split()
    return line[1 if line[0] == "secret" else 0].encode()


class Client:
    """A foreign client with a key of the set's folder; `name` None: one without CURVE."""

    def __init__(self, keys, name, endpoint, kind=zmq.DEALER):
        self.socket = zmq.Context.instance().socket(kind)
        self.socket.setsockopt(zmq.LINGER, 0)
        if name is not None:
            self.socket.curve_serverkey = key_of(keys / "broker.public")
            self.socket.curve_publickey = key_of(keys / f"{name}.public")
            self.socket.curve_secretkey = key_of(keys / f"{name}.secret")
        if kind == zmq.SUB:
            self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        self.socket.connect(endpoint)

    def say(self, kind, **fields):
        self.socket.send(msgpack.packb({"t": kind, "v": 1, **fields}))

    def hear(self, seconds=PATIENCE):
        """The next message; None if there is none in time."""
        if not self.socket.poll(seconds * 1000):
            return None
        return msgpack.unpackb(self.socket.recv_multipart()[-1])

    def expect(self, kind, seconds=PATIENCE):
        end = time.monotonic() + seconds
        seen = []
        while time.monotonic() < end:
            message = self.hear(max(0.0, end - time.monotonic()))
            if message is not None:
                seen.append(message)
                if message.get("t") == kind:
                    return message
        raise AssertionError(f"waited in vain for {kind}; saw {seen[-10:]}")

    def ask(self, kind, **fields):
        """The answer to one message, with none other under way."""
        self.say(kind, **fields)
        answer = self.hear()
        if answer is None:
            raise AssertionError(f"no answer to {kind}")
        return answer

    def close(self):
        self.socket.close(linger=0)
