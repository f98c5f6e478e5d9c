"""Processes that are measured from outside."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import time
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            if condition():
                return
        time.sleep(0.05)
    raise SystemExit(f"bench: waited {seconds} s for {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def cpu_us(pid):
    """Of all its threads so far, those that have ended too; not in ticks of 10 ms as /proc tells it."""
    clock = ctypes.c_int()
    if libc.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise SystemExit(f"bench: process {pid} is gone")
    return time.clock_gettime_ns(clock.value) / 1e3


def tree(pid):
    """The process and its children: a server may fork."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += tree(int(child))
    return found


def status_kb(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise SystemExit(f"bench: no {field} of {pid}")


class Server:
    def __init__(self, stack, folder, name, command, ready, env=None):
        self.log = open(folder / f"{name}.out", "wb")
        self.process = subprocess.Popen([str(word) for word in command], stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd=folder,
                                        env={**os.environ, **(env or {})})
        stack.callback(self.end)
        wait_until(f"{name} (see {self.log.name})", ready)

    def cpu_us(self):
        return sum(cpu_us(pid) for pid in tree(self.process.pid))

    def rss_kb(self):
        return sum(status_kb(pid, "VmRSS") for pid in tree(self.process.pid))

    def peak_begin(self):
        """From now on peak_kb counts: 5 sets VmHWM back to what is resident now (proc(5))."""
        for pid in tree(self.process.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_kb(self):
        return sum(status_kb(pid, "VmHWM") for pid in tree(self.process.pid))

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def load(command, may_fail=False):
    """The figures of a load program, which ends by itself. A peer's failures are its own, and told."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    if figures["failed"] and not may_fail:
        raise SystemExit(f"bench: {figures['failed']} of {figures['requests']} failed: {command[0]}")
    return figures


def load_json(command):
    """What a program prints, which ends by itself."""
    return json.loads(subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True).stdout)
