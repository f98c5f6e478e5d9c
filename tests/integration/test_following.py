#!/usr/bin/python3
"""Calls that were placed are followed to their end, whatever keeps others from being placed."""

import unittest

from harness import RingfenceTest, people, wait_for

LONG = "+12025550198"  # talks ten times as long


class UnderAMark(RingfenceTest):
    CONFIG = {"telephony": {"poll_initial": "100ms", "poll_max": "300ms"},
              "simulator": {"talk": "400ms"}}
    LATER = people(3)

    def refuse_dials(self, status, code):
        self.set.faults({"id": "refused", "kind": "status", "status": status,
                         "match": {"provider": "twilio", "method": "POST", "path": "*/Calls.json"},
                         "body": {"code": code, "message": "no more calls", "status": status}})

    def done(self):
        return [event["data"]["phone"] for event in self.set.events(type="contact.done")]

    def place_one_and_mark(self, status, code):
        self.set.start_all()
        popen = self.set.campaign([(LONG, "Lo")])
        wait_for("the first call", lambda: self.set.dials() == {LONG: 1})
        self.refuse_dials(status, code)
        other = self.set.campaign(self.LATER, "later")
        wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assertEqual(self.done(), [])
        return popen, other

    def end(self, *campaigns):
        for popen in campaigns:
            popen.terminate()
            popen.wait()

    def test_an_account_without_money_still_tells_how_its_calls_end(self):
        first, later = self.place_one_and_mark(400, 10001)
        self.assertEqual(first.wait(60), 0)
        wait_for("the end of the call", lambda: self.done() == [LONG])
        self.assertEqual(self.set.events(type="mark.cleared"), [])
        self.assertIn("twilio", self.set.cli("mark", "list", check=0).stdout)
        self.assertEqual(self.set.dials(), {LONG: 1})  # and places no other
        self.end(later)

    def test_a_bad_caller_id_does_not_hide_the_ends_of_calls(self):
        first, later = self.place_one_and_mark(400, 21210)
        self.assertEqual(first.wait(60), 0)
        wait_for("the end of the call", lambda: self.done() == [LONG])
        self.assertEqual(self.set.events(type="mark.cleared"), [])
        self.end(later)

    def test_a_revoked_key_asks_nothing_and_the_new_one_takes_it_up(self):
        first, later = self.place_one_and_mark(401, 20003)
        asked = len(self.set.requests("twilio", "/Calls/"))
        wait_for("others to wait for the mark", lambda: self.set.events(type="contact.deferred"))
        self.assertLessEqual(len(self.set.requests("twilio", "/Calls/")), asked + 1)  # one was on its way
        self.assertEqual(self.done(), [])
        self.set.faults()
        self.set.write_key("twilio", "twilio-new")
        self.assertEqual(first.wait(60), 0)
        later.wait(60)
        wait_for("all ends", lambda: len(self.done()) == 3)
        self.assertIn(LONG, self.done())
        self.assertTrue(all(count == 1 for count in self.set.dials().values()), self.set.dials())


if __name__ == "__main__":
    unittest.main()
