"""The processes of the campaign's benchmark, on the simulator as the provider of everything."""

import contextlib
import json
import subprocess
import threading
import time
import urllib.request

from process import Server, free_port, status_kb, wait_until

SERVICES = ["simulator", "broker", "service-gateway", "orchestrator"]

# The default configuration but for the addresses, room for the load, and a provider without any wait of its
# own. How soon a call's end is asked for is the least that can be configured.
CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
media_dir: {folder}/media
drain_timeout: 0s
broker: {{drain_timeout: 0s}}
gateway:
  concurrency: {{script: {places}, speech: {places}, telephony: {places}}}
  chains: {{script: [openai], speech: [elevenlabs], telephony: [twilio]}}
providers:
  elevenlabs:
    base_url: "{url}/elevenlabs"
    key: elevenlabs-good
    breaker: {{recovery_timeout: {recovery}}}
  openai: {{base_url: "{url}/openai", key: openai-good}}
  twilio:
    base_url: "{url}/twilio"
    key: twilio-good
    account_sid: AC00000000000000000000000000000000
    from: "+12025550199"
telephony: {{audio: play, media_url: "http://127.0.0.1:1", media_secret: bench, poll_initial: 50ms,
             poll_max: 200ms}}
orchestrator: {{concurrency: {places}}}
simulator: {{listen: "127.0.0.1:{port}", cps: 10000, list_lag: 0s, ring: 0s, talk: 0s, latency: 0s,
             fetch_media: no}}
"""


class Set:
    """Those services that are needed, started in this order."""

    def __init__(self, stack, folder, build, services=tuple(SERVICES), places=8, recovery="30s", more=""):
        folder.mkdir()
        for name in ("run", "state", "media"):
            (folder / name).mkdir()
        self.build, self.folder, port = build, folder, free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder / "ringfence.yaml"
        self.config.write_text(CONFIG.format(folder=folder, url=self.url, port=port, places=places,
                                             recovery=recovery) + more)
        self.servers = {}
        for name in services:
            command = [build / f"bin/ringfence-{name}", "--config", self.config]
            output = folder / f"{name}.out"
            self.servers[name] = Server(stack, folder, name, command,
                                        lambda output=output: "ready" in output.read_text())

    def command(self, *words):
        return [str(word) for word in (self.build / "bin/ringfence", *words, "--config", self.config)]

    def cli(self, *words):
        """What a command says."""
        return self.watched(*words)[0]

    def watched(self, *words):
        """What a command says, its seconds, and MB that it had resident at most."""
        peak_kb = [0]

        def watch(pid):
            # Once it has ended it tells nothing; and wait4() tells of us as well, before it became the command.
            with contextlib.suppress(SystemExit, OSError):
                while True:
                    peak_kb[0] = status_kb(pid, "VmHWM")
                    time.sleep(0.01)

        with open(self.folder / "cli.out", "w+b") as output:
            began = time.monotonic()
            process = subprocess.Popen(self.command(*words), stdout=output)
            watcher = threading.Thread(target=watch, args=(process.pid,))
            watcher.start()
            code = process.wait()
            took = time.monotonic() - began
            watcher.join()
            if code != 0:
                raise SystemExit(f"bench: {' '.join(process.args)} ended with {code}")
            output.seek(0)
            return output.read().decode(), took, peak_kb[0] / 1024

    def status(self, campaign):
        return json.loads(self.cli("campaign", "status", campaign, "--json"))["campaigns"][0]

    def finished(self, campaign, seconds):
        wait_until(f"the end of campaign {campaign}", lambda: self.status(campaign)["finished"], seconds)
        return self.status(campaign)

    def admin(self, method, path, body=None):
        """The simulator's control."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/admin/{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)

    def events(self, prefix):
        return [json.loads(line) for line in self.cli("replay", prefix, "--json").splitlines()]


@contextlib.contextmanager
def running(folder, build, **options):
    with contextlib.ExitStack() as stack:
        yield Set(stack, folder, build, **options)


def write_list(path, count):
    """As people export them: a number, a name, and two columns of their own; the numbers in no order."""
    with open(path, "w", encoding="ascii") as file:
        file.write("phone,name,city,note\n")
        for i in range(count):
            file.write(f"+1202{i * 7919017 % 10**7:07d},Contact {i},Washington,\"called, {i} times\"\n")
