"""The set as deploy/compose.yaml starts it, with a mail server beside it, in the shape that deploy/demo-stage plays
with."""

import json
import os
import pathlib
import signal
import socket
import subprocess

from engine import DOCKER, SLIM, SOURCE, wait_for

PROJECT = "rf-test"
SCALE = {"service-gateway": 4}
SERVICES = ["simulator", "broker", "service-gateway", "orchestrator", "health-monitor", "alerter", "logger", "console"]
MAIL = f"""FROM {SLIM}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-aiosmtpd >/dev/null
"""
# What the tests need beside the file that people use.
BESIDE = {"services": {"mail": {
    "image": "mail", "volumes": ["mail:/mail"], "command": [
        "python3", "-m", "aiosmtpd", "-n", "-l", "0.0.0.0:18025", "-c", "aiosmtpd.handlers.Mailbox", "/mail/box"]}},
    "volumes": {"mail": {}}}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class ComposeSet:
    """`services` are those of the profiles that are to run; `scale` has how many of one there are, where not one.
    `environment` is the engine's, or one in which docker-compose is another."""

    def __init__(self, engine, environment=None, profiles=("simulator",), files=(), services=SERVICES, scale=SCALE, **variables):
        self.engine, self.services, self.scale = engine, services, scale
        self.ports = dict(zip(("RF_CONSOLE_PORT", "RF_SIMULATOR_PORT", "RF_PROMETHEUS_PORT"), map(str, free_ports(3)), strict=True))
        self.variables = {**self.ports, **variables}
        self.environment = {**(environment or engine.environment), "RF_MAIL": "yes", **self.variables}
        beside = engine.folder / "beside.yaml"
        beside.write_text(json.dumps(BESIDE))
        self.words = ["docker-compose", "--ansi", "never", "-p", PROJECT]
        for file in (SOURCE / "deploy/compose.yaml", *files, beside):
            self.words += ["-f", str(file)]
        for profile in profiles:
            self.words += ["--profile", profile]
        engine.build("-", tag="mail", stdin=MAIL)
        self.down()  # what a run that was cut off has left

    def address(self, port):
        return f"http://127.0.0.1:{self.ports[port]}"

    def compose(self, *words):
        done = subprocess.run([*self.words, *words], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker-compose {words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-6000:]}"
        return done.stdout

    def up(self):
        scale = [word for service, count in self.scale.items() for word in ("--scale", f"{service}={count}")]
        self.compose("up", "-d", *scale)
        try:
            wait_for("all containers to be healthy", self.ready, 180)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.health()}\n{self.compose('logs', '--tail', '20')[-6000:]}") from None

    def inspected(self, service):
        """What the engine says of each container of a service."""
        labels = {"project": PROJECT, "service": service, "oneoff": "False"}
        filters = [word for key, value in labels.items() for word in ("--filter", f"label=com.docker.compose.{key}={value}")]
        ids = self.engine.docker("ps", "-aq", *filters).split()
        return json.loads(self.engine.docker("inspect", *ids)) if ids else []

    def health(self):
        """{container: "healthy"} of those that have a health check and have not ended."""
        return {one["Name"]: one["State"].get("Health", {}).get("Status", one["State"]["Status"])
                for service in self.services for one in self.inspected(service)}

    def ready(self):
        health = self.health()
        return len(health) == sum(self.scale.get(service, 1) for service in self.services) and set(health.values()) == {"healthy"}

    def run(self, *arguments, **options):
        """The command line, in a container as people start it; a list of contacts among its arguments is there as well."""
        lists = [word for word in map(str, arguments) if word.endswith(".csv")]
        words = [f"/tmp/{pathlib.Path(word).name}" if word in lists else word for word in map(str, arguments)]
        mounts = [word for file in lists for word in ("-v", f"{file}:/tmp/{pathlib.Path(file).name}:ro")]
        return subprocess.Popen([*self.words, "run", "--rm", "-T", *mounts, "cli", *words], env=self.environment, **options)

    def cli(self, *arguments):
        with self.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as popen:
            out, err = popen.communicate(timeout=120)
        assert popen.returncode == 0, f"ringfence {arguments}: {popen.returncode}\n{out}{err}"
        return out

    def crash(self, container):
        """As a fault would: not by the engine, which would not start it anew then."""
        os.kill(container["State"]["Pid"], signal.SIGKILL)

    def restarts(self):
        """{service: how often its containers were started anew}"""
        return {service: sum(one["RestartCount"] for one in self.inspected(service)) for service in self.services}

    def stop(self):
        self.compose("stop")

    def down(self):
        self.compose("down", "-v", "--remove-orphans")

    def left(self):
        """What there still is of it."""
        label = f"label=com.docker.compose.project={PROJECT}"
        return "".join(self.engine.tries(DOCKER, *words, "-q", "--filter", label).stdout
                       for words in (("ps", "-a"), ("volume", "ls"), ("network", "ls")))
