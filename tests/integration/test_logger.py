"""The logger against a real broker and the simulator's Sheets: every event once, in order, in every sink, over
kills, torn files, full and missing folders, and a spreadsheet that fails."""

import json
import re
import signal
import subprocess
import unittest
import urllib.parse

from harness import RingfenceTest, stays, wait_for
from publisher import Publisher


def events(count, tag="e"):
    return [{"type": "contact.done", "subject": f"{tag}-{i}", "contact": f"{tag}-{i}", "severity": "info",
             "data": {"outcome": "completed"}} for i in range(count)]


class LoggerCase(RingfenceTest):
    CONFIG = {"logger": {"retry": {"initial_delay": "100ms", "max_delay": "500ms", "jitter": "none"}}}
    WITH = ("broker",)

    def setUp(self):
        super().setUp()
        for service in self.WITH:
            self.set.start(service)
        self.publisher = Publisher(self.set.root / "run")
        self.addCleanup(self.publisher.close)
        self.json_file = self.set.root / "log" / "app_logs.json"
        self.text_file = self.set.root / "log" / "app.log"

    def json_subjects(self):
        return [event["subject"] for event in self.set.events(type="contact.done")]

    def text_subjects(self):
        try:
            lines = self.text_file.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.split("Contact ")[1].split(":")[0] for line in lines if " contact.done " in line]

    def check_files(self, expected):
        """Both files hold these events once, in order, in whole lines with ascending numbers."""
        wait_for("the last line", lambda: self.json_subjects()[-1:] == expected[-1:]
                 and self.text_subjects()[-1:] == expected[-1:])
        self.assertEqual(self.json_subjects(), expected)
        self.assertEqual(self.text_subjects(), expected)
        numbers = [event["n"] for event in self.set.events()]
        self.assertEqual(numbers, sorted(set(numbers)))
        text_numbers = [int(line.split()[0]) for line in self.text_file.read_text().splitlines()]
        self.assertEqual(text_numbers, sorted(set(text_numbers)))

    def subjects(self, count, tag="e"):
        return [f"{tag}-{i}" for i in range(count)]


class FilesTest(LoggerCase):
    def test_events_before_the_logger_began_are_logged_too(self):
        self.publisher.publish(*events(1200))
        self.set.start("logger")
        self.check_files(self.subjects(1200))
        self.assertEqual(self.json_file.stat().st_mode & 0o777, 0o600)
        line = self.set.events(type="contact.done")[0]
        self.assertEqual(line["message"], "Contact e-0: its call ended: completed")
        self.assertEqual(line["data"], {"outcome": "completed"})

    def test_a_kill_between_write_and_acknowledgement_doubles_nothing(self):
        logger = self.set.start("logger", environment={"RF_CRASH_AT": "logger.page_written:3"})
        self.publisher.publish(*events(20))
        logger.wait_killed()
        self.set.start("logger")
        self.publisher.publish(*events(5, "late"))
        self.check_files(self.subjects(20) + self.subjects(5, "late"))

    def test_kills_at_random_moments_lose_and_double_no_line(self):
        expected = []
        for life in range(5):
            logger = self.set.start("logger")
            self.publisher.publish(*events(300, f"l{life}"))
            expected += self.subjects(300, f"l{life}")
            if life < 4:
                wait_for("some line of this life", lambda known=len(expected):
                         len(self.json_subjects()) > known - 300)
                logger.kill()
        self.check_files(expected)

    def test_half_a_line_that_a_crash_left_is_cut(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(3))
        self.check_files(self.subjects(3))
        logger.kill()
        for file in (self.json_file, self.text_file):
            whole = file.read_bytes()
            file.write_bytes(whole[:-7])
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        self.check_files(self.subjects(3) + self.subjects(2, "late"))

    def test_a_file_that_cannot_be_written_holds_no_other_sink(self):
        self.text_file.mkdir()
        self.set.start("logger")
        self.publisher.publish(*events(3))
        wait_for("the other file", lambda: len(self.json_subjects()) == 3)
        failed = wait_for("the failure to be told", lambda: self.set.events(type="sink.failed"))
        self.assertEqual([e["subject"] for e in failed], ["text"])
        self.text_file.rmdir()
        wait_for("the recovery to be told", lambda: self.set.events(type="sink.recovered"))
        self.publisher.publish(*events(1, "late"))
        self.check_files(self.subjects(3) + self.subjects(1, "late"))
        self.assertEqual(len(self.set.events(type="sink.failed")), 1, "once, not once a try")
        self.assertEqual(len(self.set.events(type="sink.recovered")), 1)

    def test_a_rotated_file_is_reopened_and_its_place_is_kept(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(3))
        self.check_files(self.subjects(3))
        for file in (self.json_file, self.text_file):
            file.rename(file.with_suffix(".1"))
        logger.popen.send_signal(signal.SIGHUP)
        wait_for("new files", lambda: self.json_file.exists() and self.text_file.exists())
        # Killed with an empty file: what the old one holds does not come again.
        wait_for("the places to be kept",
                 lambda: len(list((self.set.root / "state" / "logger").glob("*.cursor"))) == 2)
        logger.kill()
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        self.check_files(self.subjects(2, "late"))

    def test_a_file_rotated_before_a_kill_was_noticed_doubles_nothing(self):
        first = self.set.start("logger")
        first.terminate()  # each sink keeps a place, which is soon an old one
        self.assertEqual(first.wait(), 0)
        wait_for("the places to be kept",
                 lambda: len(list((self.set.root / "state" / "logger").glob("*.cursor"))) == 2)
        logger = self.set.start("logger")
        self.publisher.publish(*events(20))
        self.check_files(self.subjects(20))
        wait_for("the broker to know what was taken",
                 lambda: self.set.cli("subscriber", "list", check=0).stdout.count(" 0 behind") == 2)
        logger.kill()
        for file in (self.json_file, self.text_file):
            file.rename(file.with_suffix(".1"))
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        self.check_files(self.subjects(2, "late"))

    def test_files_that_another_set_writes_are_waited_for(self):
        first = self.set.start("logger")
        other = self.set.root / "other"
        other.mkdir(mode=0o700)
        second = self.set.start("logger", "logger-2", config=self.set.write_other_config(
            "other", {"state_dir": str(other)}))
        wait_for("the refusal", lambda: second.says("another process writes it"))
        self.publisher.publish(*events(3))
        self.check_files(self.subjects(3))
        first.terminate()
        self.assertEqual(first.wait(), 0)
        wait_for("the second to take over", lambda: second.says("sink text works again")
                 and second.says("sink json works again"))
        self.publisher.publish(*events(2, "late"))
        expected = self.subjects(3) + self.subjects(2, "late")
        wait_for("the last line", lambda: self.json_subjects() == expected == self.text_subjects())

    def test_a_drain_writes_what_was_published_before_it(self):
        logger = self.set.start("logger")
        wait_for("the connection", lambda: logger.says("connected to the broker"))
        self.publisher.publish(*events(2000))
        logger.terminate()
        self.assertEqual(logger.wait(), 0)
        self.check_files(self.subjects(2000))


