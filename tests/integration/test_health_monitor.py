#!/usr/bin/python3
"""The health monitor beside real providers and processes: what it tells, and what it leaves alone."""

import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from harness import SOURCE, RingfenceTest, wait_for
from test_gateway import Client

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

    def test_a_status_changes_at_the_exact_counts(self):
        self.set.config["health"].update(rise=3, fall=4)
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        self.wait_notices(1)
        bad = {"match": PROBE, "kind": "status", "status": 503}
        self.set.faults({"id": "few", "count": 3, **bad})
        wait_for("three bad answers, and good ones",
                 lambda: [p["status"] for p in self.probes()].count(503) == 3 and self.probes()[-1]["status"] == 200)
        self.wait_probes(4)
        self.assertEqual(len(self.notices()), 1)
        self.set.faults({"id": "enough", "count": 4, **bad})
        down, up = self.wait_notices(3)[1:]
        probes = self.probes()
        fourth = [p for p in probes if p["status"] == 503][6]
        well = [p for p in probes if p["status"] == 200 and p["at"] > fourth["at"]]
        self.assertEqual((down["type"], up["type"]), ("provider.down", "provider.up"))
        self.assertTrue(fourth["at"] <= down["at"] < well[0]["at"], (fourth, down, well[0]))
        self.assertTrue(well[2]["at"] <= up["at"] < self.wait_after(well[2])["at"], (well, up))
        self.assertLess(abs(up["data"]["since"] / 1e9 - well[0]["at"]), 0.2)

    def wait_after(self, probe):
        return wait_for("the next probe", lambda: [p for p in self.probes() if p["at"] > probe["at"]])[0]

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

    def test_slow_answers_are_degraded_and_a_restart_tells_it_not_again(self):
        self.wait_notices(1)
        self.set.config["health"]["slow_after"] = "500ms"
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        self.set.faults({"id": "slow", "match": PROBE, "kind": "latency", "delay_ms": 1000})
        slow = self.wait_notices(2)[1]
        self.assertEqual((slow["type"], slow["severity"], slow["data"]["from"], slow["data"]["cause"]),
                         ("provider.degraded", "warning", "up", "probes"))
        self.assertRegex(slow["data"]["why"], r"HTTP 200 after 1\.\d s \(slow beyond 0\.5 s\)")
        self.set.processes["health-monitor"].kill()
        self.set.start("health-monitor")
        self.wait_probes(4)
        self.assertEqual(len(self.notices()), 2)
        self.set.faults()
        up = self.wait_notices(3)[2]
        self.assertEqual((up["type"], up["data"]["from"]), ("provider.up", "degraded"))
        self.assertIn("is up again", up["message"])

    def test_an_answer_without_the_expected_text_is_bad(self):
        self.wait_notices(1)
        self.set.config["providers"]["elevenlabs"]["probe_expect"] = "no such tier"
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        down = self.wait_notices(2)[1]
        self.assertEqual((down["type"], down["data"]["why"]),
                         ("provider.down", "HTTP 200 without the text of probe_expect"))

    def test_incident_43_and_calls_that_fail_are_seen_though_probes_succeed(self):
        """Not the calls that a caller spoils; those that the provider spoils, over two gateways."""
        self.set.config["health"]["calls"] = {"window": "5s", "minimum": 6}
        self.set.config["defaults"]["breaker"]["mode"] = "observe"
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        for name in ("gateway-0", "gateway-1"):
            self.set.start("service-gateway", name)
        client = Client(self.set)
        self.addCleanup(client.close)
        self.wait_notices(1)
        speech = {"provider": "elevenlabs", "method": "POST"}
        self.set.faults({"id": "invalid", "match": speech, "kind": "status", "status": 422})
        for i in range(20):
            client.speak(f"i{i}", f"invalid {i}")
        client.wait_all([f"i{i}" for i in range(20)])
        self.wait_probes(8)  # what was told of these calls has come long before
        self.assertEqual(len(self.notices()), 1)
        self.set.faults({"id": "out", "match": speech, "kind": "status", "status": 503})
        for i in range(20):
            client.speak(f"o{i}", f"out {i}")
        down = self.wait_notices(2)
        self.assertEqual(down[1]["data"]["cause"], "calls")
        self.assertRegex(down[1]["data"]["why"],
                         r"\d+ of the latest \d+ attempts failed, though it answers probes")
        wait_for("down", lambda: self.set.events(type="provider.down"))
        client.wait_all([f"o{i}" for i in range(20)])
        self.set.faults()

        def well():
            client.speak(f"w{len(client.replies)}", f"well {len(client.replies)}")
            return client.receive(5) and self.notices()[-1]["type"] == "provider.up"
        wait_for("calls that succeed to end it", well)

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


