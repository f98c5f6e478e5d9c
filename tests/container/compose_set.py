"""The set as deploy/compose.yaml starts it, with a mail server beside it, in the shape that deploy/demo-stage plays
with."""

import json
import os
import signal
import subprocess

from engine import COMPOSE, DOCKER, SLIM, SOURCE, wait_for

PROJECT = "rf-test"
GATEWAYS = 4
SERVICES = ["simulator", "broker", "service-gateway", "orchestrator", "health-monitor", "alerter", "logger", "console"]
MAIL = f"""FROM {SLIM}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-aiosmtpd >/dev/null
"""
# What the tests need beside the file that people use.
BESIDE = {"services": {"mail": {
    "image": "mail", "volumes": ["mail:/mail"], "command": [
        "python3", "-m", "aiosmtpd", "-n", "-l", "0.0.0.0:18025", "-c", "aiosmtpd.handlers.Mailbox", "/mail/box"]}},
    "volumes": {"mail": {}}}


class ComposeSet:
    def __init__(self, engine, ports):
        self.engine = engine
        self.variables = {"RF_CONSOLE_PORT": str(ports[0]), "RF_SIMULATOR_PORT": str(ports[1])}
        self.environment = dict(engine.environment, RF_MAIL="yes", **self.variables)
        beside = engine.folder / "beside.yaml"
        beside.write_text(json.dumps(BESIDE))
        self.words = [COMPOSE, "--no-ansi", "-p", PROJECT, "-f", str(SOURCE / "deploy/compose.yaml"), "-f", str(beside),
                      "--profile", "simulator"]
        engine.build("-", tag="mail", stdin=MAIL)

    def compose(self, *words):
        done = subprocess.run([*self.words, *words], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker-compose {words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-6000:]}"
        return done.stdout

    def up(self):
        self.compose("up", "-d", "--scale", f"service-gateway={GATEWAYS}")
        wait_for("all containers to be healthy", self.ready, 180)

    def ids(self, service=None):
        words = [] if service is None else [service]
        return self.compose("ps", "-q", *words).split()

    def inspected(self, service=None):
        return json.loads(self.engine.docker("inspect", *self.ids(service)))

    def health(self):
        """{container: "healthy"} of those that have a health check and have not ended."""
        return {one["Name"]: one["State"].get("Health", {}).get("Status", one["State"]["Status"])
                for service in SERVICES for one in self.inspected(service)}

    def ready(self):
        health = self.health()
        return len(health) == len(SERVICES) - 1 + GATEWAYS and set(health.values()) == {"healthy"}

    def run(self, *arguments, **options):
        """The command line, in a container as people start it."""
        contacts = str(SOURCE / "deploy/contacts.csv")
        words = ["/tmp/contacts.csv" if word == contacts else word for word in arguments]
        return subprocess.Popen([*self.words, "run", "--rm", "-T", "-v", f"{contacts}:/tmp/contacts.csv:ro", "cli", *words],
                                env=self.environment, **options)

    def cli(self, *arguments):
        with self.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as popen:
            out, err = popen.communicate(timeout=120)
        assert popen.returncode == 0, f"ringfence {arguments}: {popen.returncode}\n{out}{err}"
        return out

    def crash(self, container):
        """As a fault would: not by the engine, which would not start it anew then."""
        os.kill(container["State"]["Pid"], signal.SIGKILL)

    def stop(self):
        self.compose("stop")

    def down(self):
        self.compose("down", "-v", "--remove-orphans")

    def left(self):
        """What there still is of it."""
        label = f"label=com.docker.compose.project={PROJECT}"
        return "".join(self.engine.tries(DOCKER, *words, "-q", "--filter", label).stdout
                       for words in (("ps", "-a"), ("volume", "ls"), ("network", "ls")))
