"""OTLP logs from the real logger to a collector that takes nothing malformed."""

import time
import unittest

from harness import stays, wait_for
from otlp_collector import Collector
from test_logger import LoggerCase, events

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class OtlpTest(LoggerCase):
    def setUp(self):
        super().setUp()
        self.collector = Collector()
        self.addCleanup(self.collector.close)
        self.set.config["logger"]["otlp"] = {"enabled": True, "url": self.collector.url, "interval": "10ms"}
        self.set.write_config()

    def finish(self):
        super().finish()
        self.assertEqual(self.collector.problems, [])

    def subjects_there(self):
        return [r["attributes"]["ringfence.subject"] for r in self.collector.records if r["event"] == "contact.done"]

    def check_records(self, expected):
        wait_for("the last record", lambda: self.subjects_there()[-1:] == expected[-1:])
        self.assertEqual(self.subjects_there(), expected)

    def numbers(self):
        return [r["attributes"]["ringfence.n"] for r in self.collector.records]

    def test_every_event_becomes_one_well_formed_record(self):
        self.set.start("logger")
        gateway = self.set.start("service-gateway")
        self.publisher.publish(*events(600))
        data = {"outcome": "completed", "count": 2**60, "share": 0.5, "yes": True, "none": None,
                "list": [1, "a", {"deep": [[]]}], "map": {"k": "v"}, "umlaut": "\u00e4\u2028"}
        self.publisher.publish({"type": "contact.done", "subject": "whole", "contact": "c", "campaign": "k",
                                "severity": "critical", "trace": TRACE, "data": data})
        self.publisher.publish({"type": "contact.done", "subject": "last", "trace": "no trace id", "data": {}})
        self.check_records(self.subjects(600) + ["whole", "last"])
        whole, last = (next(r for r in self.collector.records if r["attributes"]["ringfence.subject"] == subject)
                       for subject in ("whole", "last"))
        line = self.set.events(subject="whole")[0]
        self.assertEqual(whole["severity"], (21, "critical"))
        self.assertEqual((whole["trace"], last["trace"]), (TRACE, None))
        self.assertEqual(last["attributes"]["ringfence.trace"], "no trace id")
        self.assertEqual(whole["body"], line["message"])
        self.assertEqual(whole["attributes"]["ringfence.n"], line["n"])
        self.assertEqual(whole["attributes"]["ringfence.data.count"], 2**60)
        self.assertEqual(whole["attributes"]["ringfence.data.list"], [1, "a", {"deep": [[]]}])
        self.assertIs(whole["attributes"]["ringfence.data.yes"], True)
        self.assertIsNone(whole["attributes"]["ringfence.data.none"])
        self.assertEqual(whole["time"] // 1000, round(line["at"] * 1e6))
        self.assertLess(whole["time"], whole["observed"])
        ready = wait_for("the gateway's own", lambda: [
            r for r in self.collector.records if r["resource"]["service.name"] == "service-gateway"])
        self.assertEqual(ready[0]["resource"]["service.namespace"], "ringfence")
        self.assertTrue(ready[0]["resource"]["service.instance.id"].startswith("service-gateway-0"))
        wait_for("its log line", lambda: [r for r in self.collector.records if r["event"] == "log.line"])
        self.assertTrue(gateway.alive())
        self.assertEqual(self.numbers(), sorted(set(self.numbers())))

    def test_a_collector_that_is_away_holds_no_file_and_is_caught_up_with(self):
        self.collector.answer = lambda records: (503, {"Retry-After": "1"}, {"code": 14, "message": "full"})
        self.set.start("logger")
        self.publisher.publish(*events(50))
        self.check_files(self.subjects(50))
        failed = wait_for("the failure to be told", lambda: self.set.events(type="sink.failed"))
        self.assertEqual(failed[0]["subject"], "otlp")
        self.assertIn("503: full", failed[0]["data"]["message"])
        self.collector.answer = lambda records: None
        self.check_records(self.subjects(50))
        wait_for("the recovery to be told", lambda: self.set.events(type="sink.recovered", subject="otlp"))
        self.assertEqual(len(self.set.events(type="sink.failed")), 1)

    def test_retry_after_is_kept_to(self):
        asked = []

        def refuse(_records):
            asked.append(time.monotonic())
            return (429, {"Retry-After": "2"}, {}) if len(asked) == 1 else None
        self.collector.answer = refuse
        self.set.start("logger")
        self.publisher.publish(*events(3))
        self.check_records(self.subjects(3))
        self.assertGreaterEqual(asked[1] - asked[0], 1.95)

    def test_a_wrong_token_drops_nothing(self):
        secret = self.set.root / "token"
        secret.write_text("Authorization: Bearer wrong\n")
        secret.chmod(0o600)
        self.set.config["logger"]["otlp"]["headers"] = [f"file:{secret}", "X-Tenant: one"]
        self.set.write_config()

        def guard(_records):
            good = self.collector.headers[-1].get("Authorization") == "Bearer right"
            return None if good else (401, {}, {"message": "no"})
        self.collector.answer = guard
        logger = self.set.start("logger")
        self.publisher.publish(*events(5))
        wait_for("the failure to be told", lambda: self.set.events(type="sink.failed", subject="otlp"))
        secret.write_text("Authorization: Bearer right\n")
        logger.reload()
        self.check_records(self.subjects(5))
        self.assertEqual(self.collector.headers[-1]["X-Tenant"], "one")
        self.assertNotIn("Bearer", logger.text() + self.json_file.read_text())

    def test_one_record_that_is_refused_does_not_take_the_others_with_it(self):
        def picky(records):
            bad = any(r["attributes"]["ringfence.subject"] == "e-33" for r in records)
            return (400, {}, {"code": 3, "message": "I do not like e-33"}) if bad else None
        self.collector.answer = picky
        self.publisher.publish(*events(60))
        self.set.start("logger")
        self.check_records([s for s in self.subjects(60) if s != "e-33"])
        dropped = wait_for("the loss to be told", lambda: self.set.events(type="sink.dropped"))
        self.assertEqual((dropped[0]["data"]["count"], dropped[0]["subject"]), (1, "otlp"))
        self.assertEqual(dropped[0]["data"]["n"], self.set.events(subject="e-33")[0]["n"])
        self.assertIn("I do not like e-33", dropped[0]["message"])
        self.assertEqual(self.set.events(type="sink.failed"), [])

    def test_what_a_partial_success_leaves_out_is_told_and_one_that_refuses_all_is_no_endless_loop(self):
        self.collector.answer = lambda records: (
            200, {}, {"partialSuccess": {"rejectedLogRecords": str(len(records)), "errorMessage": "quota"}})
        self.set.start("logger")
        self.publisher.publish(*events(5))
        wait_for("the loss to be told", lambda: self.set.events(type="sink.dropped"))
        wait_for("all of it to be sent", lambda: self.subjects_there()[-1:] == ["e-4"])
        stays("quiet", lambda: len(self.set.events(type="sink.dropped")) == 1, 2)
        self.collector.answer = lambda records: (400, {}, {})
        self.publisher.publish(*events(5, "late"))
        wait_for("them to be tried", lambda: sum(self.collector.batches) > 15)
        stays("quiet", lambda: len(self.set.events(type="sink.dropped")) == 1, 2)
        self.collector.answer = lambda records: None
        self.publisher.publish(*events(1, "last"))
        wait_for("the next", lambda: self.subjects_there()[-1:] == ["last-0"])

    def test_an_end_in_order_doubles_nothing_and_a_kill_only_with_the_same_number(self):
        expected = []
        for life in range(4):
            logger = self.set.start("logger")
            self.publisher.publish(*events(100, f"l{life}"))
            expected += self.subjects(100, f"l{life}")
            if life < 2:
                logger.terminate()
                self.assertEqual(logger.wait(), 0)
                self.assertEqual(self.subjects_there(), expected)
                self.assertEqual(self.numbers(), sorted(set(self.numbers())))
            else:
                wait_for("some of this life", lambda tag=f"l{life}-0": tag in self.subjects_there())
                logger.kill()
        self.set.start("logger")
        self.publisher.publish(*events(1, "end"))
        wait_for("the last", lambda: self.subjects_there()[-1:] == ["end-0"])
        seen = dict(zip(self.numbers(), [r["attributes"]["ringfence.id"] for r in self.collector.records]))
        self.assertEqual(len(set(seen.values())), len(seen), "a number stands for one event")
        self.assertEqual(set(seen.values()), {e["id"] for e in self.set.events()} & set(seen.values()))
        self.assertLessEqual(set(expected), set(self.subjects_there()))


if __name__ == "__main__":
    unittest.main()
