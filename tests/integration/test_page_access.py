#!/usr/bin/python3
"""The console's page for everybody: rules of WCAG 2.2 AA, the keyboard, narrow and dark screens, screen readers."""

import unittest

from selenium.webdriver.common.keys import Keys

from browser import DESKTOP, PHONE, resize
from harness import wait_for
from page_test import FakeTest, filled

STICKING_OUT = """return [...document.querySelectorAll(".panel, .card, dialog[open]")].flatMap((panel) => {
  const edge = panel.getBoundingClientRect().right + 0.5;
  return [...panel.querySelectorAll("*")].filter((node) => node.checkVisibility() && !node.closest(".out-of-sight, svg *, thead")
    && node.getBoundingClientRect().right > edge).map((node) => node.outerHTML.slice(0, 80));
})"""


class Access(FakeTest):
    SIZES = {"desktop": DESKTOP, "tablet": (820, 1100), "phone": PHONE, "zoomed by four": (320, 256)}

    def in_all_looks(self):
        for scheme in ("light", "dark"):
            for name, size in self.SIZES.items():
                with self.subTest(f"{name}, {scheme}"):
                    resize(self.browser, size, scheme)
                    self.assertEqual(self.run_script("return document.documentElement.scrollWidth"),
                                     self.run_script("return document.documentElement.clientWidth"), "no sideways scroll")
                    self.assertEqual(self.run_script(STICKING_OUT), [], "nothing sticks out of its panel")
                    yield

    def test_the_rules_hold_for_the_login(self):
        self.browser.get(self.fake.url())
        wait_for("the login", lambda: self.visible("#login"))
        for _ in self.in_all_looks():
            self.assert_accessible()

    def test_the_rules_hold_for_the_page(self):
        filled(self.fake)
        self.log_in_here()
        self.fake.metric("openai", attempts=8, failed=2, took=[200, 8])
        self.wait_text("[data-breaker=openai]", "25.0 % failed")
        self.wait_text("#events tbody", "opened after 5 failures")
        for _ in self.in_all_looks():
            self.assert_accessible()

    def test_the_rules_hold_for_the_dialogs_and_the_banner(self):
        filled(self.fake)
        self.log_in_here()
        self.click("[data-breaker=elevenlabs] button", "Force open")
        self.fake.refusal = (409, "conflict", "not now")
        self.confirm(why="maintenance")
        self.wait_text("#ask-error", "not now")
        for _ in self.in_all_looks():
            self.assert_accessible("#ask")
        self.one("#ask-no").click()
        resize(self.browser, DESKTOP)
        self.run_script("location.hash = 'contact/spring-2'")
        self.wait_text("#contact-body", "Ada")
        for _ in self.in_all_looks():
            self.assert_accessible("#contact")
        self.press(Keys.ESCAPE)
        self.click("#alerts-body a")
        self.wait_text("#incident-body", "bob@example.com")
        for _ in self.in_all_looks():
            self.assert_accessible("#incident")
        self.press(Keys.ESCAPE)
        self.fake.stop()
        self.wait_text("#banner", "is old")
        for _ in self.in_all_looks():
            self.assert_accessible()

    def focus(self):
        return self.run_script("""
            const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
            const name = node.getAttribute("aria-label") ?? node.id ?? node.textContent;
            return {what: `${node.tagName} ${name} ${node.textContent.slice(0, 30)}`, body: node === document.body,
                    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
                    inside: box.bottom > 0 && box.top < innerHeight,
                    over: node === document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
                      || node.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2))};""")

    def test_everything_is_reached_by_keyboard_with_a_visible_focus(self):
        filled(self.fake)
        self.log_in_here()
        self.wait_text("#alerts-body", "Acknowledge")
        self.click("#pause")  # so that nothing moves
        self.run_script("document.querySelector('.skip').focus()")
        wanted = -1 + self.run_script("""return [...document.querySelectorAll("button, a[href], input, select, [tabindex='0']")]
            .filter((node) => node.checkVisibility()).length""")
        walked = []
        for _ in range(wanted + 20):
            self.press(Keys.TAB)
            at = self.focus()
            if at["body"]:
                break
            walked.append(at)
        self.assertGreaterEqual(len(walked), wanted)
        for at in walked:
            with self.subTest(at["what"]):
                self.assertGreaterEqual(at["outline"], 2)
                self.assertTrue(at["inside"])
                self.assertTrue(at["over"], "something lies over it")

    def test_a_dialog_keeps_the_focus_and_gives_it_back(self):
        filled(self.fake)
        self.log_in_here()
        self.wait_text("[data-campaign=spring]", "Pause")
        button = self.one("[data-campaign=spring] button")
        self.run_script("arguments[0].focus()", button)
        self.press(Keys.ENTER)
        wait_for("the dialog", self.asks)
        self.assertEqual(self.browser.switch_to.active_element.get_attribute("id"), "ask-why")
        for _ in range(6):
            self.press(Keys.TAB)
            inside = self.run_script("return document.activeElement === document.body "
                                     "|| document.querySelector('#ask').contains(document.activeElement)")
            self.assertTrue(inside)
        self.run_script("document.querySelector('#ask-why').focus()")
        self.press(Keys.ESCAPE)
        wait_for("the dialog to close", lambda: not self.asks())
        self.assertEqual(self.browser.switch_to.active_element, button)

    def test_the_theme_can_be_chosen_and_is_kept(self):
        self.log_in_here()
        ground = lambda: self.run_script("return getComputedStyle(document.body).backgroundColor")
        light = ground()
        self.click("#theme")
        self.click("#theme")
        self.assertEqual(self.text("#theme"), "Theme: dark")
        self.assertNotEqual(ground(), light)
        self.browser.refresh()
        self.wait_text("#theme", "Theme: dark")
        self.assertNotEqual(ground(), light)
        self.click("#theme")

    def test_changes_are_said_aloud_but_not_in_a_storm(self):
        self.log_in_here()
        self.fake.publish({"type": "breaker.opened", "subject": "elevenlabs", "severity": "error"})
        wait_for("the word", lambda: "Circuit breaker of elevenlabs opened" in self.one("#announce").get_attribute("textContent"))
        self.run_script("window.said = 0; new MutationObserver(() => window.said++)"
                        ".observe(document.querySelector('#announce'), {childList: true, characterData: true, subtree: true})")
        self.fake.publish(*[{"type": "breaker.opened", "subject": f"p{i}", "severity": "error"} for i in range(50)])
        wait_for("the sum", lambda: "And 47 more changes" in self.one("#announce").get_attribute("textContent"))
        self.assertEqual(self.run_script("return window.said"), 1)

if __name__ == "__main__":
    unittest.main()
