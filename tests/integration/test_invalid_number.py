#!/usr/bin/python3
"""A number that the telephony provider refuses concerns one contact."""

import unittest

from harness import RingfenceTest, people


class InvalidNumber(RingfenceTest):
    def test_a_refused_number_sets_aside_that_contact_only(self):
        contacts = people(10)
        refused = contacts[4][0]
        self.set.start_all()
        self.set.faults({"id": "refused", "kind": "status", "status": 400,
                         "match": {"provider": "twilio", "method": "POST", "number": refused},
                         "body": {"code": 21211, "status": 400, "more_info": "",
                                  "message": "The 'To' number is not a valid phone number."}})
        self.run_campaign(contacts, code=3)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([(e["data"]["phone"], e["data"]["reason"], e["data"]["step"])
                          for e in aside], [(refused, "permanent.invalid", "dial")])
        self.assertIn("not a valid phone number", aside[0]["data"]["message"])
        self.assertEqual(len(aside[0]["data"]["attempts"]), 1)
        self.assertEqual(self.set.events(type="mark.set"), [])
        self.assertEqual(self.set.events(type="breaker.opened"), [])
        self.assert_each_dialled_once([c for c in contacts if c[0] != refused])
        self.assert_alerts(aside)


if __name__ == "__main__":
    unittest.main()
