"""ringfence logs: what is asked of the log's files, also of those that were rotated and compressed, with the logger
writing and without it."""

import json
import os
import pty
import re
import signal
import subprocess
import time
import unittest

from harness import BIN, wait_for
from test_logger import LoggerCase, events


class LogsCase(LoggerCase):
    def logs(self, *arguments, check=0):
        return self.set.cli("logs", *arguments, check=check)

    def contacts(self, *arguments):
        """Of the lines that are shown, by their order."""
        return re.findall(r"contact\.done +Contact ([\w-]+):", self.logs(*arguments).stdout)

    def start_following(self, *arguments, stdout=None):
        output = open(self.set.root / "out" / "follow.log", "ab") if stdout is None else stdout
        with output if stdout is None else open(os.devnull, "rb"):
            follower = subprocess.Popen([str(BIN / "ringfence"), "logs", "-f", *arguments, "--config",
                                         str(self.set.config_file)], stdout=output, stderr=subprocess.STDOUT)
        self.set.campaigns.append(follower)
        return follower

    def followed(self):
        return re.findall(r"contact\.done +Contact ([\w-]+):", (self.set.root / "out" / "follow.log").read_text())


class QueryTest(LogsCase):
    def setUp(self):
        super().setUp()
        self.set.config["logger"]["rotate"] = {"size": "20KiB", "compress": "gzip"}
        self.set.write_config()

    def written(self, *page):
        self.publisher.publish(*page)
        last = page[-1]["contact"]
        wait_for("the last line", lambda: self.contacts("-n", "1", "--type", "contact.done") == [last])

    def test_every_line_of_all_files_is_shown_in_order(self):
        self.set.start("logger")
        expected = []
        for page in range(6):
            self.written(*events(100, f"p{page}"))
            expected += self.subjects(100, f"p{page}")
        wait_for("compression", lambda: list((self.set.root / "log").glob("app_logs.json.*.gz")))
        self.assertEqual(self.contacts(), expected)
        self.assertEqual(self.contacts("-n", "250", "--type", "contact.done"), expected[-250:])
        self.assertEqual(self.contacts("--contact", "p0-7"), ["p0-7"])
        self.assertEqual(self.contacts("--since", "1h"), expected)
        self.assertEqual(self.contacts("--until", "1h"), [])
        lines = self.logs("--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["contact"] for line in lines if "contact.done" in line], expected)
        # As it stands in the file.
        self.assertIn(lines[-1] + "\n", (self.set.root / "log" / "app_logs.json").read_text())

    def test_filters_hold_together(self):
        self.set.start("logger")
        page = events(4)
        page[1].update(severity="error", service="twilio", campaign="spring")
        page[2].update(severity="critical", service="twilio", campaign="autumn")
        page[3].update(severity="warning", service="openai", campaign="spring")
        self.written(*page)
        self.assertEqual(self.contacts("--service", "twilio"), ["e-1", "e-2"])
        self.assertEqual(self.contacts("--severity", "warning"), ["e-1", "e-2", "e-3"])
        self.assertEqual(self.contacts("--severity", "error", "--campaign", "spring"), ["e-1"])
        self.assertEqual(self.contacts("--grep", "contact E-3"), [])
        self.assertEqual(self.contacts("--grep", "contact e-3"), ["e-3"])
        self.assertEqual(self.contacts("--type", "contact.d", "--service", "openai"), ["e-3"])

    def check_numbers(self):
        self.set.start("logger")
        page = events(3)
        page[1]["data"]["to"] = "+12025550123"
        page[2]["data"]["to"] = "+12025550124"
        self.written(*page)
        self.assertEqual(self.contacts("--contact", "+1 (202) 555-0123"), ["e-1"])
        self.assertEqual(self.contacts("--contact", "+12025550124"), ["e-2"])
        self.assertEqual(self.contacts("--contact", "+12025550125"), [])
        # Lines that do not have it belong to the same contact.
        self.written(dict(page[1], data={"outcome": "busy"}), *events(1, "other"))
        self.assertEqual(self.contacts("--contact", "+12025550123"), ["e-1", "e-1"])
        self.assertEqual(self.contacts("--contact", "+12025550123", "-n", "1"), ["e-1"])

    def test_a_contact_is_found_by_its_number_also_if_that_is_redacted(self):
        self.check_numbers()

    def test_a_contact_is_found_by_its_number_where_numbers_are_kept(self):
        self.set.config["redaction"] = {"phones": "keep"}
        self.set.write_config()
        self.check_numbers()

    def test_bad_lines_are_counted_once_and_stop_nothing(self):
        self.set.start("logger")
        self.written(*events(3))
        with open(self.set.root / "log" / "app_logs.json", "a") as file:
            file.write("by hand\n{\"half\n")
        self.written(*events(2, "late"))
        result = self.logs()
        self.assertEqual(re.findall(r"Contact ([\w-]+):", result.stdout),
                         self.subjects(3) + self.subjects(2, "late"))
        self.assertEqual(result.stderr.count("2 lines are none of a log and were left out"), 1)

    def test_a_damaged_file_is_told_and_the_others_are_shown(self):
        self.set.start("logger")
        for page in range(3):
            self.written(*events(100, f"p{page}"))
        files = wait_for("compression", lambda: (gz := sorted((self.set.root / "log").glob("app_logs.json.*.gz")))
                         and len(gz) >= 2 and gz)
        os.truncate(files[0], files[0].stat().st_size // 2)
        result = self.logs()
        shown = re.findall(r"Contact ([\w-]+):", result.stdout)
        self.assertIn(f"{files[0]}: ends in the middle of what was compressed", result.stderr)
        self.assertEqual(shown[-100:], self.subjects(100, "p2"))

    def test_what_cannot_be_asked_is_told(self):
        self.assertIn("there is no log", self.logs(check=1).stderr)
        for arguments, words in ((["--severity", "bad"], "expected info, warning"), (["-n", "x"], "--last"),
                                 (["--since", "yesterday"], "is no time"), (["-f", "--until", "1m"], "no end"),
                                 (["word"], "too many arguments")):
            self.assertIn(words, self.logs(*arguments, check=2).stderr)

    def test_no_line_is_no_failure(self):
        self.set.start("logger")
        self.written(*events(1))
        result = self.logs("--contact", "nobody")
        self.assertEqual(result.stdout, "")
        self.assertIn("no line matches", result.stderr)
        self.assertEqual(self.logs("--contact", "nobody", "--json").stderr, "")

    def test_a_reader_that_goes_away_ends_it_quietly(self):
        self.set.start("logger")
        for page in range(3):
            self.written(*events(400, f"p{page}"))
        command = f"{BIN}/ringfence logs --config {self.set.config_file} | head -1"
        result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True,
                                check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class FollowTest(LogsCase):
    def setUp(self):
        super().setUp()
        self.set.config["logger"]["rotate"] = {"size": "20KiB", "compress": "gzip"}
        self.set.write_config()

    def test_it_ends_when_nobody_reads_any_more_also_while_nothing_happens(self):
        ours, theirs = os.pipe()
        with open(ours, "rb") as reader:
            follower = self.start_following("--type", "contact.done", stdout=theirs)
            os.close(theirs)
            self.set.start("logger")
            self.publisher.publish(*events(1))
            self.assertIn(b"contact.done", reader.readline())
        self.assertEqual(follower.wait(60), 0)

    def test_lines_are_followed_over_rotations_and_lives(self):
        follower = self.start_following()
        logger = self.set.start("logger")
        expected = []
        for page in range(8):
            if page == 4:
                logger.kill()
                logger = self.set.start("logger")
            self.publisher.publish(*events(100, f"p{page}"))
            expected += self.subjects(100, f"p{page}")
            wait_for("the page", lambda: self.followed()[-1:] == expected[-1:])
        self.assertEqual(self.followed(), expected)
        self.assertGreater(len(list((self.set.root / "log").glob("app_logs.json.*"))), 3)
        follower.send_signal(signal.SIGINT)
        self.assertEqual(follower.wait(30), 0)

    def test_it_begins_with_the_last_ten_as_tail_does(self):
        self.set.start("logger")
        self.publisher.publish(*events(50))
        wait_for("the lines", lambda: len(self.contacts()) == 50)
        self.start_following("--type", "contact.done")
        wait_for("the lines", lambda: len(self.followed()) == 10)
        self.publisher.publish(*events(2, "late"))
        wait_for("the new ones", lambda: self.followed()[-1:] == ["late-1"])
        self.assertEqual(self.followed(), self.subjects(50)[-10:] + self.subjects(2, "late"))

    def test_on_a_terminal_severities_have_colours(self):
        self.set.start("logger")
        self.publisher.publish(*[dict(event, severity="critical") for event in events(1)])
        wait_for("the line", lambda: self.contacts() == ["e-0"])
        main, end = pty.openpty()
        environment = {**os.environ, "TERM": "xterm"}
        environment.pop("NO_COLOR", None)
        with subprocess.Popen([str(BIN / "ringfence"), "logs", "-f", "--config", str(self.set.config_file)],
                              stdout=end, stderr=end, env=environment) as follower:
            os.close(end)
            seen, until = b"", time.monotonic() + 60
            while b"Contact e-0" not in seen and time.monotonic() < until:
                seen += os.read(main, 65536)
            follower.send_signal(signal.SIGTERM)
            self.assertEqual(follower.wait(30), 0)
        os.close(main)
        self.assertIn(b"\x1b[1;31mcritical\x1b[0m", seen)


if __name__ == "__main__":
    unittest.main()
