"""The full path of a call (client, broker, gateway, provider, back) beside bare libcurl, a bare ROUTER-DEALER
broker, HAProxy and the Portkey gateway: all at the same responder, on the same two cores, and in turns within
each round. Each round begins with another one, so that a machine that drifts favours none."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
from figures import Figures
from process import Server, free_port, load, wait_until
from silent import Silent
from turns import in_turns, two_cores

ROOT = Path(__file__).resolve().parents[2]
IN_FLIGHT = 64

# What the gateway asks of a provider, byte for byte but for the contact's number.
QUESTION = json.dumps({
    "model": "gpt-4o-mini", "max_tokens": 300, "messages": [{
        "role": "user", "content": "Write what a friendly AI agent says on the telephone to contact 12345: "
        "one greeting of at most 40 words, as plain text."}]}, separators=(",", ":"))
HEADERS = ["Content-Type: application/json", "Authorization: Bearer bench"]

# The default configuration but for the address, and room for 64 calls at once.
CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
gateway:
  concurrency: {{script: {concurrency}}}
  max_waiting: {waiting}
  chains: {{script: [openai]}}
providers:
  openai:
    base_url: "{base_url}"
    key: bench
"""

# Nothing ends the waits, and nothing takes long at the end.
KEEPS_WAITING = """
    breaker: {mode: disabled}
    retry: {initial_delay: 60s, max_retries: 100, budget: {min_retries: 100000}}
drain_timeout: 0s
broker: {drain_timeout: 1s, queue_limit: 100000}
"""
KEEPS_FLYING = """
    breaker: {mode: disabled, test_lease: 300s}
    timeout: {attempt: 240s}
drain_timeout: 0s
broker: {drain_timeout: 1s, queue_limit: 100000}
"""


class Set:
    """Broker and gateway."""

    def __init__(self, stack, folder, build, base_url, concurrency=IN_FLIGHT, more="", waiting=1000):
        (folder / "run").mkdir(parents=True)
        self.status_of = [build / "bin/ringfence", "status", "--json", "--config", folder / "ringfence.yaml"]
        self.config = folder / "ringfence.yaml"
        self.config.write_text(CONFIG.format(folder=folder, base_url=base_url, concurrency=concurrency,
                                             waiting=waiting) + more)
        self.broker = Server(stack, folder, "broker",
                             [build / "bin/ringfence-broker", "--config", self.config],
                             lambda: "ready" in (folder / "broker.out").read_text())
        self.gateway = Server(stack, folder, "service-gateway",
                              [build / "bin/ringfence-service-gateway", "--config", self.config],
                              lambda: "ready" in (folder / "service-gateway.out").read_text())

    def waiting(self):
        """Calls that wait for a retry, as the gateway has told the broker."""
        status = subprocess.run(self.status_of, stdout=subprocess.PIPE, check=True)
        workers = json.loads(status.stdout)["broker"]["workers"]
        return sum(offer["waiting"] for worker in workers for offer in worker["offers"])


