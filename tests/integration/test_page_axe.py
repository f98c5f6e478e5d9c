#!/usr/bin/python3
"""The console's page in all its states and looks, before axe-core (tests/get-axe): rules that others wrote."""

import unittest

from harness import SOURCE
from test_page_access import Access

AXE = SOURCE / "build" / "axe" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """
    const [within, tags, done] = arguments;
    axe.run(document.querySelector(within), {runOnly: tags, resultTypes: ["violations"]}).then(
      (found) => done({checked: found.passes.length,
                       wrong: found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html}`))}),
      (error) => done({checked: 0, wrong: [String(error)]}));"""


class Axe(Access):
    """The tests of our own rules, with those of axe-core in their place; the others need not run again."""

    def setUp(self):
        assert AXE.exists(), "there is no axe-core: run tests/get-axe"
        super().setUp()
        self.browser.set_script_timeout(60)

    def assert_accessible(self, within="html"):
        if not self.run_script("return typeof axe === 'object'"):
            self.run_script(AXE.read_text() + "; window.axe = axe;")
        found = self.browser.execute_async_script(RUN, within, TAGS)
        self.assertEqual(found["wrong"], [])
        self.assertGreater(found["checked"], 10, "so few rules had something to look at")

    def test_it_finds_what_is_wrong(self):
        self.log_in_here()
        self.run_script("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"icon.svg\">')")
        with self.assertRaisesRegex(AssertionError, "image-alt: <img"):
            self.assert_accessible()


def load_tests(loader, _tests, _pattern):
    names = [name for name in loader.getTestCaseNames(Axe) if name.startswith(("test_the_rules_hold", "test_it_finds"))]
    return unittest.TestSuite(map(Axe, names))


if __name__ == "__main__":
    unittest.main()
