#!/usr/bin/python3
"""The checks of the campaign under random faults can fail: each is given the story of one contact with one thing
wrong in it."""

import types
import unittest

import calls
import ends
import events
from evidence import Attempt, Contact, Post

CONFIG = {"timeout": 3, "lag": 0.5, "skew": 1, "plans": {"busy": [1], "failed": []}, "max_calls": 2,
          "max_attempts": 4, "do_not_call": {"+9"}}
PHONE = "+441"


def call(sid, at, status="completed"):
    return {"sid": sid, "to": PHONE, "at": at,
            "history": [{"status": "queued", "at": at}, {"status": status, "at": at + 1}]}


def post(at, status=201, fault=None, made=None):
    return Post(at, status, fault, made)


def attempt(name, created, posts=(), path="intent placed ended", sid=None, ended=None, contact=1):
    ended = created + 2 if ended is None else ended
    return Attempt(name, contact, PHONE, created, created + 3, ended, sid, list(posts), path.split(), (created, ended))


def contact(state="done", outcome="completed", reason=None, phone=PHONE):
    return Contact(1, "c", 2, phone, state, 2, outcome, reason, None)


class Evidence(types.SimpleNamespace):
    """As evidence.Evidence, from memory."""

    def __init__(self, attempts, person=contact(), **more):
        super().__init__(attempts={PHONE: attempts}, contacts={1: person}, requests=[], moves=[], told=[], asked=[],
                         **more)
        made = [p.call for a in attempts for p in a.posts if p.call]
        self.ledger = {"dials": made + more.get("more_dials", [])}

    def posts(self):
        return {PHONE: [p for a in self.attempts[PHONE] for p in a.posts]}

    def absences(self, _phone):
        return self.asked


def answered(sid="CA1", at=10, status="completed", **more):
    return attempt("A" + sid, at - 0.1, [post(at, made=call(sid, at, status))], sid=sid, **more)


class Calls(unittest.TestCase):
    def complaints(self, attempts, **more):
        evidence = Evidence(attempts, **more)
        evidence.asked = more.get("answers", [])
        return calls.complaints(evidence, CONFIG)

    def test_what_is_right_is_right(self):
        self.assertEqual(self.complaints([answered()]), [])
        self.assertEqual(self.complaints([answered(status="busy"), answered("CA2", 14)]), [])
        lost = attempt("A1", 10, [post(10, 0, "unread")], "intent unknown absent", ended=20)
        self.assertEqual(self.complaints([lost, answered(at=21)], answers=[17.6, 18.2]), [])
        again = attempt("A1", 10, [post(10, 429, "429"), post(11, made=call("CA1", 11))], sid="CA1")
        self.assertEqual(self.complaints([again]), [])

    def test_two_calls_of_one_attempt(self):
        twice = attempt("A1", 10, [post(10, made=call("CA1", 10)), post(11, made=call("CA2", 11))], sid="CA2")
        self.assertIn("made ['CA1', 'CA2']", self.complaints([twice])[0])

    def test_a_call_that_its_attempt_does_not_know(self):
        blind = attempt("A1", 10, [post(10, 0, "reset", call("CA1", 10))], "intent unknown absent", ended=20)
        self.assertIn("knows None, and made ['CA1']", self.complaints([blind], answers=[17.6, 18.2])[0])
        self.assertIn("CA7 to +441 is of no attempt", self.complaints([answered()], more_dials=[call("CA7", 1)])[0])

    def test_an_attempt_that_is_left_open(self):
        self.assertIn("left open", self.complaints([attempt("A1", 10, [], "intent unknown")])[0])

    def test_a_dial_that_was_sent_again_though_nobody_knew_of_the_first(self):
        again = attempt("A1", 10, [post(10, 0, "unread"), post(11, made=call("CA1", 11))], sid="CA1")
        self.assertIn("sent again", self.complaints([again])[0])

    def test_a_dial_that_began_too_late(self):
        self.assertIn("4.6 s late", self.complaints([attempt("A1", 10, [post(17.6, made=call("CA1", 17.6))],
                                                             sid="CA1", ended=19)])[0])

    def test_an_absence_that_was_not_proven(self):
        lost = attempt("A1", 10, [post(10, 0, "unread")], "intent unknown absent", ended=20)
        for answers in ([], [17.6], [14, 15, 16], [17.6, 17.7], [17.6, 20.5]):
            self.assertIn("not twice", self.complaints([lost], answers=answers)[0], answers)
        quick = attempt("A1", 10, [post(10, 0, "unread")], "intent absent")
        self.assertIn("without a question", self.complaints([quick])[0])

    def test_a_call_outside_the_plan(self):
        self.assertIn("called again after {'completed': 1}", self.complaints([answered(), answered("CA2", 20)])[0])
        self.assertIn("called again 0.9", self.complaints([answered(status="busy", ended=11.5),
                                                           answered("CA2", 12)])[0])
        three = [answered(f"CA{i}", at, "busy") for i, at in enumerate((10, 20, 30))]
        self.assertIn("called again after {'busy': 2}", self.complaints(three)[0])

    def test_two_attempts_to_a_number_at_once(self):
        both = [answered(ended=14), answered("CA2", 13, contact=2)]
        self.assertIn("began before", self.complaints(both)[0])
        early = [answered(ended=10.4), answered("CA2", 10.6, contact=2)]
        self.assertIn("began before", self.complaints(early)[0])


