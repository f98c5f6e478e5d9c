"""Contacts' spans from the real logger to a collector that takes nothing malformed, held against what the providers
were sent."""

import collections
import threading
import unittest

from harness import CampaignTest, merge, people, wait_for
from otlp_collector import Collector
from test_trace_context import span_id

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}

CALLED = ("elevenlabs", "openai", "anthropic", "twilio")


class TraceCase(CampaignTest):
    CONFIG = {"logger": {"retry": {"initial_delay": "100ms", "max_delay": "500ms", "jitter": "none"}}}
    TRACES = {}

    def setUp(self):
        super().setUp()
        self.collector = Collector()
        self.addCleanup(self.collector.close)
        self.set.config["logger"]["traces"] = merge(
            {"enabled": True, "url": self.collector.url, "interval": "10ms"}, self.TRACES)
        self.set.write_config()

    def finish(self):
        super().finish()
        self.assertEqual(self.collector.problems, [])

    def spans(self):
        """Each once; one that came twice is the same both times."""
        spans = {}
        for span in list(self.collector.records):
            self.assertEqual(spans.setdefault((span["trace"], span["id"]), span), span)
        return list(spans.values())

    def roots(self):
        return [s for s in self.spans() if s["name"] == "contact" and s["parent"] is None]

    def wait_roots(self, count):
        wait_for(f"{count} roots", lambda: len(self.roots()) >= count)
        return self.spans()

    def check_trees(self, spans, contacts):
        """One root for each contact, and all others below it."""
        roots = [s for s in spans if s["parent"] is None]
        self.assertEqual({s["name"] for s in roots}, {"contact"})
        self.assertEqual(sorted(s["attributes"]["ringfence.contact"] for s in roots),
                         sorted(f"c-{line + 2}" for line in range(contacts)))  # below the header
        self.assertEqual(len({s["trace"] for s in roots}), contacts)
        there = {(s["trace"], s["id"]): s for s in spans}
        for span in spans:
            if span["parent"] is not None:
                parent = there[span["trace"], span["parent"]]
                self.assertLessEqual(parent["began"], span["began"], (parent, span))
                self.assertGreaterEqual(parent["ended"], span["ended"], (parent, span))
        started = {e["contact"]: e["at"] for e in self.set.events(type="contact.started")}
        for root in roots:
            self.assertEqual(root["id"], span_id(root["trace"], "contact", 0, ""))
            contact = root["attributes"]["ringfence.contact"]
            if contact in started:  # else cancelled before
                self.assertAlmostEqual(root["began"] / 1e9, started[contact], places=3)

    def check_requests(self, spans):
        """What the providers were sent is what is told, and the other way round."""
        told = collections.Counter((s["trace"], s["id"], s["attributes"]["http.response.status_code"]) for s in spans
                                   if s["name"].startswith("attempt ")
                                   and "http.response.status_code" in s["attributes"])
        seen = collections.Counter()
        roots = {(s["trace"], s["id"]) for s in spans if s["parent"] is None}
        for request in self.set.ledger()["requests"]:
            if request["traceparent"] is None:
                # A probe, or an alert: no contact's.
                self.assertFalse(request["method"] == "POST" and request["provider"] in CALLED, request)
                continue
            version, trace, span, flags = request["traceparent"].split("-")
            self.assertEqual((version, flags), ("00", "01"))
            if request["provider"] == "twilio" and request["method"] == "GET":
                self.assertIn((trace, span), roots)
            else:
                seen[trace, span, request["status"]] += 1
        self.assertEqual(told, seen)
        return told


