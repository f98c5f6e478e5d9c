"""/metrics: the text format, its figures against what happened, and the rules that read them; promtool checks both."""

import math
import re
import subprocess
import unittest

import yaml

from harness import people, wait_for
from prometheus import DEPLOY, program
from test_console_api import OPERATOR, VIEWER, ConsoleApiTest

RULES = DEPLOY / "ringfence-rules.yml"
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def read(text):
    """{(name, labels): value}, after a look at the form of every line."""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert len(line.split(" ", 3)[3]) > 5, line
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and name.startswith("ringfence_"), line
            assert (kind == "counter") == name.endswith("_total"), line
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert types.get(name) or types.get(base) == "histogram", f"no type before {line}"
            key = (name, frozenset(LABEL.findall(labels or "")))
            assert key not in samples and math.isfinite(float(value)), line
            samples[key] = float(value)
    return samples


class Metrics(ConsoleApiTest):
    CONFIG = ConsoleApiTest.CONFIG | {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "60s"},
                                                   "retry": {"max_retries": 2}}}

    def scrape(self):
        status, headers, text = self.ask("GET", "/metrics", token=VIEWER)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.text = text.decode()
        return read(self.text)

    def value(self, name, **labels):
        return self.scrape().get((name, frozenset(labels.items())))

    def promtool(self, *arguments, text=None):
        done = subprocess.run([program("promtool"), *arguments], input=text, capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_an_outage_is_seen_in_the_figures(self):
        self.set.start_all()
        wait_for("all to be there", lambda: self.ask("GET", "/readyz")[0] == 200)
        self.run_campaign(people(2))
        wait_for("the attempts", lambda: self.value("ringfence_attempts_total", provider="elevenlabs", **{"class": "ok"}) == 2)
        before = self.scrape()
        self.assertEqual(before["ringfence_breaker_state", frozenset({("provider", "elevenlabs"), ("state", "closed")})], 1)
        for service in ("broker", "orchestrator", "service-gateway", "health-monitor", "alerter", "logger", "console"):
            self.assertEqual(self.value("ringfence_processes", service=service), 1, service)
        self.assertEqual(self.value("ringfence_campaigns"), 0)
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        campaign = self.set.campaign(people(4, 10), name="d")
        wait_for("the breaker to open", lambda: self.value("ringfence_breaker_state", provider="elevenlabs", state="open"))
        wait_for("the contacts", lambda: self.value("ringfence_campaign_contacts", campaign="d", state="waiting") == 4)
        wait_for("the failures", lambda: (self.value("ringfence_attempts_total", provider="elevenlabs",
                                                     **{"class": "transient"}) or 0) >= 3)
        wait_for("the event", lambda: self.value("ringfence_events_total", type="breaker.opened") == 1)
        wait_for("an alert", lambda: self.value("ringfence_alerts_open", severity="error"))
        wait_for("its notice", lambda: self.value("ringfence_events_total", type="alert.sent"))
        wait_for("the provider", lambda: self.value("ringfence_provider_status", provider="elevenlabs", status="down"))
        self.assertEqual(self.value("ringfence_breaker_opened_total", provider="elevenlabs"), 1)
        self.check_histogram()
        self.check_rules()
        self.promtool("check", "metrics", text=self.text)
        campaign.kill()
        campaign.wait()
        # A broker that is away is a figure, and no failure of the scrape.
        self.set.processes["broker"].kill()
        wait_for("it to be missed", lambda: self.value("ringfence_broker_up") == 0)
        del self.set.processes["broker"]

    def check_histogram(self):
        samples = self.scrape()
        counts = {}
        for (name, labels), value in samples.items():
            if name == "ringfence_attempt_duration_seconds_bucket":
                labels = dict(labels)
                counts.setdefault(labels["provider"], []).append((float(labels["le"]), value))
        for provider, buckets in counts.items():
            buckets.sort()
            self.assertEqual([v for _, v in buckets], sorted(v for _, v in buckets))
            count = samples["ringfence_attempt_duration_seconds_count", frozenset({("provider", provider)})]
            self.assertEqual(buckets[-1], (math.inf, count))
            attempts = sum(v for (name, labels), v in samples.items()
                           if name == "ringfence_attempts_total" and ("provider", provider) in labels)
            self.assertEqual(count, attempts, provider)

    def check_rules(self):
        """Every figure that a rule reads is told."""
        told = {name for name, _ in self.scrape()} | {"up", "ringfence_alert_channel_down"}
        for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
            for name in re.findall(r"\b(ringfence_[a-z_]+|up)\b", re.sub(r'"[^"]*"', "", rule["expr"])):
                self.assertIn(name, told, rule["alert"])
        self.promtool("check", "rules", str(RULES))

    def test_it_costs_a_token_and_many_at_once_cost_one_question(self):
        self.set.start("simulator")
        self.set.start("broker")
        self.set.start("console")
        wait_for("the broker", lambda: self.ask("GET", "/readyz")[0] == 200)
        self.assertEqual(self.ask("GET", "/metrics")[0], 401)
        self.assertEqual(self.ask("GET", "/metrics", token=OPERATOR)[0], 200)
        calls = self.value("ringfence_broker_calls_taken_total")
        for _ in range(20):
            self.scrape()
        self.assertLess(self.value("ringfence_broker_calls_taken_total") - calls, 20)


if __name__ == "__main__":
    unittest.main()
