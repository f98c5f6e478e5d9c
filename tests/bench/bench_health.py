"""The health monitor: what its probes cost, over HTTP, as it probes all five providers as often as it may.

A probe is counted where it arrives, at the simulator. The monitor's other work (its history, the registry, a status
told anew every ten seconds) is in the figure."""

import contextlib
import json
import tempfile
import time
import urllib.request
from pathlib import Path

from figures import Figures
from process import Server, free_port, wait_until

PROBES_A_MINUTE = 10_000
CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
log_dir: {folder}/log
gateway: {{chains: {{script: [openai, anthropic], speech: [elevenlabs, openai-tts], telephony: [twilio]}}}}
health: {{interval: 100ms, jitter: 0%}}
providers:
  elevenlabs: {{base_url: "{url}/elevenlabs", key: "file:{folder}/elevenlabs"}}
  openai: {{base_url: "{url}/openai", key: "file:{folder}/openai"}}
  openai-tts: {{base_url: "{url}/openai", key: "file:{folder}/openai-tts"}}
  anthropic: {{base_url: "{url}/anthropic", key: "file:{folder}/anthropic"}}
  twilio: {{base_url: "{url}/twilio", key: "file:{folder}/twilio", account_sid: AC00000000000000000000000000000000, from: "+12025550199"}}
simulator: {{listen: "127.0.0.1:{port}"}}
"""
PROVIDERS = ("elevenlabs", "openai", "openai-tts", "anthropic", "twilio")


def probes_at(url):
    with urllib.request.urlopen(f"{url}/admin/ledger", timeout=30) as reply:
        return len(json.load(reply)["requests"])


def probed(figures, build, folder, seconds):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    for name in ("run", "state", "log"):
        (folder / name).mkdir(mode=0o700)
    for name in PROVIDERS:
        key = folder / name
        key.write_text("good\n")
        key.chmod(0o600)
    config = folder / "ringfence.yaml"
    config.write_text(CONFIG.format(folder=folder, url=url, port=port))
    with contextlib.ExitStack() as stack:
        processes = {}
        for name in ("simulator", "broker", "health-monitor"):
            processes[name] = Server(stack, folder, name, [build / f"bin/ringfence-{name}", "--config", config],
                                     lambda n=name: "ready" in (folder / f"{n}.out").read_text())
        monitor = processes["health-monitor"]
        wait_until("the first probes", lambda: probes_at(url) >= 2 * len(PROVIDERS))
        before, cpu = probes_at(url), monitor.cpu_us()
        began = time.monotonic()
        # The time that is measured has to pass.
        time.sleep(seconds)
        spent, took = monitor.cpu_us() - cpu, time.monotonic() - began
        count = probes_at(url) - before
        figures.keep("probes_per_minute", "probes/min", count / took * 60)
        figures.keep("cpu_us_per_probe", "us", spent / count)
        figures.keep("core_share_10000_probes_a_minute", "of a core", spent / count * PROBES_A_MINUTE / 60e6)
        figures.keep("rss_mb", "MiB", monitor.rss_kb() / 1024)


def measure(build, runs, quick):
    figures = Figures()
    figures.conditions = {
        "probes": "five providers, 100 ms apart each, over connections that are kept, without TLS",
        "core_share_10000_probes_a_minute": "CPU of the whole monitor for each probe, times 10,000 a minute; what does "
                                            "not grow with probes is multiplied too, so it is an upper bound"}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="rf-bench-") as name:
            probed(figures, build, Path(name), 3 if quick else 20)
    return figures
