"""The full path of a call (client, broker, gateway, provider, back) beside bare libcurl, HAProxy and the
Portkey gateway, all at the same responder and in turn within each round."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PORTKEY = "1.15.2"
IN_FLIGHT = 64

# What a chat provider answers, and what the gateway asks it: some hundred bytes each.
ANSWER = json.dumps({
    "id": "chatcmpl-bench", "object": "chat.completion", "created": 1764000000, "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "Hello, this is the practice of Doctor Ada calling. You have an "
        "appointment tomorrow at nine. Shall we see you then?"}}],
    "usage": {"prompt_tokens": 40, "completion_tokens": 30, "total_tokens": 70}})
QUESTION = json.dumps({
    "model": "gpt-4o-mini", "max_completion_tokens": 300, "messages": [{
        "role": "user", "content": "Write what a friendly AI agent says on the telephone to contact 1: one "
        "greeting of at most 40 words, as plain text."}]})
HEADERS = ["Content-Type: application/json", "Authorization: Bearer bench"]

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 '{answer}'; }}
        location /busy/ {{ add_header Retry-After 50 always; return 429 '{busy}'; }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    http-reuse always
frontend in
    bind 127.0.0.1:{port}
    default_backend responder
backend responder
    server one 127.0.0.1:{responder}
"""

CONFIG = """
run_dir: {folder}/run
state_dir: {folder}/state
providers:
  openai: {{base_url: "http://127.0.0.1:{responder}{path}", key: bench}}
gateway:
  concurrency: {{script: {script}}}
  max_waiting: 100000
  chains: {{script: [openai]}}
broker:
  queue_limit: 100000
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            if condition():
                return
        time.sleep(0.05)
    raise SystemExit(f"gateway: waited {seconds} s for {what}")


def cpu_us(pid):
    """User and system time of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and its children: a server may fork."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += tree(int(child))
    return found


def rss_kb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit(f"gateway: no VmRSS of {pid}")


class Server:
    """A process that is measured from outside."""

    def __init__(self, stack, folder, name, command, ready):
        self.log = open(folder / f"{name}.out", "wb")
        self.process = subprocess.Popen([str(word) for word in command], stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd=folder)
        stack.callback(self.end)
        wait_until(f"{name} (see {self.log.name})", ready)

    def cpu_us(self):
        return sum(cpu_us(pid) for pid in tree(self.process.pid))

    def rss_kb(self):
        return sum(rss_kb(pid) for pid in tree(self.process.pid))

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def answers(port, path="/v1/chat/completions"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=b"{}")
    with urllib.request.urlopen(request, timeout=2) as reply:
        return reply.status == 200


def listens(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


class Set:
    """Broker and gateway with the default configuration but for what CONFIG says."""

    def __init__(self, stack, folder, build, responder, path="", script=IN_FLIGHT):
        (folder / "run").mkdir(parents=True)
        self.config = folder / "ringfence.yaml"
        self.config.write_text(CONFIG.format(folder=folder, responder=responder, path=path, script=script))
        self.broker = Server(stack, folder, "broker",
                             [build / "bin/ringfence-broker", "--config", self.config],
                             lambda: "ready" in (folder / "broker.out").read_text())
        self.gateway = Server(stack, folder, "service-gateway",
                              [build / "bin/ringfence-service-gateway", "--config", self.config],
                              lambda: "ready" in (folder / "service-gateway.out").read_text())


def load(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    if figures["failed"]:
        raise SystemExit(f"gateway: {figures['failed']} of {figures['requests']} failed: {command[0]}")
    return figures


def install_portkey():
    """The pinned version, kept beside the build; Node from Debian where there is none."""
    if subprocess.run(["sh", "-c", "command -v npm"], stdout=subprocess.DEVNULL).returncode != 0:
        subprocess.run([ROOT / "deploy/install-packages", "nodejs", "npm"], check=True, stdout=sys.stderr)
    folder = ROOT / "build/bench-peers"
    start = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not start.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", folder,
                        f"@portkey-ai/gateway@{PORTKEY}"], check=True, stdout=sys.stderr)
    return start