class EarlyHalfOpen(HealthMonitorTest):
    CONFIG = {"defaults": {"breaker": {"recovery_timeout": "60s", "early_half_open": "1%"}}}

    def test_a_recovered_provider_is_tested_early(self):
        """Without it the breaker would stay open for a minute."""
        self.set.start("service-gateway")
        self.wait_notices(1)
        self.set.faults({"id": "down", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        client = Client(self.set)
        self.addCleanup(client.close)
        for i in range(6):
            client.speak(f"s{i}", f"text {i}")
        opened = wait_for("breaker.opened", lambda: self.set.events(type="breaker.opened"))[0]
        wait_for("provider.down", lambda: self.set.events(type="provider.down"))
        self.set.faults()
        tested = wait_for("breaker.half_open", lambda: self.set.events(type="breaker.half_open"))[0]
        self.assertEqual(tested["data"]["cause"], "probe_recovered")
        self.assertLess(tested["at"] - opened["at"], 50)

        def well():
            client.speak(f"w{len(client.replies)}", f"well {len(client.replies)}")
            client.receive(5)
            return self.set.events(type="breaker.closed")
        wait_for("the test to close it", well)


class Disks(HealthMonitorTest):
    def test_a_disk_that_is_low_is_told_once_and_told_again_when_it_is_ok(self):
        first = wait_for("disk.ok", lambda: self.set.events(type="disk.ok"))[0]
        self.assertEqual((first["subject"], first["data"]["from"]), (self.set.config["state_dir"], "unknown"))
        self.set.config["health"]["disk"] = {"least_bytes": "1024GiB", "least_share": "100%"}
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        low = wait_for("disk.low", lambda: self.set.events(type="disk.low"))[0]
        self.assertEqual((low["subject"], low["data"]["from"], low["data"]["what"]),
                         (self.set.config["state_dir"], "ok", "bytes"))
        self.assertIn("Little is left of the disk of", low["message"])
        room = os.statvfs(self.set.config["state_dir"])
        self.assertEqual(low["data"]["total_bytes"], room.f_blocks * room.f_frsize)
        del self.set.config["health"]["disk"]
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        okay = wait_for("disk.ok again", lambda: self.set.events(type="disk.ok")[1:])[0]
        self.assertEqual(okay["data"]["from"], "low")
        self.assertAlmostEqual(okay["data"]["held_ns"] / 1e9, okay["at"] - low["at"], delta=0.5)
        self.assertEqual(len(self.set.events(type="disk.low")), 1)


class Certificates(RingfenceTest):
    def test_one_near_its_end_is_told_and_one_far_from_it_as_well(self):
        certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True, capture_output=True)
        self.set.config["providers"]["openai"].update(
            base_url=f"https://localhost:{self.set.ports['tls']}/openai", ca_file=str(certs / "ca.pem"))
        self.set.config["simulator"].update(
            tls_listen=f"127.0.0.1:{self.set.ports['tls']}",
            cert_file=str(certs / "server.pem"), key_file=str(certs / "server.key"))
        self.set.write_config()
        for service in ("simulator", "broker", "logger", "health-monitor"):
            self.set.start(service)
        valid = wait_for("certificate.valid", lambda: self.set.events(type="certificate.valid"))[0]
        self.assertEqual((valid["subject"], valid["data"]["from"]), ("openai", "unknown"))
        end = subprocess.run(["openssl", "x509", "-in", str(certs / "server.pem"), "-noout", "-enddate",
                              "-dateopt", "iso_8601"], check=True, capture_output=True, text=True).stdout
        when = datetime.datetime.fromisoformat(end.strip().removeprefix("notAfter=").replace("Z", "+00:00"))
        self.assertEqual(valid["data"]["until"], int(when.timestamp()) * 10**9)
        self.set.config["health"]["certificate"] = {"least": "20000h"}
        self.set.write_config()
        self.set.processes["health-monitor"].terminate(signal.SIGHUP)
        near = wait_for("certificate.expiring", lambda: self.set.events(type="certificate.expiring"))[0]
        self.assertEqual((near["subject"], near["data"]["from"], near["data"]["until"]),
                         ("openai", "valid", valid["data"]["until"]))
        self.assertEqual(len(self.set.events(type="certificate.valid")), 1)


class Measures(HealthMonitorTest):
    # What waits for a worker that is gone waits for its lease: longer than a busy machine needs to ask what waits.
    CONFIG = {"bus": {"heartbeat_misses": 40}}

    def test_each_tells_its_memory_how_long_its_loop_stood_and_what_waits(self):
        self.set.start("service-gateway")
        self.set.start("alerter")
        services = {"broker", "logger", "health-monitor", "service-gateway", "alerter"}
        entries = wait_for("a first heartbeat of all", lambda: set(e := self.entries()) == services and all(
            entry["lag_ns"] > 0 for entry in e.values()) and e)
        for service, entry in entries.items():
            resident = int(self.status_of(entry["pid"], "VmRSS")) * 1024
            self.assertAlmostEqual(entry["rss_bytes"], resident, delta=resident / 2, msg=service)
            self.assertIn("unwritten" if service == "broker" else "unacknowledged", entry["queues"], service)
        wait_for("the last words to be taken", lambda: all(
            entry["queues"]["unacknowledged"] == 0 for service, entry in self.entries().items() if service != "broker"))
        self.assertEqual(entries["service-gateway"]["queues"]["calls"], 0)
        self.assertEqual(entries["alerter"]["queues"]["deliveries"], 0)
        self.set.faults({"id": "slow", "match": {"provider": "elevenlabs", "method": "POST"}, "kind": "latency",
                         "delay_ms": 5000})
        client = Client(self.set)
        self.addCleanup(client.close)
        for i in range(3):
            client.speak(f"s{i}", f"text {i}")
        wait_for("its calls to be told", lambda: self.entries()["service-gateway"]["queues"]["calls"] == 3)
        self.set.processes["service-gateway"].kill()
        # It had room for 13 more, which may be sent to it as long as nobody has noticed.
        for i in range(16):
            client.speak(f"w{i}", f"waits {i}")
        wait_for("what waits at the broker to be told", lambda: self.entries()["broker"]["queues"]["calls"] >= 3)

    def entries(self):
        told = json.loads(self.set.cli("status", "--json", check=0).stdout)["process"]
        return {entry["service"]: entry for entry in told.values()}

    def status_of(self, pid, field):
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return re.search(rf"^{field}:\s+(\d+) kB", text, re.M).group(1)


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
