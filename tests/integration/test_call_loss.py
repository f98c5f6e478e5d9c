#!/usr/bin/python3
"""Brokers and gateways that die, stop or are cut off with calls in hand: each call is carried out once at most,
and each caller gets one answer, at real processes and by the simulator's ledger."""

import signal
import subprocess
import time
import unittest

import msgpack
import zmq

from harness import BIN, RingfenceTest, free_port, people, wait_for
from relay import Relay
from test_gateway import Client, GatewayTest


def number(i):
    return f"+1202555{100 + i:04d}"


def status_of(the_set, through="calls"):
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(f"ipc://{the_set.root}/run/{through}")
    try:
        socket.send(msgpack.packb({"t": "status.request", "v": 1, "rid": "s"}))
        if not socket.poll(5000):
            return None
        return msgpack.unpackb(socket.recv())["status"]
    finally:
        socket.close()
        context.term()


class Asker(Client):
    """A client that can ask again for what it has no answer to, as the library does."""

    def __init__(self, the_set):
        super().__init__(the_set)
        self.asked = {}

    def send(self, call, service, operation, params, seconds=30, **fields):
        self.asked.setdefault(call, (time.monotonic_ns(), service, operation, params, seconds, fields))
        super().send(call, service, operation, params, seconds=seconds, **fields)

    def ask_again(self):
        for call, (first, service, operation, params, seconds, fields) in self.asked.items():
            if call not in self.replies:
                age = time.monotonic_ns() - first
                self.send(call, service, operation, params, seconds=seconds,
                          **{**fields, "asked_ns": age, "remaining_ns": max(seconds * 10**9 - age, 0)})


