#!/usr/bin/python3
"""The console's page in a real browser, against a console without a set behind it: what it shows."""

import re
import threading
import time
import unittest

from selenium.webdriver.common.keys import Keys

from fake_console import PAGE, TOKEN, FakeConsole, breaker, campaign, now_ns
from harness import wait_for
from page_test import SECOND, FakeTest, filled, timeline

MOST_BYTES = 150_000
# What a name must never become.
HOSTILE = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


class Session(FakeTest):
    def test_a_wrong_token_is_refused_and_the_right_one_opens_the_page(self):
        self.browser.get(self.fake.url())
        wait_for("the login", lambda: self.visible("#login"))
        self.fill("#token", "wrong")
        self.press(Keys.ENTER)
        self.wait_text("#login-error", "not known")
        self.assertFalse(self.visible("#page"))
        self.fill("#token", TOKEN)
        self.click("#login button")
        self.wait_text("#link-text", "Live")
        self.assertTrue(self.visible("#page"))
        self.assertEqual(self.text("#who"), "ann, operator")
        self.assert_nothing_complained()

    def test_a_token_in_the_address_signs_in_and_is_taken_out_of_it(self):
        self.browser.get(f"{self.fake.url()}#token={TOKEN}")
        self.wait_text("#link-text", "Live")
        self.assertNotIn("token", self.browser.current_url)

    def test_a_session_that_ends_leads_back_to_the_login(self):
        self.log_in_here()
        self.fake.session = None
        self.wait_text("#login-error", "ended")
        self.assertFalse(self.visible("#page"))

    def test_signing_out_ends_the_session(self):
        self.log_in_here()
        self.click("#sign-out")
        wait_for("the login", lambda: self.visible("#login"))


class Loads(FakeTest):
    """A page of which not all comes."""

    def test_it_is_loaded_again_when_a_file_does_not_come(self):
        for name, how in (("dom.js", "dropped"), ("sse.js", "refused"), ("main.js", "half"), ("store.js", "other version"),
                          ("boot.js", "dropped"), ("main.js", "refused"), ("tokens.css", "dropped")):
            with self.subTest(f"{name} {how}"):
                self.fake.spoilt[name] = [how]
                self.browser.get(self.fake.url())
                wait_for("the login", lambda: self.visible("#login"))
                wait_for("all of the page", lambda: self.run_script(
                    "return sessionStorage.length === 0 && document.styleSheets.length") == 3)
                self.assertEqual(self.fake.spoilt[name], [])
                self.assertFalse(self.visible("#loading"))

    def test_a_token_in_the_address_is_kept_for_the_page_that_is_whole(self):
        self.fake.spoilt["link.js"] = ["dropped"] * 3
        self.browser.get(f"{self.fake.url()}#token={TOKEN}")
        self.wait_text("#link-text", "Live")
        self.assertNotIn("token", self.browser.current_url)

    def test_it_waits_for_a_console_that_is_away(self):
        self.fake.spoilt["dom.js"] = ["dropped"]
        self.browser.get(self.fake.url())
        self.fake.stop()
        self.wait_text("#loading", "did not come")
        self.assertFalse(self.visible("#login"))
        self.fake.start()
        wait_for("the login", lambda: self.visible("#login"))

    def test_what_never_comes_is_told_and_tried_again_by_hand(self):
        self.fake.spoilt["dom.js"] = ["refused"] * 99
        self.browser.get(self.fake.url())
        self.wait_text("#loading", "does not come", 60)
        self.assertEqual(len(self.fake.spoilt["dom.js"]), 94, "five times, and no more")
        self.assert_accessible()
        self.fake.spoilt.clear()
        self.click("#loading a")
        wait_for("the login", lambda: self.visible("#login"))


