#!/usr/bin/python3
"""While a provider is down contacts are made ready for it in advance, up to a bound; when it is back they are
released one by one, by the priority of their campaigns."""

import datetime
import time
import unittest

from harness import CampaignTest, people, stays, wait_for
from postgres import OnPostgres


class Recovery(CampaignTest):
    def breaker(self, order, provider):
        self.set.cli("breaker", order, provider, "--why", "a test", check=0)
        state = "open" if order == "force-open" else "closed"
        wait_for("the breaker", lambda: f'"{state}"' in self.set.cli("breaker", "list", "--json", check=0).stdout)

    def steps(self, step):
        return [e["contact"] for e in self.set.events(type="contact.step") if e["data"]["step"] == step]

    def deferred(self):
        """What was told of contacts that rest before a step."""
        return self.set.events(type="contact.deferred")


class Prepare(Recovery):
    CONFIG = {"orchestrator": {"concurrency": 4, "prepare": 6, "defer_delay": "1s"}}

    def test_scripts_are_written_in_advance_while_speech_is_down_up_to_the_bound(self):
        contacts = people(20)
        self.set.start_all()
        self.breaker("force-open", "elevenlabs")
        self.load(contacts, "c")
        self.order("start", "c")
        wait_for("six scripts", lambda: len(self.steps("script")) >= 6)
        why = self.order("why", self.steps("script")[0]).stdout
        self.assertIn("made ready up to the step speech, for which elevenlabs cannot be used now", why)
        self.assertIn("its script is written", why)
        # Their time comes and is over, another campaign begins, and nothing more is written, or asked for in vain.
        first = self.steps("script")[0]
        wait_for("six to rest", lambda: len(self.deferred()) >= 6)
        due = max(event["data"]["until"] for event in self.deferred())
        wait_for("their time to come", lambda: time.time_ns() > due)
        self.load(people(1, first=60), "other")
        self.order("start", "other")
        stays("six scripts, all at rest", lambda: (len(self.steps("script")), len(self.deferred())) == (6, 6), 2)
        # The queue is looked at with each such order: that shows as soon as there is room for one more.
        self.set.config["orchestrator"]["prepare"] = 7
        self.set.write_config()
        self.set.processes["orchestrator"].reload()
        for order in ("pause", "resume"):
            self.order(order, "other")
        wait_for("the seventh to rest", lambda: len(self.deferred()) >= 7)
        self.assertEqual(len(self.steps("script")), 7)
        self.assertEqual(len({event["contact"] for event in self.deferred()}), 7, "nobody rests twice")
        self.assertIn("waiting for elevenlabs", self.order("status", "c").stdout)
        self.assertEqual(self.set.dials(), {})
        self.breaker("reset", "elevenlabs")
        self.finished("c")
        self.finished("other")
        self.assert_each_dialled_once(contacts + people(1, first=60))
        wait_for("the log", lambda: len(self.set.events(type="campaign.finished")) == 2)
        self.assertEqual(len(self.steps("script")), 21)
        self.assertEqual(len(set(self.steps("script"))), 21, "none was written twice")
        self.assertIn(first, self.steps("speech")[:6], "what was ready went first")


class Ahead(CampaignTest):
    """While the window is shut: the harness plays, and its audio is of use for an hour."""

    CONFIG = {"orchestrator": {"prepare": 3}, "campaign": {"time_zone": "UTC"}}

    def requests(self):
        return (len(self.set.requests("openai", "chat/completions")),
                len(self.set.requests("elevenlabs", "text-to-speech")))

    def begin(self, name, contacts):
        self.load(contacts, name)
        self.order("set", name, "windows=[{:%a} 00:00-00:01]".format(
            datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)).lower())
        self.order("start", name)
        self.until("all to wait", lambda s: s["waiting"] == len(contacts), name)

    def test_while_the_window_is_shut_few_scripts_are_written_and_nobody_is_spoken_who_waits_for_long(self):
        contacts, other = people(8), people(2, first=20)
        self.set.start_all()
        self.begin("c", contacts)
        self.assertEqual(self.requests(), (3, 0))
        # Another life knows of them.
        self.set.processes["orchestrator"].kill()
        self.set.start("orchestrator")
        self.begin("d", other)
        self.assertEqual(self.requests(), (3, 0))
        self.assertEqual(self.set.dials(), {})
        for name in ("c", "d"):
            self.order("set", name, "windows=")
            self.finished(name)
        self.assert_each_dialled_once(contacts + other)
        self.assertEqual(self.requests()[0], 10)  # none was written twice


class SharedAhead(OnPostgres, Ahead):
    """The same in a database that several may share."""


class Ramp(Recovery):
    INTERVAL = 0.4
    CONFIG = {"orchestrator": {"concurrency": 8, "ramp_interval": f"{INTERVAL}s"}, "simulator": {"talk": "200ms"}}

    def test_the_campaigns_come_back_one_by_one_and_the_highest_priority_first(self):
        high, middle, low = people(5), people(5, first=20), people(5, first=40)
        self.set.start_all()
        self.breaker("force-open", "twilio")
        for name, contacts, priority in (("low", low, "-5"), ("middle", middle, "0"), ("high", high, "5")):
            self.load(contacts, name)
            self.order("start", name, "--priority", priority)
        wait_for("all to be ready", lambda: len(self.deferred()) >= 15)
        self.assertEqual(self.set.dials(), {})
        self.assertEqual(self.set.requests("twilio", "/Calls"), [])
        self.breaker("reset", "twilio")
        for name in ("high", "middle", "low"):
            self.finished(name)
        self.assert_each_dialled_once(high + middle + low)
        dials = sorted(self.set.ledger()["dials"], key=lambda dial: dial["at"])
        order = [dial["to"] for dial in dials]
        self.assertLess(max(order.index(phone) for phone, _ in high),
                        min(order.index(phone) for phone, _ in low))
        times = [dial["at"] for dial in dials]
        # Each is on its way for some time, more or less of it: over several the ramp shows.
        for a, b in zip(times, times[4:]):
            self.assertGreater(b - a, 4 * self.INTERVAL * 0.6)
        self.assertGreater(times[-1] - times[0], 14 * self.INTERVAL * 0.9)


if __name__ == "__main__":
    unittest.main()