class CallLossTest(GatewayTest):
    """Two gateways, each with room for two dials, that take a second and a half."""

    GATEWAYS = 2
    CONFIG = {"gateway": {"concurrency": {"telephony": 2}},
              "telephony": {"send_margin": "1s"}}

    def setUp(self):
        super().setUp()
        self.client.close()
        self.client = Asker(self.set)
        self.addCleanup(self.client.close)
        self.set.faults({"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "latency", "delay_ms": 1500})

    def status(self):
        return status_of(self.set)

    def workers(self):
        status = self.status()
        return [] if status is None else [worker["instance"] for worker in status["workers"]]

    def begin_dials(self, count, under_way=4):
        calls = [f"d{i}" for i in range(count)]
        for i, call in enumerate(calls):
            self.client.dial(call, number(i))
        wait_for("the dials to be under way",
                 lambda: len(self.set.requests("twilio", "Calls.json")) >= under_way)
        return calls

    def kill_broker(self):
        self.set.processes["broker"].kill()

    def start_broker(self):
        self.set.start("broker", "broker-again")


class BrokerKilled(CallLossTest):
    def test_incident_20_replies_and_calls_that_were_under_way_in_a_killed_broker_are_not_lost(self):
        calls = self.begin_dials(8)  # four in hand, four in the broker's queue
        self.kill_broker()
        # All four end while there is no broker: their replies meet a peer that is gone.
        wait_for("the dials in hand to end", lambda: len(self.set.dials()) == 4)
        self.start_broker()
        self.client.ask_again()
        for reply in self.client.wait_all(calls):
            self.assertTrue(reply["ok"], reply)
        self.assertEqual(self.set.dials(), {number(i): 1 for i in range(8)})

    def test_a_dial_in_hand_at_the_restart_is_answered_by_its_gateway(self):
        calls = self.begin_dials(4)
        self.kill_broker()
        self.start_broker()
        self.client.ask_again()
        self.client.ask_again()  # however often
        for reply in self.client.wait_all(calls):
            self.assertTrue(reply["ok"], reply)
        self.assertEqual(self.set.dials(), {number(i): 1 for i in range(4)})
        self.assertEqual(len(self.set.requests("twilio", "Calls.json")), 4)

    def test_a_gateway_that_died_with_the_broker_leaves_one_clear_answer(self):
        calls = self.begin_dials(6)
        self.kill_broker()
        self.set.processes["gateway-0"].kill()
        self.start_broker()
        self.client.ask_again()
        replies = self.client.wait_all(calls)
        for reply in replies:
            if not reply["ok"]:
                self.assertEqual((reply["code"], reply["sent"]), ("worker_lost", "maybe"), reply)
        self.assertGreaterEqual(sum(reply["ok"] for reply in replies), 2)  # those of the other one
        self.assertTrue(all(count == 1 for count in self.set.dials().values()), self.set.dials())
        # A call that is asked for the first time is carried out by who is left.
        self.client.dial("new", number(50))
        self.assertTrue(self.client.wait("new")["ok"])


class BrokerKilledUnderACampaign(RingfenceTest):
    CONFIG = {"gateway": {"concurrency": {"telephony": 3}}, "orchestrator": {"concurrency": 6}}

    def test_a_campaign_goes_on_over_a_killed_broker_and_nobody_has_to_ask_the_provider(self):
        contacts = people(9)
        self.set.start_all()
        self.set.faults({"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "latency", "delay_ms": 1500})
        campaign = self.set.campaign(contacts)
        # Three dials in hand, three in the broker's queue: the orchestrator asks again for all six.
        wait_for("dials to be under way",
                 lambda: len(self.set.requests("twilio", "Calls.json")) >= 3)
        self.set.processes["broker"].kill()
        self.set.start("broker", "broker-again")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)
        # A dial whose end is not known would be looked for in the provider's list.
        lists = [r for r in self.set.requests("twilio", "Calls.json") if r["method"] == "GET"]
        self.assertEqual(lists, [])
        self.assertEqual(self.set.events(type="contact.set_aside"), [])


class GatewayStopped(CallLossTest):
    def test_incident_21_a_gateway_that_was_taken_for_lost_registers_again_and_tells_its_answer(self):
        stopped = self.set.processes["gateway-0"]
        calls = self.begin_dials(4)
        stopped.terminate(signal.SIGSTOP)
        replies = self.client.wait_all(calls)
        lost = [reply for reply in replies if not reply["ok"]]
        self.assertEqual({(reply["code"], reply["sent"]) for reply in lost},
                         {("worker_lost", "maybe")})
        self.assertEqual(len(lost), 2)
        self.assertEqual(len(self.workers()), 1)
        stopped.terminate(signal.SIGCONT)
        wait_for("it to be back", lambda: len(self.workers()) == 2)
        # The same id again: its own late answer, and no second dial.
        late = Asker(self.set)
        self.addCleanup(late.close)

        def told():
            for reply in lost:
                late.replies.pop(reply["id"], None)
                late.dial(reply["id"], number(int(reply["id"][1:])))
            return all(late.wait(reply["id"]).get("code") != "worker_lost" for reply in lost)

        wait_for("the late answers", told)
        self.assertTrue(all(count == 1 for count in self.set.dials().values()), self.set.dials())
        # It serves again: more dials at once than the other could take alone.
        for i in range(10, 14):
            self.client.dial(f"d{i}", number(i))
        for i in range(10, 14):
            self.assertTrue(self.client.wait(f"d{i}")["ok"])

    def test_a_killed_gateway_is_known_to_be_lost_within_two_heartbeats(self):
        calls = self.begin_dials(4)
        began = time.monotonic()
        self.set.processes["gateway-0"].kill()
        lost = [reply for reply in self.client.wait_all(calls) if not reply["ok"]]
        self.assertEqual({reply["code"] for reply in lost}, {"worker_lost"})
        self.assertEqual(len(lost), 2)
        # Two heartbeats are 1.2 s here; the dials of the other one take 1.5 s.
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(len(self.workers()), 1)


class Partition(CallLossTest):
    """The broker is cut off from a gateway in which a dial waits."""

    GATEWAYS = 0
    CONFIG = {"bus": {"insecure": True}, "gateway": {"concurrency": {"telephony": 2}},
              "telephony": {"send_margin": "1s"},
              "defaults": {"retry": {"initial_delay": "4s", "max_delay": "5s"}}}

    def setUp(self):
        self.workers_port = free_port()
        self.CONFIG["bus"]["workers"] = f"tcp://127.0.0.1:{self.workers_port}"
        super().setUp()
        self.relay = Relay(self.workers_port)
        self.addCleanup(self.relay.close)
        self.set.config["bus"]["workers"] = f"tcp://127.0.0.1:{self.relay.port}"
        self.set.write_config()
        self.set.start("service-gateway", "gateway-0")
        # Surely not sent, so that it is repeated: after a wait, in the gateway.
        self.set.faults({"id": "away", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "status", "status": 429, "count": 1})

    def waits(self):
        status = self.status()
        return any(offer["waiting"] for worker in status["workers"] for offer in worker["offers"])

    def test_a_dial_that_waits_in_a_gateway_cut_off_from_the_broker_is_never_made(self):
        self.client.dial("d0", number(0), seconds=60)
        wait_for("the dial to wait for its retry", self.waits)
        self.relay.cut()
        reply = self.client.wait("d0")
        self.assertEqual((reply["code"], reply["sent"]), ("worker_lost", "maybe"), reply)
        # Longer than the retry would have waited: its time came and went, on both sides.
        retry_over = time.monotonic() + 6
        wait_for("the retry's time to pass", lambda: time.monotonic() > retry_over)
        self.assertEqual(self.set.dials(), {})
        self.relay.mend()
        wait_for("the gateway to be back", lambda: len(self.workers()) == 1)
        asker = Asker(self.set)
        self.addCleanup(asker.close)

        def told():
            asker.replies.pop("d0", None)
            asker.dial("d0", number(0), asked_ns=1, remaining_ns=30 * 10**9)
            return asker.wait("d0")["sent"] == "no"

        wait_for("the gateway's own word", told)
        self.assertEqual(self.set.dials(), {})
        self.assertEqual(len(self.set.requests("twilio", "Calls.json")), 1)
        asker.dial("d1", number(1))
        self.assertTrue(asker.wait("d1")["ok"])

    def test_a_broker_that_is_stopped_while_a_dial_waits_takes_nobody_for_lost_and_it_is_not_made(self):
        broker = self.set.processes["broker"]
        self.client.dial("d0", number(0), seconds=60)
        wait_for("the dial to wait for its retry", self.waits)
        broker.terminate(signal.SIGSTOP)
        gateway = self.set.processes["gateway-0"]
        retry_over = time.monotonic() + 6
        wait_for("the retry's time to pass", lambda: time.monotonic() > retry_over)
        self.assertEqual(self.set.dials(), {})
        broker.terminate(signal.SIGCONT)
        reply = self.client.wait("d0")
        self.assertEqual((reply["code"], reply["sent"]), ("worker_lost", "no"), reply)
        self.assertEqual(self.set.dials(), {})
        self.assertEqual(self.status()["counters"]["workers_lost"], 0)
        self.assertTrue(gateway.alive())
        self.client.dial("d1", number(1))
        self.assertTrue(self.client.wait("d1")["ok"])

    def test_send_before_ends_a_dial_that_waits(self):
        self.client.dial("d0", number(0), seconds=60, send_before=time.time_ns() + 2 * 10**9)
        reply = self.client.wait("d0")
        self.assertEqual((reply["code"], reply["sent"]), ("deadline_exceeded", "no"), reply)
        self.assertEqual(self.set.dials(), {})


class CallsConnectionBroken(RingfenceTest):
    """Only the caller's connection to the calls socket breaks; the broker is well, and heard at its other sockets."""

    CONFIG = {"bus": {"insecure": True}}

    def setUp(self):
        port = free_port()
        self.CONFIG["bus"]["calls"] = f"tcp://127.0.0.1:{port}"
        super().setUp()
        for service in ("simulator", "broker", "service-gateway"):
            self.set.start(service)
        self.relay = Relay(port)
        self.addCleanup(self.relay.close)
        self.set.config["bus"]["calls"] = f"tcp://127.0.0.1:{self.relay.port}"
        self.set.write_config()
        self.set.faults({"id": "slow", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "latency", "delay_ms": 1500})
        self.call = subprocess.Popen([BIN / "ringfence", "call", "speech", "--text", "hello", "--deadline", "60s",
                                      "--config", self.set.config_file],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.call.kill)
        wait_for("the speech to be under way", lambda: self.set.requests("elevenlabs", ""))

    def assert_answered(self):
        began = time.monotonic()
        out, err = self.call.communicate(timeout=50)
        self.assertEqual(self.call.returncode, 0, err)
        self.assertIn("bytes of mp3", out)
        self.assertLess(time.monotonic() - began, 30)  # not by the deadline
        self.assertEqual(len(self.set.requests("elevenlabs", "")), 1)

    def test_incident_20_a_call_is_asked_for_again_when_its_connection_alone_broke(self):
        self.relay.sever()
        self.assert_answered()

    def test_incident_20_a_reply_that_met_no_connection_is_asked_for_again(self):
        self.relay.cut()
        self.relay.sever()
        wait_for("the speech to be made", lambda: self.set.ledger()["speeches"])
        wait_for("its reply to be lost", lambda: status_of(self.set, "ingest")["counters"]["replies_undeliverable"] > 0)
        self.relay.mend()
        self.assert_answered()


class Drain(CallLossTest):
    def test_a_gateway_that_drains_loses_no_call_and_nobody_is_dialled_twice(self):
        calls = [f"d{i}" for i in range(12)]
        self.set.faults({"id": "away", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "status", "status": 429, "count": 3},
                        {"id": "slow", "match": {"provider": "twilio", "method": "POST"},
                         "kind": "latency", "delay_ms": 300})
        for i, call in enumerate(calls):
            self.client.dial(call, number(i), send_before=time.time_ns() + 25 * 10**9)
        wait_for("some to be under way", lambda: len(self.set.requests("twilio", "Calls.json")) >= 4)
        leaver = self.set.processes["gateway-0"]
        leaver.terminate()
        self.assertEqual(leaver.wait(), 0)
        for reply in self.client.wait_all(calls):
            self.assertTrue(reply["ok"], reply)
        self.assertEqual(self.set.dials(), {number(i): 1 for i in range(12)})
        self.assertEqual(self.status()["counters"]["workers_lost"], 0)


if __name__ == "__main__":
    unittest.main()
