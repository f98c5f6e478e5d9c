#!/usr/bin/python3
"""--watch: what a command tells, again and again; on a terminal in place, which is as it was at the end."""

import json
import os
import signal
import subprocess
import unittest

import test_tail
from harness import BIN, PATIENCE
from terminal import Terminal
from test_commands import commands

GIVEN_BACK = "\x1b[?25h\x1b[?1049l"
WATCHED = ("campaign status", "campaign list", "dnc list", "status", "breaker list", "mark list", "alert list",
           "alert silences", "alert dead", "subscriber list", "provider outages")


class Watch(test_tail.Reading):
    def terminal(self, *arguments, **more):
        terminal = Terminal([str(BIN / "ringfence"), *arguments, "--config", str(self.set.config_file)],
                            dict(os.environ, TERM="xterm"), **more)
        self.addCleanup(terminal.close)
        return terminal

    def check_given_back(self, terminal, status):
        rest, code = terminal.wait()
        self.assertTrue(rest.endswith(GIVEN_BACK), rest)
        self.assertEqual(code, status)
        self.assertEqual(rest.count("\x1b[?1049l"), 1)

    def test_each_command_that_shows_a_state_can_be_watched(self):
        self.assertEqual({words for words, usage in commands().items() if "--watch" in usage}, set(WATCHED))

    def test_on_a_terminal_it_stands_in_place_and_leaves_it_as_it_was(self):
        for end, number in (("Ctrl-C", None), ("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP)):
            with self.subTest(end=end):
                terminal = self.terminal("status", "--watch=100ms")
                terminal.expect(r"\x1b\[\?1049h")
                terminal.expect(r"ringfence status, every 0.1 s")
                for _ in range(3):
                    terminal.expect(r"\x1b\[H(?s:.)*broker broker-")
                if number is None:
                    terminal.send("\x03")
                else:
                    terminal.signal(number)
                self.check_given_back(terminal, 0)

    def test_what_is_typed_is_not_shown_and_the_modes_come_back(self):
        shell = Terminal(["bash", "--norc", "--noprofile", "-i"], dict(os.environ, PS1="ready> ", TERM="xterm"))
        self.addCleanup(shell.close)
        shell.expect("ready> ")
        shell.send("bind 'set enable-bracketed-paste off'; stty -g > "
                   f"{self.set.root}/before; {BIN}/ringfence status --watch 100ms --config {self.set.config_file}\n")
        shell.expect("broker broker-")
        shell.send("typed")
        for _ in range(2):
            shell.expect(r"\x1b\[H(?s:.)*broker broker-")
            self.assertNotIn("typed", shell.seen)
        shell.send("\x1a")  # Ctrl-Z
        shell.expect(r"\x1b\[\?25h\x1b\[\?1049l")
        shell.expect("ready> ")
        shell.send("fg\n")
        shell.expect(r"\x1b\[\?1049h")
        shell.expect("broker broker-")
        shell.send("\x03")
        shell.expect(r"\x1b\[\?25h\x1b\[\?1049l")
        shell.expect("ready> ")
        shell.send(f"stty -g > {self.set.root}/after; echo told:$?\n")
        shell.expect("told:0")
        self.assertEqual((self.set.root / "after").read_text(), (self.set.root / "before").read_text())

    def test_a_small_terminal_gets_what_it_has_room_for(self):
        terminal = self.terminal("status", "--watch=100ms", rows=2, columns=20)
        terminal.expect("broker|ringfence")
        terminal.signal(signal.SIGTERM)
        text, _ = terminal.wait()
        for painted in text.split("\x1b[H")[2:-1]:
            self.assertLessEqual(painted.count("\n"), 1)

    def test_a_lost_broker_is_shown_and_it_goes_on(self):
        terminal = self.terminal("status", "--watch=100ms", "--timeout", "300ms")
        terminal.expect("broker broker-")
        self.set.processes["broker"].kill()
        terminal.expect("no broker answers at")
        terminal.expect("no broker answers at(?s:.)*broker broker-")  # the last that was told stays
        self.set.start("broker")
        while "no broker answers" in terminal.expect(r"\x1b\[H((?s:.)*?)\x1b\[J").group(1):
            pass
        terminal.send("\x03")
        self.check_given_back(terminal, 0)

    def test_elsewhere_text_follows_text(self):
        popen = self.start("status", "--watch", "100ms")
        lines = []
        while sum(line.startswith("broker broker-") for line in lines) < 3:
            lines.append(popen.stdout.readline())
        popen.send_signal(signal.SIGINT)
        self.assertEqual(popen.wait(PATIENCE), 0)
        self.assertNotIn("\x1b", "".join(lines))
        self.assertRegex(lines[0], r"^20\d\d-\d\d-\d\d .*UTC$")

    def test_as_json_each_value_is_one_line(self):
        popen = self.start("breaker", "list", "--watch", "100ms", "--json")
        for _ in range(3):
            self.assertIsInstance(json.loads(popen.stdout.readline()), list)
        popen.terminate()
        self.assertEqual(popen.wait(PATIENCE), 0)

    def test_a_reader_that_goes_away_ends_it(self):
        popen = self.start("status", "--watch", "100ms", stderr=subprocess.PIPE)
        popen.stdout.readline()
        popen.stdout.close()
        popen.stdout = None
        self.assertEqual((popen.wait(PATIENCE), popen.stderr.read()), (0, ""))
        popen.stderr.close()

    def test_what_would_be_wrong_each_time_ends_it(self):
        result = self.set.cli("alert", "list", "--limit", "x", "--watch", check=2)
        self.assertIn("--limit", result.stderr)
        self.assertEqual(result.stdout, "")
        for interval in ("50ms", "soon", "0s"):
            self.assertIn("--watch", self.set.cli("status", f"--watch={interval}", check=2).stderr)


if __name__ == "__main__":
    unittest.main()
