#!/usr/bin/python3
"""Thousands of calls that wait for a retry at once, in one gateway. RF_WAITING says how many (1000).

Memory is printed, not judged: with sanitizers it says nothing, and tests/bench measures it."""

import os
import signal
import time
import unittest

from harness import wait_for
from test_gateway_incidents import SPEECH, GatewayIncident

COUNT = int(os.environ.get("RF_WAITING", "1000"))
LOOK_S = 5


def of_process(pid, name):
    """A figure of /proc/PID/status, such as Threads, or VmRSS in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class WaitingCalls(GatewayIncident):
    SERVICES = ("simulator", "broker", "service-gateway")
    CONFIG = {
        "gateway": {"chains": {"speech": ["elevenlabs"], "script": ["openai"]},
                    "concurrency": {"speech": 64}, "max_waiting": 2 * COUNT},
        "broker": {"queue_limit": 2 * COUNT},
        "defaults": {"breaker": {"mode": "disabled"},
                     "retry": {"initial_delay": "10m", "max_delay": "10m", "max_retries": 3,
                               "budget": {"min_retries": 100000}}}}

    def wait_until_waiting(self, count):
        wait_for(f"{count} calls to wait", lambda: self.waiting("speech") == count, 280)

    def waiting(self, service):
        return sum(offer["waiting"] for worker in self.status()["workers"]
                   for offer in worker["offers"] if offer["service"] == service)

    def begin(self, count):
        """So many calls that wait for their first retry; it is a while until that."""
        calls = [self.send(seconds=3000) for _ in range(count)]
        self.wait_until_waiting(count)
        return calls

    def cancel_all(self, calls):
        """So many at once as a socket takes: a client that does not read its replies loses them."""
        for first in range(0, len(calls), 250):
            some = calls[first:first + 250]
            for call in some:
                self.client.cancel(call)
            for reply in self.client.wait_all(some):
                self.assertEqual((reply["code"], len(reply["attempts"])), ("cancelled", 1), reply)

    def quiet_cpu(self, *names):
        """Seconds of CPU that each of the processes used over LOOK_S."""
        pids = [self.set.processes[name].popen.pid for name in names]
        before = [cpu_seconds(pid) for pid in pids]
        end = time.monotonic() + LOOK_S
        wait_for("the time to pass", lambda: time.monotonic() > end)
        return [cpu_seconds(pid) - old for pid, old in zip(pids, before)]

    def test_thousands_of_waiting_calls_cost_no_thread_no_time_and_are_handed_on_whole(self):
        self.fault(status=503, body="over capacity", match=dict(SPEECH, text="Hello"))
        gateway = self.set.processes["service-gateway"]
        pid = gateway.popen.pid
        self.assertTrue(self.say("Warm")["ok"])
        threads, memory = (of_process(pid, name) for name in ("Threads", "VmRSS"))
        sent_before = self.spoken()

        calls = self.begin(COUNT)
        self.assertEqual(of_process(pid, "Threads"), threads)
        grown = 1024 * (of_process(pid, "VmRSS") - memory) / COUNT
        cpu = self.quiet_cpu("service-gateway", "broker")
        print(f"{COUNT} waiting calls: {grown:.0f} B of memory each, CPU in {LOOK_S} s: "
              f"gateway {cpu[0]:.2f} s, broker {cpu[1]:.2f} s", flush=True)
        self.assertLess(max(cpu), LOOK_S / 2)

        began = time.monotonic()
        self.assertTrue(self.say("Meanwhile")["ok"])
        self.assertEqual(self.waiting("speech"), COUNT)
        self.assertLess(time.monotonic() - began, 10, "a call and a status meanwhile")
        self.assertEqual(self.spoken(), sent_before + COUNT + 1)

        self.set.start("service-gateway", "gateway-2")
        began = time.monotonic()
        gateway.terminate(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - began, 20)
        self.wait_until_waiting(COUNT)
        self.cancel_all(calls)
        self.assertEqual(self.spoken(), sent_before + COUNT + 1, "no attempt was made twice")
        self.wait_until_waiting(0)


if __name__ == "__main__":
    unittest.main()