class Traces(TraceCase):
    def test_a_campaign_with_an_outage_is_one_tree_a_contact_with_each_request_in_it(self):
        contacts = people(12)
        self.set.start_all()
        self.set.faults(OUTAGE)
        campaign = self.set.campaign(contacts)
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        wait_for("contacts to be deferred", lambda: len(self.set.events(type="contact.deferred")) >= 3)
        self.set.faults()
        self.assertEqual(campaign.wait(120), 0)
        spans = self.wait_roots(len(contacts))
        self.check_trees(spans, len(contacts))
        told = self.check_requests(spans)
        self.assertGreaterEqual(len([key for key in told if key[2] == 503]), 5)
        names = collections.Counter(s["name"] for s in spans)
        self.assertEqual((names["follow"], names["contact"]), (12, 12))
        self.assertGreaterEqual(names["wait backoff"] + names["wait breaker_open"], 2)
        self.check_one_of_each(spans)

    def check_one_of_each(self, spans):
        def first(name, **attributes):
            return next(s for s in spans if s["name"] == name
                        and all(s["attributes"].get(key) == value for key, value in attributes.items()))
        failed = first("attempt elevenlabs", **{"http.response.status_code": 503})
        self.assertEqual((failed["status"][0], failed["attributes"]["error.type"], failed["kind"]), (2, "503", 3))
        self.assertEqual(failed["attributes"]["server.address"], "127.0.0.1")
        self.assertEqual(failed["attributes"]["server.port"], self.set.ports["simulator"])
        self.assertTrue(failed["resource"]["service.instance.id"].startswith("service-gateway-0"))
        self.assertEqual(failed["resource"]["service.name"], "service-gateway")
        script = first("attempt openai")
        self.assertEqual((script["attributes"]["gen_ai.provider.name"], script["status"][0]), ("openai", 0))
        root = first("contact")
        self.assertEqual(root["attributes"]["ringfence.outcome"], "completed")
        self.assertEqual(root["resource"]["service.name"], "orchestrator")

    def test_a_cancelled_campaign_leaves_no_trace_open(self):
        contacts = people(12)
        self.set.start_all(without=("alerter", "health-monitor"))
        self.set.faults(OUTAGE)
        self.set.campaign(contacts)
        wait_for("contacts that wait", lambda: len(self.set.events(type="contact.deferred")) >= 3)
        self.order("cancel", "c", "--yes")
        self.finished()
        ended = wait_for("their end", lambda: (e := self.set.events(type="contact.set_aside"))[11:] and e)
        begun = {e["contact"] for e in self.set.events(type="contact.started")}
        self.assertTrue(begun & {e["contact"] for e in ended})
        self.check_trees(self.wait_roots(len(contacts)), len(contacts))


class Doubt(TraceCase):
    CONFIG = {**TraceCase.CONFIG, "telephony": {"audio": "say"}}

    def doubts(self, spans):
        return {s["trace"]: s for s in spans if s["name"] == "dial in doubt"}

    def test_a_dial_whose_answer_was_lost_has_a_span_until_it_was_asked_for(self):
        contacts = people(3)
        self.set.start_all(without=("alerter", "health-monitor"))
        self.set.faults({"id": "lost", "kind": "reset_after", "count": 1,
                         "match": {"provider": "twilio", "method": "POST", "number": contacts[1][0]}})
        self.run_campaign(contacts)
        spans = self.wait_roots(3)
        self.check_trees(spans, 3)
        (trace, doubt), = self.doubts(spans).items()
        self.assertEqual(doubt["attributes"]["ringfence.outcome"], "found")
        dial, = (d for d in self.set.ledger()["dials"] if d["to"] == contacts[1][0])
        self.assertEqual(doubt["attributes"]["ringfence.sid"], dial["sid"])
        self.assertLess(doubt["began"] / 1e9, dial["at"])
        self.assertGreater(doubt["ended"] / 1e9, dial["at"])
        self.assertEqual([s["name"] for s in spans if s["trace"] == trace and s["name"] == "step dial"], [])

    def test_a_dial_that_a_killed_gateway_had_in_hand_has_one_too(self):
        contacts = people(2)
        self.set.start_all(without=("alerter", "health-monitor"))
        self.set.faults({"id": "slow", "kind": "latency", "delay_ms": 3000, "match": {"provider": "twilio", "method": "POST"}})
        campaign = self.set.campaign(contacts)
        wait_for("both to be dialled", lambda: len(self.set.requests("twilio", "/Calls.json")) >= 2)
        self.set.processes["service-gateway"].kill()
        self.set.start("service-gateway", "gateway-2")
        self.assertEqual(campaign.wait(120), 0)
        spans = self.wait_roots(2)
        self.check_trees(spans, 2)
        doubts = self.doubts(spans)
        self.assertEqual(len(doubts), 2)
        self.assertLessEqual({s["attributes"]["ringfence.outcome"] for s in doubts.values()}, {"found", "absent"})


class Kills(TraceCase):
    TRACES = {"batch": 10}  # so that there are many pages

    def setUp(self):
        super().setUp()
        self.logger, self.came = None, 0
        self.collector.answer = self.take

    def take(self, _records):
        """Kills the logger with the spans taken and nothing of it known, at its first batch or its second, or a few
        milliseconds after its first."""
        life, logger = self.life, self.logger
        if logger is None:
            return None
        self.came += 1
        if life % 3 == 2 and self.came == 1:
            timer = threading.Timer(0.002 * life, logger.popen.kill)
            timer.start()
            self.addCleanup(timer.join)
        elif life % 3 < 2 and self.came == life % 3 + 1:
            logger.popen.kill()
        return None

    def test_a_logger_that_is_killed_at_any_moment_loses_no_span(self):
        contacts = people(20)
        self.set.start_all(without=("logger", "alerter", "health-monitor"))
        campaign = self.set.campaign(contacts)
        for self.life in range(6):
            self.came = 0
            self.logger = self.set.launch("logger", f"logger-{self.life}")
            wait_for("its death", lambda: not self.logger.alive())
            self.logger.killed = True
        self.logger = None
        self.set.start("logger", "logger-last")
        self.assertEqual(campaign.wait(120), 0)
        spans = self.wait_roots(len(contacts))
        self.check_trees(spans, len(contacts))
        self.check_requests(spans)
        self.assertEqual(len([s for s in spans if s["name"] == "follow"]), len(contacts))
        self.assertGreater(len(self.collector.records), len(spans), "nothing came twice: the kills came too late")


