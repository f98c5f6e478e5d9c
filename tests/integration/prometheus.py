"""A real Prometheus and Alertmanager for a test: those of the machine, or what tests/get-prometheus took out of
Debian's packages."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from harness import SOURCE, free_port, wait_for

DEPLOY = SOURCE / "deploy" / "prometheus"


TAKEN = SOURCE / "build" / "prometheus" / "usr"
# Debian's Alertmanager reads its templates from /usr/share, where a package that is only taken apart has nothing: they
# are put there for that process alone, which root may do, and others where user namespaces are allowed.
AS_ROOT = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
WITH_SHARE = ["unshare", *AS_ROOT, "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"',
              str(TAKEN / "share")]


def program(name):
    """The path of prometheus, promtool or prometheus-alertmanager."""
    taken = TAKEN / "bin" / name
    found = shutil.which(name) or (str(taken) if taken.exists() else None)
    assert found is not None, f"there is no {name}: run tests/get-prometheus"
    return found


class Program:
    """Runs in a folder of its own and answers on a port."""

    def run(self, root, name, arguments):
        self.log = open(root / "log", "wb")
        through = [] if shutil.which(name) or name == "prometheus" else WITH_SHARE
        self.popen = subprocess.Popen([*through, program(name), *arguments, f"--web.listen-address=127.0.0.1:{self.port}"],
                                      stdout=self.log, stderr=subprocess.STDOUT)
        wait_for(name, lambda: self.ready(root / "log"))

    def ready(self, log):
        assert self.popen.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=20):
            return True

    def close(self):
        self.popen.terminate()
        self.popen.wait(30)
        self.log.close()


class Alertmanager(Program):
    """Sends what it is given to a webhook, after a second."""

    def __init__(self, root, url):
        root, self.port = root / "alertmanager", free_port()
        root.mkdir()
        (root / "alertmanager.yml").write_text(yaml.safe_dump({
            "route": {"receiver": "webhook", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
            "receivers": [{"name": "webhook", "webhook_configs": [{"url": url, "send_resolved": True}]}]}))
        self.run(root, "prometheus-alertmanager", [f"--config.file={root}/alertmanager.yml", f"--storage.path={root}/data",
                                                   "--cluster.listen-address="])


class Prometheus(Program):
    """It runs with the files of deploy/prometheus, but looks each second, and calls an alert one after a second."""

    def __init__(self, root, console_port, token, alertmanager):
        self.root, self.port = root / "prometheus", free_port()
        self.root.mkdir()
        (self.root / "token").write_text(token)
        config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]}]}
        scrape = config["scrape_configs"][0]
        scrape["authorization"]["credentials_file"] = str(self.root / "token")
        scrape["static_configs"] = [{"targets": [f"127.0.0.1:{console_port}"]}]
        (self.root / "prometheus.yml").write_text(yaml.safe_dump(config))
        rules = yaml.safe_load((DEPLOY / "ringfence-rules.yml").read_text())
        for rule in rules["groups"][0]["rules"]:
            rule["for"] = "1s"
        (self.root / "ringfence-rules.yml").write_text(yaml.safe_dump(rules))
        self.run(self.root, "prometheus",
                 [f"--config.file={self.root}/prometheus.yml", f"--storage.tsdb.path={self.root}/data"])

    def ask(self, path, **query):
        """The data of an answer of its interface."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expression):
        """[(labels, value)]."""
        return [(row["metric"], float(row["value"][1])) for row in self.ask("query", query=expression)["result"]]

    def firing(self, name):
        """The labels of the alerts of this name that it would send."""
        return [alert["labels"] for alert in self.ask("alerts")["alerts"]
                if alert["labels"]["alertname"] == name and alert["state"] == "firing"]
