"""Rotation of the logger's files against a real broker: by size and by age, compressed and removed in the background,
under the hands of logrotate, and over kills at each step: each line stands in one file, once."""

import os
import re
import unittest

from harness import stays, wait_for
from rotated_log import NAME, closed, content, lines, rotated
from test_logger import LoggerCase, events


class RotationCase(LoggerCase):
    ROTATE = {}
    PACKED = ".gz"

    def setUp(self):
        super().setUp()
        self.set.config["logger"]["rotate"] = {"size": "20KiB", "compress": "gzip", **self.ROTATE}
        self.set.write_config()

    def pages(self, count):
        """Publishes so many times a hundred events, each when the one before is written. Returns their names."""
        expected = []
        for page in range(count):
            self.publisher.publish(*events(100, f"p{page}"))
            expected += self.subjects(100, f"p{page}")
            for file in (self.json_file, self.text_file):
                wait_for("the page", lambda f=file: self.all_subjects(f)[-1:] == expected[-1:])
        return expected

    def partial(self):
        return list((self.set.root / "log").glob("*.partial"))

    def all_subjects(self, file):
        return re.findall(r"^.*contact\.done.*?Contact ([\w-]+):", "\n".join(lines(file)), re.M)

    def settled(self):
        """Nothing is left to be done in the folder."""
        return not self.partial() and all(path.suffix == self.PACKED for file in (self.json_file, self.text_file)
                                          for path in closed(file))

    def check_all(self, expected):
        for file in (self.json_file, self.text_file):
            wait_for(f"the last line of {file.name}", lambda f=file: self.all_subjects(f)[-1:] == expected[-1:])
        wait_for("the folder to be settled", self.settled)
        for file in (self.json_file, self.text_file):
            self.assertEqual(self.all_subjects(file), expected, file.name)
            numbers = [int(re.search(r"\d+", line).group()) for line in lines(file)]
            self.assertEqual(numbers, sorted(set(numbers)), file.name)
            for path in rotated(file):
                inside = [int(re.search(r"\d+", line).group()) for line in content(path).splitlines()]
                first, last = map(int, NAME.search(path.name).group(2, 3))
                self.assertEqual((inside[0], inside[-1]), (first, last), path.name)
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)


class SizeTest(RotationCase):
    def test_files_are_rotated_by_size_and_compressed(self):
        self.set.start("logger")
        self.check_all(self.pages(10))
        self.assertGreaterEqual(len(rotated(self.json_file)), 9)
        self.assertLessEqual(self.json_file.stat().st_size, 50000)

    def test_a_new_life_goes_on_behind_a_rotated_file(self):
        for life in range(4):
            logger = self.set.start("logger")
            self.publisher.publish(*events(100, f"l{life}"))
            wait_for("the life's last line", lambda last=f"l{life}-99":
                     self.all_subjects(self.json_file)[-1:] == [last] == self.all_subjects(self.text_file)[-1:])
            logger.kill()
        self.set.start("logger")
        self.check_all([name for life in range(4) for name in self.subjects(100, f"l{life}")])

    def test_new_rules_hold_after_a_reload(self):
        self.set.config["logger"]["rotate"]["size"] = "0B"
        self.set.write_config()
        logger = self.set.start("logger")
        for page in range(4):
            self.publisher.publish(*events(100, f"p{page}"))
        self.check_all([name for page in range(4) for name in self.subjects(100, f"p{page}")])
        self.assertEqual(rotated(self.json_file), [])
        self.set.config["logger"]["rotate"]["size"] = "20KiB"
        self.set.write_config()
        logger.reload()
        self.publisher.publish(*events(1, "late"))
        wait_for("the rotation", lambda: rotated(self.json_file) and rotated(self.text_file))
        self.check_all([name for page in range(4) for name in self.subjects(100, f"p{page}")] + ["late-0"])

    def test_the_oldest_go_when_all_together_are_too_large(self):
        self.set.config["logger"]["rotate"]["keep_bytes"] = "8KiB"
        self.set.write_config()
        self.set.start("logger")
        expected = self.pages(12)

        def within():
            kept = rotated(self.json_file)
            return kept and self.settled() and sum(path.stat().st_size for path in kept) <= 8192 \
                and self.all_subjects(self.json_file)[-1:] == expected[-1:]
        wait_for("the bound to be kept", within)
        kept = self.all_subjects(self.json_file)
        self.assertLess(len(kept), len(expected))
        self.assertEqual(kept, expected[-len(kept):], "the newest are there, without a gap")

    def test_what_cannot_be_removed_is_told_and_holds_nothing(self):
        self.set.config["logger"]["rotate"]["keep_age"] = "0s"
        self.set.write_config()
        logger = self.set.start("logger")
        self.publisher.publish(*events(100))
        self.check_all(self.subjects(100))
        name = f"{self.json_file.name}.20200101T000000.000000Z.1-2"
        (self.json_file.parent / name).write_text("{\"n\":1}\n")
        # Its compressed form has the name of a folder.
        (self.json_file.parent / f"{name}.gz.partial").mkdir()
        logger.reload()
        wait_for("the failure to be told", lambda: logger.says("a rotated file cannot be kept as configured"))
        self.publisher.publish(*events(100, "late"))
        wait_for("the last line", lambda: self.all_subjects(self.json_file)[-1:] == ["late-99"])
        (self.json_file.parent / f"{name}.gz.partial").rmdir()
        logger.reload()
        wait_for("the next try", lambda: (self.json_file.parent / f"{name}.gz").exists())
        wait_for("the original to go", lambda: not (self.json_file.parent / name).exists())


