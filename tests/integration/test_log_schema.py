#!/usr/bin/python3
"""app_logs.json as it is documented: each line of a campaign in which a provider fails keeps to the schema, and the
lines of one call are found by its trace."""

import collections
import json
import pathlib
import unittest

import jsonschema

from harness import RingfenceTest, people, wait_for

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "services/logger/app_logs.schema.json").read_text())


class SchemaTest(RingfenceTest):
    def lines(self):
        return (self.set.root / "log" / "app_logs.json").read_text().splitlines()

    def check_traces(self, events):
        """One a contact, as each is called once; the gateway's events have it too."""
        traces = collections.defaultdict(set)
        for event in events:
            if "contact" in event:
                traces[event["contact"]].add(event.get("trace"))
        self.assertEqual([e for e in events if "contact" in e and "trace" not in e], [])
        self.assertEqual(len(traces), 4)
        for contact, seen in traces.items():
            self.assertEqual(len(seen), 1, f"{contact}: {seen}")
        self.assertEqual(len(set.union(*traces.values())), 4, "no two contacts have the same")
        origins = {event["origin"].rsplit("-", 1)[0] for event in events if "trace" in event}
        self.assertEqual(origins, {"orchestrator", "service-gateway"})

    def test_each_line_of_a_whole_run_keeps_to_the_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        validator = jsonschema.Draft202012Validator(SCHEMA)
        self.set.start_all()
        self.set.faults({"id": "busy", "kind": "status", "status": 503, "count": 3,
                         "match": {"provider": "elevenlabs", "method": "POST"}})
        self.run_campaign(people(4))
        wait_for("the campaign's end", lambda: self.set.events(type="campaign.finished"), 120)
        lines = self.lines()
        events = [json.loads(line) for line in lines]
        for line, event in zip(lines, events):
            problems = [error.message for error in validator.iter_errors(event)]
            self.assertEqual(problems, [], line)
        self.assertIn("retry.scheduled", {event["type"] for event in events})
        self.check_traces(events)

    def test_the_schema_refuses_what_the_manual_forbids(self):
        validator = jsonschema.Draft202012Validator(SCHEMA)
        good = {"n": 1, "time": "2026-11-28T21:46:02.123456Z", "type": "a.b", "severity": "info", "subject": "x",
                "message": "A thing happened"}
        self.assertEqual(list(validator.iter_errors(good)), [])
        for change in ({"n": "1"}, {"time": "2026-11-28T21:46:02Z"}, {"severity": "bad"}, {"trace": "x"}, {"seq": 0},
                       {"seq": 1}, {"contact": ""}, {"data": "text"}, {"message": "two\nlines"}):
            self.assertNotEqual(list(validator.iter_errors({**good, **change})), [], change)


if __name__ == "__main__":
    unittest.main()
