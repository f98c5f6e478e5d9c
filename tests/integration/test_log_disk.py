"""The logger on disks that are full, broken or read-only: it is told, the other sinks go on, and when there is room
again every line is there once. The disks are real ones, in a mount namespace of the logger's own, or those of
tests/fault/disk_fault.c."""

import errno
import os
import pathlib
import subprocess
import unittest

from harness import preloaded, stays, wait_for
from test_logger import LoggerCase, events

# Root may mount; others may within a user namespace, where the kernel allows it.
UNSHARE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
ENTER = ["nsenter", "--mount"] if os.getuid() == 0 else ["nsenter", "--mount", "--user", "--preserve-credentials"]


def can_mount():
    return subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                          capture_output=True).returncode == 0


class DiskCase(LoggerCase):
    """The JSON file has a folder of its own; the other one shows what goes on meanwhile."""

    def setUp(self):
        super().setUp()
        self.folder = self.set.root / "disk"
        self.folder.mkdir()
        self.set.config["logger"]["json_file"] = str(self.folder / "app_logs.json")
        self.set.write_config()

    def on_text(self, kind, subject="json"):
        """Lines of this event in the file that goes on."""
        return [line for line in self.text_file.read_text().splitlines() if f" {kind} " in line and subject in line]

    def check_text(self, expected):
        wait_for("the other file's last line", lambda: self.text_subjects()[-1:] == expected[-1:])
        self.assertEqual(self.text_subjects(), expected)

    def check_json(self, folder, expected):
        # Where the harness looks for it.
        self.json_file.symlink_to(folder / "app_logs.json")
        self.check_files(expected)


class MountedCase(DiskCase):
    def setUp(self):
        super().setUp()
        if not can_mount():
            self.skipTest("this user may not mount")

    def start_on(self, mount):
        """The logger, for whom `mount` has been done. Returns its folder as it sees it."""
        logger = self.set.launch("logger", through=[*UNSHARE, "sh", "-ec", f"{mount}; exec \"$@\"", "sh"])
        logger.wait_ready()
        return logger, pathlib.Path(f"/proc/{logger.popen.pid}/root{self.folder}")

    def fill(self, folder):
        """Takes all room that is left."""
        with open(folder / "ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)


class MountedTest(MountedCase):
    def test_a_full_disk_is_told_and_what_was_missed_is_written_once(self):
        _, folder = self.start_on(f"mount -t tmpfs -o size=4m none {self.folder}")
        self.publisher.publish(*events(20, "before"))
        wait_for("the lines", lambda: (folder / "app_logs.json").read_text().count("contact.done") == 20)
        self.fill(folder)
        self.publisher.publish(*events(2000))
        wait_for("the failure to be told", lambda: self.on_text("sink.failed"))
        self.assertIn("No space left on device", self.on_text("sink.failed")[0])
        self.check_text(self.subjects(20, "before") + self.subjects(2000))
        stays("half a line in the file", lambda: (folder / "app_logs.json").read_bytes().endswith(b"\n"), 2)
        (folder / "ballast").unlink()
        wait_for("the recovery to be told", lambda: self.on_text("sink.recovered"))
        self.check_json(folder, self.subjects(20, "before") + self.subjects(2000))
        self.assertEqual(len(self.on_text("sink.failed")), 1, "once, not once a try")

    def test_a_read_only_folder_is_told_and_what_was_missed_is_written_once(self):
        logger, folder = self.start_on(f"mount --bind {self.folder} {self.folder}; "
                                       f"mount -o remount,ro,bind {self.folder} {self.folder}")
        self.publisher.publish(*events(600))
        wait_for("the failure to be told", lambda: self.on_text("sink.failed"))
        self.assertIn("Read-only file system", self.on_text("sink.failed")[0])
        self.check_text(self.subjects(600))
        subprocess.run([*ENTER, f"--target={logger.popen.pid}", "mount", "-o", "remount,rw,bind",
                        str(self.folder), str(self.folder)], check=True)
        wait_for("the recovery to be told", lambda: self.on_text("sink.recovered"))
        self.check_json(folder, self.subjects(600))

    def test_a_new_life_on_a_state_folder_that_became_read_only_writes_on(self):
        first = self.set.start("logger")
        self.publisher.publish(*events(20, "before"))
        self.check_text(self.subjects(20, "before"))
        first.terminate()
        self.assertEqual(first.wait(), 0)
        state = self.set.root / "state" / "logger"
        logger, folder = self.start_on(f"mount --bind {state} {state}; mount -o remount,ro,bind {state} {state}")
        self.publisher.publish(*events(20, "after"))
        self.check_text(self.subjects(20, "before") + self.subjects(20, "after"))
        self.check_json(folder, self.subjects(20, "before") + self.subjects(20, "after"))
        # Nobody can write who has the lock, and it is kept all the same.
        second = self.set.launch("logger", "logger-2")
        wait_for("the second to wait", lambda: second.says("another logger"))
        self.assertTrue(logger.alive())


class FaultTest(DiskCase):
    def setUp(self):
        super().setUp()
        self.control = self.set.root / "fault"
        self.control.write_text("")
        self.fault = preloaded("disk_fault", RF_DISK_FAULT=str(self.control))

    def test_kills_on_a_full_disk_lose_and_double_nothing(self):
        logger = self.set.start("logger", environment=self.fault)
        self.publisher.publish(*events(50, "before"))
        wait_for("the lines", lambda: (self.folder / "app_logs.json").read_text().count("contact.done") == 50)
        self.control.write_text("path=app_logs.json write=enospc")
        for life in range(3):
            self.publisher.publish(*events(300, f"l{life}"))
            wait_for("the failure to be told", lambda n=life + 1: len(self.on_text("sink.failed")) == n)
            logger.kill()
            logger = self.set.start("logger", environment=self.fault)
        self.control.write_text("")
        expected = self.subjects(50, "before") + [n for life in range(3) for n in self.subjects(300, f"l{life}")]
        self.check_json(self.folder, expected)

    def test_a_disk_that_cannot_be_synced_holds_the_rotation_and_not_the_lines(self):
        self.set.config["logger"]["rotate"] = {"size": "20KiB"}
        self.set.write_config()
        logger = self.set.start("logger", environment=self.fault)
        self.control.write_text("path=app_logs.json sync=eio")
        self.json_file.symlink_to(self.folder / "app_logs.json")
        expected = []
        for page in range(3):
            self.publisher.publish(*events(100, f"p{page}"))
            expected += self.subjects(100, f"p{page}")
            wait_for("the page", lambda: self.json_subjects()[-1:] == expected[-1:])
        wait_for("the failure to be told", lambda: logger.says("app_logs.json cannot be rotated and grows on"))
        self.assertEqual(self.json_subjects(), expected)
        self.assertEqual([file.name for file in self.folder.iterdir()], ["app_logs.json"])
        self.assertFalse(logger.says("sink json cannot be written"))


if __name__ == "__main__":
    unittest.main()