class SlowBrokerTest(LoggerCase):
    # It is slow here, not lost.
    CONFIG = {"bus": {"heartbeat_misses": 50}, "drain_timeout": "30s", "broker": {"drain_timeout": "40s"}}

    def test_a_drain_waits_for_a_page_that_takes_longer_than_all_quiet(self):
        logger = self.set.start("logger")
        broker = self.set.processes["broker"]
        wait_for("the connection", lambda: logger.says("connected to the broker"))
        logger.terminate(signal.SIGSTOP)
        self.publisher.publish(*events(2000))
        broker.terminate(signal.SIGSTOP)
        logger.terminate()
        logger.terminate(signal.SIGCONT)
        with self.assertRaises(subprocess.TimeoutExpired):
            logger.wait(1)
        broker.terminate(signal.SIGCONT)
        self.assertEqual(logger.wait(), 0)
        self.check_files(self.subjects(2000))


class SheetsCase(LoggerCase):
    WITH = ("broker", "simulator")

    def setUp(self):
        super().setUp()
        url = self.set.simulator_url
        self.set.config["logger"]["sheets"] = {
            "enabled": True, "base_url": f"{url}/sheets", "token_url": f"{url}/google/token",
            "spreadsheet": "book-1", "sheet": "events", "batch": 40, "interval": "50ms", "quota": 0,
            "credentials": str(self.set.root / "state" / "simulator" / "service-account.json")}
        self.set.config["logger"]["timeout"] = "2s"
        self.set.write_config()

    def rows(self):
        return [row for row in self.set.ledger()["sheets"]["rows"] if len(row) > 2 and row[2] == "contact.done"]

    def whole_rows(self):
        header, *rows = self.set.ledger()["sheets"]["rows"]
        self.assertEqual(header, ["n", "time", "type", "severity", "subject", "contact", "message"])
        return rows if all(len(row) == 7 for row in rows) else None

    def check_rows(self, expected):
        def there():
            rows = self.rows()
            return len(rows) >= len(expected) and rows[-1][4] == expected[-1]
        wait_for("the last row", there)
        self.assertEqual([row[4] for row in self.rows()], expected)
        # A batch that is being written has only its numbers and times for a moment.
        everything = wait_for("no row to be half written", self.whole_rows)
        numbers = [int(row[0]) for row in everything]
        self.assertEqual(numbers, sorted(set(numbers)))

    def appends(self):
        return self.set.requests("sheets", ":append")