class Shows(FakeTest):
    def test_a_breaker_opens_counts_down_and_closes(self):
        self.fake.set("breaker/elevenlabs", breaker())
        self.log_in_here()
        card = "[data-breaker=elevenlabs]"
        self.wait_text(card, "CLOSED")
        began = time.monotonic()
        self.fake.set("breaker/elevenlabs", breaker("open", until=now_ns() + 30 * SECOND))
        self.wait_text(card, "OPEN", 5)
        self.assertLess(time.monotonic() - began, 5)
        left = lambda: int(re.search(r"Test request in (\d+) s", self.text(card)).group(1))
        first = left()
        self.assertLessEqual(first, 30)
        wait_for("the countdown to go on", lambda: left() <= first - 2, 10)
        self.fake.set("breaker/elevenlabs", breaker("half_open"))
        self.wait_text(card, "HALF OPEN")
        self.fake.set("breaker/elevenlabs", breaker())
        self.wait_text(card, "CLOSED")
        self.assertNotIn("Test request", self.text(card))
        self.fake.set("breaker/elevenlabs", None)
        wait_for("the card to go", lambda: not self.all(card))

    def test_the_graph_tells_attempts_and_failures(self):
        self.fake.set("breaker/openai", breaker())
        self.log_in_here()
        self.wait_text("[data-breaker=openai]", "no attempts")
        self.fake.metric("openai", attempts=8, failed=2, took=[200, 8])
        graph = lambda: self.one("[data-breaker=openai] svg").get_attribute("aria-label")
        wait_for("the graph", lambda: "8 attempts" in graph())
        self.assertIn("2 failed (25.0 %)", graph())
        self.wait_text("[data-breaker=openai]", "25.0 % failed")

    def test_campaigns_gateways_queues_and_alerts_are_told(self):
        filled(self.fake)
        self.log_in_here()
        self.wait_text("[data-campaign=spring]", "52 of 100 (52.0 %): 47 done, 5 set aside, 8 in progress, 40 to come")
        self.assertIn("12.5 a minute, 4 min 0 s left", self.text("[data-campaign=spring]"))
        self.assertIn("Outcomes: 40 completed, 7 busy", self.text("[data-campaign=spring]"))
        self.wait_text("#gateways-body", "speech 13 of 16")
        self.assertIn("speech", self.text("#queues-body"))
        self.assertIn("Circuit breaker of elevenlabs opened", self.text("#alerts-body"))
        self.assertIn("93.0 %", self.text("#providers-body"))
        self.assertIn("40 ms, 2.00 s", self.text("#providers-body"))
        self.assertIn("openai is marked unusable: wrong key", self.text("#marks"))
        self.assertIn("its probe lies", self.text("[data-breaker=openai]"))
        self.assertIn("provider/twilio", self.text("#silences-body"))

    def test_an_incident_tells_what_became_of_its_notices(self):
        filled(self.fake)
        self.log_in_here()
        self.wait_text("#alerts-body a", "Circuit breaker of elevenlabs opened")
        self.click("#alerts-body a")
        self.wait_text("#incident-body", "Contacts deferred")
        text = self.text("#incident-body")
        for line in ("3 earlier notices left out", "ann@example.com delivered\n", r"refused\s+2 attempts, the last at [\d:]+; next at [\d:]+: ",
                     "bob@example.com refused: 550 no such mailbox", r"dead letter\s+2 attempts, .*: gone after a day",
                     r"telegram\s+●\s+delivered\s+1 attempt, the last at [\d:]+\n", r"waiting\s+not tried yet; next at"):
            self.assertRegex(text, line)
        # While it is looked at, it follows.
        self.fake.alerts[self.fake.incidents[0]["id"]]["notices"][0]["deliveries"][3].update(state="done", attempts=1, tried=now_ns())
        self.fake.publish({"type": "alert.sent", "subject": "webhook"})
        wait_for("the delivery", lambda: "not tried yet" not in self.text("#incident-body"))
        self.click("#incident-close")
        wait_for("it to close", lambda: not self.visible("#incident"))
        self.assertNotIn("#", self.browser.current_url)
        self.browser.get(f"{self.fake.url()}#incident/nothing")
        self.wait_text("#incident-error", "there is no incident nothing.")
        self.assert_nothing_complained()

    def test_hostile_names_are_shown_as_text(self):
        filled(self.fake)
        self.fake.campaigns.append(campaign(HOSTILE))
        self.fake.incidents[0]["title"] = self.fake.incidents[0]["acked_by"] = HOSTILE
        self.fake.values["breaker"][HOSTILE] = breaker("open", force="open", force_who=HOSTILE, force_why=HOSTILE)
        self.fake.values["provider"][HOSTILE] = {"status": HOSTILE, "since": now_ns(), "why": HOSTILE}
        self.fake.broker["queues"][0]["service"] = HOSTILE
        self.fake.timelines[HOSTILE] = timeline(HOSTILE, HOSTILE)
        told = self.fake.alerts[self.fake.incidents[0]["id"]]
        told["incidents"][0]["title"] = told["notices"][0]["title"] = HOSTILE
        for delivery in told["notices"][0]["deliveries"]:
            delivery |= {"channel": HOSTILE, "message": HOSTILE, "recipients": {HOSTILE: {"state": HOSTILE, "message": HOSTILE}}}
        self.fake.publish({"type": HOSTILE, "subject": HOSTILE, "contact": HOSTILE, "text": HOSTILE, "severity": "error"})
        self.log_in_here()
        for place in ("#campaigns-body", "#alerts-body", "#breakers-body", "#providers-body", "#queues-body", "#events tbody"):
            self.wait_text(place, HOSTILE)
        self.click("#events tbody button", HOSTILE[:10])
        self.wait_text("#contact-body", f"{HOSTILE} is set aside")
        self.click("#contact-body button", "Try again")
        self.assertIn(HOSTILE, self.text("#ask-title"))
        self.assertIsNone(self.run_script("return window.hacked"))
        self.assertEqual(self.all("main img, dialog img, main script, dialog script"), [])
        self.assert_nothing_complained()

    def test_a_contact_can_be_looked_up_and_linked_to(self):
        filled(self.fake)
        self.log_in_here()
        self.fill("#find-contact", "spring-2")
        self.press(Keys.ENTER)
        self.wait_text("#contact-body", "Attempt 2 of speech at elevenlabs after a wait of 5.00 s: 503, transient")
        self.assertTrue(self.browser.current_url.endswith("#contact/spring-2"))
        self.press(Keys.ESCAPE)
        wait_for("the dialog to close", lambda: not self.visible("#contact"))
        self.assertNotIn("#", self.browser.current_url)
        self.browser.get(self.fake.url() + "#contact/nobody")
        self.browser.refresh()
        self.wait_text("#contact-error", "no event of contact nobody")


