"""The set as the package installs it in a machine, under systemd, in the shape that deploy/demo-stage plays with."""

import os
import shutil
import subprocess
import sys

from machine import SOURCE, as_ringfence

sys.path.insert(0, str(SOURCE / "tests"))
import demo  # noqa: E402 (found by the line before)

UNITS = [f"ringfence-{name}.service" for name in (
    "broker", "service-gateway@1", "orchestrator", "health-monitor", "alerter", "logger", "console")]
CONFIG = "/etc/ringfence/ringfence.yaml"
FOLDERS = {"run_dir": "/run/ringfence", "state_dir": "/var/lib/ringfence", "log_dir": "/var/log/ringfence",
           "media_dir": "/var/lib/ringfence/media"}
CONTACTS = "/opt/contacts.csv"
SIMULATOR = f"""[Service]
ExecStart=/usr/bin/ringfence-simulator --config {CONFIG}
User=ringfence
"""


def demo_config():
    """deploy/ringfence.yaml with the package's folders."""
    text = (demo.DEPLOY / "ringfence.yaml").read_text()
    for source in ("${RF_ROOT:-../run}/state", "${RF_ROOT:-../run}/log", "${RF_ROOT:-../run}/media", "${RF_ROOT:-../run}"):
        text = text.replace(source, FOLDERS["run_dir" if source.endswith("}") else f"{source.rpartition('/')[2]}_dir"])
    return text


class InstalledSet:
    """With the simulator as a unit, and a mail server of this host in the machine's network. `root` is a folder of
    this host, which gets the logs and the mails."""

    def __init__(self, machine, root):
        self.machine, self.root, self.mail = machine, root, None
        (machine.root / "etc/systemd/system/simulator.service").write_text(SIMULATOR)
        shutil.copy2(demo.CONTACTS, f"{machine.root}{CONTACTS}")
        (root / "log").symlink_to(f"{machine.root}{FOLDERS['log_dir']}")

    def states(self, what="ActiveState"):
        return [self.machine.run("systemctl", "show", "-P", what, unit).strip() for unit in UNITS]

    def start_afresh(self):
        """As the demo is configured, and with nothing of an earlier time in its folders."""
        (self.machine.root / CONFIG[1:]).write_text(demo_config())
        for folder in (FOLDERS["state_dir"], FOLDERS["log_dir"]):
            self.machine.run("find", folder, "-mindepth", "1", "-delete")
        self.mail = subprocess.Popen(
            ["nsenter", "-t", self.machine.leader, "-n", "/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l",
             "127.0.0.1:18025", "-c", "aiosmtpd.handlers.Mailbox", self.root / "mail"])
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "start", "simulator", "ringfence.target")

    def ready(self):
        return set(self.states()) == {"active"}

    def run(self, *arguments, **options):
        words = [CONTACTS if word == str(demo.CONTACTS) else word for word in arguments]
        return subprocess.Popen(self.machine.inside(*as_ringfence(*words)), **options)

    def stop_units(self):
        """Waits for each, as a stop of the target alone does not."""
        self.machine.run("systemctl", "stop", "ringfence.target", "ringfence-*.service")

    def stop(self):
        """The simulator last: its receivers take what the others still have to tell."""
        self.stop_units()
        self.machine.run("systemctl", "stop", "simulator")
        self.end_mail()

    def end_mail(self):
        if self.mail is not None:
            self.mail.terminate()
            self.mail.wait()
            self.mail = None
