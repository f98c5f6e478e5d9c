#!/usr/bin/python3
"""One breaker for a fleet of eight real gateways: what one of them says, what all say, and who tests. The exact
rules are the core's tests (test_broker_jury, test_broker_fleet); here they are seen from outside, at the
simulator's ledger."""

import subprocess
import time
import unittest

from harness import free_port, wait_for
from test_gateway_incidents import SPEECH, GatewayIncident

FLEET = 8
S = 10**9
OUTAGE = {"id": "outage", "match": SPEECH, "kind": "status", "status": 503}


class Fleet(GatewayIncident):
    SERVICES = ("simulator", "broker", "logger")
    BROKEN = None  # number of the gateway whose way to the provider leads nowhere

    def setUp(self):
        super().setUp()
        nowhere = self.set.write_other_config(
            "broken", {"providers": {"elevenlabs": {"proxy": {"url": f"http://127.0.0.1:{free_port()}"}}}})
        self.launch(lambda i: {"config": nowhere if i == self.BROKEN else None})

    def launch(self, how):
        launched = [self.set.launch("service-gateway", f"gateway-{i}", **how(i)) for i in range(FLEET)]
        for process in launched:
            process.wait_ready()
        wait_for("eight gateways", lambda: self.about()["gateways"] == FLEET)

    def about(self):
        """What the broker says of elevenlabs' breaker."""
        (told,) = [b for b in self.status()["breakers"] if b["service"] == "elevenlabs"]
        return told

    def instance(self, process):
        """The name on the bus of one of our processes."""
        pid = self.set.processes[process].popen.pid
        (instance,) = [p["subject"] for p in self.set.events(type="process.ready") if p["data"]["pid"] == pid]
        return instance

    def process_of(self, instance):
        pid = [p["data"]["pid"] for p in self.set.events(type="process.ready") if p["subject"] == instance][0]
        return next(p for p in self.set.processes.values() if p.popen.pid == pid)

    def posts(self):
        """When each speech was asked for, and with what result."""
        return sorted((r["at"], r["status"]) for r in self.set.requests("elevenlabs", "text-to-speech"))

    def opened(self):
        return wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))[-1]


class OneBadGateway(Fleet):
    BROKEN = 3
    # A busy machine is no failure of the provider.
    CONFIG = {"defaults": {"timeout": {"attempt": "30s"}, "breaker": {"ejection_time": "60s", "test_lease": "40s"}}}

    def test_incident_06_a_broken_route_ejects_one_gateway_and_the_provider_opens_the_breaker(self):
        bad = self.instance("gateway-3")
        replies = self.client.wait_all([self.send() for _ in range(80)])
        self.assertEqual([r for r in replies if not r["ok"]], [], "calls of the others, and its own, succeed")
        ejected = wait_for("the ejection", lambda: self.set.events(type="worker.ejected"))
        self.assertEqual([(e["subject"], e["service"], e["severity"]) for e in ejected],
                         [(bad, "elevenlabs", "error")])
        self.assertEqual(ejected[0]["data"]["left"], FLEET - 1)
        self.assertIn("connect", ejected[0]["data"]["last_error"])
        failed = [a for r in replies for a in r["attempts"] if a["class"] != "ok"]
        print(f"\n{len(failed)} of {sum(len(r['attempts']) for r in replies)} attempts failed before "
              f"{bad} was ejected", flush=True)
        told = self.about()
        self.assertEqual((told["state"], told["figures"]["opened"]), ("closed", 0))
        self.assertEqual([e["instance"] for e in told["ejected"]], [bad])
        # From now on nothing fails, and it serves nobody.
        replies = self.client.wait_all([self.send() for _ in range(80)])
        self.assertEqual({(r["ok"], len(r["attempts"])) for r in replies}, {(True, 1)})
        self.assertNotIn(bad, {r["worker"] for r in replies})
        self.assertIn(f"{bad} alone failed", self.set.cli("breaker", "list", check=0).stdout)
        self.assertIn(f"{bad} alone failed", self.set.cli("status", check=0).stdout)
        self.restart_broker_and_find_it_ejected(bad)
        # Then the provider itself fails, for all: the fifth failure of the fleet opens it.
        self.set.faults(OUTAGE)
        self.assertEqual(self.say()["class"], "transient")
        self.assertEqual(self.say()["code"], "breaker_open")
        self.assertEqual(self.opened()["data"]["failures"], 5)
        self.assertEqual([status for _, status in self.posts()].count(503), 5)
        self.assertEqual(len(self.set.events(type="worker.ejected")), 1)

    def restart_broker_and_find_it_ejected(self, bad):
        self.set.processes["broker"].kill()
        self.set.start("broker")
        wait_for("all gateways again", lambda: self.about()["gateways"] == FLEET)
        self.assertEqual([e["instance"] for e in self.about()["ejected"]], [bad])