class Events(FakeTest):
    def seen(self):
        return self.run_script("return [...document.querySelectorAll('#events tbody .sentence')].map(n => n.textContent)")

    def test_filters_ask_the_journal_and_hold_for_what_comes(self):
        self.fake.set("breaker/elevenlabs", breaker())
        self.fake.publish(*[{"text": f"old {i}", "severity": "error" if i == 3 else "info"} for i in range(300)])
        self.log_in_here()
        wait_for("the newest of the past", lambda: len(self.seen()) == 200)
        self.assertEqual(self.seen()[0], "old 299")
        self.run_script("const s = document.querySelector('[name=severity]'); s.value = 'error';"
                        "s.dispatchEvent(new Event('change', {bubbles: true}))")
        wait_for("the only error, older than what was shown", lambda: self.seen() == ["old 3"])
        self.fake.publish({"text": "calm"}, {"text": "bad", "severity": "critical"})
        wait_for("the new one that fits", lambda: self.seen() == ["bad", "old 3"])
        self.click("#filters button", "Clear")
        wait_for("all", lambda: len(self.seen()) == 200)
        self.fill("#filters [name=text]", "OLD 29")
        wait_for("those with the text", lambda: self.seen() == [f"old {i}" for i in range(299, 289, -1)] + ["old 29"])

    def test_the_contact_is_told_once(self):
        self.log_in_here()
        self.fake.publish({"contact": "c-7", "subject": "c-7", "text": "Contact c-7: speech finished"})
        wait_for("the sentence", lambda: self.seen() == ["speech finished"])
        self.assertEqual(self.text("#events tbody button"), "c-7")

    def test_a_pause_holds_events_back_and_none_is_lost(self):
        self.log_in_here()
        self.fake.publish({"text": "before"})
        wait_for("the first", lambda: self.seen() == ["before"])
        self.click("#pause")
        self.fake.publish({"text": "one"}, {"text": "two"})
        self.wait_text("#held", "2 new events held back")
        self.assertEqual(self.seen(), ["before"])
        self.click("#pause")
        wait_for("all", lambda: self.seen() == ["two", "one", "before"])

    def test_5000_events_a_second_do_not_freeze_it(self):
        self.log_in_here()
        end = time.monotonic() + 6
        sent = [0]

        def storm():
            began = time.monotonic()
            while (now := time.monotonic()) < end:
                due = int((now - began) * 5000) - sent[0]
                self.fake.publish(*[{"type": "contact.step", "subject": f"c-{i % 50}", "contact": f"c-{i % 50}",
                                     "text": f"speech is done, number {sent[0] + i}"} for i in range(due)])
                sent[0] += due
                time.sleep(0.02)

        thread = threading.Thread(target=storm)
        thread.start()
        wait_for("events", lambda: len(self.seen()) >= 400)
        frames = self.browser.execute_async_script("""
            const done = arguments[0], began = performance.now();
            let count = 0, last = began, longest = 0;
            requestAnimationFrame(function frame(now) {
              count++;
              longest = Math.max(longest, now - last);
              last = now;
              if (now - began < 3000) requestAnimationFrame(frame);
              else done({count, longest});
            });""")
        thread.join()
        wait_for("the last event", lambda: self.seen()[0].endswith(f"number {sent[0] - 1}"))
        print(f"{sent[0]} events in 6 s; 3 s of it: {frames['count']} frames, the longest {frames['longest']:.0f} ms")
        self.assertGreater(sent[0], 20000)
        # The machine that runs this may have two cores for everything: smooth is 180.
        self.assertGreater(frames["count"], 30)
        self.assertLess(frames["longest"], 1000)
        self.assertEqual(len(self.seen()), 500)
        self.assertEqual(len(set(self.seen())), 500, "each once")
        self.assertIn(f"{sent[0] - 500:,} older ones fell off", self.text("#events-note"))


