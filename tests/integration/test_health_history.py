#!/usr/bin/python3
"""What the health monitor keeps of the providers, and who asks for it gets, over ends and kills."""

import itertools
import json
import shutil
import time
import unittest

from harness import preloaded, replace, wait_for
from test_gateway import Client
from test_health_monitor import PROBE, HealthMonitorTest

WINDOWS = {"1h", "24h", "7d", "30d", "90d"}
HOUR_NS = 3600 * 10**9


class HistoryTest(HealthMonitorTest):
    def setUp(self):
        super().setUp()
        self.client = Client(self.set)
        self.addCleanup(self.client.close)
        self.numbers = itertools.count()

    def ask_raw(self, operation, **params):
        call = f"h{next(self.numbers)}"
        self.client.send(call, "health", operation, params)
        return self.client.wait(call)

    def ask(self, operation, **params):
        reply = self.ask_raw(operation, **params)
        self.assertTrue(reply["ok"], reply)
        return reply["result"]

    def incidents(self, provider="elevenlabs"):
        return self.ask("health_incidents", provider=provider)["incidents"]

    def listed(self):
        """As the command line has them."""
        return json.loads(self.set.cli("provider", "outages", "--json", check=0).stdout)

    def changes(self, provider="elevenlabs"):
        """Oldest first."""
        return self.ask("health_changes", provider=provider)["changes"][::-1]

    def status(self, provider="elevenlabs"):
        return self.ask("health_status")["providers"][provider]

    def known(self, provider="elevenlabs"):
        return self.status(provider)["availability"]["1h"]["known_ns"] / 1e9

    def retained(self, provider="elevenlabs"):
        return json.loads(self.set.cli("status", "--json", check=0).stdout)["provider"].get(provider, {})


