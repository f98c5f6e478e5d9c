#!/usr/bin/python3
"""A number or a call that the telephony provider refuses to know concerns one contact."""

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


class LostCall(RingfenceTest):
    CONFIG = {"telephony": {"lost_after": "2s"}, "simulator": {"talk": "1s"}}

    def test_a_call_that_its_provider_denies_is_given_up_and_told_and_not_dialled_again(self):
        contacts = people(4)
        lost = contacts[1][0]
        self.set.start_all()
        self.set.faults({"id": "denied", "kind": "status", "status": 404,
                         "match": {"provider": "twilio", "method": "GET", "number": lost},
                         "body": {"code": 20404, "status": 404, "more_info": "",
                                  "message": "The requested resource was not found"}})
        self.run_campaign(contacts, code=3)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([(e["data"]["phone"], e["data"]["reason"]) for e in aside],
                         [(lost, "call_lost")])
        self.assertIn("not found", aside[0]["data"]["message"])
        self.assert_each_dialled_once(contacts)
        self.assert_alerts(aside)

    def test_a_list_that_is_refused_for_long_is_given_up_and_told_and_nobody_is_dialled_twice(self):
        contacts = people(4)
        doubtful = contacts[1][0]
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "reset_after", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": doubtful}},
                        {"id": "denied", "kind": "status", "status": 404,
                         "match": {"provider": "twilio", "method": "GET", "path": "*/Calls.json"},
                         "body": {"code": 20404, "status": 404, "more_info": "",
                                  "message": "The requested resource was not found"}})
        self.run_campaign(contacts, code=3)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([(e["data"]["phone"], e["data"]["reason"], e["data"]["class"])
                          for e in aside], [(doubtful, "call_unknown", "ambiguous")])
        self.assertIn("not found", aside[0]["data"]["message"])
        self.assertEqual(self.set.events(type="mark.set"), [])
        self.assertIn("does not say whether it was called",
                      (self.set.root / "log" / "app.log").read_text())
        self.assert_each_dialled_once(contacts)
        self.assert_alerts(aside)
        # The number is not held for ever: another campaign may call it, as after any other end.
        self.set.faults()
        self.run_campaign([contacts[1]], name="again")
        self.assertEqual(self.set.dials()[doubtful], 2)


if __name__ == "__main__":
    unittest.main()
