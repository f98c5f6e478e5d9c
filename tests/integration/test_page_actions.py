#!/usr/bin/python3
"""What an operator can do on the console's page: it asks once, sends what was said, and tells what failed."""

import unittest

from selenium.webdriver.common.keys import Keys

from harness import wait_for
from page_test import FakeTest, filled


class Actions(FakeTest):
    def setUp(self):
        super().setUp()
        filled(self.fake)
        self.log_in_here()

    # Where, the button, what is filled in, what is sent.
    CASES = [
        ("[data-campaign=spring] button", "Pause", {}, "POST", "campaigns/spring/pause", {}),
        ("[data-campaign=autumn] button", "Resume", {"why": "it is day"}, "POST", "campaigns/autumn/resume", {"why": "it is day"}),
        ("[data-campaign=spring] button", "Retry", {}, "POST", "campaigns/spring/retry", {}),
        ("[data-breaker=elevenlabs] button", "Force open", {"for": "5m", "why": "maintenance"}, "POST",
         "breakers/elevenlabs/force-open", {"for": "5m", "why": "maintenance"}),
        ("[data-breaker=elevenlabs] button", "Force closed", {"why": "its status page says so"}, "POST",
         "breakers/elevenlabs/force-closed", {"for": "10m", "why": "its status page says so"}),
        ("[data-breaker=openai] button", "Reset", {"why": "over"}, "POST", "breakers/openai/reset", {"why": "over"}),
        ("#alerts-body button", "Acknowledge", {"why": "I look"}, "POST", "alerts/01M8JSGFCE06PQAQXMFNT4F85G/ack",
         {"why": "I look"}),
        ("#alerts-body button", "Silence", {"for": "2h", "why": "known"}, "POST", "silences",
         {"match": {"incident": "breaker/elevenlabs"}, "for": "2h", "why": "known"}),
        ("#silences-body button", "End", {}, "DELETE", "silences/S1", {}),
    ]

    def test_each_action_asks_once_and_sends_what_was_said(self):
        for place, button, fields, method, path, body in self.CASES:
            with self.subTest(path):
                self.fake.actions.clear()
                self.click(place, button)
                self.assertTrue(self.asks())
                self.assertEqual(self.fake.actions, [])
                self.confirm(**fields)
                wait_for("the dialog to close", lambda: not self.asks())
                self.assertEqual(self.fake.actions, [(method, f"/api/v1/{path}", body)])

    def test_contacts_that_were_set_aside_are_tried_again_for_one_reason_or_alone(self):
        self.click("[data-campaign=spring] button", "Retry")
        self.run_script("document.querySelector('#ask-reason').value = 'retries_exhausted'")
        self.confirm()
        wait_for("the dialog to close", lambda: not self.asks())
        self.wait_text(".toast", "3 contacts of spring will be tried again")
        self.browser.get(self.fake.url() + "#contact/spring-2")
        self.browser.refresh()
        self.click("#contact-body button", "Try again")
        self.confirm()
        wait_for("the dialog to close", lambda: not self.asks())
        self.assertEqual([body for _, _, body in self.fake.actions], [{"reason": "retries_exhausted"}, {"contact": "spring-2"}])

    def test_what_fails_is_told_with_why_and_the_dialog_stays(self):
        self.fake.refusal = (409, "conflict", "the campaign has ended")
        self.click("[data-campaign=spring] button", "Pause")
        self.confirm(why="lunch")
        self.wait_text("#ask-error", "Not done: the campaign has ended.")
        self.assertTrue(self.asks())
        self.assertEqual(self.one("#ask-why").get_attribute("value"), "lunch")
        self.fake.refusal = None
        self.one("#ask-yes").click()
        wait_for("the dialog to close", lambda: not self.asks())
        self.assertEqual(len(self.fake.actions), 2)

    def test_giving_up_and_half_said_things_send_nothing(self):
        self.click("[data-breaker=elevenlabs] button", "Force open")
        self.confirm()  # without a reason
        self.assertTrue(self.asks())
        self.confirm(**{"for": "long", "why": "maintenance"})
        self.assertTrue(self.asks())
        self.press(Keys.ESCAPE)
        wait_for("the dialog to close", lambda: not self.asks())
        self.click("[data-breaker=elevenlabs] button", "Force open")
        self.assertEqual(self.one("#ask-why").get_attribute("value"), "", "nothing is left of the last time")
        self.one("#ask-no").click()
        wait_for("the dialog to close", lambda: not self.asks())
        self.assertEqual(self.fake.actions, [])


class Viewer(FakeTest):
    ROLE = "viewer"

    def test_who_may_only_look_is_offered_no_action(self):
        filled(self.fake)
        self.log_in_here()
        self.wait_text("#campaigns-body", "spring")
        self.wait_text("#silences-body", "provider/twilio")
        self.assertEqual(self.visible(".buttons button"), [])

if __name__ == "__main__":
    unittest.main()
