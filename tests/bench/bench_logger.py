"""The logger: events a second into app_logs.json and app.log, beside write(2) of the same bytes and rsyslog reading
the same lines.

Core: one process on one thread, pages of events as they come from the broker to both files (record_load). Whole:
the broker and the logger as processes, from the first event published to the last line in both files."""

import contextlib
import shutil
import tempfile
import time
from pathlib import Path

from bus_set import Program
from figures import Figures
from process import Server, load_json, wait_until

RSYSLOG = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
RSYSLOG_CONFIG = """
module(load="imfile")
template(name="raw" type="list") {{ property(name="msg") constant(value="\\n") }}
global(workDirectory="{folder}" maxMessageSize="64k")
main_queue(queue.size="200000" queue.dequeueBatchSize="1024")
input(type="imfile" File="{folder}/in.json" Tag="rf" ruleset="out")
ruleset(name="out") {{
  action(type="omfile" file="{folder}/out.json" template="raw" ioBufferSize="256k" flushOnTXEnd="off" asyncWriting="off")
}}
"""
CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
log_dir: {folder}/log
journal: {{memory_events: 2000000, memory_bytes: 2GiB}}
logger: {{rotate: {{size: 0B, age: 0s}}}}
"""


def core(figures, build, folder, events):
    seen = load_json([build / "bench/record_load", folder, events])
    figures.keep("events_per_s", "events/s", seen["events_per_s"])
    figures.keep("events_per_cpu_s", "events/s of one core", 1e6 / seen["cpu_us_per_event"])
    figures.keep("cpu_us_per_event", "us", seen["cpu_us_per_event"])
    figures.keep("cpu_us_per_event_unwritten", "us", seen["unwritten_us_per_event"])
    figures.keep("write_events_per_s", "events/s", seen["write_events_per_s"])
    figures.keep("bytes_per_event", "bytes", seen["bytes"] / seen["events"])
    figures.keep("rss_growth_kb", "KiB", seen["rss_growth_kb"])
    figures.ratio("lines_over_write", seen["write_cpu_us_per_event"] / seen["cpu_us_per_event"])


def rsyslog(figures, build, folder, events):
    """From its start with the whole file before it to the last line behind it, less what an empty start takes."""
    load_json([build / "bench/record_load", "--lines", folder, events])
    (folder / "lines").rename(folder / "in.json")
    config = folder / "rsyslog.conf"
    config.write_text(RSYSLOG_CONFIG.format(folder=folder))
    size = (folder / "in.json").stat().st_size
    out = folder / "out.json"
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        server = Server(stack, folder, "rsyslog", [RSYSLOG, "-n", "-f", config, "-i", folder / "pid"],
                        lambda: out.exists() and out.stat().st_size > 0)
        # Its buffer is written at the end only: what is left in it are a few lines.
        wait_until("rsyslog", lambda: out.stat().st_size >= size - 2**19, 300)
        took, cpu = time.monotonic() - began, server.cpu_us()
    share = out.stat().st_size / size if out.stat().st_size < size else 1
    figures.keep("rsyslog_lines_per_s", "lines/s", events * share / took)
    figures.keep("rsyslog_cpu_us_per_line", "us", cpu / (events * share))
    return cpu / (events * share)


def whole(figures, build, folder, events):
    config = folder / "ringfence.yaml"
    config.write_text(CONFIG.format(folder=folder))
    logs = [folder / "log/app_logs.json", folder / "log/app.log"]
    with contextlib.ExitStack() as stack:
        processes = {}
        for name in ("broker", "logger"):
            processes[name] = Server(stack, folder, name, [build / f"bin/ringfence-{name}", "--config", config],
                                     lambda n=name: "ready" in (folder / f"{n}.out").read_text())
        before = {name: process.cpu_us() for name, process in processes.items()}
        resident = processes["logger"].rss_kb()
        began = time.monotonic()
        Program(stack, [build / "bench/event_publisher", config, "contact.done", 100, 0, events],
                ready=False).figures()
        published = time.monotonic() - began
        wait_until("both files", lambda: all(lines_of(log) >= events for log in logs), 300)
        took = time.monotonic() - began
        figures.keep("whole_events_per_s", "events/s", events / took)
        figures.keep("whole_published_per_s", "events/s", events / published)
        for name, process in processes.items():
            figures.keep(f"whole_{name}_cpu_us_per_event", "us", (process.cpu_us() - before[name]) / events)
        figures.keep("whole_logger_rss_growth_kb", "KiB", processes["logger"].rss_kb() - resident)


def lines_of(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))


def measure(build, runs, quick):
    figures = Figures()
    events = 2_000 if quick else 500_000
    figures.conditions = {
        "events": "what a campaign makes of which some calls fail: eight kinds, in turn; redaction on, with numbers "
                  "hashed; pages of 500",
        "lines_over_write": "CPU of write(2) of both files' bytes, a page at a time, over that of making and writing "
                            "them, one after the other in the same process",
        "rsyslog": "imfile to omfile, the lines of app_logs.json alone, which it neither makes nor parses"}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="rf-bench-") as name:
            folder = Path(name)
            core(figures, build, folder, events)
            for file in folder.iterdir():
                file.unlink()
            if Path(RSYSLOG).exists():
                theirs = rsyslog(figures, build, folder, events)
                ours = figures.metrics["cpu_us_per_event"][1][-1]
                figures.ratio("cpu_over_rsyslog", ours / theirs)
            else:
                figures.missing["rsyslog"] = "rsyslogd is not installed"
        with tempfile.TemporaryDirectory(prefix="rf-bench-") as name:
            whole(figures, build, Path(name), events // 5)
    return figures
