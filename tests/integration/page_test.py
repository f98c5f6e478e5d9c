"""What tests of the console's page share: a browser, and ways to look at the page as a person does."""

import pathlib
import unittest

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import DESKTOP, complaints, open_browser, resize
from fake_console import TOKEN, FakeConsole, breaker, campaign, incident, now_ns
from harness import free_port, wait_for

RULES = (pathlib.Path(__file__).resolve().parent / "accessibility.js").read_text()
# What a browser says of an answer that is no success is no fault of the page.
ANSWERS = "Failed to load resource"
SECOND = 1_000_000_000
OUTAGE = "The service is temporarily unavailable"


class PageTest(unittest.TestCase):
    """One browser for all tests of a class; each begins without a cookie."""

    @classmethod
    def setUpClass(cls):
        cls.browser = open_browser()
        cls.addClassCleanup(cls.browser.quit)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def visible(self, selector):
        """The elements there that are seen. Found in one step, as the page may change between two."""
        return self.run_script("return [...document.querySelectorAll(arguments[0])].filter((n) => n.checkVisibility())",
                               selector)

    def text(self, selector):
        """What is seen there; "" if it is not there."""
        return self.run_script("return [...document.querySelectorAll(arguments[0])].filter((n) => n.checkVisibility())"
                               ".map((n) => n.innerText).join(' ')", selector)

    def wait_text(self, selector, words, seconds=30):
        return wait_for(f"{words!r} in {selector}", lambda: words in self.text(selector), seconds)

    def click(self, selector, words=None):
        """The control there whose text begins with the words."""
        wait_for(f"{words or 'a control'} at {selector}", lambda: self.run_script(
            "return [...document.querySelectorAll(arguments[0])].filter((n) => n.checkVisibility() && "
            "n.innerText.startsWith(arguments[1]))", selector, words or ""))[0].click()

    def fill(self, selector, text):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def press(self, *keys):
        self.browser.switch_to.active_element.send_keys(*keys)

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def log_in(self, url, token):
        try:
            self.browser.get(url)
            wait_for("the login", lambda: self.visible("#login"))
            self.fill("#token", token)
            self.press(Keys.ENTER)
            self.wait_text("#link-text", "Live")
        except (AssertionError, WebDriverException) as error:
            raise AssertionError(f"{error}\n{self.seen()}") from error

    def seen(self):
        """For who reads of a failure: what a person would have before them."""
        log = "\n".join(entry["message"] for entry in self.browser.get_log("browser"))
        return f"The page:\n{self.text('body')}\nThe browser's log:\n{log}\n{self.console_said()}"

    def console_said(self):
        return "The console was the test's own."

    def confirm(self, **fields):
        """Fills the dialog and confirms it."""
        for name, value in fields.items():
            self.fill(f"#ask-{name}", value)
        self.one("#ask-yes").click()

    def asks(self):
        return bool(self.visible("#ask"))

    def assert_accessible(self, within="html"):
        self.assertEqual(self.run_script(RULES, within), [])

    def assert_nothing_complained(self):
        self.assertEqual([line for line in complaints(self.browser) if ANSWERS not in line], [])


class FakeTest(PageTest):
    """A test against a console without a set behind it."""

    ROLE = "operator"

    def setUp(self):
        self.fake = FakeConsole(free_port(), self.ROLE)
        self.fake.start()
        self.addCleanup(self.fake.stop)
        self.addCleanup(self.browser.get, "about:blank")
        self.browser.delete_all_cookies()
        resize(self.browser, DESKTOP, "light")

    def log_in_here(self):
        self.log_in(self.fake.url(), TOKEN)