class Away(FakeTest):
    def test_a_console_that_is_away_is_told_and_nothing_is_missed(self):
        self.fake.publish({"text": "first"})
        self.log_in_here()
        self.fake.publish({"text": "seen"})
        self.wait_text("#events tbody", "seen")
        self.fake.stop()
        self.wait_text("#banner", "What is shown here is old")
        self.assertIn("cannot be reached", self.text("#banner"))
        self.assertRegex(self.text("#banner"), r"It is of \d\d:\d\d:\d\d")
        self.wait_text("#banner", "Trying again")
        self.assertEqual(self.text("#link-text"), "Not connected")
        self.fake.publish({"text": "meanwhile"})
        self.fake.start()
        self.click("#banner-now")
        self.wait_text("#link-text", "Live")
        self.wait_text("#events tbody", "meanwhile")
        self.assertFalse(self.visible("#banner"))
        self.assertEqual(self.fake.resumed[-1], 2, "it goes on after the last event that it saw")
        self.assertEqual(self.run_script("return [...document.querySelectorAll('#events tbody .sentence')]"
                                         ".map(n => n.textContent)"), ["meanwhile", "seen", "first"])

    def test_a_stream_that_ends_is_taken_up_again(self):
        self.log_in_here()
        for i in range(5):
            self.fake.end_streams()
            self.fake.publish({"text": f"number {i}"})
        self.wait_text("#events tbody", "number 4")
        self.assertEqual(len(self.all("#events tbody tr")), 5)

    def test_a_broker_that_is_away_is_told(self):
        self.fake.set("breaker/openai", breaker())
        self.log_in_here()
        self.fake.broker = None
        self.wait_text("#banner", "the broker does not answer")
        self.assertEqual(self.text("#link-text"), "Old")
        self.assertTrue(self.all("[data-breaker=openai]"), "what was known stays")
        self.fake.broker = FakeConsole(0).broker
        wait_for("the banner to go", lambda: not self.visible("#banner"))

    def test_a_gap_is_told(self):
        self.log_in_here()
        with self.fake.news:
            self.fake.changes.append(("gap", {"from": 12, "to": 40, "why": "trimmed"}))
            self.fake.news.notify_all()
        self.wait_text("#events tbody", "Events 12 to 40 are missing here")


class Files(unittest.TestCase):
    """What holds for the page's sources."""

    def files(self):
        return [(file, file.read_text()) for file in sorted(PAGE.iterdir())]

    def test_they_are_small(self):
        self.assertLess(sum(file.stat().st_size for file in PAGE.iterdir()), MOST_BYTES)

    def test_nothing_is_fetched_from_elsewhere(self):
        for file, text in self.files():
            with self.subTest(file.name):
                found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+[^\s\"']*", text)
                self.assertEqual([one for one in found if not one.endswith("www.w3.org/2000/svg")], [])

    def test_texts_are_never_markup_and_nothing_is_inline(self):
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|setHTML"
        for file, text in self.files():
            with self.subTest(file.name):
                self.assertEqual(re.findall(forbidden, text), [])
                if file.suffix == ".html":
                    self.assertEqual(re.findall(r"\son\w+=|\sstyle=|<style|<script(?!( type=\"module\")? src=)", text), [])

if __name__ == "__main__":
    unittest.main()
