#!/usr/bin/python3
"""Processes of another version of the protocol: refused by a word that names both versions and the mend, named in the
broker's log, and let in once broker and process speak one version."""

import json
import threading
import time
import unittest

import msgpack
import zmq

from harness import PROGRAMS, CampaignTest, people, stays, wait_for

NEWER = "protocol version 2 is newer than 1, the newest that the receiver speaks: upgrade the receiver, the broker" \
        " before the others"
OLDER = "protocol version 0 is older than 1, the oldest that the receiver speaks: upgrade the sender"
NONE = "v: expected the protocol version, a whole number; the receiver speaks 1"
HELLOS = {  # how each kind of process registers, or asks first
    "workers": {"t": "worker.heartbeat", "instance": "strange-worker", "offers": [{"service": "speech", "capacity": 9,
                                                                                  "released": 0}]},
    "ingest": {"t": "hello", "instance": "strange-publisher", "service": "logger"},
    "calls": {"t": "call.request", "id": "1", "service": "speech", "operation": "speak", "deadline": 1},
}


class PeersTest(CampaignTest):
    def ask(self, name, message):
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger, socket.rcvtimeo = 0, 30000
            socket.connect(f"ipc://{self.set.root}/run/{name}")
            socket.send(msgpack.packb(message))
            return msgpack.unpackb(socket.recv())


class OtherPeers(PeersTest):
    def test_a_peer_of_another_version_or_of_none_is_refused_with_both_versions_and_the_mend(self):
        self.set.start("broker")
        for name, hello in HELLOS.items():
            for version, code, words in (({"v": 2}, "version", NEWER), ({"v": 0}, "version", OLDER),
                                         ({"v": 2 ** 63}, "version", NEWER.replace(" 2 ", f" {2 ** 63} ")),
                                         ({}, "malformed", NONE)):
                answer = self.ask(name, {**hello, **version})
                with self.subTest(name, **version):
                    self.assertEqual((answer["t"], answer["code"], answer["message"]), ("error", code, words))
        broker = json.loads(self.set.cli("status", "--json", check=0).stdout)["broker"]
        self.assertEqual((broker["workers"], broker["protocol"]), ([], 1))
        self.assertNotIn("strange", json.dumps(broker["peers"]))
        self.assertIn(", protocol 1, ", self.set.cli("status", check=0).stdout)

    def test_the_broker_names_it_once_however_often_it_tries(self):
        broker = self.set.start("broker")
        for _ in range(30):
            for name in ("workers", "ingest"):
                self.ask(name, {**HELLOS[name], "v": 2})
        for line in (f"workers: strange-worker is refused: {NEWER}", f"ingest: strange-publisher is refused: {NEWER}"):
            self.assertEqual(broker.text().count(line), 1, broker.text())
        self.assertNotIn("more since the last line", broker.text())


class NextBroker(PeersTest):
    """An upgrade to the next version, as it goes: the broker first, which reads both versions and writes ours, so that
    the processes of before understand it; then others, of which some write the new one already."""

    def upgrade(self):
        through = ("/bin/sh", "-c", 'shift && exec "$0" "$@"', str(PROGRAMS / "broker_next"))
        return self.set.launch("broker", through=through).wait_ready()

    def test_processes_of_both_versions_work_with_it(self):
        contacts = people(12)
        self.set.start_all()
        self.load(contacts)
        self.order("start", "c")
        wait_for("some calls", lambda: len(self.set.dials()) > 2)
        before = self.set.processes["broker"]
        before.terminate()
        self.assertEqual(before.wait(), 0)
        broker = self.upgrade()
        self.assertEqual(self.finished()["done"], 12)
        self.assert_each_dialled_once(contacts)
        for name in ("workers", "ingest"):
            answer = self.ask(name, {**HELLOS[name], "v": 2, "of_version_2": [1]})
            self.assertNotEqual(answer["t"], "error")
            self.assertEqual(answer["v"], 1)  # what it is written in
        # What one of the new ones sends on its way to one of the old ones is written as these read it.
        reply = self.ask("calls", {"t": "call.request", "v": 2, "id": "new", "service": "script", "operation": "write",
                                   "deadline": int((time.time() + 20) * 1e9), "params": {"prompt": "Greet"}})
        self.assertEqual((reply["t"], reply["v"], reply["ok"]), ("call.reply", 1, True), reply)
        refused = self.ask("ingest", {**HELLOS["ingest"], "v": 3})
        self.assertEqual(refused["message"], NEWER.replace("version 2 is newer than 1", "version 3 is newer than 2"))
        self.assertFalse(broker.says("strange-publisher is refused: protocol version 2"))


