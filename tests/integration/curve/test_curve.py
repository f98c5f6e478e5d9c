"""The bus over TCP: encrypted, and every peer identified by its key before anything else is heard."""

import json
import random
import re
import socket
import subprocess
import threading
import time
import unittest

import zmq

from curve_set import CurveTest, ROLES, SOCKETS, free_port, key_of, wait_for
from harness import BIN, stays
from relay import Relay


class WholeSet(CurveTest):
    def test_a_campaign_runs_over_encrypted_tcp(self):
        self.everybody()
        self.set.start_all()
        contacts = [(f"+1202555012{i}", f"C{i}") for i in range(5)]
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)
        status = self.set.cli("status", check=0).stdout
        self.assertIn("service-gateway  ready", status)
        # Each is known by its own key.
        peers = json.loads(self.set.cli("status", "--json", check=0).stdout)["broker"]["peers"]
        self.assertEqual({peer["service"]: peer["key"] for peer in peers}, {name: name for name in ROLES})
        # Nobody was refused anything: the roles of the manual are what each process needs.
        for process in self.set.processes.values():
            for words in ("not_allowed", "not let in", "refused"):
                self.assertNotIn(words, process.text(), process.name)

    def test_a_process_whose_key_is_allowed_later_comes_in_without_a_restart(self):
        self.member("cli", "admin")
        self.new("logger")
        broker = self.start_broker()
        logger = self.set.launch("logger")
        key = key_of(self.keys / "logger.public").decode()
        wait_for("the logger to say that its key is refused",
                 lambda: logger.says(f"does not let our key in: our public key is {key}"))
        wait_for("the broker to say so too",
                 lambda: f"its key is not in the list: {key}" in broker.text())
        self.allow("logger", "publisher,subscriber")
        self.reload()
        wait_for("the logger to be let in", lambda: logger.says("connected to the broker"))
        logger.wait_ready()


class Damaged(CurveTest):
    """What no checksum of TCP has shown: CURVE does, and ends the connection."""

    PINGS = 12  # seconds: two of libzmq's own

    def setUp(self):
        super().setUp()
        self.member("console", ROLES["console"])
        self.member("cli", ROLES["cli"])
        self.relay = Relay(self.ports["ingest"])
        self.addCleanup(self.relay.close)
        self.start_broker()
        config = self.set.write_other_config("console", {"bus": {"ingest": f"tcp://127.0.0.1:{self.relay.port}"}})
        self.console = self.set.launch("console", config=config).wait_ready()
        wait_for("it to reach the broker", self.is_known)

    def is_known(self):
        peers = json.loads(self.set.cli("status", "--json", check=0).stdout)["broker"]["peers"]
        return [peer["instance"] for peer in peers if peer["service"] == "console"]

    def test_a_client_that_hears_damaged_words_connects_again(self):
        self.relay.damage("out")
        wait_for("it to say so", lambda: self.console.says("was damaged: connecting again"))
        wait_for("it to be heard again", self.is_known)
        stays("alive", self.console.alive, self.PINGS)
        self.assertTrue(self.is_known())

    def test_a_broker_that_hears_damaged_words_is_reached_again(self):
        """In the midst of a message, and of the greeting that follows."""
        self.relay.damage("in")
        wait_for("it to be damaged", lambda: self.relay.damages["in"] == 0)
        for way in ("out", "in", "out"):
            self.relay.damage(way)
        wait_for("all to be damaged", lambda: self.relay.damages == {"in": 0, "out": 0})
        stays("alive", self.console.alive, self.PINGS)
        wait_for("it to be heard again", self.is_known)


