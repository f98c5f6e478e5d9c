"""The processes of the bus's benchmark: our broker or a bare one, with their load programs."""

import contextlib
import json
import subprocess

from process import Server, wait_until

# The default configuration but for room for the load: nothing is trimmed before it was read.
CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
drain_timeout: 0s
broker: {{drain_timeout: 0s}}
journal: {{memory_events: 2000000, memory_bytes: 2GiB}}
"""


class Program:
    """One that says when it is ready, and prints its figures when it ends."""

    def __init__(self, stack, command, ready=True):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        stack.callback(self.close)
        if ready:
            self.wait_for("ready")

    def wait_for(self, word):
        line = self.process.stdout.readline().decode().strip()
        if line != word:
            raise SystemExit(f"bench: {self.process.args[0]} says {line!r}, not {word!r}")

    def figures(self, seconds=300):
        output, _ = self.process.communicate(timeout=seconds)
        if self.process.returncode != 0:
            raise SystemExit(f"bench: {self.process.args[0]} ended with {self.process.returncode}")
        return json.loads(output)

    def close(self):
        self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def subscribed(probe, receivers):
    """Waits until each receiver gets what `probe`, a slow publisher, sends: its first warm-up."""
    with contextlib.ExitStack() as stack:
        Program(stack, probe, ready=False)
        for receiver in receivers:
            receiver.wait_for("ready")


class Broker:
    """Ours, in a folder of its own."""

    def __init__(self, stack, folder, build, env=None):
        (folder / "run").mkdir(parents=True)
        self.folder, self.build, self.env = folder, build, env
        self.config = folder / "ringfence.yaml"
        self.config.write_text(CONFIG.format(folder=folder))
        self.server = Server(stack, folder, "broker",
                             [build / "bin/ringfence-broker", "--config", self.config],
                             lambda: "ready" in (folder / "broker.out").read_text(), env)

    def endpoint(self, name):
        return f"ipc://{self.folder}/run/{name}"

    def status(self):
        status = subprocess.run([self.build / "bin/ringfence", "status", "--json", "--config", self.config],
                                stdout=subprocess.PIPE, check=True)
        return json.loads(status.stdout)["broker"]

    def seated(self, workers):
        wait_until(f"{workers} workers", lambda: len(self.status()["workers"]) == workers)


class Folders:
    """A new one for each broker: no journal has to carry what was before."""

    def __init__(self, root):
        self.root, self.count = root, 0

    def new(self):
        self.count += 1
        folder = self.root / str(self.count)
        folder.mkdir()
        return folder


@contextlib.contextmanager
def broker(folders, build, env=None):
    with contextlib.ExitStack() as stack:
        yield stack, Broker(stack, folders.new(), build, env)
