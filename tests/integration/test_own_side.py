#!/usr/bin/python3
"""When it is our own side that fails, no provider is blamed for it: by the health monitor, beside real sockets."""

import signal
import socket
import subprocess
import unittest

from harness import SOURCE, preloaded, replace, stays, wait_for
from test_health_history import HistoryTest
from test_health_monitor import PROBE

PROVIDERS = ("elevenlabs", "openai", "anthropic", "twilio")


class OwnSideTest(HistoryTest):
    def told(self, kind):
        return self.set.events(type=f"own_side.{kind}")

    def wait_up(self):
        for provider in PROVIDERS:
            self.wait_notices(1, provider)

    def all_status(self):
        return {name: value["status"] for name, value in self.ask("health_status")["providers"].items()}

    def no_provider_is_blamed(self):
        return not self.set.events(type="provider.down") and not self.set.events(type="provider.degraded")


class Network(OwnSideTest):
    CONFIG = {"alerter": {"rules": []}}

    def mails(self, words):
        return [mail for mail in self.set.mailbox.mails if words in mail["Subject"]]

    def test_incident_25_when_nobody_answers_it_is_one_incident_of_ours_and_none_of_theirs(self):
        self.set.start("alerter")
        self.wait_up()
        self.set.processes["simulator"].kill()
        failed = wait_for("own_side.failed", lambda: self.told("failed"))[0]
        self.assertEqual((failed["subject"], failed["severity"]), ("network", "critical"))
        self.assertEqual(sorted(failed["data"]["providers"]), sorted(PROVIDERS))
        wait_for("all to be unknown", lambda: set(self.all_status().values()) == {"unknown"})
        self.assertEqual(self.ask("health_status")["own_side"]["what"], "network")
        self.assertIn("our own side", self.status()["why"])
        # Told by mail, as that goes another way than the webhooks here.
        wait_for("it to be told", lambda: self.mails("No provider answers"))
        stays("blaming nobody", self.no_provider_is_blamed, 3)
        self.set.start("simulator")
        wait_for("own_side.recovered", lambda: self.told("recovered"))
        wait_for("all to be up", lambda: set(self.all_status().values()) == {"up"})
        wait_for("its end to be told, in the same thread", lambda: len(self.mails("No provider answers")) == 2)
        self.assertEqual([len(self.told("failed")), len(self.told("recovered"))], [1, 1])
        # The other mails are of the channels that went away with the simulator.
        self.assertEqual([len(self.mails(words)) for words in ("No provider answers", "Provider ", "is down")],
                         [2, 0, 0])
        # Row 23: nobody is up again who was not down.
        self.assertEqual(len([e for e in self.set.events() if e["type"] == "provider.up"]), len(PROVIDERS))
        self.assertTrue(self.no_provider_is_blamed())
        # Row 38: it is nobody's outage but ours, and not charged.
        for provider in PROVIDERS:
            self.assertEqual(self.incidents(provider), [])
            self.assertEqual(self.status(provider)["availability"]["1h"]["share"], 1.0)
            self.assertEqual([(c["from"], c["to"], c["cause"]) for c in self.changes(provider)][1:2],
                             [("up", "unknown", "own_side")])
        ours, = self.incidents("own-side")
        self.assertEqual(ours["cause"], "network")
        self.assertGreater(ours["ended"], ours["began"])

    def test_a_black_hole_for_all_is_ours_too_and_a_restart_meanwhile_tells_no_change(self):
        self.wait_up()
        self.set.processes["simulator"].terminate(signal.SIGSTOP)  # the kernel accepts, nobody answers
        wait_for("own_side.failed", lambda: self.told("failed"))
        wait_for("all to be unknown", lambda: set(self.all_status().values()) == {"unknown"})
        self.set.processes["health-monitor"].kill()
        self.set.start("health-monitor")
        wait_for("it to be told again", lambda: len(self.told("failed")) == 2)
        self.set.processes["simulator"].terminate(signal.SIGCONT)
        wait_for("own_side.recovered", lambda: self.told("recovered"))
        wait_for("all to be up", lambda: set(self.all_status().values()) == {"up"})
        self.assertEqual(len([e for e in self.set.events() if e["type"].startswith("provider.")]), len(PROVIDERS))


class OneProvider(OwnSideTest):
    def test_a_black_holed_provider_is_down_by_its_fall_count_while_others_answer(self):
        self.wait_up()
        self.set.faults({"id": "hole", "match": PROBE, "kind": "no_reply"})
        down = self.wait_notices(2)[1]
        self.assertEqual((down["type"], down["data"]["from"]), ("provider.down", "up"))
        self.assertEqual(down["data"]["why"], "no whole reply within 2 s")
        # Since the first timeout, told with the second (2 s each, and the interval between): it
        # waited for nobody.
        self.assertAlmostEqual(down["at"] - down["data"]["since"] / 1e9, 2.3, delta=0.9)
        self.assertEqual(self.told("failed"), [])
        self.assertEqual({name for name, status in self.all_status().items() if status == "up"},
                         set(PROVIDERS) - {"elevenlabs"})

    def test_all_that_answer_badly_are_down_each_for_itself(self):
        self.wait_up()
        self.set.faults({"id": "bad", "match": {"method": "GET"}, "kind": "status", "status": 503})
        for provider in PROVIDERS:
            self.assertEqual(self.wait_notices(2, provider)[1]["type"], "provider.down")
        self.assertEqual(self.told("failed"), [])