class Ends(unittest.TestCase):
    def complaint(self, person, attempts, told=(), requests=()):
        evidence = Evidence(attempts, person)
        evidence.requests, evidence.fault = list(requests), lambda request: request["fault"]
        evidence.told = [("s", 1, {"type": "contact.set_aside", "contact": "c-2", "data": {"step": "dial"}}), *told]
        storm = types.SimpleNamespace(struck=lambda kinds, began, ended: False)
        return "".join(ends.complaints(evidence, storm, CONFIG))

    def aside(self, reason, attempts, phone=PHONE):
        return self.complaint(contact("set_aside", None, reason, phone), attempts)

    def test_what_is_true_is_true(self):
        lost = [attempt(f"A{i}", 10 * i, [post(10 * i, 0, "unread")], "intent unknown absent") for i in range(4)]
        self.assertEqual(self.complaint(contact(), [answered()]), "")
        self.assertEqual(self.aside("retries_exhausted", lost), "")
        self.assertEqual(self.aside("permanent.invalid", [attempt("A1", 1, [post(1, 400)], "intent absent")]), "")
        self.assertEqual(self.aside("do_not_call", [], "+9"), "")

    def test_what_is_not_is_told(self):
        lost = [attempt("A1", 10, [post(10, 0, "unread")], "intent unknown absent")]
        self.assertIn("without a call", self.complaint(contact(), []))
        self.assertIn("ended as completed", self.complaint(contact(outcome="busy"), [answered()]))
        self.assertIn("after 1 calls, not 2", self.complaint(contact(outcome="busy"), [answered(status="busy")]))
        self.assertIn("only 0 refusals and 1 absent", self.aside("retries_exhausted", lost))
        idle = [attempt(f"A{i}", 10 * i, [], "intent unknown absent") for i in range(4)]
        self.assertIn("A0 was not sent, and nothing", self.aside("retries_exhausted", idle))
        self.assertIn("only 0 absent dials were interrupted", self.aside("interrupted", idle))
        self.assertIn("not refused", self.aside("permanent.invalid", [answered()]))
        self.assertIn("not on the list", self.aside("do_not_call", []))
        self.assertIn("no fault leads", self.aside("call_lost", []))
        self.assertIn("left as waiting.retry", self.complaint(contact("waiting.retry"), []))

    def test_a_step_that_failed_without_a_fault(self):
        tries = [{"class": "transient", "began": i * 10**9, "took_ns": 10**8} for i in range(4)]
        data = {"step": "speech", "attempts": tries}
        told = [("s", 2, {"type": "contact.set_aside", "contact": "c-2", "data": data})]
        person = contact("set_aside", None, "retries_exhausted")
        self.assertIn("met no fault", self.complaint(person, [], told))


    def test_a_key_that_was_refused_costs_one_contact_a_time(self):
        person = contact("set_aside", None, "permanent.auth")
        data = {"step": "speech", "attempts": [{"class": "permanent.auth", "status": 401}]}
        told = [("s", 2, {"type": "contact.set_aside", "contact": "c-2", "data": data})]
        self.assertEqual(self.complaint(person, [], told, [{"fault": "401"}]), "")
        self.assertIn("set aside for 0 refused keys", self.complaint(person, [], told))
        data["attempts"][0]["status"] = 200
        self.assertIn("its key was not refused", self.complaint(person, [], told, [{"fault": "401"}]))


class Events(unittest.TestCase):
    MOVES = [(1, "new", "scheduled", 0), (1, "scheduled", "running.script", 0), (1, "running.script", "set_aside", 0)]

    def setUp(self):
        self.evidence = Evidence([])
        self.evidence.moves = list(self.MOVES)
        self.evidence.told = [("s", i + 1, {"id": f"E{i}", "type": kind, "contact": "c-2", "subject": "c"})
                              for i, kind in enumerate(("contact.started", "contact.set_aside", "campaign.finished"))]
        self.found = [dict(event, stream=stream, seq=number) for stream, number, event in self.evidence.told]
        self.evidence.journal = lambda: list(enumerate(self.found))
        self.evidence.log = lambda: self.found

    def complaints(self):
        return "\n".join(events.complaints(self.evidence, ["c"]))

    def test_what_is_complete_is_complete(self):
        self.assertEqual(self.complaints(), "")

    def test_what_is_not_is_told(self):
        self.evidence.moves.append((1, "running.dial", "done", 0))
        self.assertIn("c-2 changed as", self.complaints())
        self.evidence.moves[-1] = (1, "running.script", "waiting.breaker", 1)
        self.assertIn("'contact.step', 'contact.deferred'], and told", self.complaints())

    def test_an_event_that_is_missing_doubled_or_from_nowhere(self):
        lost = self.found.pop()
        self.assertIn("campaign.finished c-2: None", self.complaints())
        self.found += [lost, lost]
        self.assertIn("('s', 3) 2 times", self.complaints())
        self.found[-1] = dict(lost, seq=4)
        self.assertIn("was never told", self.complaints())
        self.found[-1] = dict(lost, id="another")
        self.assertIn("2 times", self.complaints())

    def test_a_gap_in_a_stream_a_campaign_that_ends_twice_and_a_script_written_twice(self):
        self.evidence.told.append(("s", 5, self.evidence.told[-1][2]))
        self.evidence.moves += [(1, "running.script", "running.speech", 1)] * 2
        told = self.complaints()
        self.assertIn("has the numbers [1, 2, 3, 5]", told)
        self.assertIn("campaigns finished: {'c': 2}", told)
        self.assertIn("finished its script 2 times", told)


if __name__ == "__main__":
    unittest.main()