class OneBadGatewayInAQuietFleet(Fleet):
    BROKEN = 3
    CONFIG = {"defaults": {"retry": {"initial_delay": "100ms"}, "breaker": {"failure_threshold": 128}}}

    def test_incident_06_a_single_call_at_a_broken_gateway_is_served_by_another(self):
        # Too few failures to find it out: every call succeeds all the same, with one more attempt.
        bad = self.instance("gateway-3")
        replies = [self.say() for _ in range(3 * FLEET)]
        self.assertEqual([r for r in replies if not r["ok"]], [])
        self.assertNotIn(bad, {r["worker"] for r in replies})
        tried = [len(r["attempts"]) for r in replies]
        self.assertEqual(set(tried), {1, 2}, "some came to the broken one")
        self.assertEqual(self.set.events(type="worker.ejected"), [])


class OneBadGatewayInAQuietFleetShortOfRetries(OneBadGatewayInAQuietFleet):
    """The fleet's retries are too few for each gateway to keep one: each is granted when it is asked for."""
    CONFIG = {"defaults": {"retry": {"initial_delay": "100ms", "budget": {"min_retries": FLEET - 1}},
                           "breaker": {"failure_threshold": 128}}}


# A process with a file of hosts of its own, and no other source of names.
OWN_NAMES = ('mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"')


@unittest.skipIf(subprocess.run(["unshare", "-rm", "mount", "--bind", "/etc/hosts", "/etc/hosts"],
                                capture_output=True, check=False).returncode != 0,
                 "this host gives no namespace for names of its own")
class OneWithoutNames(Fleet):
    BROKEN = 5
    CONFIG = {"defaults": {"timeout": {"attempt": "30s"}, "breaker": {"test_lease": "40s"}}}

    def launch(self, how):
        self.set.config["providers"]["elevenlabs"]["base_url"] = \
            self.set.simulator_url.replace("127.0.0.1", "provider.test") + "/elevenlabs"
        self.set.write_config()
        (self.set.root / "nsswitch.conf").write_text("hosts: files\n")
        (self.set.root / "hosts-True").write_text("127.0.0.1 localhost\n")
        (self.set.root / "hosts-False").write_text("127.0.0.1 localhost provider.test\n")
        super().launch(lambda i: {"through": ["unshare", "-rm", "sh", "-c", OWN_NAMES, "sh",
                                              self.set.root / f"hosts-{i == self.BROKEN}",
                                              self.set.root / "nsswitch.conf"]})

    def test_incident_06_a_gateway_that_cannot_look_up_the_provider_marks_it_for_nobody_else(self):
        bad = self.instance("gateway-5")
        replies = self.client.wait_all([self.send() for _ in range(80)])
        self.assertEqual([r for r in replies if not r["ok"]], [])
        ejected = wait_for("the ejection", lambda: self.set.events(type="worker.ejected"))
        self.assertEqual([e["subject"] for e in ejected], [bad])
        self.assertEqual(self.set.events(type="mark.set"), [])
        codes = {a["code"] for r in replies for a in r["attempts"] if a["class"] != "ok"}
        self.assertEqual(codes, {"unknown_host"})

    def test_a_provider_that_no_gateway_can_look_up_is_marked_once_two_have_said_so(self):
        (self.set.root / "hosts-False").write_text("127.0.0.1 localhost\n")
        replies = self.client.wait_all([self.send() for _ in range(16)])
        self.assertEqual({r["ok"] for r in replies}, {False})
        marked = wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assertEqual([(e["subject"], e["data"]["code"]) for e in marked], [("elevenlabs", "unknown_host")])
        self.assertEqual([r["mark_made"] for r in replies if r.get("mark_made")], [True])
        self.assertEqual(self.set.events(type="worker.ejected"), [])