class ZstdTest(RotationCase):
    ROTATE = {"compress": "zstd"}
    PACKED = ".zst"

    def test_files_are_compressed_by_zstd(self):
        self.set.start("logger")
        self.check_all(self.pages(4))
        self.assertTrue(rotated(self.json_file))


class AgeTest(RotationCase):
    ROTATE = {"size": "0B", "age": "2s"}

    def test_a_file_that_is_old_is_rotated_though_nothing_comes(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(3))
        for file in (self.json_file, self.text_file):
            wait_for("the rotation", lambda f=file: rotated(f) and f.exists() and f.stat().st_size == 0)
        stays("no empty file rotated", lambda: len(rotated(self.json_file)) == 1, 3)
        # Killed with an empty file.
        logger.kill()
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        self.check_all(self.subjects(3) + self.subjects(2, "late"))

    def test_the_age_goes_on_over_a_new_life(self):
        self.set.config["logger"]["rotate"]["age"] = "6s"
        self.set.write_config()
        first = self.set.start("logger")
        self.publisher.publish(*events(3))
        wait_for("the lines", lambda: len(self.all_subjects(self.json_file)) == 3)
        began = os.stat(self.json_file).st_mtime
        first.terminate()
        self.assertEqual(first.wait(), 0)
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        first_one, *_ = wait_for("the rotation", lambda: rotated(self.json_file))
        self.assertLess(first_one.stat().st_mtime - began, 12)
        self.check_all(self.subjects(3) + self.subjects(2, "late"))


class LogrotateTest(RotationCase):
    ROTATE = {"size": "0B"}

    def test_a_file_that_is_copied_and_cut_goes_on_from_its_beginning(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(50))
        self.check_all(self.subjects(50))
        for file in (self.json_file, self.text_file):
            os.truncate(file, 0)
        self.publisher.publish(*events(2, "late"))
        self.check_all(self.subjects(2, "late"))
        logger.kill()
        self.set.start("logger")
        self.publisher.publish(*events(2, "later"))
        self.check_all(self.subjects(2, "late") + self.subjects(2, "later"))
        self.assertNotIn(b"\0", self.json_file.read_bytes())

    def test_a_file_that_is_cut_while_nothing_comes_is_not_written_again_after_a_kill(self):
        logger = self.set.start("logger")
        self.publisher.publish(*events(50))
        self.check_all(self.subjects(50))
        for file in (self.json_file, self.text_file):
            os.truncate(file, 0)
        # postrotate's signal, by which the place is kept.
        logger.reload()
        wait_for("the places to be kept",
                 lambda: len(list((self.set.root / "state" / "logger").glob("*.cursor"))) == 2)
        logger.kill()
        self.set.start("logger")
        self.publisher.publish(*events(2, "late"))
        self.check_all(self.subjects(2, "late"))


class KilledTest(RotationCase):
    def killed_at(self, point):
        """Dies at this point, in either sink, in the middle of some pages; then another life goes on."""
        logger = self.set.launch("logger", environment={"RF_CRASH_AT": f"logger.{point}"})
        for page in range(6):
            self.publisher.publish(*events(100, f"p{page}"))
        logger.wait_killed()
        self.set.start("logger")
        self.publisher.publish(*events(5, "late"))
        self.check_all([name for page in range(6) for name in self.subjects(100, f"p{page}")] +
                       self.subjects(5, "late"))

    def test_killed_when_the_place_is_kept(self):
        self.killed_at("place_kept")

    def test_killed_when_the_place_is_kept_for_the_second_file(self):
        self.killed_at("place_kept:2")

    def test_killed_without_a_new_file(self):
        self.killed_at("renamed")

    def test_killed_while_it_compresses(self):
        self.killed_at("packing:2")

    def test_killed_when_it_has_compressed(self):
        self.killed_at("packed")

    def test_killed_when_a_file_is_there_twice(self):
        self.killed_at("packed_beside")

    def test_a_second_kill_in_what_mends_the_first(self):
        self.set.launch("logger", environment={"RF_CRASH_AT": "logger.packed_beside"})
        for page in range(6):
            self.publisher.publish(*events(100, f"p{page}"))
        self.set.processes["logger"].wait_killed()
        again = self.set.launch("logger", environment={"RF_CRASH_AT": "logger.packed:2"})
        again.wait_killed()
        self.set.start("logger")
        self.check_all([name for page in range(6) for name in self.subjects(100, f"p{page}")])


if __name__ == "__main__":
    unittest.main()
