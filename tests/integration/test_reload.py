#!/usr/bin/python3
"""SIGHUP: what can change does, what cannot is told, a bad file changes nothing."""

import signal
import unittest

from harness import CampaignTest, RingfenceTest, people, wait_for

BUS_USERS = ["service-gateway", "orchestrator", "health-monitor", "alerter", "logger"]


class Reload(RingfenceTest):
    def hang_up(self, words):
        for name in BUS_USERS:
            self.set.processes[name].terminate(signal.SIGHUP)
        for name in BUS_USERS:
            process = self.set.processes[name]
            wait_for(f"{name} to answer the reload", lambda p=process: p.says(words))

    def test_a_key_that_cannot_change_is_told_by_every_process(self):
        self.set.start_all()
        self.set.config["bus"]["max_unacknowledged"] = 500
        self.set.write_config()
        self.hang_up("bus.max_unacknowledged cannot change while running")

    def test_a_bad_file_is_refused_and_the_old_configuration_stays(self):
        self.set.start_all()
        self.set.config_file.write_text("health:\n  interval: 5\n")
        self.hang_up("ringfence.yaml:2: health.interval:")
        for name in BUS_USERS:
            process = self.set.processes[name]
            self.assertTrue(process.alive())
            self.assertTrue(process.says("the old configuration stays"), name)
            self.assertFalse(process.says("configuration read again"), name)


class Chain(CampaignTest):
    CONFIG = {"telephony": {"audio": "say"}, "gateway": {"chains": {"script": ["openai"]}}}

    def test_contacts_go_on_as_soon_as_another_chain_has_a_provider_that_works(self):
        first, contacts = people(1), people(6, first=10)
        self.set.start_all()
        self.set.faults({"id": "key", "kind": "status", "status": 401, "match": {"provider": "openai"},
                         "body": {"error": {"code": "invalid_api_key", "message": "bad key",
                                            "type": "invalid_request_error"}}})
        self.load(first, "first")
        self.order("start", "first")
        self.finished("first")
        self.load(contacts)
        self.order("start", "c")
        self.until("the provider to be out of use",
                   lambda s: s["waiting_for"] == "openai (marked unusable: see ringfence mark list)")
        self.set.config["gateway"]["chains"]["script"] = ["anthropic"]
        self.set.write_config()
        for name in ("service-gateway", "orchestrator"):
            self.set.processes[name].terminate(signal.SIGHUP)
            wait_for("the reload", lambda p=self.set.processes[name]: p.says("configuration read again"))
        self.finished()
        self.assert_each_dialled_once(contacts)


if __name__ == "__main__":
    unittest.main()
