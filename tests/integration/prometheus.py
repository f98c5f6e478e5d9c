"""A real Prometheus for a test: that of the machine, or what tests/get-prometheus took out of Debian's package."""

import contextlib
import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from harness import SOURCE, free_port, wait_for

DEPLOY = SOURCE / "deploy" / "prometheus"


def program(name):
    """The path of prometheus or promtool."""
    taken = SOURCE / "build" / "prometheus" / "usr" / "bin" / name
    found = shutil.which(name) or (str(taken) if taken.exists() else None)
    assert found is not None, f"there is no {name}: run tests/get-prometheus"
    return found


class Prometheus:
    """It runs with the files of deploy/prometheus, but looks each second, and calls an alert one after a second."""

    def __init__(self, root, console_port, token):
        self.root, self.port = root / "prometheus", free_port()
        self.root.mkdir()
        (self.root / "token").write_text(token)
        config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        scrape = config["scrape_configs"][0]
        scrape["authorization"]["credentials_file"] = str(self.root / "token")
        scrape["static_configs"] = [{"targets": [f"127.0.0.1:{console_port}"]}]
        (self.root / "prometheus.yml").write_text(yaml.safe_dump(config))
        rules = yaml.safe_load((DEPLOY / "ringfence-rules.yml").read_text())
        for rule in rules["groups"][0]["rules"]:
            rule["for"] = "1s"
        (self.root / "ringfence-rules.yml").write_text(yaml.safe_dump(rules))
        self.log = open(self.root / "log", "wb")
        self.popen = subprocess.Popen(
            [program("prometheus"), f"--config.file={self.root}/prometheus.yml", f"--storage.tsdb.path={self.root}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=subprocess.STDOUT)
        wait_for("Prometheus", self.ready)

    def ready(self):
        assert self.popen.poll() is None, (self.root / "log").read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=20):
            return True

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

    def close(self):
        self.popen.terminate()
        self.popen.wait(30)
        self.log.close()