class History(HistoryTest):
    def test_an_outage_is_kept_with_its_begin_end_and_cause_and_charged(self):
        self.wait_notices(1)
        self.assertEqual(self.incidents(), [])
        self.set.faults({"id": "down", "match": PROBE, "kind": "status", "status": 503})
        down = self.wait_notices(2)[1]
        open_one, = wait_for("the outage to be kept", self.incidents)
        self.assertEqual((open_one["ended"], open_one["worst"], open_one["cause"], open_one["why"]),
                         (0, "down", "probes", "HTTP 503"))
        self.assertEqual(open_one["began"], down["data"]["since"])
        self.assertEqual(self.listed(), {"outages": [open_one], "more": False})
        self.assertRegex(self.set.cli("provider", "outages", "elevenlabs", check=0).stdout,
                         r"BEGAN +LASTED +PROVIDER +WORST +BY +WHY\n.* until now: \S.* elevenlabs +down +probes +HTTP 503\n")
        self.wait_probes(4)
        self.set.faults()
        up = self.wait_notices(3)[2]
        ended = wait_for("its end to be kept", lambda: [i for i in self.incidents() if i["ended"]])
        self.assertEqual([(i["began"], i["ended"]) for i in ended],
                         [(down["data"]["since"], up["data"]["since"])])
        self.assertEqual(self.listed()["outages"], ended)
        self.assertNotIn("until now", self.set.cli("provider", "outages", check=0).stdout)
        self.assertEqual(self.set.cli("provider", "outages", "openai", check=0).stdout, "no outage is known\n")
        self.assertIn('"nobody" is not a provider; expected elevenlabs',
                      self.set.cli("provider", "outages", "nobody", check=2).stderr)
        self.assertEqual([(c["from"], c["to"]) for c in self.changes()],
                         [("unknown", "up"), ("up", "down"), ("down", "up")])
        bars = self.ask("health_bars", provider="elevenlabs", span_ns=HOUR_NS, count=1)["bars"]
        charged = bars[0]["down_ns"] / 1e9
        # Up to the look that came last, 10 s apart at most; what came after is not accounted for yet.
        self.assertAlmostEqual(charged, up["at"] - down["at"], delta=0.5)
        hour = self.status()["availability"]["1h"]
        self.assertAlmostEqual(hour["share"], 1 - charged * 1e9 / hour["known_ns"], delta=0.01)
        self.assertEqual(self.ask("health_incidents", provider="openai")["incidents"], [])

    def test_the_retained_value_has_the_availability_and_who_asks_for_nonsense_is_told(self):
        self.wait_notices(1)
        value = wait_for("its figures to be told",
                         lambda: (v := self.retained()) and v["availability"]["1h"]["known_ns"] > 0 and v)
        self.assertEqual(set(value["availability"]), WINDOWS)
        self.assertEqual(value["availability"]["90d"]["share"], 1.0)
        self.assertNotIn("latency", value)  # no call was made
        self.assertEqual(len(self.ask("health_bars", provider="twilio")["bars"]), 90)
        for operation, params, words in (
                ("health_bars", {"provider": "nobody"}, "expected one that is in a chain"),
                ("health_bars", {"provider": "twilio", "count": 0}, "count: expected 1 to 1000"),
                ("health_bars", {"provider": "twilio", "span_ns": 5}, "span_ns: expected"),
                ("health_dance", {}, "no such operation")):
            reply = self.ask_raw(operation, **params)
            self.assertEqual((reply["ok"], reply["class"]), (False, "permanent.invalid"))
            self.assertIn(words, reply["message"])

    def test_a_kill_loses_seconds_and_the_time_until_the_next_start_is_unknown(self):
        self.wait_notices(1)
        self.set.faults({"id": "down", "match": PROBE, "kind": "status", "status": 503})
        down = self.wait_notices(2)[1]
        wait_for("the outage to be kept", self.incidents)
        before = wait_for("some time to be accounted for", lambda: (k := self.known()) > 5 and k)
        self.set.processes["health-monitor"].kill()
        killed = time.time()
        self.set.faults()
        time.sleep(2)  # time that nobody knows of has to pass
        again = time.time()
        self.set.start("health-monitor")
        self.wait_notices(3)
        incident, = wait_for("its end to be kept", lambda: [i for i in self.incidents() if i["ended"]])
        self.assertEqual(incident["began"], down["data"]["since"])
        self.assertGreater(incident["ended"] / 1e9, again)
        seen = [(c["from"], c["to"], c["cause"]) for c in self.changes()]
        self.assertIn(("down", "unknown", "monitor"), seen)
        gone = next(c for c in self.changes() if c["cause"] == "monitor")
        self.assertLess(gone["at"] / 1e9, killed + 0.1)
        known = wait_for("time to be accounted for again", lambda: (k := self.known()) > before - 11 and k)
        self.assertLess(known, time.time() - self.first_up() - (again - killed))

    def first_up(self):
        return self.changes()[0]["at"] / 1e9

    def test_an_orderly_end_loses_nothing(self):
        self.wait_notices(1)
        wait_for("time to be accounted for", lambda: self.known() > 0)
        monitor = self.set.processes["health-monitor"]
        monitor.terminate()
        self.assertEqual(monitor.wait(), 0)
        ended = time.time()
        self.set.start("health-monitor")
        self.assertAlmostEqual(self.known(), ended - self.first_up(), delta=2)

    def test_without_its_disk_it_watches_all_the_same_and_says_so(self):
        self.wait_notices(1)
        monitor = self.set.processes["health-monitor"]
        monitor.terminate()
        monitor.wait()
        folder = self.set.root / "state" / "health-monitor"
        shutil.rmtree(folder)
        (folder / "history.db").mkdir(parents=True)
        monitor = self.set.start("health-monitor")
        self.assertTrue(monitor.says("the history of providers is not kept until the next start"))
        reply = self.ask_raw("health_incidents")
        self.assertEqual((reply["ok"], reply["class"]), (False, "transient"))
        wait_for("its first probe",
                 lambda: self.ask("health_status")["providers"].get("elevenlabs", {}).get("status") == "up")
        self.set.faults({"id": "down", "match": PROBE, "kind": "status", "status": 503})
        self.assertEqual(self.wait_notices(2)[1]["type"], "provider.down")

    def test_a_full_disk_is_told_once_watched_on_and_what_it_missed_is_caught_up(self):
        self.wait_notices(1)
        self.set.processes["health-monitor"].terminate()
        self.set.processes["health-monitor"].wait()
        fault = self.set.root / "out" / "disk"
        monitor = self.set.start("health-monitor",
                                 environment=preloaded("disk_fault", RF_DISK_FAULT=str(fault)))
        self.wait_probes(2)
        replace(fault, "path=history.db write=enospc\n")
        for kind in (1, 2):
            self.set.faults({"id": f"down{kind}", "match": PROBE, "kind": "status", "status": 503})
            wait_for("down", lambda: len(self.set.events(type="provider.down")) == kind)
            self.set.faults()
            wait_for("up again", lambda: self.status()["status"] == "up")
        self.assertEqual(self.incidents(), [])  # and yet it answers
        replace(fault, "")
        wait_for("it to be kept again", lambda: monitor.says("the history of providers is kept again; left out: 0"))
        self.assertEqual(monitor.text().count("cannot keep the history of providers, goes on trying"), 1)
        told = [e["data"]["since"] for e in self.set.events(type="provider.down")]
        self.assertEqual([i["began"] for i in self.incidents()][::-1], told)
        self.assertEqual([(c["from"], c["to"]) for c in self.changes()][-4:], [("up", "down"), ("down", "up")] * 2)

    def test_how_long_calls_took_is_told(self):
        self.set.start("service-gateway")
        self.wait_notices(1)
        self.set.faults({"id": "slow", "match": {"provider": "elevenlabs", "method": "POST"},
                         "kind": "latency", "delay_ms": 300})
        for i in range(5):
            self.client.speak(f"s{i}", f"text {i}")
        self.client.wait_all([f"s{i}" for i in range(5)])
        latency = wait_for("them to be told", lambda: (v := self.status().get("latency")) and v["attempts"] == 5 and v)
        self.assertGreaterEqual(latency["p50_ns"], 300e6)
        self.assertLessEqual(latency["p50_ns"], latency["p90_ns"])
        self.assertLessEqual(latency["p90_ns"], latency["p99_ns"])
        self.assertEqual(wait_for("the retained value", lambda: self.retained().get("latency")), latency)


if __name__ == "__main__":
    unittest.main()
