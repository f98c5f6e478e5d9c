#!/usr/bin/python3
"""A real Prometheus scrapes the console during an outage: what the rules of deploy/prometheus say then, what a real
Alertmanager makes of it, and whether the panels of deploy/grafana show something. Grafana itself is in no package of
Debian: only the form of its files is looked at."""

import itertools
import json
import re
import unittest

import yaml

from harness import SOURCE, people, wait_for
from prometheus import Alertmanager, Prometheus
from test_console_api import VIEWER, ConsoleApiTest
from test_console_metrics import read

GRAFANA = SOURCE / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "ringfence.json").read_text())
SELECTOR = re.compile(r"\b(ringfence_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
OWN = {"instance", "job"}  # of Prometheus
# Only a notice that was refused for a day is one; its label is the other two's.
NOT_SEEN = {"ringfence_alert_dead_letters": {"channel"}}


def expressions():
    """(title, expression) of everything on the dashboard that asks, with Grafana's own variables filled in."""
    asked = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    asked += [(row["name"], row["expr"]) for row in DASHBOARD["annotations"]["list"]]
    asked += [(row["name"], re.fullmatch(r"label_values\((.*), instance\)", row["definition"]).group(1))
              for row in DASHBOARD["templating"]["list"] if row["type"] == "query"]
    return [(title, text.replace("$__rate_interval", "30s").replace("$instance", ".*")) for title, text in asked]


class Dashboard(unittest.TestCase):
    def test_the_panels_have_ids_of_their_own_and_do_not_overlap(self):
        self.assertGreaterEqual(DASHBOARD["schemaVersion"], 36)
        self.assertRegex(DASHBOARD["uid"], r"^[a-z-]{1,40}$")
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            self.assertTrue(place["x"] >= 0 and place["w"] > 0 and place["x"] + place["w"] <= 24, panel["title"])
            if panel["type"] != "row":
                self.assertTrue(panel["targets"] and len(panel["description"]) > 10, panel["title"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(set(references)), len(references), panel["title"])
        for a, b in itertools.combinations(panels, 2):
            p, q = a["gridPos"], b["gridPos"]
            apart = p["x"] + p["w"] <= q["x"] or q["x"] + q["w"] <= p["x"] or p["y"] + p["h"] <= q["y"] or \
                q["y"] + q["h"] <= p["y"]
            self.assertTrue(apart, f"{a['title']} and {b['title']}")

    def test_what_it_is_provisioned_by_is_of_the_known_form(self):
        variables = {row["name"] for row in DASHBOARD["templating"]["list"]}
        used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(DASHBOARD)))
        self.assertEqual(used, variables)
        source = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "ringfence.yml").read_text())
        self.assertEqual((source["apiVersion"], [row["type"] for row in source["datasources"]]), (1, ["prometheus"]))
        provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "ringfence.yml").read_text())
        self.assertEqual((provider["apiVersion"], provider["providers"][0]["type"]), (1, "file"))
        self.assertTrue(provider["providers"][0]["options"]["path"].startswith("/"))


class Outage(ConsoleApiTest):
    CONFIG = ConsoleApiTest.CONFIG | {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "60s"},
                                                   "retry": {"max_retries": 2}}}

    def setUp(self):
        super().setUp()
        self.set.start_all()
        wait_for("all to be there", lambda: self.ask("GET", "/readyz")[0] == 200)
        manager = Alertmanager(self.set.root, f"{self.set.simulator_url}/webhook")
        self.addCleanup(manager.close)
        self.prometheus = Prometheus(self.set.root, self.set.ports["console"], VIEWER, manager)
        self.addCleanup(self.prometheus.close)

    def fired(self, name, **labels):
        wait_for(f"{name} {labels}", lambda: any(labels.items() <= found.items()
                                                 for found in self.prometheus.firing(name)))

    def managed(self):
        """{(name, status): alert} that Alertmanager has sent to the webhook, which the alerter's own come to as well."""
        bodies = [hook["body"] for hook in self.set.ledger()["webhooks"]]
        bodies = [json.loads(body) if isinstance(body, str) else body for body in bodies]
        return {(alert["labels"]["alertname"], alert["status"]): alert
                for body in bodies if body.get("receiver") == "webhook" for alert in body["alerts"]}

    def test_the_rules_tell_of_an_outage_and_every_panel_shows_something(self):
        wait_for("the first scrape", lambda: self.prometheus.query('up{job="ringfence"} == 1'))
        self.run_campaign(people(2))
        self.assertEqual(self.prometheus.ask("alerts")["alerts"], [])
        # One of the channels is away as well, so that notices wait.
        self.set.mailbox.close()
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        campaign = self.set.campaign(people(4, 10), name="d")
        self.fired("RingfenceBreakerOpen", provider="elevenlabs")
        self.fired("RingfenceAttemptsFail", provider="elevenlabs")
        self.fired("RingfenceAlertsUndelivered", channel="email")
        told = wait_for("Alertmanager", lambda: self.managed().get(("RingfenceBreakerOpen", "firing")))
        self.assertEqual(told["labels"]["provider"], "elevenlabs")
        self.assertIn("elevenlabs", told["annotations"]["summary"])
        self.check_panels()
        self.check_labels()
        campaign.kill()
        campaign.wait()
        self.set.processes["broker"].kill()
        self.fired("RingfenceBrokerAway")
        self.set.processes["console"].kill()
        self.fired("RingfenceConsoleAway")
        self.assertEqual([alert["labels"]["alertname"] for alert in self.prometheus.ask("alerts")["alerts"]
                          if alert["labels"]["alertname"] == "RingfenceProcessMissing"], [])

    def check_panels(self):
        for title, expression in expressions():
            # An error of the language fails in any case; this one waits for two scrapes with different figures.
            if not any(name in expression for name in NOT_SEEN):
                wait_for(f"{title}: {expression}", lambda asked=expression: self.prometheus.query(asked))

    def check_labels(self):
        told = {}
        text = self.ask("GET", "/metrics", token=VIEWER)[2].decode()
        for name, labels in read(text):
            told.setdefault(name, []).append(dict(labels))
        told |= {name: [dict.fromkeys(labels, "")] for name, labels in NOT_SEEN.items() if f"# TYPE {name} " in text}
        for title, expression in expressions():
            names = set()
            for name, inside in SELECTOR.findall(expression):
                self.assertIn(name, told, title)
                matchers = [row for row in MATCHER.findall(inside) if row[0] not in OWN]
                for label, operator, value in matchers:
                    values = {labels.get(label) for labels in told[name]}
                    self.assertNotIn(None, values, f"{title}: {name} has no {label}")
                    for one in value.split("|") if operator == "=~" else [value]:
                        self.assertIn(one, values, f"{title}: {name} {label}")
                names.add(name)
            known = OWN | {label for name in names for labels in told[name] for label in labels}
            for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
                self.assertLessEqual({label.strip() for label in group.split(",")}, known, title)


if __name__ == "__main__":
    unittest.main()
