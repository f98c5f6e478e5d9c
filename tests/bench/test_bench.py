"""tests/bench/run runs, and writes the keys of design section 16. No figure is held against a goal: the run is
short, and the build may be any."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUN = Path(__file__).resolve().parent / "run"
BUILD = os.environ["RF_BUILD"]
GATEWAY = ["kb_per_waiting_call", "throughput_over_curl", "cpu_per_request_over_curl", "round_trip_over_bare",
           "rss_mb_64_in_flight", "throughput_over_haproxy"]
BUS = ["call_p99_under_50ms_disk_stall_over_normal", "broker_cpu_64_gateways_over_1", "unjournaled_over_proxy",
       "journaled_over_slower_limit", "call_round_trip_over_proxy", "call_throughput_over_proxy"]
CAMPAIGN = ["claims_over_sql", "claims_over_sql_postgres", "load_rss_mb", "recovery_lag_s"]


def bench(name):
    with tempfile.TemporaryDirectory(prefix="rf-") as folder:
        path = Path(folder) / "figures.json"
        subprocess.run([sys.executable, "-B", RUN, name, "--quick", "--runs", "1", "--build", BUILD, "--json",
                        path], check=True, stdout=subprocess.DEVNULL)
        return json.loads(path.read_text())


class Quick(unittest.TestCase):
    def check_form(self, seen):
        self.assertGreater(len(seen["metrics"]), 0)
        for name, figures in seen["metrics"].items():
            self.assertLessEqual(figures["min"], figures["median"], name)
            self.assertLessEqual(figures["median"], figures["max"], name)
            self.assertTrue(figures["unit"], name)

    def test_resilience_has_its_keys(self):
        seen = bench("resilience")["resilience"]
        self.check_form(seen)
        self.assertGreater(seen["ratios"]["decision_over_clock_gettime"], 0)
        self.assertEqual(seen["ratios"]["allocations_per_call"], 0)

    def test_gateway_has_its_keys(self):
        result = bench("gateway")
        seen = result["gateway"]
        self.check_form(seen)
        self.assertGreater(result["machine"]["cores"], 0)
        for name in GATEWAY:
            self.assertGreater(seen["ratios"][name], 0, name)
        # A peer that was not measured is named, and has no figures.
        self.assertIn("portkey", seen["missing"])
        self.assertNotIn("throughput_over_portkey", seen["ratios"])

    def test_bus_has_its_keys(self):
        seen = bench("bus")["bus"]
        self.check_form(seen)
        for name in BUS:
            self.assertGreater(seen["ratios"][name], 0, name)

    def test_logger_has_its_keys(self):
        seen = bench("logger")["logger"]
        self.check_form(seen)
        self.assertGreater(seen["ratios"]["lines_over_write"], 0)

    def test_health_has_its_keys(self):
        seen = bench("health")["health"]
        self.check_form(seen)
        for name in ("probes_per_minute", "cpu_us_per_probe", "core_share_10000_probes_a_minute", "rss_mb"):
            self.assertGreater(seen["metrics"][name]["min"], 0, name)

    def test_sizing_has_its_keys(self):
        seen = bench("sizing")["sizing"]
        self.check_form(seen)
        for name in ("bytes_per_contact_journal", "bytes_per_contact_campaign", "bytes_per_contact_json_log",
                     "rss_mb_at_rest_broker", "rss_mb_after_service-gateway"):
            self.assertGreater(seen["metrics"][name]["min"], 0, name)

    def test_campaign_has_its_keys(self):
        seen = bench("campaign")["campaign"]
        self.check_form(seen)
        for name in CAMPAIGN:
            self.assertGreater(seen["ratios"][name], 0, name)
        for name in ("contacts_per_second", "load", "status", "export", "export_rss_broker"):
            self.assertGreater(seen["metrics"][name]["min"], 0, name)


if __name__ == "__main__":
    unittest.main()