class BackAgain(Fleet):
    BROKEN = 0
    # A call has more attempts, and its gateway more retries, than it takes to find the gateway out.
    CONFIG = {"defaults": {"retry": {"max_retries": 8, "max_delay": "500ms", "budget": {"min_retries": 1000}},
                           "breaker": {"ejection_time": "1s", "ejection_growth": 3}}}

    def test_incident_06_a_gateway_that_stays_broken_is_kept_out_for_longer_each_time(self):
        def ejections():
            for call in [self.send() for _ in range(16)]:
                reply = self.client.wait(call)
                self.assertTrue(reply["ok"], reply)
            return len(self.set.events(type="worker.ejected")) >= 3
        wait_for("three ejections", ejections, 120)
        ejected = self.set.events(type="worker.ejected")[:3]
        back = self.set.events(type="worker.readmitted")
        self.assertEqual([e["data"]["times"] for e in ejected], [1, 2, 3])
        self.assertEqual([round(e["data"]["held_ns"] / S) for e in back[:2]], [1, 3])
        self.assertEqual(self.set.events(type="breaker.opened"), [])


class ProviderFails(Fleet):
    # A busy machine is no failure of the provider.
    CONFIG = {"defaults": {"retry": {"max_retries": 0}, "timeout": {"attempt": "30s"},
                           "breaker": {"recovery_timeout": "60s", "test_lease": "40s"}},
              "gateway": {"concurrency": {"speech": 8}}}

    def test_incident_05_the_threshold_is_of_all_gateways_together(self):
        self.set.faults(OUTAGE)
        replies = [self.say() for _ in range(6)]
        self.assertEqual([r["class"] for r in replies[:5]], ["transient"] * 5)
        self.assertEqual(len({r["worker"] for r in replies[:5]}), 5, "of five gateways, one each")
        self.assertEqual(replies[5]["code"], "breaker_open")
        self.assertEqual(len(self.posts()), 5)

    def test_incident_07_no_gateway_begins_a_call_a_bus_hop_after_the_decision(self):
        # All gateways are busy with quick calls when the provider begins to fail.
        self.set.faults({"id": "slow", "match": SPEECH, "kind": "latency", "delay_ms": 30})
        calls = [self.send(seconds=120) for _ in range(600)]
        wait_for("the load", lambda: self.spoken() >= 100)
        self.set.faults(dict(OUTAGE, delay_ms=30))
        self.client.wait_all(calls, 150)
        decided = self.opened()["at"]
        failed = [at for at, status in self.posts() if status == 503]
        late = [at - decided for at in failed if at > decided]
        fifth = failed[4] + 0.03  # when the fifth was answered; until then nobody can know
        after = [at - fifth for at in failed if at > fifth]
        print(f"\n{len(failed)} requests failed for a threshold of 5, all but {len(after)} of them begun before "
              f"the fifth was answered; the decision came {(decided - fifth) * 1000:.1f} ms after that, and "
              f"{len(late)} requests after the decision, the last {max(late, default=0) * 1000:.1f} ms", flush=True)
        self.assertLess(max(late, default=0), 2)  # of a machine on which everything waits
        # What was under way when the fifth failed is no matter of the breaker.
        self.assertLess(len(failed), 5 + FLEET * 8)
        refused = [r for r in self.client.replies.values() if r.get("code") == "breaker_open"]
        self.assertGreater(len(refused), 100, "the load went on after the opening")

    def test_incident_05_a_killed_broker_comes_back_open_with_the_time_that_was_left(self):
        self.set.faults(OUTAGE)
        for _ in range(5):
            self.say()
        before = self.about()
        self.assertEqual(before["state"], "open")
        self.set.processes["broker"].kill()
        self.set.start("broker")
        wait_for("all gateways again", lambda: self.about()["gateways"] == FLEET)
        after = self.about()
        self.assertEqual((after["state"], after["epoch"]), ("open", before["epoch"]))
        self.assertLess(abs(after["until"] - before["until"]) / S, 0.1)
        self.assertEqual(self.say()["code"], "breaker_open")
        self.assertEqual(len(self.posts()), 5)

    def test_incident_05_it_comes_back_open_though_no_gateway_is_left_to_tell(self):
        self.set.faults(OUTAGE)
        for _ in range(5):
            self.say()
        wait_for("the opening to be told", lambda: self.set.events(type="breaker.opened"))
        before = self.about()
        for i in range(FLEET):
            self.set.processes[f"gateway-{i}"].kill()
        self.set.processes["broker"].kill()
        self.set.start("broker")
        after = self.about()
        self.assertEqual((after["state"], after["epoch"], after["gateways"]), ("open", before["epoch"], 0))
        self.assertLess(abs(after["until"] - before["until"]) / S, 0.1)
        self.set.start("service-gateway", "gateway-new")
        self.assertEqual(self.say()["code"], "breaker_open")
        self.assertEqual(len(self.posts()), 5)

    def test_a_forced_breaker_holds_at_all_gateways_and_over_a_restart_of_the_broker(self):
        self.set.cli("breaker", "force-open", "elevenlabs", "--for", "10m", "--why", "a drill", check=0)
        self.all_refused()
        self.set.processes["broker"].kill()
        self.set.start("broker")
        wait_for("all gateways again", lambda: self.about()["gateways"] == FLEET)
        told = self.about()
        self.assertEqual((told["force"], told["force_why"]), ("open", "a drill"))
        self.assertLess(abs(told["force_until"] / S - time.time() - 600), 120)
        self.all_refused()
        self.assertEqual(self.posts(), [])
        self.set.cli("breaker", "reset", "elevenlabs", "--why", "over", check=0)
        self.assertTrue(self.say()["ok"])

    def all_refused(self):
        replies = self.client.wait_all([self.send() for _ in range(4 * FLEET)])
        self.assertEqual({r.get("code") for r in replies}, {"breaker_open"})
        self.assertEqual(len({r["worker"] for r in replies}), FLEET)