class Bench(Figures):
    def __init__(self, stack, folder, build, counts, portkey_start):
        super().__init__()
        self.build, self.folder, self.counts = build, folder, counts
        ports = self.responder, self.haproxy_port, self.portkey_port = [free_port() for _ in range(3)]
        self.nginx = peers.nginx(stack, folder, ports[0])
        self.haproxy = peers.haproxy(stack, folder, ports[1], ports[0])
        self.portkey = portkey_start and peers.portkey(stack, folder, portkey_start, ports[2])
        self.set = Set(stack, folder / "set", build, f"http://127.0.0.1:{ports[0]}")

    # ---- one contestant each ----

    def curl(self, port, in_flight, requests, headers=(), may_fail=False):
        return load([self.build / "bench/bare_curl", f"http://127.0.0.1:{port}{peers.PATH}", QUESTION, in_flight,
                     max(1, requests // 10), requests, *HEADERS, *headers], may_fail)

    def ours(self, in_flight, requests):
        warmup = max(1, requests // 10)
        servers = {"broker": self.set.broker, "gateway": self.set.gateway, "responder": self.nginx}
        self.set.gateway.peak_begin()
        before = {name: server.cpu_us() for name, server in servers.items()}
        seen = load([self.build / "bench/call_load", self.set.config, in_flight, warmup, requests])
        for name, server in servers.items():
            seen[name + "_us"] = (server.cpu_us() - before[name]) / (requests + warmup)
        seen["peak_mb"] = self.set.gateway.peak_kb() / 1024
        return seen

    def peer(self, server, port, requests, headers=()):
        server.peak_begin()
        before = server.cpu_us()
        seen = self.curl(port, IN_FLIGHT, requests, headers, True)
        seen["server_us"] = (server.cpu_us() - before) / (requests + max(1, requests // 10))
        seen["peak_mb"] = server.peak_kb() / 1024
        return seen

    # ---- 64 in flight ----

    def throughput(self, number):
        many = self.counts["many"]
        contestants = {"curl": lambda: self.curl(self.responder, IN_FLIGHT, many),
                       "ours": lambda: self.ours(IN_FLIGHT, many),
                       "haproxy": lambda: self.peer(self.haproxy, self.haproxy_port, many)}
        if self.portkey:
            contestants["portkey"] = lambda: self.peer(
                self.portkey, self.portkey_port, self.counts["portkey"], peers.portkey_headers(self.responder))
        seen = in_turns(contestants, number)
        for name, figures in seen.items():
            prefix = "" if name == "ours" else name + "_"
            self.keep(prefix + "per_second", "1/s", figures["per_second"])
            for at in ("p50", "p99", "p999"):
                self.keep(f"{prefix}{at}_64_in_flight", "us", figures[at + "_us"])
            if name in ("haproxy", "portkey"):
                self.keep(prefix + "cpu_per_request", "us", figures["server_us"])
                self.keep(prefix + "rss_64_under_load", "MB", figures["peak_mb"])
                self.keep(prefix + "failed", "requests", figures["failed"])
                self.ratio(f"throughput_over_{name}", seen["ours"]["per_second"] / figures["per_second"])
        self.ours_over_curl(seen["ours"], seen["curl"])
        if self.portkey:
            self.ratio("rss_over_portkey", seen["ours"]["peak_mb"] / seen["portkey"]["peak_mb"])

    def ours_over_curl(self, ours, curl):
        self.keep("curl_cpu_per_request", "us", curl["cpu_us"])
        self.keep("client_cpu_per_request", "us", ours["cpu_us"])
        for name in ("broker", "gateway", "responder"):
            self.keep(name + "_cpu_per_request", "us", ours[name + "_us"])
        self.keep("rss_64_under_load", "MB", ours["peak_mb"])
        self.ratio("rss_mb_64_in_flight", ours["peak_mb"])
        self.ratio("throughput_over_curl", ours["per_second"] / curl["per_second"])
        self.ratio("cpu_per_request_over_curl", (ours["broker_us"] + ours["gateway_us"]) / curl["cpu_us"])

    # ---- 1 in flight ----

    def round_trip(self, number):
        one = self.counts["one"]
        seen = in_turns({
            "relay": lambda: load([self.build / "bench/bare_relay", self.folder, 400, max(1, one // 10), one]),
            "curl": lambda: self.curl(self.responder, 1, one),
            "ours": lambda: self.ours(1, one)}, number)
        for at in ("p50", "p99", "p999"):
            relay, curl, ours = (seen[name][at + "_us"] for name in ("relay", "curl", "ours"))
            self.keep(f"relay_{at}_1_in_flight", "us", relay)
            self.keep(f"curl_{at}_1_in_flight", "us", curl)
            self.keep(f"{at}_1_in_flight", "us", ours)
            self.keep(f"added_{at}_1_in_flight", "us", ours - curl)
        self.ratio("round_trip_over_bare",
                   seen["ours"]["p50_us"] / (seen["relay"]["p50_us"] + seen["curl"]["p50_us"]))

    # ---- memory ----

    def waiting(self, number):
        """Calls that wait for a retry, each after one attempt that was answered with 503."""
        with contextlib.ExitStack() as stack:
            the_set = Set(stack, self.folder / f"waiting-{number}", self.build,
                          f"http://127.0.0.1:{self.responder}/busy", IN_FLIGHT, KEEPS_WAITING, 100000)
            per_call = self.grow(stack, the_set, "waiting", the_set.waiting)
        self.keep("kb_per_waiting_call", "KB", per_call)
        self.ratio("kb_per_waiting_call", per_call)

    def flying(self, number):
        """Calls in flight: the responder has all their requests and answers none."""
        with contextlib.ExitStack() as stack:
            silent = Silent(stack)
            the_set = Set(stack, self.folder / f"flying-{number}", self.build,
                          f"http://127.0.0.1:{silent.port}", 10000, KEEPS_FLYING)
            per_call = self.grow(stack, the_set, "in_flight", lambda: silent.requests)
        self.keep("kb_per_call_in_flight", "KB", per_call)

    def grow(self, stack, the_set, what, count):
        """Memory of the gateway at each number of calls; KB that each one adds, from the idle gateway on."""
        idle = the_set.gateway.rss_kb()
        self.keep(f"rss_idle_before_{what}", "MB", idle / 1024)
        sent = 0
        for number in self.counts["calls"]:
            park(stack, self.build, the_set, number - sent)
            sent = number
            wait_until(f"{number} calls {what}", lambda: count() >= sent, 200)
            if count() != sent:
                raise SystemExit(f"gateway: {count()} calls {what}, not {sent}")
            self.keep(f"rss_{number}_{what}", "MB", the_set.gateway.rss_kb() / 1024)
        return (the_set.gateway.rss_kb() - idle) / sent


def park(stack, build, the_set, count):
    """A client that sends so many calls and stays until the end."""
    client = subprocess.Popen([build / "bench/call_load", the_set.config, "--park", str(count)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end():
        client.stdin.close()
        client.wait()
        client.stdout.close()
    stack.callback(end)
    client.stdout.readline()


def measure(build, runs, quick):
    counts = {"many": 40000, "one": 10000, "portkey": 2000, "calls": [1, 64, 1000, 10000]}
    if quick:
        counts = {"many": 200, "one": 50, "portkey": 50, "calls": [1, 64]}
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    subprocess.run([ROOT / "deploy/install-packages", "nginx-light", "haproxy"], check=True,
                   stdout=sys.stderr)
    start, why = (None, "left out of a quick run") if quick else peers.portkey_install()
    if start is None:
        print(f"gateway: no figures of the Portkey gateway: {why}", file=sys.stderr)
    conditions = {"cores": two_cores(), "load_average_at_start": os.getloadavg(),
                  "versions": peers.versions(), "requests_a_run": counts,
                  "load_program": "bare_curl for curl, haproxy and portkey; call_load, a client of the bus, "
                  "for ours. Their own CPU counts for nobody but curl, which is one program with its load"}
    with tempfile.TemporaryDirectory(prefix="rf-") as name, contextlib.ExitStack() as stack:
        bench = Bench(stack, Path(name), build, counts, start)
        bench.conditions = conditions
        if start is None:
            bench.missing["portkey"] = why
        for number in range(runs):
            bench.throughput(number)
            bench.round_trip(number)
            bench.waiting(number)
            bench.flying(number)
        return bench
