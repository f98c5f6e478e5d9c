#!/usr/bin/python3
"""Gateways side by side: they share the work, and one that dies takes no contact with it."""

import collections
import unittest

from harness import RingfenceTest, people, wait_for


class TwoGateways(RingfenceTest):
    CONFIG = {"simulator": {"talk": "200ms"}}

    def start(self, environment=None):
        self.set.start_all(without=["service-gateway"])
        self.set.start("service-gateway", "gateway-1")
        self.set.start("service-gateway", "gateway-2", environment)

    def test_two_gateways_each_take_at_least_30_percent_of_the_attempts(self):
        contacts = people(40)
        self.start()
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)
        share = collections.Counter(
            e["data"]["worker"] for e in self.set.events(type="contact.step")
            if e["data"]["step"] in ("script", "speech", "dial"))
        self.assertEqual(len(share), 2, share)
        total = sum(share.values())
        self.assertGreaterEqual(total, 3 * len(contacts))
        for worker, count in share.items():
            self.assertGreaterEqual(count, 0.3 * total, share)

    def test_a_gateway_killed_after_it_sent_a_dial_dials_nobody_twice_and_all_contacts_end(self):
        contacts = people(30)
        self.start({"RF_CRASH_AT": "gateway.dial_answered:3"})
        campaign = self.set.campaign(contacts)
        self.set.processes["gateway-2"].wait_killed()
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        self.assertEqual(len(self.set.events(type="contact.done")), len(contacts))
        lost = wait_for("process.lost", lambda: self.set.events(type="process.lost"))
        self.assertEqual([e["data"]["service"] for e in lost], ["service-gateway"])


if __name__ == "__main__":
    unittest.main()