class Round:
    """All contestants once, one after the other."""

    def __init__(self, build, folder, counts):
        self.build, self.folder, self.counts = build, folder, counts
        self.metrics, self.ratios = {}, {}

    def keep(self, name, unit, value):
        self.metrics.setdefault(name, (unit, []))[1].append(value)

    def ratio(self, name, value):
        self.ratios.setdefault(name, []).append(value)

    def curl(self, port, in_flight, requests, headers=()):
        return load([self.build / "bench/bare_curl", f"http://127.0.0.1:{port}/v1/chat/completions",
                     QUESTION, in_flight, max(1, requests // 10), requests, *HEADERS, *headers])

    def ours(self, the_set, in_flight, requests):
        before = [the_set.broker.cpu_us(), the_set.gateway.cpu_us()]
        warmup = max(1, requests // 10)
        figures = load([self.build / "bench/call_load", the_set.config, in_flight, warmup, requests])
        after = [the_set.broker.cpu_us(), the_set.gateway.cpu_us()]
        figures["broker_us"], figures["gateway_us"] = (
            (b - a) / (requests + warmup) for a, b in zip(before, after))
        return figures

    def peer(self, name, server, port, requests, headers=()):
        before = server.cpu_us()
        figures = self.curl(port, IN_FLIGHT, requests, headers)
        self.keep(f"{name}_per_second", "1/s", figures["per_second"])
        self.keep(f"{name}_p50", "us", figures["p50_us"])
        self.keep(f"{name}_p99", "us", figures["p99_us"])
        self.keep(f"{name}_cpu_per_request", "us", (server.cpu_us() - before) / (requests * 1.1))
        self.keep(f"{name}_rss", "MB", server.rss_kb() / 1024)
        return figures

    def throughput(self, the_set, responder):
        bare = self.curl(responder, IN_FLIGHT, self.counts["busy"])
        ours = self.ours(the_set, IN_FLIGHT, self.counts["busy"])
        self.keep("curl_per_second", "1/s", bare["per_second"])
        self.keep("curl_cpu_per_request", "us", bare["cpu_us"])
        self.keep("per_second", "1/s", ours["per_second"])
        for name in ("p50", "p99", "p999"):
            self.keep(f"{name}_64_in_flight", "us", ours[f"{name}_us"])
        self.keep("broker_cpu_per_request", "us", ours["broker_us"])
        self.keep("gateway_cpu_per_request", "us", ours["gateway_us"])
        self.keep("client_cpu_per_request", "us", ours["cpu_us"])
        self.keep("rss_64_in_flight", "MB", the_set.gateway.rss_kb() / 1024)
        self.ratio("throughput_over_curl", ours["per_second"] / bare["per_second"])
        self.ratio("cpu_per_request_over_curl",
                   (ours["broker_us"] + ours["gateway_us"]) / bare["cpu_us"])
        self.ratio("rss_mb_64_in_flight", the_set.gateway.rss_kb() / 1024)
        return ours

    def round_trip(self, the_set, responder):
        relay = load([self.build / "bench/bare_relay", self.folder, 400, max(1, self.counts["one"] // 10),
                      self.counts["one"]])
        bare = self.curl(responder, 1, self.counts["one"])
        ours = self.ours(the_set, 1, self.counts["one"])
        for name in ("p50", "p99", "p999"):
            self.keep(f"relay_{name}_1_in_flight", "us", relay[f"{name}_us"])
            self.keep(f"curl_{name}_1_in_flight", "us", bare[f"{name}_us"])
            self.keep(f"{name}_1_in_flight", "us", ours[f"{name}_us"])
            self.keep(f"added_{name}_1_in_flight", "us", ours[f"{name}_us"] - bare[f"{name}_us"])
        self.ratio("round_trip_over_bare", ours["p50_us"] / (relay["p50_us"] + bare["p50_us"]))

    def memory(self, number, responder):
        """How much the gateway grows by calls that wait for a retry, each after one refused attempt."""
        with contextlib.ExitStack() as stack:
            the_set = Set(stack, self.folder / f"memory-{number}", self.build, responder, "/busy", 10000)
            grown = {}
            begin = the_set.gateway.rss_kb()
            for count in self.counts["waiting"]:
                grown[count] = self.park(the_set, count)
                self.keep(f"rss_{count}_waiting", "MB", grown[count] / 1024)
            most = self.counts["waiting"][-1]
            self.keep("rss_idle", "MB", begin / 1024)
            self.ratio("kb_per_waiting_call", (grown[most] - begin) / most)

    def park(self, the_set, count):
        client = subprocess.Popen([self.build / "bench/call_load", the_set.config, "--park", str(count)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        client.stdout.readline()
        self.settle(the_set, count)
        grown = the_set.gateway.rss_kb()
        client.stdin.close()
        client.wait()
        return grown

    def settle(self, the_set, count):
        """Until all of them wait in the gateway, as the broker is told."""
        def waits():
            status = subprocess.run([self.build / "bin/ringfence", "--config", the_set.config, "status",
                                     "--json"], stdout=subprocess.PIPE, check=True)
            return waiting(json.loads(status.stdout)["broker"]) >= count
        wait_until(f"{count} calls to wait", waits, 120)


def waiting(status):
    """Calls that wait for a retry, in all gateways of the broker's status."""
    return sum(offer["waiting"] for worker in status["workers"] for offer in worker["offers"])


def measure(build, runs, quick):
    counts = {"busy": 20000, "one": 3000, "portkey": 1500, "waiting": [1, 64, 1000, 10000]}
    if quick:
        counts = {"busy": 200, "one": 50, "portkey": 50, "waiting": [1, 64]}
    subprocess.run([ROOT / "deploy/install-packages", "nginx-light", "haproxy"], check=True,
                   stdout=sys.stderr)
    portkey_start = None if quick else install_portkey()
    with tempfile.TemporaryDirectory(prefix="rf-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        responder, haproxy, portkey = free_port(), free_port(), free_port()
        (folder / "nginx.conf").write_text(NGINX.format(
            folder=folder, port=responder, answer=ANSWER.replace("'", ""),
            busy=json.dumps({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})))
        (folder / "haproxy.cfg").write_text(HAPROXY.format(port=haproxy, responder=responder))
        Server(stack, folder, "nginx", ["/usr/sbin/nginx", "-e", folder / "nginx.log", "-p", folder, "-c",
                                        folder / "nginx.conf"], lambda: answers(responder))
        proxy = Server(stack, folder, "haproxy", ["/usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"],
                       lambda: answers(haproxy))
        node = portkey_start and Server(stack, folder, "portkey",
                                        ["node", portkey_start, "--headless", f"--port={portkey}"],
                                        lambda: listens(portkey))
        the_set = Set(stack, folder / "set", build, responder)
        rounds = Round(build, folder, counts)
        for number in range(runs):
            ours = rounds.throughput(the_set, responder)
            rounds.round_trip(the_set, responder)
            peer = rounds.peer("haproxy", proxy, haproxy, counts["busy"])
            rounds.ratio("throughput_over_haproxy", ours["per_second"] / peer["per_second"])
            if node:
                peer = rounds.peer("portkey", node, portkey, counts["portkey"], [
                    "x-portkey-provider: openai",
                    f"x-portkey-custom-host: http://127.0.0.1:{responder}/v1"])
                rounds.ratio("throughput_over_portkey", ours["per_second"] / peer["per_second"])
                rounds.ratio("rss_over_portkey", the_set.gateway.rss_kb() / node.rss_kb())
            rounds.memory(number, responder)
        return rounds.metrics, rounds.ratios