def filled(fake):
    """A set in which something of each kind is there."""
    for provider in ("elevenlabs", "openai", "twilio"):
        fake.values["breaker"][provider] = breaker()
        fake.broker["breakers"].append({
            "service": provider, "failures": 1, "last_error": OUTAGE, "ejected": [],
            "figures": {"total": 50, "failed": 1, "timed": 0, "slow": 0, "failure_rate": 0.02, "slow_rate": 0}})
    fake.values["breaker"]["openai"] = breaker(force="closed", force_until=now_ns() + 600 * SECOND, force_who="bela",
                                               force_why="its probe lies")
    fake.values["breaker"]["twilio"] = breaker("half_open")
    for provider, status in (("elevenlabs", "down"), ("openai", "up"), ("twilio", "degraded")):
        fake.values["provider"][provider] = {"status": status, "since": now_ns(), "why": "HTTP 503", "flapping": False,
                                             "latency": {"attempts": 9, "p50_ns": 40_000_000, "p90_ns": SECOND, "p99_ns": 2 * SECOND},
                                             "availability": {"1h": {"known_ns": 9, "share": 0.93}, "90d": {"known_ns": 0}}}
    fake.values["mark"]["openai"] = {"class": "permanent.auth", "message": "wrong key", "since": now_ns(), "clears": "key"}
    fake.values["process"]["console-1"] = {"service": "console", "pid": 7, "host": "h", "version": "0.1.0",
                                           "started": now_ns(), "state": "ready"}
    fake.broker["workers"].append({
        "instance": "service-gateway-1", "state": "ready", "draining": False, "in_hand": 3, "silent_ns": 1,
        "offers": [{"service": "speech", "capacity": 16, "credit": 13, "waiting": 2, "sent": 9}]})
    fake.broker["queues"].append({"service": "speech", "waiting": 2, "bytes": 9, "held": 0, "oldest_ns": SECOND,
                                  "live": True, "workers": 1})
    fake.campaigns += [campaign("spring"), campaign("autumn", "paused")]
    fake.incidents.append(incident("breaker/elevenlabs", "Circuit breaker of elevenlabs opened"))
    fake.alerts[fake.incidents[0]["id"]] = deliveries(fake.incidents[0])
    fake.silences.append({"id": "S1", "value": {"match": {"incident": "provider/twilio"}, "by": "ann", "why": "moved",
                                                "from": now_ns() - SECOND, "until": now_ns() + 3600 * SECOND}})
    fake.timelines["spring-2"] = timeline("spring-2", "Ada")
    fake.publish(*[{"type": "contact.done", "subject": f"spring-{i}", "contact": f"spring-{i}", "text": "completed"}
                   for i in range(30)],
                 {"type": "breaker.opened", "subject": "elevenlabs", "service": "elevenlabs", "severity": "error",
                  "text": "opened after 5 failures"})
    return fake


def timeline(contact, name):
    attempt = {"provider": "elevenlabs", "status": 503, "class": "transient", "message": OUTAGE, "took_ns": 5_000_000,
               "waited_ns": 5 * SECOND}
    event = {"type": "contact.set_aside", "severity": "error", "contact": contact, "text": f"{name} is set aside"}
    return {"contacts": [{
        "contact": contact, "campaign": "spring", "phone": "+12025550117", "name": name, "state": "set_aside",
        "outcome": "", "began": "2026-11-29T04:38:17Z", "ended": "2026-11-29T04:38:37Z", "whole": False, "attempts": 1,
        "failed": 1, "waited_ns": 5 * SECOND, "deferrals": 1, "timeline": [
            {"ts": "2026-11-29T04:38:22Z", "at_ns": 5 * SECOND, "number": 2, "step": "speech", "attempt": attempt},
            {"ts": "2026-11-29T04:38:37Z", "at_ns": 20 * SECOND, "event": event}]}]}


def deliveries(of):
    """What was told of an incident: a notice that all states of a delivery are in."""
    def one(channel, state, attempts=2, message=OUTAGE, **more):
        return {"channel": channel, "state": state, "attempts": attempts, "due": now_ns() + 60 * SECOND, "tried": now_ns(),
                "message": message, "made": now_ns(), "recipients": {}, **more}
    return {"incidents": [{"deferred": 72, "set_aside": 0, **of}], "left_out": 3, "notices": [
        {"id": "01M8JSGFCF8E2R6YQ5ZD3VJ7XA", "kind": "opened", "severity": "error", "title": of["title"], "text": "",
         "at": now_ns(), "made": now_ns(), "deliveries": [
             one("email", "refused", recipients={"ann@example.com": {"state": "done"},
                                                 "bob@example.com": {"state": "refused", "message": "550 no such mailbox"}}),
             one("pager", "dead", message="gone after a day"), one("telegram", "done", 1, ""),
             one("webhook", "waiting", 0, "", tried=0)]}]}
