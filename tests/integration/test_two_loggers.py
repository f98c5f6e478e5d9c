"""Two loggers on one state folder: the second gives nothing to any sink while the first lives, and goes on where the
first ended, however it ended."""

import unittest

from all_sinks import AllSinksCase
from harness import stays, wait_for
from test_logger import events

WAITS = "waits for it to end"


class TwoLoggersTest(AllSinksCase):
    def start_two(self):
        first = self.set.start("logger", "logger-1")
        second = self.set.launch("logger", "logger-2")
        wait_for("the second to wait", lambda: second.says(WAITS))
        return first, second

    def test_the_second_gives_nothing_to_anybody_and_takes_over_when_the_first_is_killed(self):
        first, second = self.start_two()
        self.assertIn(f"another logger (pid {first.popen.pid}) has it: {WAITS}", second.text())
        self.publisher.publish(*events(300, "before"))
        self.check_sinks(self.subjects(300, "before"))
        stays("given once", lambda: len(self.receiver.messages) == len({m["data"]["n"] for m in self.receiver.messages})
              and len(self.collector.records) == len({r["attributes"]["ringfence.n"] for r in self.collector.records})
              and not second.says("ready"), 2)
        self.wait_for_places()
        first.kill()
        self.publisher.publish(*events(300, "after"))
        self.check_sinks(self.subjects(300, "before") + self.subjects(300, "after"))
        second.wait_ready()
        self.assertEqual(second.text().count(WAITS), 1, "said once")
        # The third meets the second.
        third = self.set.launch("logger", "logger-3")
        wait_for("the third to wait", lambda: third.says(f"(pid {second.popen.pid}) has it: {WAITS}"))

    def test_killed_among_its_pages_the_first_leaves_no_hole_and_no_double(self):
        first, second = self.start_two()
        for page in range(20):
            self.publisher.publish(*events(100, f"p{page}"))
            if page == 10:
                first.kill()
        expected = [name for page in range(20) for name in self.subjects(100, f"p{page}")]
        self.wait_for_all(expected[-1])
        second.wait_ready()
        got = self.got()
        for sink in ("json", "text", "sheets"):
            self.assertEqual(got[sink], expected, sink)
        # These know no place of their own: the page in hand at a kill may come again, with the same numbers.
        for sink in ("otlp", "syslog"):
            self.assertEqual(list(dict.fromkeys(got[sink])), expected, sink)
            self.assertLessEqual(len(got[sink]) - len(expected), 500, sink)

    def test_after_an_orderly_end_nothing_is_doubled_anywhere(self):
        first, second = self.start_two()
        self.publisher.publish(*events(500, "before"))
        first.terminate()
        self.publisher.publish(*events(500, "after"))
        self.assertEqual(first.wait(), 0)
        second.wait_ready()
        self.check_sinks(self.subjects(500, "before") + self.subjects(500, "after"))

    def test_one_that_waits_takes_a_new_configuration_and_ends_when_it_is_told_to(self):
        first, second = self.start_two()
        third = self.set.launch("logger", "logger-3")
        wait_for("the third to wait", lambda: third.says(WAITS))
        third.terminate()
        self.assertEqual(third.wait(), 0)
        self.set.config["logger"]["syslog"]["app_name"] = "renamed"
        self.set.write_config()
        second.reload()
        self.publisher.publish(*events(5, "before"))
        self.check_sinks(self.subjects(5, "before"))
        self.wait_for_places()
        self.assertEqual({m["app"] for m in self.receiver.messages}, {"ringfence"})
        first.kill()
        self.publisher.publish(*events(5, "after"))
        self.check_sinks(self.subjects(5, "before") + self.subjects(5, "after"))
        self.assertEqual(self.receiver.messages[-1]["app"], "renamed")


if __name__ == "__main__":
    unittest.main()
