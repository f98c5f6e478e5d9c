#!/usr/bin/python3
"""Callers, the broker and workers, killed at random moments with calls in hand that may not be repeated. Workers
keep a ledger of what they carried out, callers of what they were told. Usage: see kills.py.
"""

import collections

from kills import OPTIONS, KillTest, Member, main, wait_for

CALLERS, WORKERS, IN_FLIGHT = 3, 3, 8

# What a caller may be told when its call did not go well. Anything else is no clear error.
CLEAR = {"worker_lost", "no_worker", "overloaded", "deadline_exceeded", "cancelled", "draining"}


class CallKills(KillTest):
    CONFIG = {"bus": {"heartbeat": "100ms", "heartbeat_misses": 10}}

    def begin(self, again):
        self.set.start("broker")
        self.workers = [Member(self, "ledger_worker", f"worker-{i}", OPTIONS.seed + i) for i in range(WORKERS)]
        self.callers = [Member(self, "ledger_caller", f"caller-{i}", IN_FLIGHT, *(["again"] if again else []))
                        for i in range(CALLERS)]
        for member in self.workers + self.callers:
            member.launch()
        wait_for("the first answers", lambda: all(self.answers(caller) for caller in self.callers))

    def answers(self, caller):
        """id: [(word, sent)] that this caller was told."""
        told = collections.defaultdict(list)
        for line in caller.lines():
            if line[0] == "d":
                told[line[1]].append((line[2], line[3]))
        return told

    def may_be_open(self, caller):
        """Ids that were under way when a life of the caller ended."""
        open_ids, lost = set(), set()
        for line in caller.lines():
            if line[0] == "b":
                lost |= open_ids
                open_ids.clear()
            elif line[0] == "s":
                open_ids.add(line[1])
            else:
                open_ids.discard(line[1])
        return lost

    def carried_out(self):
        return collections.Counter(line[1] for worker in self.workers for line in worker.lines())

    def check_caller(self, caller, ledger, again):
        told = self.answers(caller)
        asked = [line[1] for line in caller.lines() if line[0] == "s"]
        self.assertEqual(len(asked), len(set(asked)))
        allowed = set() if again else self.may_be_open(caller)
        unanswered = [call for call in asked if not told[call]]
        self.assertEqual(sorted(set(unanswered) - allowed), [], f"{caller.name}: calls without an answer")
        for call, answers in told.items():
            self.assertEqual(len(answers), 1 if answers else 0, f"{call}: {answers}")
            for word, sent in answers:
                if word == "ok":
                    self.assertEqual(ledger[call], 1, f"{call}: answered ok, and not carried out")
                    continue
                self.assertIn(word, CLEAR, call)
                self.assertIn(sent, ("no", "maybe"), f"{call}: {word}")
                if sent == "no":
                    self.assertEqual(ledger[call], 0, f"{call}: {word}, sent: no, but it was carried out")
        return collections.Counter(word for answers in told.values() for word, _ in answers)

    def settle(self, again):
        for member in self.callers:
            member.finish()
        for member in self.workers:
            member.finish()
        ledger = self.carried_out()
        self.assertEqual([call for call, count in ledger.items() if count > 1], [], "carried out twice")
        words = sum((self.check_caller(caller, ledger, again) for caller in self.callers), collections.Counter())
        self.tell(f"answers: {dict(words)}")
        self.assertGreater(words["ok"], sum(words.values()) / 4, "most of the load was carried out")
        return words

    def test_no_call_is_carried_out_twice_and_each_has_one_end_over_kills_of_all(self):
        self.begin(again=False)
        self.rage(self.callers + self.workers)
        self.settle(again=False)

    def test_who_asks_again_under_the_same_id_gets_the_one_answer_over_kills_of_broker_and_callers(self):
        self.begin(again=True)
        self.rage(self.callers)
        self.settle(again=True)


if __name__ == "__main__":
    main()
