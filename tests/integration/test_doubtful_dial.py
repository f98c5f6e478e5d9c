#!/usr/bin/python3
"""What is asked about a dial in doubt, after the configuration was changed under it."""

import unittest

from harness import RingfenceTest, people, wait_for


class DoubtfulDial(RingfenceTest):
    CONFIG = {"telephony": {"audio": "say", "lost_after": "2s"}}

    def change_while_one_is_in_doubt(self, contacts, code, **twilio):
        doubtful = contacts[1][0]
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "reset_after", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": doubtful}})
        campaign = self.set.campaign(contacts)
        orchestrator = self.set.processes["orchestrator"]
        wait_for("the doubt", lambda: orchestrator.says("asking the provider"))
        self.set.config["providers"]["twilio"].update(twilio)
        self.set.write_config()
        for name in ("service-gateway", "orchestrator"):
            self.set.processes[name].reload()
        self.assertEqual(campaign.wait(120), code)
        wait_for("the log", lambda: self.set.events(type="campaign.finished"))

    def test_a_call_is_found_by_the_number_that_it_was_made_from(self):
        contacts = people(3)
        self.change_while_one_is_in_doubt(contacts, 0, **{"from": "+12025550198"})
        self.assertEqual(self.set.events(type="contact.set_aside"), [])
        self.assertEqual(len(self.set.events(type="contact.done")), 3)
        self.assert_each_dialled_once(contacts)

    def test_another_accounts_list_proves_no_absence_and_it_is_told(self):
        contacts = people(3)
        self.change_while_one_is_in_doubt(contacts, 3, account_sid="AC" + "2" * 32)
        aside = [e for e in self.set.events(type="contact.set_aside")
                 if e["data"]["phone"] == contacts[1][0]]
        self.assertEqual([e["data"]["reason"] for e in aside], ["call_unknown"])
        self.assertIn("it is of the account", aside[0]["data"]["message"])
        self.assertEqual(self.set.dials()[contacts[1][0]], 1)


if __name__ == "__main__":
    unittest.main()