class Names(OwnSideTest):
    CONFIG = {"providers": {name: {"base_url": f"http://{name}.ringfence.invalid"} for name in PROVIDERS}}

    def test_dns_that_is_gone_is_ours(self):
        failed = wait_for("own_side.failed", lambda: self.told("failed"))[0]
        self.assertEqual(failed["subject"], "dns")
        self.assertIn("no provider's name is found", failed["message"])
        self.assertEqual(set(self.all_status().values()), {"unknown"})
        self.assertEqual([e for e in self.set.events() if e["type"].startswith("provider.")], [])


class Clock(OwnSideTest):
    """tests/fault/clock_fault.c sets the monitor's clock; the simulator's /admin/clocks that of a provider."""

    def setUp(self):
        super().setUp()
        self.wait_up()
        self.set.processes["health-monitor"].terminate()
        self.set.processes["health-monitor"].wait()
        self.control = self.set.root / "out" / "clock"
        self.set.start("health-monitor", environment=preloaded("clock_fault", RF_CLOCK_FAULT=str(self.control)))
        wait_for("the clock to be looked at", lambda: self.clock()["status"] == "right")

    def clock(self):
        return self.ask("health_status")["clock"]

    def told(self, what):
        return self.set.events(type=f"clock.{what}")

    def test_our_own_clock_that_is_wrong_is_told_once_and_its_end(self):
        replace(self.control, "120\n")
        off = wait_for("clock.off", lambda: self.told("off"))[0]
        self.assertEqual((off["severity"], off["subject"], off["data"]["way"]), ("error", socket.gethostname(), "fast"))
        self.assertAlmostEqual(off["data"]["ahead_ns"] / 1e9, 120, delta=5)
        self.assertEqual(set(off["data"]["providers"]), set(PROVIDERS))
        self.assertRegex(off["message"], r"is wrong: too fast by \d+ (s|min), as providers' answers say")
        self.assertEqual(self.clock()["status"], "off")
        self.wait_probes(5)
        replace(self.control, "0\n")
        right = wait_for("clock.right", lambda: self.told("right"))[0]
        self.assertEqual(right["data"]["from"], "off")
        self.wait_probes(5)
        self.assertEqual([len(self.told("off")), len(self.told("right"))], [1, 1])
        self.assertTrue(self.no_provider_is_blamed())

    def test_one_providers_wrong_clock_is_its_own(self):
        self.set.admin("PUT", "clocks", {"twilio": 3600})
        self.wait_probes(8)
        self.assertEqual((self.clock()["status"], self.told("off")), ("right", []))
        self.set.admin("PUT", "clocks", {name: 3600 for name in PROVIDERS})
        off = wait_for("clock.off", lambda: self.told("off"))[0]
        self.assertEqual(off["data"]["way"], "slow")
        self.assertAlmostEqual(off["data"]["ahead_ns"] / 1e9, -3600, delta=5)


class Certificate(OwnSideTest):
    def test_an_expired_certificate_is_ours_to_see_and_charges_nobody(self):
        self.wait_up()
        self.set.processes["health-monitor"].terminate()
        self.set.processes["health-monitor"].wait()
        self.set.processes["simulator"].terminate()
        self.set.processes["simulator"].wait()
        certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True, capture_output=True)
        self.set.config["providers"]["openai"].update(
            base_url=f"https://localhost:{self.set.ports['tls']}/openai", ca_file=str(certs / "ca.pem"))
        self.set.config["simulator"].update(
            tls_listen=f"127.0.0.1:{self.set.ports['tls']}",
            cert_file=str(certs / "expired.pem"), key_file=str(certs / "expired.key"))
        self.set.write_config()
        self.set.start("simulator")
        self.set.start("health-monitor")
        value = wait_for("it to be seen", lambda: (v := self.retained("openai")) and "expired" in v["why"] and v)
        self.assertEqual(value["probes"], "up")  # as it was, and nothing else is known
        seen = {name: self.known(name) for name in ("openai", "elevenlabs")}
        wait_for("time to be accounted for", lambda: self.known("elevenlabs") > seen["elevenlabs"] + 9)
        self.assertEqual(self.known("openai"), seen["openai"])
        self.assertTrue(self.no_provider_is_blamed())
        self.assertEqual(self.told("failed"), [])
        self.assertEqual(self.status("openai")["availability"]["1h"]["share"], 1.0)


if __name__ == "__main__":
    unittest.main()
