"""A set whose processes are on hosts of their own (network.py), as README's "Several hosts" has it: TCP with CURVE,
a key for each process, made where it is used.

    hub      broker
    brain    orchestrator
    east     service-gateway, as west
    world    the providers: the simulator
    office   everybody else, and the test, so that mail, the page and the command line are there
"""

import pathlib
import re
import shutil
import sys

import yaml

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "integration"), str(HERE.parents[2])]

from harness import SOURCE, RingfenceSet, merge  # noqa: E402  the folders are put on the path first
from readme import block  # noqa: E402

PLACES = {"broker": "hub", "orchestrator": "brain", "east": "east", "west": "west", "simulator": "world",
          "health-monitor": "office", "alerter": "office", "logger": "office", "console": "office", "cli": "office"}
GATEWAYS = ("east", "west")
HOSTS = ("office", "hub", "brain", *GATEWAYS, "world")
SIMULATOR, CONSOLE = 8080, 8090
ROLES = dict(re.findall(r"^\.It ([a-z-]+) Ta ([a-z, ]+)$", (SOURCE / "services/broker/ringfence-broker.8").read_text(),
                        re.MULTILINE))


def service_of(name):
    return "service-gateway" if name in GATEWAYS else name


class SetOnHosts(RingfenceSet):
    """The calling thread moves into the office; who closes the network brings it back."""

    def __init__(self, network, changes=None):
        self.network = network
        for name in HOSTS:
            network.host(name)
        network.move_in("office")
        super().__init__()
        self.simulator_url = f"http://{self.address('world')}:{SIMULATOR}"
        self.config = merge(merge(self.base_config(), self.over_hosts()), changes or {})
        self.configs = {name: self.write_host_config(name) for name in HOSTS}
        self.config_file = self.configs["office"]
        self.make_keys()

    def address(self, host):
        return self.network.hosts[host].address

    # ---- configuration ----

    def over_hosts(self):
        bus = block("hosts").replace("192.0.2.10", self.address("hub")).replace("/var/lib/ringfence", "state")
        return {
            **yaml.safe_load(bus),
            "simulator": {"listen": f"{self.address('world')}:{SIMULATOR}"},
            "console": {"listen": f"{self.address('office')}:{CONSOLE}"},
            "telephony": {"media_url": f"http://{self.address('office')}:{CONSOLE}"},
            "media_dir": str(self.root / "media"),  # the folder that gateways and console share
        }

    def folder(self, host):
        return self.root / host

    def write_host_config(self, host):
        """As a user's: the same file on every host, with paths of its own."""
        folder = self.folder(host)
        for name in ("run", "state", "log"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(self.root / "secrets", folder / "secrets")
        if host == "office":
            return self.write_other_config("office/ringfence", {
                "run_dir": "run", "state_dir": "state", "log_dir": str(self.root / "log")})
        return self.write_other_config(f"{host}/ringfence", {"run_dir": "run", "state_dir": "state", "log_dir": "log"})

    def state_of(self, service):
        return self.folder(PLACES[service]) / "state" / service

    # ---- keys ----

    def on(self, host, *arguments):
        """A command of a person on that host."""
        self.cli(*arguments, check=0, config=self.configs[host])

    def keys(self, host):
        return self.folder(host) / "state" / "keys"

    def make_keys(self):
        """Each where it is used; its public half goes to the broker's host, and the broker's to every one."""
        hub = self.keys("hub")
        self.on("hub", "keys", "new", "broker")
        for name, host in PLACES.items():
            service = service_of(name)
            if service not in ROLES:
                continue
            self.on(host, "keys", "new", service)
            public = shutil.copy(self.keys(host) / f"{service}.public", hub / f"{name}.public")
            self.on("hub", "keys", "allow", public, "--role", ROLES[service].replace(" ", ""), "--name", name)
        for host in HOSTS:
            if host != "hub":
                self.keys(host).mkdir(mode=0o700, exist_ok=True)
                shutil.copy(hub / "broker.public", self.keys(host))

    # ---- processes ----

    def begin(self, name, environment=None):
        """Starts this one on its host."""
        host = PLACES[name]
        return self.launch(service_of(name), name, environment, self.configs[host],
                           self.network.hosts[host].through())

    def begin_all(self):
        """The simulator first; the rest at once."""
        self.begin("simulator").wait_ready()
        for process in [self.begin(name) for name in PLACES if name not in ("simulator", "cli")]:
            process.wait_ready()
