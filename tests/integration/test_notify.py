#!/usr/bin/python3
"""What the service manager hears of a process, by systemd's protocol: here the test is the manager."""

import os
import re
import signal
import socket
import subprocess
import unittest

from harness import BIN, SERVICES, RingfenceTest, stays, wait_for


class Manager:
    """The socket that NOTIFY_SOCKET names, and all that came so far: one text a datagram."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(self.path.replace("@", "\0", 1))
        self.heard = []

    def listen(self):
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard

    def hears(self, line):
        wait_for(f"{line!r} among {self.heard}", lambda: any(line in text.split("\n") for text in self.listen()))

    def count(self, line):
        return sum(line in text.split("\n") for text in self.listen())

    def close(self):
        self.socket.close()


class Notify(RingfenceTest):
    def manager(self, name="manager"):
        manager = Manager(name if name.startswith("@") else self.set.root / name)
        self.addCleanup(manager.close)
        return manager

    def launch(self, service, manager, **environment):
        return self.set.launch(service, environment={"NOTIFY_SOCKET": manager.path, **environment})

    def test_each_process_says_that_it_is_ready_and_that_it_stops(self):
        managers = {service: self.manager(service) for service in SERVICES}
        processes = {service: self.launch(service, managers[service]) for service in SERVICES}
        for service in SERVICES:
            managers[service].hears("READY=1")
            said = re.search("ready: (.*)", processes[service].text()).group(1)
            managers[service].hears(f"STATUS={said}")
        for service in reversed(SERVICES):
            processes[service].terminate()
            managers[service].hears("STOPPING=1")
            processes[service].wait(30)
            self.assertEqual(managers[service].heard[-1].split("\n")[0], "STOPPING=1")

    def test_who_waits_for_the_broker_is_not_ready_yet(self):
        manager = self.manager()
        gateway = self.launch("service-gateway", manager)
        wait_for("its word that it waits", lambda: gateway.says("waiting for the broker"))
        self.assertEqual(manager.count("READY=1"), 0)
        self.set.start("broker")
        manager.hears("READY=1")

    def test_a_reload_is_told_with_its_end_also_of_one_that_is_refused(self):
        manager = self.manager("@ringfence-test-%d" % os.getpid())
        broker = self.launch("broker", manager)
        manager.hears("READY=1")
        config = self.set.config_file.read_text()
        for broken in ("", "no: such key\n"):
            ready = manager.count("READY=1")
            self.set.config_file.write_text(config + broken)
            broker.terminate(signal.SIGHUP)
            wait_for("the end of the reload", lambda n=ready: manager.count("READY=1") == n + 1)
            told = manager.heard[-2].split("\n")
            self.assertEqual(told[0], "RELOADING=1")
            self.assertRegex(told[1], r"^MONOTONIC_USEC=\d+$")
        self.set.config_file.write_text(config)

    def test_the_watchdog_hears_of_a_loop_that_turns_and_of_no_other(self):
        manager = self.manager()
        broker = self.launch("broker", manager, WATCHDOG_USEC="400000")
        manager.hears("READY=1")
        wait_for("three words", lambda: manager.count("WATCHDOG=1") >= 3)
        broker.terminate(signal.SIGSTOP)
        manager.listen()
        before = manager.count("WATCHDOG=1")
        stays("still", lambda: manager.count("WATCHDOG=1") == before, 1)
        broker.terminate(signal.SIGCONT)
        wait_for("a word again", lambda: manager.count("WATCHDOG=1") > before)

    def test_a_watchdog_of_another_process_is_not_ours(self):
        manager = self.manager()
        self.launch("broker", manager, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        manager.hears("READY=1")
        stays("silent", lambda: manager.count("WATCHDOG=1") == 0, 1)

    def test_wrong_variables_are_refused_by_name(self):
        for name, value in (("NOTIFY_SOCKET", "relative"), ("NOTIFY_SOCKET", "/" + "x" * 200),
                            ("NOTIFY_SOCKET", str(self.set.root / "nobody")), ("WATCHDOG_USEC", "soon"),
                            ("WATCHDOG_USEC", "0"), ("WATCHDOG_PID", "me")):
            manager = self.manager(f"{name}-{len(value)}")
            environment = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000000", name: value}
            result = subprocess.run([str(BIN / "ringfence-broker"), "--config", str(self.set.config_file)],
                                    env=dict(os.environ, **environment), capture_output=True, text=True, timeout=30,
                                    check=False)
            self.assertEqual(result.returncode, 1, (name, value))
            self.assertEqual(len(result.stderr.strip().split("\n")), 1, result.stderr)
            self.assertIn(name, result.stderr)


if __name__ == "__main__":
    unittest.main()