class Alerted(PeersTest):
    CONFIG = {"alerter": {"rules": []}}  # the built-in ones

    def test_it_is_an_event_and_an_alert_once_for_each_process(self):
        for name in ("simulator", "broker", "logger", "alerter"):
            self.set.start(name)
        for _ in range(10):
            for name in ("workers", "ingest"):
                self.ask(name, {**HELLOS[name], "v": 2})
        events = wait_for("both events", lambda: (e := self.set.events(type="process.refused")) and len(e) == 2 and e)
        self.assertEqual({e["subject"]: e["data"] for e in events},
                         {"strange-worker": {"message": NEWER}, "strange-publisher": {"message": NEWER}})
        self.assertEqual({e["severity"] for e in events}, {"error"})

        def alerts():
            return [m["text"] for m in self.set.ledger()["telegram"] if "another version of the protocol" in m["text"]]
        self.assertIn("2 processes are not let in", wait_for("one alert of both", alerts)[0])
        self.assertIn("the broker before the others", alerts()[0])
        self.assertEqual((len(alerts()), len(self.set.events(type="process.refused"))), (1, 2))


class OtherBroker(CampaignTest):
    """A broker that speaks version 9 alone, and says so in its own version."""

    WORDS = "protocol version 1 is older than 9, the oldest that the receiver speaks: upgrade the sender"

    def open(self):
        self.context, self.ended, self.heard = zmq.Context(), threading.Event(), set()
        poller = zmq.Poller()
        for name in ("calls", "workers", "ingest"):
            socket = self.context.socket(zmq.ROUTER)
            socket.linger = 0
            socket.bind(f"ipc://{self.set.root}/run/{name}")
            poller.register(socket, zmq.POLLIN)
        self.thread = threading.Thread(target=self.refuse, args=(poller,))
        self.thread.start()
        self.addCleanup(self.close)

    def refuse(self, poller):
        refusal = {"t": "error", "v": 9, "code": "version", "message": self.WORDS, "of_version_9": {"more": [1]}}
        while not self.ended.is_set():
            for socket, _ in poller.poll(50):
                parts = socket.recv_multipart()
                self.heard.add(msgpack.unpackb(parts[-1])["t"])
                socket.send_multipart([*parts[:-1], msgpack.packb(refusal)])

    def close(self):
        self.ended.set()
        self.thread.join()
        self.context.destroy(0)
        for name in ("calls", "workers", "ingest"):  # the real one's names
            (self.set.root / "run" / name).unlink(missing_ok=True)

    def test_a_process_says_so_once_tries_on_and_is_let_in_after_the_upgrade(self):
        self.open()
        self.set.start("simulator")
        others = [self.set.launch(name) for name in ("service-gateway", "orchestrator", "logger", "console")]
        line = f"the broker at ipc://{self.set.root}/run/ingest speaks another version of the protocol: {self.WORDS};" \
               " trying on"
        for process in others:
            wait_for(f"{process.name} to say it", lambda p=process: p.says(line))
        wait_for("the worker's heartbeat", lambda: "worker.heartbeat" in self.heard)
        stays("waiting", lambda: all(p.alive() and p.text().count(line) == 1 for p in others), 3)
        for process in others[:2]:
            self.assertFalse(process.says("ready: "), process.name)
        began = time.monotonic()
        told = self.set.cli("status", "--timeout", "30s", check=1)
        self.assertIn(f"speaks another version of the protocol: {self.WORDS}", told.stderr)
        self.assertLess(time.monotonic() - began, 20, "it does not wait for what a wait does not mend")
        self.assertRegex(self.set.cli("doctor", check=1).stdout, r"another version of the protocol[^$]*upgraded first")
        self.close()
        self.set.start("broker")
        for process in others:
            process.wait_ready()
        contacts = people(3)
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)


if __name__ == "__main__":
    unittest.main()
