#!/usr/bin/python3
"""The health monitor beside real providers and processes: what it tells, and what it leaves alone."""

import signal
import unittest

from harness import RingfenceTest, wait_for

PROBE = {"provider": "elevenlabs", "method": "GET", "path": "/v1/user/subscription"}


class HealthMonitorTest(RingfenceTest):
    def setUp(self):
        super().setUp()
        for service in ("simulator", "broker", "logger", "health-monitor"):
            self.set.start(service)

    def notices(self, provider="elevenlabs"):
        return [e for e in self.set.events(subject=provider) if e["type"].startswith("provider.")]

    def wait_notices(self, count, provider="elevenlabs"):
        return wait_for(f"{count} notices about {provider}",
                        lambda: self.notices(provider) if len(self.notices(provider)) >= count else None)

    def probes(self):
        return self.set.requests("elevenlabs", PROBE["path"])

    def wait_probes(self, more):
        seen = len(self.probes())
        wait_for(f"{more} more probes", lambda: len(self.probes()) >= seen + more)

    def wait_alive(self, service):
        """Until the registry, as `ringfence status` shows it, has the process."""
        wait_for(f"{service} to be registered",
                 lambda: service in self.set.cli("status", "--json", check=0).stdout)


class Providers(HealthMonitorTest):
    def test_each_provider_in_a_chain_is_up_once(self):
        for provider in ("elevenlabs", "openai", "anthropic", "twilio"):
            notice = self.wait_notices(1, provider)[0]
            self.assertEqual((notice["type"], notice["data"]["from"]), ("provider.up", "unknown"))
        self.wait_probes(3)
        self.assertEqual(len([e for e in self.set.events() if e["type"].startswith("provider.")]), 4)

    def test_it_is_down_and_up_by_the_counts_and_no_breaker_hears_of_it(self):
        self.set.start("service-gateway")
        self.wait_notices(1)
        # One bad answer is less than `fall`.
        self.set.faults({"id": "once", "match": PROBE, "kind": "status", "status": 503, "count": 1})
        self.wait_probes(4)
        self.assertEqual(len(self.notices()), 1)
        # Many more than the breaker's threshold.
        self.set.faults({"id": "down", "match": PROBE, "kind": "status", "status": 503})
        down = self.wait_notices(2)[1]
        self.assertEqual((down["type"], down["data"]["from"], down["data"]["why"]),
                         ("provider.down", "up", "HTTP 503"))
        bad = [r["at"] for r in self.probes() if r["status"] == 503]
        # Since the first answer of the row that speaks against it, not since the last one; the first
        # of all was the single one of before.
        self.assertGreaterEqual(down["data"]["since"] / 1e9, bad[1] - 0.05)
        self.assertLess(down["data"]["since"] / 1e9, down["at"])
        self.wait_probes(8)
        self.assertEqual(len(self.notices()), 2, "down is told once")
        self.set.faults()
        up = self.wait_notices(3)[2]
        self.assertEqual((up["type"], up["data"]["from"]), ("provider.up", "down"))
        self.assertEqual([e for e in self.set.events() if e["type"].startswith("breaker.")], [])

    def test_a_refused_key_is_no_outage_is_shown_and_a_changed_key_file_is_found(self):
        self.wait_notices(1)
        self.set.admin("PUT", "keys", {"elevenlabs": ["elevenlabs-new"]})
        self.wait_probes(6)
        status = self.set.cli("status", "--json", check=0).stdout
        self.assertIn("it refuses our key (HTTP 401)", status)
        self.set.write_key("elevenlabs", "elevenlabs-new")
        wait_for("a good probe", lambda: self.probes()[-1]["status"] == 200)
        self.assertEqual(len(self.notices()), 1)

    def test_a_rate_limit_is_not_an_outage(self):
        self.wait_notices(1)
        self.set.faults({"id": "limited", "match": PROBE, "kind": "status", "status": 429})
        self.wait_probes(6)
        self.assertEqual(len(self.notices()), 1)

    def test_a_restarted_monitor_tells_no_change_that_is_none(self):
        self.set.faults({"id": "down", "match": PROBE, "kind": "no_reply"})
        wait_for("provider.down", lambda: self.set.events(type="provider.down"))
        seen = len(self.notices())
        self.set.processes["health-monitor"].kill()
        self.set.start("health-monitor")
        self.wait_probes(4)
        self.assertEqual(len(self.notices()), seen)
        self.set.faults()
        up = self.wait_notices(seen + 1)[seen]
        self.assertEqual((up["type"], up["data"]["from"]), ("provider.up", "down"))


class Processes(HealthMonitorTest):
    def test_a_killed_process_is_lost_once_and_one_that_ends_in_order_is_not(self):
        for service in ("console", "service-gateway"):
            self.set.start(service)
            self.wait_alive(service)
        self.set.processes["service-gateway"].terminate()
        self.assertEqual(self.set.processes["service-gateway"].wait(), 0)
        self.set.processes["console"].kill()
        lost = wait_for("process.lost", lambda: self.set.events(type="process.lost"))
        self.assertEqual([e["data"]["service"] for e in lost], ["console"])
        wait_for("the leases of both to be over",
                 lambda: "service-gateway" not in self.set.cli("status", "--json").stdout)
        self.assertEqual(len(self.set.events(type="process.lost")), 1)

    def test_a_process_that_stands_still_is_lost(self):
        self.set.start("console")
        self.wait_alive("console")
        self.set.processes["console"].terminate(signal.SIGSTOP)
        lost = wait_for("process.lost", lambda: self.set.events(type="process.lost"))
        self.assertEqual(lost[0]["data"]["service"], "console")

    def test_a_broker_that_is_killed_and_comes_back_loses_nobody_else(self):
        self.set.start("console")
        self.wait_alive("console")
        self.set.processes["broker"].kill()
        self.set.start("broker")
        for service in ("console", "logger", "health-monitor"):
            self.wait_alive(service)
        # Past the time in which each may come back: the grace is two leases of (10 + 1) x 200 ms.
        self.wait_probes(20)
        self.assertEqual([e["data"]["service"] for e in self.set.events(type="process.lost")
                          if e["data"]["service"] != "broker"], [])


if __name__ == "__main__":
    unittest.main()