class AtTheDoor(CurveTest):
    def test_an_unknown_key_is_told_what_to_do(self):
        self.new("cli")
        self.start_broker()
        began = time.monotonic()
        result = self.set.cli("status", "--timeout", "60s", check=1)
        self.assertLess(time.monotonic() - began, 30, "it need not wait for its timeout")
        key = key_of(self.keys / "cli.public").decode()
        self.assertIn(f"our public key is {key}", result.stderr)
        # Quoted: a shell would take signs of it as its own.
        self.assertIn(f"ringfence keys allow '{key}' --role ROLE", result.stderr)
        self.assertIn(f"to do: our public key is {key};", self.doctor_of_the_bus())
        self.assertNotIn("is ringfence-broker running", result.stderr)
        # Who is let in sees how often nobody was.
        self.allow("cli", "subscriber")
        self.reload()
        status = json.loads(self.set.cli("status", "--json", check=0).stdout)
        self.assertGreater(status["broker"]["counters"]["connections_refused"], 0)

    def test_a_wrong_key_of_the_broker_is_told(self):
        self.member("cli", "admin")
        self.new("other")
        self.start_broker()
        self.set.config["bus"]["curve"]["server_key_file"] = "state/keys/other.public"
        self.set.write_config()
        result = self.set.cli("status", "--timeout", "4s", check=1)
        self.assertIn("bus.curve.server_key_file is not its public key", result.stderr)
        self.assertIn("to do: bus.curve.server_key_file is not its public key", self.doctor_of_the_bus())

    def doctor_of_the_bus(self):
        return self.set.cli("doctor", "--only", "bus", "--timeout", "3s", check=1).stdout

    def test_a_key_that_is_missing_on_this_host_is_told_with_how_to_get_it(self):
        self.assertIn("cli.secret: is not there; on this host: ringfence keys new cli;",
                      self.set.cli("status", check=78).stderr)
        self.new("cli")
        (self.keys / "broker.public").unlink()
        self.assertIn("broker.public: is not there; copy it from the broker's host",
                      self.set.cli("status", check=78).stderr)
        self.assertIn("broker.public: is not there; copy it from the broker's host",
                      self.set.cli("config", "check", check=0).stderr)

    def test_who_speaks_without_curve_hears_nothing(self):
        self.member("cli", "admin")
        self.start_broker()
        plain = {name: self.client(None, name, zmq.SUB if name == "events" else zmq.DEALER)
                 for name in SOCKETS}
        for name in ("calls", "ingest"):
            plain[name].say("status.request", rid="q")
        plain["workers"].say("worker.heartbeat", instance="w", offers=[])
        self.set.cli("status", check=0)
        for name in SOCKETS:
            self.assertIsNone(plain[name].hear(0.2), name)

    def test_events_are_for_keys_with_the_role_subscriber(self):
        self.member("reader", "subscriber")
        self.member("writer", "publisher")
        broker = self.start_broker()
        readers = {name: self.client(name, "events", zmq.SUB) for name in ("reader", "writer")}
        wait_for("the broker to refuse the writer",
                 lambda: broker.says("its key has not the role subscriber"))
        publisher = self.client("writer", "ingest")
        publisher.say("stream.open", stream="s", next=1)
        publisher.expect("stream.opened")
        end = time.monotonic() + 60
        for number in range(1, 10**6):  # until the subscription has taken effect
            publisher.say("event.publish", stream="s", events=[
                {"severity": "info", "type": "test.note", "subject": "x", "seq": number, "stream": "s"}])
            publisher.expect("event.ack")
            if readers["reader"].hear(0) is not None:
                break
            self.assertLess(time.monotonic(), end)
        self.assertIsNone(readers["writer"].hear(0.1))

    def test_garbage_and_silence_on_the_ports_disturb_nobody(self):
        self.member("cli", "admin")
        broker = self.start_broker()
        chooser = random.Random(7)
        held = []
        stop = threading.Event()

        def disturb():
            while not stop.is_set():
                port = self.ports[chooser.choice(SOCKETS)]
                try:
                    victim = socket.create_connection(("127.0.0.1", port), timeout=5)
                except OSError:
                    continue
                kind = chooser.randrange(4)
                try:
                    if kind == 0:
                        held.append(victim)  # says nothing
                        victim = None
                    elif kind == 1:
                        victim.sendall(chooser.randbytes(chooser.randrange(1, 4096)))
                    elif kind == 2:  # begins as ZMTP 3.1 with CURVE, then anything
                        victim.sendall(b"\xff" + 8 * b"\0" + b"\x7f\x03\x01CURVE" + 15 * b"\0" + b"\0" +
                                       31 * b"\0" + chooser.randbytes(300))
                    else:  # a frame that says it is long
                        victim.sendall(b"\xff" + 8 * b"\0" + b"\x7f\x03\x01CURVE" + 15 * b"\0" + b"\0" +
                                       31 * b"\0" + b"\x06" + (1 << 40).to_bytes(8, "big") + b"x")
                except OSError:
                    pass
                if victim is not None:
                    victim.close()

        threads = [threading.Thread(target=disturb) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                self.set.cli("status", check=0)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for one in held:
                one.close()
        self.assertGreater(len(held), 20)
        self.assertTrue(broker.alive())

    def test_a_secret_that_others_may_read_is_refused(self):
        self.member("cli", "admin")
        self.start_broker()
        (self.keys / "cli.secret").chmod(0o640)
        result = self.set.cli("status")
        self.assertEqual(result.returncode, 78)
        self.assertIn("other users may read", result.stderr)

    def end_of(self, service):
        """How a process ends that cannot start."""
        return subprocess.run([BIN / f"ringfence-{service}", "--config", self.set.config_file],
                              capture_output=True, text=True, timeout=60, check=False)

    def test_nothing_begins_without_its_key(self):
        curve = self.set.config["bus"]["curve"]
        (self.keys / "broker.secret").chmod(0o644)
        result = self.end_of("broker")
        self.assertEqual(result.returncode, 78)
        self.assertIn("bus.curve.secret_file: ", result.stderr)
        self.assertIn("chmod 600", result.stderr)
        result = self.end_of("logger")
        self.assertEqual(result.returncode, 78)
        self.assertIn("logger.secret", result.stderr)
        del curve["server_key_file"]
        self.set.write_config()
        self.new("logger")
        result = self.end_of("logger")
        self.assertEqual(result.returncode, 78)
        self.assertIn("bus.curve.server_key_file is not set", result.stderr)

    def test_plain_tcp_is_refused_at_start(self):
        del self.set.config["bus"]["curve"]
        self.set.write_config()
        for service in ("broker", "logger"):
            result = self.end_of(service)
            self.assertEqual(result.returncode, 78)
            self.assertIn("plain TCP is neither encrypted nor identified", result.stderr)
        self.set.config["bus"].update(insecure=True, calls=f"tcp://0.0.0.0:{free_port()}")
        self.set.write_config()
        result = self.end_of("broker")
        self.assertEqual(result.returncode, 78)
        self.assertIn("is no loopback address", result.stderr)

    def test_plain_tcp_on_loopback_works_where_it_is_said(self):
        del self.set.config["bus"]["curve"]
        self.set.config["bus"]["insecure"] = True
        self.set.write_config()
        self.start_broker()
        self.set.cli("status", check=0)

    def test_a_bad_list_keeps_the_broker_from_starting_and_a_running_one_keeps_its_own(self):
        self.member("cli", "admin")
        listed = self.keys / "known_clients"
        good = listed.read_text()
        listed.write_text(good + "nonsense\n")
        result = self.end_of("broker")
        self.assertEqual(result.returncode, 78)
        line = good.count("\n") + 1
        self.assertIn(f"broker.known_clients: {listed}:{line}: ", result.stderr)
        listed.write_text(good)
        self.start_broker()
        listed.write_text("nonsense\n")
        self.reload("reload refused, the old configuration stays")
        self.set.cli("status", check=0)


class Check(CurveTest):
    """`ringfence config check` on the broker's host."""

    def warnings(self):
        result = self.set.cli("config", "check", check=0)
        return [line.split("warning: ", 1)[1] for line in result.stderr.splitlines()
                if re.search(r"\[bus-[a-z-]+\]$", line)]

    def test_a_complete_configuration_has_nothing_to_warn_of(self):
        self.everybody()
        self.assertEqual(self.warnings(), [])

    def test_each_role_of_the_manual_is_one_that_its_process_needs(self):
        self.everybody()
        self.assertEqual(set(ROLES), {"service-gateway", "orchestrator", "health-monitor", "alerter",
                                      "logger", "console", "cli"})
        for name, roles in ROLES.items():
            for missing in roles.split(","):
                rest = [role for role in roles.split(",") if role != missing]
                self.allow(name, ",".join(rest), "--replace")
                self.assertEqual([w.split(" in ")[0] for w in self.warnings()],
                                 [f"broker.known_clients: {name} lacks the role {missing}"])
            self.allow(name, roles, "--replace")

    def test_a_role_that_a_process_of_another_host_lacks_is_told(self):
        self.member("service-gateway", "worker")
        (self.keys / "service-gateway.secret").unlink()
        self.assertEqual([w.split(" in ")[0] for w in self.warnings()],
                         ["broker.known_clients: service-gateway lacks the role publisher"])
        self.allow("service-gateway", "worker,publisher", "--replace")
        self.assertEqual(self.warnings(), [])

    def test_who_takes_callbacks_of_the_provider_reads_the_journal_and_who_gets_them_tells(self):
        self.everybody()
        self.set.config["telephony"]["callback_url"] = "https://calls.example.com"
        self.set.write_config()
        self.assertEqual([w.split(" in ")[0] for w in self.warnings()],
                         ["broker.known_clients: orchestrator lacks the role subscriber",
                          "broker.known_clients: console lacks the role teller"])
        self.allow("orchestrator", ROLES["orchestrator"] + ",subscriber", "--replace")
        self.allow("console", ROLES["console"] + ",teller", "--replace")
        self.assertEqual(self.warnings(), [])

    def test_what_is_missing_is_told_with_its_mend(self):
        listed = self.keys / "known_clients"
        self.assertEqual(len(self.warnings()), 1)
        self.assertIn(f"broker.known_clients: {listed}: cannot open", self.warnings()[0])
        self.member("logger", "subscriber")
        self.new("service-gateway")
        self.new("stranger")
        (self.keys / "service-gateway.secret").chmod(0o600)
        self.assertEqual(self.warnings(), [
            f"broker.known_clients: the key of service-gateway is not in {listed}: ringfence keys "
            "allow FILE --role publisher,worker [bus-key-unknown]",
            f"broker.known_clients: logger lacks the role publisher in {listed} [bus-role]"])
        self.allow("service-gateway", "admin")
        self.allow("logger", "subscriber,publisher", "--replace")
        self.assertEqual(self.warnings(), [])
        (self.keys / "logger.secret").chmod(0o604)
        self.assertIn("other users may read", self.warnings()[0])
        (self.keys / "logger.secret").chmod(0o600)
        curve = self.set.config["bus"]["curve"]
        curve["server_key_file"] = "state/keys/stranger.public"
        self.set.write_config()
        self.assertIn("is not the public key of the broker's", self.warnings()[0])
        del curve["server_key_file"]
        self.set.write_config()
        self.assertIn("every process except the broker needs it", self.warnings()[0])
        listed.write_text("nonsense\n")
        self.assertIn(f"{listed}:1: ", self.warnings()[1])


if __name__ == "__main__":
    unittest.main()
