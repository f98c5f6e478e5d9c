#!/usr/bin/python3
"""What the tests of several hosts stand on: that the network between them does what its rules say."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))

import wire  # noqa: E402  the folder is put on the path first
from harness import wait_for  # noqa: E402
from network import Network, own_namespace  # noqa: E402

PORT = 7000


class OnTwoHosts(unittest.TestCase):
    """Here is one, there the other, which repeats what it is told."""

    ECHO = f"""
import socket, threading
def repeat(near):
    while data := near.recv(65536):
        near.sendall(data)
listener = socket.create_server(("", {PORT}))
print("ready", flush=True)
while True:
    threading.Thread(target=repeat, args=listener.accept()[:1]).start()
"""

    def setUp(self):
        self.network = Network(seed=7)
        self.addCleanup(self.network.close)
        self.network.host("here")
        self.there = self.network.host("there")
        self.network.move_in("here")
        self.start_echo()
        self.connection = self.connect()

    def start_echo(self):
        self.echo = subprocess.Popen([*self.there.through(), sys.executable, "-c", self.ECHO], stdout=subprocess.PIPE)
        self.addCleanup(self.end_echo, self.echo)
        self.assertEqual(self.echo.stdout.readline(), b"ready\n")

    @staticmethod
    def end_echo(echo):
        echo.kill()
        echo.stdout.close()
        echo.wait()

    def connect(self):
        connection = socket.create_connection((self.there.address, PORT), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(connection.close)
        return connection

    def there_and_back(self, data=b"x"):
        """How long it takes, in seconds."""
        began = time.monotonic()
        self.connection.sendall(data)
        came = b""
        while len(came) < len(data):
            part = self.connection.recv(65536)
            self.assertTrue(part, "the connection has ended")
            came += part
        self.assertEqual(came == data, True, "it comes back as it was sent")
        return time.monotonic() - began

    def counted(self, words):
        return self.network.counts().get(words, 0)

    def test_a_delay_holds_in_its_direction(self):
        self.assertLess(min(self.there_and_back() for _ in range(5)), 0.05)
        self.network.rule("here", "there", delay_ms=100)
        self.assertGreater(self.there_and_back(), 0.1)
        self.network.rule("there", "here", delay_ms=100)
        self.assertGreater(self.there_and_back(), 0.2)
        self.network.heal()
        self.assertLess(min(self.there_and_back() for _ in range(5)), 0.05)

    def test_a_rate_holds(self):
        self.network.rule("here", "there", kbit=800)
        self.assertGreater(self.there_and_back(bytes(100000)), 0.9)  # 100 kB a second; the queue holds no more

    def test_what_is_lost_doubled_late_or_damaged_arrives_all_the_same(self):
        self.network.between("here", "there", loss=0.05, duplicate=0.05, reorder=0.1, corrupt=0.02, jitter_ms=5)
        for _ in range(10):
            self.there_and_back(os.urandom(50000))
        self.assertGreater(self.counted("here there dropped"), 0)

    def test_damage_that_the_checksum_does_not_show_reaches_the_reader(self):
        self.network.rule("here", "there", forge=1)
        with self.assertRaisesRegex(AssertionError, "comes back as it was sent"):
            self.there_and_back(bytes(range(100)))
        self.there_and_back(bytes(range(100)))

    def test_a_cut_in_one_direction_is_no_word_to_anybody(self):
        for source, target in (("here", "there"), ("there", "here")):
            self.network.rule(source, target, cut=True)
            self.connection.sendall(b"x")
            self.connection.settimeout(0.5)
            self.assertRaises(TimeoutError, self.connection.recv, 1)
            self.network.heal()
            self.connection.settimeout(30)
            self.assertEqual(self.connection.recv(1), b"x", "and goes on when it is whole again")
        self.network.rule("there", "here", cut=True)
        self.connection.sendall(b"y")
        wait_for("it to arrive", lambda: self.counted("there here dropped") > 0)

    def test_a_rejected_connection_ends_at_once(self):
        self.network.rule("here", "there", cut="reject")
        self.connection.sendall(b"x")
        self.assertRaises(ConnectionResetError, self.connection.recv, 1)
        self.assertRaises(ConnectionRefusedError, self.connect)
        self.network.heal()
        self.connection = self.connect()
        self.there_and_back()

    def test_a_host_that_begins_anew_knows_no_connection(self):
        self.network.around("there", cut=True)
        self.echo.kill()  # its kernel says so, and nobody hears it
        self.echo.wait()
        self.network.boot("there")
        self.network.heal()
        self.connection.sendall(b"x")
        self.assertRaises(ConnectionResetError, self.connection.recv, 1)
        self.start_echo()
        self.connection = self.connect()
        self.there_and_back()

    def test_nothing_leads_out(self):
        with socket.socket() as outside:
            self.assertRaises(OSError, outside.connect, ("192.0.2.1", 80))
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(len(routes.splitlines()), 1, routes)


class Repeated(unittest.TestCase):
    def test_a_seed_draws_the_same(self):
        packet = bytes([0x45]) + bytes(99)

        def draws(seed):
            direction = wire.Direction(seed, "a b")
            direction.rule = wire.Rule(loss=0.2, duplicate=0.2, corrupt=0.2, reorder=0.2, jitter_ms=50)
            return [direction.arrivals(packet, n) for n in range(200)]

        self.assertEqual(draws(1), draws(1))
        self.assertNotEqual(draws(1), draws(2))

    def test_a_word_that_no_rule_has_is_refused(self):
        self.assertRaises(ValueError, wire.Rule, dealy_ms=1)


class Gone(unittest.TestCase):
    """However the test ends."""

    TEST = """
import subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from network import Network
network = Network()
far = network.host("far")
command = subprocess.Popen([*far.through(), "sleep", "1000"])
print(network.wire.pid, command.pid, flush=True)
time.sleep(1000)
"""

    def ends(self, sig):
        folder = str(pathlib.Path(__file__).parent)
        before = own_namespace()
        self.addCleanup(os.close, before)
        with subprocess.Popen([sys.executable, "-c", self.TEST, folder], stdout=subprocess.PIPE) as test:
            pids = test.stdout.readline().split()
            wait_for("sleep to begin", lambda: self.name(pids[1]) == "sleep")
            self.assertNotEqual(os.stat(f"/proc/{int(pids[1])}/ns/net").st_ino, os.fstat(before).st_ino)
            test.send_signal(sig)
            test.wait()
        for pid in pids:
            wait_for("its processes to end", lambda pid=pid: self.name(pid) is None)

    @staticmethod
    def name(pid):
        """Of a process; None when it has ended."""
        try:
            return pathlib.Path(f"/proc/{int(pid)}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None

    def test_by_a_kill(self):
        self.ends(signal.SIGKILL)

    def test_by_a_word(self):
        self.ends(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