class SheetsTest(SheetsCase):
    def test_every_event_becomes_one_row_of_texts(self):
        self.set.start("logger")
        self.publisher.publish(*events(100))
        self.publisher.publish({"type": "contact.done", "subject": "=1+1", "contact": "+cmd",
                                "data": {"outcome": "-2+3"}})
        self.check_rows(self.subjects(100) + ["'=1+1"])
        row = self.rows()[-1]
        self.assertTrue(all(isinstance(cell, str) for cell in row))
        self.assertEqual(row[4:], ["'=1+1", "'+cmd", "Contact =1+1: its call ended: -2+3"])
        line = self.set.events(subject="=1+1")[0]
        self.assertEqual(row[:4], [str(line["n"]), line["time"], "contact.done", "error"])

    def test_no_text_becomes_a_formula_when_the_sheet_is_opened_as_csv(self):
        wicked = ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1", "\uff1d1+1"]
        harmless = ["a=1", "'=1", "1+1", ""]
        self.set.start("logger")
        self.publisher.publish(*[{"type": "contact.done", "subject": f"s-{i}", "contact": text, "data": {}}
                                 for i, text in enumerate(wicked + harmless)])
        self.check_rows(self.subjects(len(wicked) + len(harmless), "s"))
        cells = [row[5] for row in self.rows()]
        for text, cell in zip(wicked, cells):
            self.assertEqual(cell[0], "'", cell)
            self.assertEqual(cell[1:], text.replace("\t", " ").replace("\r", " "))
        self.assertEqual(cells[len(wicked):], harmless)
        for row in self.rows():
            self.assertTrue(row[0].isdigit() and row[1].startswith("20"), "number and time are as ever")

    def test_an_empty_sheet_gets_its_header_once_though_answers_are_lost_and_it_is_killed(self):
        self.set.faults({"id": "header", "match": {"provider": "sheets", "method": "PUT", "path": "*!A1:G1*"},
                         "kind": "reset_after", "count": 3})
        logger = self.set.start("logger")
        self.publisher.publish(*events(5))
        wait_for("the fault to be hit", lambda: self.set.admin("GET", "faults")["faults"][0]["hits"])
        logger.kill()
        self.set.start("logger")
        self.check_rows(self.subjects(5))

    def test_a_sheet_that_has_rows_gets_no_header(self):
        self.set.start("logger")
        self.publisher.publish(*events(5))
        self.check_rows(self.subjects(5))
        self.set.processes["logger"].kill()
        self.set.start("logger")
        self.publisher.publish(*events(5, "late"))
        self.check_rows(self.subjects(5) + self.subjects(5, "late"))
        headers = [r for r in self.set.requests("sheets", "/values/")
                   if r["method"] == "PUT" and "!A1:G1?" in urllib.parse.unquote(r["path"]) + "?"]
        self.assertEqual(len(headers), 1)

    def test_no_more_requests_than_the_quota_are_sent(self):
        # 15 at once and 1 a second: a minute, wherever it begins, has at most 75.
        self.set.config["logger"]["sheets"].update(quota=75, batch=1)
        self.set.write_config()
        self.set.start("logger")
        self.publisher.publish(*events(40))
        wait_for("the first rows", lambda: len(self.rows()) >= 7)
        stays("behind", lambda: len(self.rows()) < 30, 4)
        writes = sorted(r["at"] for r in self.set.requests("sheets", "/values/") if r["method"] != "GET")
        self.assertGreater(len(writes), 15)
        for i, begin in enumerate(writes):
            seconds = [at - begin for at in writes[i:]]
            for k, passed in enumerate(seconds):
                self.assertLessEqual(k + 1, 15 + passed + 1.5)
        self.assertEqual(self.set.events(type="sink.failed"), [], "to wait for it is no failure")

    def test_retry_after_is_kept_to(self):
        self.set.faults({"id": "busy", "match": {"provider": "sheets"}, "kind": "status", "status": 429,
                         "headers": {"Retry-After": "3"}, "count": 1})
        self.set.start("logger")
        self.publisher.publish(*events(3))
        self.check_rows(self.subjects(3))
        asked = sorted(r["at"] for r in self.set.requests("sheets", "/values/"))
        self.assertGreaterEqual(asked[1] - asked[0], 2.95)

    def test_an_append_whose_answer_was_lost_is_not_repeated_blindly(self):
        for kind in ("reset_after", "half_reply", "reset_before"):
            self.set.faults({"id": kind, "match": {"provider": "sheets", "path": "*:append*"},
                             "kind": kind, "count": 1})
            if kind == "reset_after":
                self.set.start("logger")
            self.publisher.publish(*events(10, kind))
            wait_for("the fault to be hit", lambda: self.set.admin("GET", "faults")["faults"][0]["hits"])
        self.check_rows(self.subjects(10, "reset_after") + self.subjects(10, "half_reply") +
                        self.subjects(10, "reset_before"))

    def test_after_a_lost_answer_only_the_end_of_a_long_sheet_is_read(self):
        self.set.start("logger")
        self.publisher.publish(*events(400))
        self.check_rows(self.subjects(400))
        self.set.faults({"id": "lost", "match": {"provider": "sheets", "path": "*:append*"},
                         "kind": "reset_after", "count": 1})
        self.publisher.publish(*events(10, "late"))
        self.check_rows(self.subjects(400) + self.subjects(10, "late"))
        looks = [urllib.parse.unquote(r["path"]) for r in self.set.requests("sheets", "/values/events!A")
                 if r["method"] == "GET" and ":B" in urllib.parse.unquote(r["path"])]
        self.assertEqual(len(looks), 1, looks)
        first = int(re.search(r"!A(\d+):B", looks[0]).group(1))
        total = len(self.set.ledger()["sheets"]["rows"])
        self.assertGreater(first, 400 - 40)
        self.assertLess(first, total)

    def test_an_update_whose_answer_was_lost_overwrites_itself(self):
        self.set.faults({"id": "cut", "match": {"provider": "sheets", "method": "PUT"},
                         "kind": "reset_after", "count": 2})
        self.set.start("logger")
        self.publisher.publish(*events(10))
        self.check_rows(self.subjects(10))

    def test_a_kill_after_the_append_or_the_update_doubles_no_row(self):
        expected = []
        for point in ("logger.sheet_appended", "logger.sheet_updated"):
            logger = self.set.start("logger", environment={"RF_CRASH_AT": f"{point}:2"})
            self.publisher.publish(*events(50, point))
            expected += self.subjects(50, point)
            logger.wait_killed()
        self.set.start("logger")
        self.check_rows(expected)

    def test_a_spreadsheet_that_fails_holds_no_file_and_is_caught_up_with(self):
        self.set.faults({"id": "down", "match": {"provider": "sheets"}, "kind": "status", "status": 503})
        self.set.start("logger")
        self.publisher.publish(*events(100))
        self.check_files(self.subjects(100))
        wait_for("the failure to be told", lambda: self.set.events(type="sink.failed", subject="sheets"))
        self.assertEqual(self.rows(), [])
        self.set.faults()
        self.check_rows(self.subjects(100))
        wait_for("the recovery to be told", lambda: self.set.events(type="sink.recovered"))
        self.assertEqual(len(self.set.events(type="sink.failed")), 1)

    def test_a_token_that_is_refused_is_replaced(self):
        self.set.start("logger")
        self.publisher.publish(*events(5))
        self.check_rows(self.subjects(5))
        self.set.faults({"id": "expired", "match": {"provider": "sheets"}, "kind": "status",
                         "status": 401, "count": 1})
        self.publisher.publish(*events(5, "late"))
        self.check_rows(self.subjects(5) + self.subjects(5, "late"))
        self.assertEqual(len(self.set.requests("google", "token")), 2)
        self.assertEqual(self.set.events(type="sink.failed"), [])

    def test_without_its_key_file_it_waits_and_says_so(self):
        good = self.set.config["logger"]["sheets"]["credentials"]
        self.set.config["logger"]["sheets"]["credentials"] = str(self.set.root / "nowhere.json")
        self.set.write_config()
        logger = self.set.start("logger")
        self.publisher.publish(*events(5))
        failed = wait_for("the failure to be told", lambda: self.set.events(type="sink.failed"))
        self.assertIn("nowhere.json", failed[0]["data"]["message"])
        self.set.config["logger"]["sheets"]["credentials"] = good
        self.set.write_config()
        logger.popen.send_signal(signal.SIGHUP)
        self.check_rows(self.subjects(5))

    def test_no_secret_gets_into_a_log(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(5))
        self.check_rows(self.subjects(5))
        key = json.loads((self.set.root / "state" / "simulator" / "service-account.json").read_text())
        secret = key["private_key"].splitlines()[2]
        for text in (logger.text(), self.json_file.read_text(), self.text_file.read_text()):
            self.assertNotIn(secret, text)
            self.assertNotIn("Bearer", text)


if __name__ == "__main__":
    unittest.main()