class Tests(Fleet):
    CONFIG = {"defaults": {"retry": {"max_retries": 0}, "timeout": {"attempt": "3s"},
                           "breaker": {"recovery_timeout": "2s", "test_lease": "5s", "when_open": "wait"}}}

    def half_open(self):
        """The breaker has opened and all gateways have calls that wait for its recovery."""
        self.set.faults(OUTAGE)
        for _ in range(5):
            self.say()
        self.set.faults({"id": "hangs", "match": SPEECH, "kind": "no_reply", "count": 1},
                        {"id": "slow", "match": SPEECH, "kind": "latency", "delay_ms": 700, "count": 1})
        return [self.send(seconds=60) for _ in range(5 * FLEET)]

    def probes(self, closed):
        """When the test requests came to the provider."""
        half_open = self.set.events(type="breaker.half_open")[0]["at"]
        return [at for at, _ in self.posts() if half_open - 0.05 <= at < closed]

    def test_incident_04_eight_gateways_send_one_test_request_at_a_time(self):
        calls = self.half_open()
        replies = self.client.wait_all(calls)
        closed = wait_for("the closing", lambda: self.set.events(type="breaker.closed"))[0]["at"]
        tests = self.probes(closed)
        # The first hangs until its attempt's end and fails; the second, slow one closes it.
        self.assertEqual(len(tests), 2, tests)
        self.assertGreaterEqual(tests[1] - tests[0], 2.9)
        # Whoever began a test that failed has failed with it; all others waited.
        self.assertEqual(sum(not r["ok"] for r in replies), 1)

    def test_incident_04_the_gateway_with_the_permit_is_killed_and_another_tests_after_the_lease(self):
        self.half_open()
        tester = wait_for("a test request", lambda: self.about()["tester"])
        wait_for("it to be under way", lambda: len(self.posts()) == 6)
        self.process_of(tester).kill()
        closed = wait_for("the closing", lambda: self.set.events(type="breaker.closed"))[0]["at"]
        tests = self.probes(closed)
        self.assertEqual(len(tests), 2, tests)
        self.assertGreaterEqual(tests[1] - tests[0], 4.9)
        print(f"\nthe next test request came {tests[1] - tests[0]:.2f} s after the one of the killed gateway; "
              "the lease is 5 s", flush=True)


if __name__ == "__main__":
    unittest.main()