class Damage(TraceCase):
    """The database of what is under way, as disks leave one."""

    def file(self):
        return self.set.root / "state" / "logger" / "traces.db"

    def start(self):
        self.set.start_all(without=("alerter", "health-monitor"))
        self.run_campaign(people(4))
        self.wait_roots(4)

    def goes_on(self, name, contacts):
        """All spans come, and all lines of the log."""
        before = len(self.roots())
        self.run_campaign(contacts, name)
        self.wait_roots(before + len(contacts))
        wait_for("the log", lambda: len(self.set.events(type="contact.done", campaign=name)) == len(contacts))

    def told(self):
        return [e["data"]["message"] for e in self.set.events(type="sink.failed", subject="traces")]

    def cut(self, data):
        return data[:len(data) // 2]

    def overwritten(self, data):
        return data[:4096] + bytes(4096) + data[8192:]

    def test_a_damaged_one_is_set_aside_and_told_and_the_logger_goes_on(self):
        self.start()
        damages = (self.cut, self.overwritten, lambda data: b"no database\n" * 1000, lambda data: b"")
        for number, damage in enumerate(damages):
            logger = self.set.processes["logger"]
            logger.terminate()
            self.assertEqual(logger.wait(), 0)
            damaged = damage(self.file().read_bytes())
            self.file().write_bytes(damaged)
            self.set.start("logger")
            self.goes_on(f"d{number}", people(2, 10 * (number + 1)))
            wait_for("the word", lambda: len(self.told()) == number + 1)
            self.assertIn(f"{self.file()} is damaged, and set aside with the ending .damaged: ", self.told()[-1])
            self.assertEqual((self.file().parent / "traces.db.damaged").read_bytes(), damaged)
            wait_for("the recovery", lambda: len(self.set.events(type="sink.recovered", subject="traces")) == number + 1)

    def test_one_that_is_damaged_while_it_is_written_is_replaced_too(self):
        self.start()
        for file in self.file().parent.glob("traces.db*"):
            size = file.stat().st_size
            with file.open("r+b") as handle:  # the same file, as a disk would do it
                handle.write(b"\xff" * size)
        self.goes_on("d", people(6, 20))
        wait_for("the word", self.told)
        self.assertEqual(len(self.told()), 1)
        self.assertIn("is damaged, and set aside", self.told()[0])


class Collectors(TraceCase):
    TRACES = {"batch": 7}

    def test_one_that_is_away_or_picky_holds_up_nothing_else_and_gets_all_that_it_takes(self):
        contacts = people(4)
        self.collector.answer = lambda records: (503, {"Retry-After": "1"}, {"code": 14, "message": "full"})
        self.set.start_all(without=("alerter", "health-monitor"))
        self.run_campaign(contacts)
        wait_for("the log", lambda: len(self.set.events(type="contact.done")) == 4)
        self.assertEqual([e["subject"] for e in self.set.events(type="sink.failed")], ["traces"])
        self.assertEqual(self.collector.records, [])

        def picky(records):
            bad = [r for r in records if r["name"] == "step dial"]
            if bad and len(records) == 1:
                return 400, {}, {"message": "no dials"}
            return (400, {}, {}) if bad else None
        self.collector.answer = picky
        spans = self.wait_roots(len(contacts))
        self.assertEqual([s for s in spans if s["name"] == "step dial"], [])
        self.assertEqual(len([s for s in spans if s["name"] == "step script"]), 4)
        self.assertLessEqual(max(self.collector.batches), 7)
        dropped = wait_for("the loss to be told", lambda: self.set.events(type="sink.dropped"))
        self.assertIn("no dials", dropped[0]["data"]["message"])

    def test_it_is_redacted_as_the_log_is(self):
        self.set.config["redaction"] = {"phones": "hash"}
        self.set.write_config()
        number = "+12025550123"
        self.set.start_all(without=("alerter", "health-monitor"))
        self.set.faults({"id": "echo", "match": {"provider": "openai"}, "kind": "status", "status": 400,
                         "body": {"error": {"message": f"no word to {number}", "type": "invalid_request_error"}}})
        self.set.campaign([(number, "Ada")])
        self.wait_roots(1)
        texts = repr(self.collector.records)
        self.assertIn("no word to ", texts)
        self.assertNotIn(number, texts)


if __name__ == "__main__":
    unittest.main()
