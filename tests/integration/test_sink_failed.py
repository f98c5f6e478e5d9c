"""A sink of the logger that cannot be written, from end to end: the event, one incident of the built-in rules on every
channel, the other sinks going on, and what was missed written once when it works again. The disks are real ones, in a
mount namespace of the logger's own."""

import json
import re
import subprocess
import unittest

from all_sinks import AllSinksCase
from harness import stays, wait_for
from test_log_disk import ENTER, MountedCase
from test_logger import events

CANNOT, WRITTEN = "Log sink json cannot be written", "Log sink json is written again"


class SinkFailedCase(MountedCase, AllSinksCase):
    CONFIG = {"logger": AllSinksCase.CONFIG["logger"],
              "alerter": {"rules": [], "retry": {"initial_delay": "100ms", "max_delay": "1s", "jitter": "none"}}}

    def setUp(self):
        super().setUp()
        self.set.start("alerter")

    # ---- what arrives ----

    def hooks(self):
        bodies = [hook["body"] for hook in self.set.ledger()["webhooks"]]
        return [(json.loads(body) if isinstance(body, str) else body)["data"] for body in bodies]

    def notices(self):
        """The texts that came on each channel, as people read them."""
        return {"email": [mail.get_body(("plain",)).get_content() for mail in self.set.mailbox.mails],
                "telegram": [re.sub(r"\\(.)", r"\1", message["text"]) for message in self.set.ledger()["telegram"]],
                "webhook": [f"{body['title']}\n{body['text']}" for body in self.hooks()]}

    def wait_for_notice(self, count, title):
        """The notice number `count` has come on each channel, with this title. Returns their texts."""
        wait_for(f"{title} on each channel", lambda: all(len(got) >= count for got in self.notices().values()))
        notices = self.notices()
        for channel, got in notices.items():
            self.assertIn(title, got[count - 1], channel)
        return [got[count - 1] for got in notices.values()]

    # ---- the course of it ----

    def check_course(self, reason, mend):
        """The sink fails for this reason from now on, and `mend` ends that. 20 events are in all sinks already."""
        before, meanwhile = self.subjects(20, "before"), self.subjects(2000)
        self.publisher.publish(*events(2000))
        for text in self.wait_for_notice(1, CANNOT):
            self.assertIn(reason, text)
        # All others go on.
        wait_for("the other sinks", lambda: all(there[-1:] == meanwhile[-1:] for sink, there in self.got().items()
                                                if sink != "json"))
        self.assertNotIn(meanwhile[-1], self.got()["json"])
        stays("told once", lambda: all(len(got) == 1 for got in self.notices().values()), 2)
        mend()
        self.check_sinks(before + meanwhile)
        self.wait_for_notice(2, WRITTEN)
        for kind in ("sink.failed", "sink.recovered"):
            there = wait_for(kind, lambda k=kind: self.set.events(type=k))
            self.assertEqual([event["subject"] for event in there], ["json"], kind)
        # One thread: an opening and one end of it.
        first, last = self.set.mailbox.mails
        self.assertEqual(last["In-Reply-To"], first["Message-ID"])
        self.assertEqual([body["kind"] for body in self.hooks()], ["opened", "resolved"])
        self.assertEqual(len({body["thread"] for body in self.hooks()}), 1)
        listed = json.loads(self.set.cli("alert", "list", "--json", check=0).stdout)
        self.assertEqual(listed["incidents"], [], "none is open")
        stays("no further notice", lambda: all(len(got) == 2 for got in self.notices().values()), 2)


class FullDiskTest(SinkFailedCase):
    def test_a_full_disk_is_one_incident_on_every_channel_and_is_caught_up_with(self):
        _, folder = self.start_on(f"mount -t tmpfs -o size=4m none {self.folder}")
        self.json_file.symlink_to(folder / "app_logs.json")
        self.publisher.publish(*events(20, "before"))
        self.check_sinks(self.subjects(20, "before"))
        self.fill(folder)
        self.check_course("No space left on device", (folder / "ballast").unlink)


class ReadOnlyTest(SinkFailedCase):
    def test_a_read_only_folder_is_one_incident_on_every_channel_and_is_caught_up_with(self):
        self.json_file.symlink_to(self.folder / "app_logs.json")
        first = self.set.start("logger", "logger-1")
        self.publisher.publish(*events(20, "before"))
        self.check_sinks(self.subjects(20, "before"))
        first.terminate()
        self.assertEqual(first.wait(), 0)
        logger, folder = self.start_on(f"mount --bind {self.folder} {self.folder}; "
                                       f"mount -o remount,ro,bind {self.folder} {self.folder}")
        self.json_file.unlink()
        self.json_file.symlink_to(folder / "app_logs.json")
        self.check_course("Read-only file system", lambda: subprocess.run(
            [*ENTER, f"--target={logger.popen.pid}", "mount", "-o", "remount,rw,bind", str(self.folder),
             str(self.folder)], check=True))


class RestartTest(SinkFailedCase):
    def test_what_failed_in_an_earlier_life_is_told_to_work_again(self):
        self.json_file.symlink_to(self.folder / "app_logs.json")
        first = self.set.start("logger", "logger-1")
        self.set.faults({"id": "away", "kind": "status", "match": {"provider": "sheets"}, "status": 503})
        self.publisher.publish(*events(20))
        self.wait_for_notice(1, "Log sink sheets cannot be written")
        first.terminate()
        self.assertEqual(first.wait(), 0)
        self.set.faults()
        self.set.start("logger", "logger-2")
        self.wait_for_notice(2, "Log sink sheets is written again")
        self.assertEqual(json.loads(self.set.cli("alert", "list", "--json", check=0).stdout)["incidents"], [])
        # And not once more by a third one.
        self.set.processes["logger-2"].terminate()
        self.assertEqual(self.set.processes["logger-2"].wait(), 0)
        self.set.start("logger", "logger-3")
        self.publisher.publish(*events(20, "third"))
        wait_for("the log", lambda: self.subjects(20, "third")[-1] in self.got()["sheets"])
        self.assertEqual(len(self.set.events(type="sink.recovered")), 1)


if __name__ == "__main__":
    unittest.main()
