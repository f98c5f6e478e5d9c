#!/usr/bin/python3
"""`ringfence top` in a terminal of its own: what it shows of an outage, its keys, and that it leaves the terminal as
it was whatever ends it."""

import os
import re
import signal
import subprocess
import time
import unittest

import test_control_tool
import test_tail
from harness import BIN, PATIENCE, RingfenceTest
from terminal import Terminal

TAKEN, GIVEN_BACK = "\x1b[?1049h", "\x1b[?25h\x1b[?1049l"
PICTURE = r"\x1b\[\?7l\x1b\[H((?s:.)*?)\x1b\[J\x1b\[\?7h"


class Shown:
    """A set of its own is in `self.set`."""

    def top(self, columns=110, rows=60, **environment):
        terminal = Terminal([str(BIN / "ringfence"), "top", "--config", str(self.set.config_file)],
                            {**os.environ, "TERM": "xterm", **environment}, columns, rows)
        self.addCleanup(terminal.close)
        terminal.expect(re.escape(TAKEN))
        return terminal

    def picture(self, terminal, *wanted, absent=()):
        """The first picture that has all that is wanted, without controls."""
        end = time.monotonic() + PATIENCE
        while True:
            raw = terminal.expect(PICTURE).group(1)
            text = re.sub(r"\x1b\[[0-9;]*[mK]|\r", "", raw)
            if all(re.search(one, text) for one in wanted) and not any(re.search(one, text) for one in absent):
                return text, raw
            assert time.monotonic() < end, f"waited in vain for {wanted}: {text}"

    def check_end(self, terminal):
        rest, code = terminal.wait()
        self.assertTrue(rest.endswith(GIVEN_BACK), rest[-300:])
        self.assertEqual(code, 0)


class Outage(Shown, RingfenceTest):
    """A real gateway, and a provider that answers no more."""
    CONFIG = {"defaults": {"breaker": {"recovery_timeout": "30s"}}}

    def test_the_seconds_to_the_test_request_are_counted_down(self):
        for service in ("simulator", "broker", "service-gateway"):
            self.set.start(service)
        terminal = self.top()
        self.picture(terminal, r"\n  elevenlabs +closed ", r"\n  service-gateway +ready .* MiB")
        self.set.faults({"id": "out", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        for text in ("Hello.", "Hello again."):
            self.set.cli("call", "speech", "--text", text, "--deadline", "5s")
        left = r"\n  elevenlabs +open +for .*, test request in (\d+) s"
        text, _ = self.picture(terminal, left, r"breaker\.opened/elevenlabs")
        first = int(re.search(left, text).group(1))
        while int(re.search(left, self.picture(terminal, left)[0]).group(1)) > first - 2:
            pass
        terminal.send("q")
        self.check_end(terminal)


class Top(Shown, test_tail.Reading):
    def test_a_breaker_that_opens_and_closes_is_seen(self):
        stand_in = test_control_tool.StandIn(self.set.root / "run")
        stand_in.start()
        self.addCleanup(stand_in.end)
        terminal = self.top()
        self.picture(terminal, r"\n  openai +closed ", r"\n  spring ", r"\n  broker +ready +pid \d+", "alerter does not")
        self.set.cli("breaker", "force-open", "openai", "--for", "10m", "--why", "trial", check=0)
        _, raw = self.picture(terminal, r"\n  openai +open +for .*trial", r"breaker\.forced/openai")
        self.assertRegex(raw, "\x1b\\[31m  openai +open")
        self.set.cli("breaker", "reset", "openai", "--why", "over", check=0)
        self.picture(terminal, r"\n  openai +closed ", r"breaker\.reset/openai")
        terminal.send("q")
        self.check_end(terminal)

    def test_a_lost_broker_is_told_and_what_was_known_stays(self):
        terminal = self.top()
        self.picture(terminal, r"\n  openai +closed ")
        self.set.processes["broker"].kill()
        self.picture(terminal, r"no broker for ", r"\n  openai +closed ")
        self.set.start("broker")
        self.picture(terminal, r"\n  openai +closed ", absent=["no broker"])
        terminal.send("q")
        self.check_end(terminal)

    def test_keys_move_stop_and_explain_the_picture(self):
        terminal = self.top(rows=6)
        self.picture(terminal, r"breakers \(5\)")
        terminal.send("j")
        self.picture(terminal, r"elevenlabs", absent=["breakers"])
        terminal.send("\x1b[A")
        self.picture(terminal, r"breakers \(5\)")
        terminal.send(" ")
        self.picture(terminal, absent=["breakers", "elevenlabs"])
        terminal.send("g?")
        self.picture(terminal, "the picture stands still", absent=["breakers"])
        terminal.send("?p")
        text, _ = self.picture(terminal, r"\[paused\]", "breakers")
        self.assertEqual(self.picture(terminal, "breakers")[0].split("\n")[2:], text.split("\n")[2:])
        terminal.send("p")
        self.picture(terminal, "breakers", absent=["paused"])
        terminal.send("q")
        self.check_end(terminal)

    def sections(self, text):
        """{title: names} of a picture."""
        found = re.findall(r"(?m)^(\w[\w ]*) \([\d of]+\)\n((?:  .*\n)*)", text + "\n")
        return {title: [line.split()[0] for line in rows.splitlines()] for title, rows in found}

    def test_rows_are_ordered_and_filtered(self):
        terminal = self.top(columns=140)
        text, _ = self.picture(terminal, r"breakers \(5\)", r"> <: order  \\: filter")
        told = self.sections(text)["breakers"]
        terminal.send("N")
        text, _ = self.picture(terminal, r"\[name\]")
        self.assertEqual(self.sections(text)["breakers"], sorted(told))
        terminal.send("I")
        text, _ = self.picture(terminal, r"\[name, inverted\]")
        self.assertEqual(self.sections(text)["breakers"], sorted(told, reverse=True))
        self.set.cli("breaker", "force-open", "twilio", "--why", "trial", check=0)
        terminal.send("S")
        text, _ = self.picture(terminal, r"\[state\]", r"\n  twilio +open ")
        self.assertEqual(self.sections(text)["breakers"][0], "twilio")
        terminal.send("\x1b[17~")  # F6
        self.picture(terminal, r"\[load\]")
        terminal.send("\\TwiLx")
        self.picture(terminal, "filter: TwiLx_  Enter: done", r"breakers \(0 of 5\)")
        terminal.send("\x7f")
        text, _ = self.picture(terminal, r"breakers \(1 of 5\)", r"breaker\.forced/twilio")
        self.assertEqual(self.sections(text)["breakers"], ["twilio"])
        terminal.send("\rp")
        self.picture(terminal, r"filter: TwiL  q: end", r"\[paused\]", r"breakers \(1 of 5\)")
        terminal.send("\x1b")
        self.picture(terminal, r"\[paused\]", r"breakers \(5\)", absent=["filter: TwiL"])
        terminal.send("\x1b[21~")  # F10
        self.check_end(terminal)

    def test_a_terminal_may_change_its_size(self):
        terminal = self.top()
        self.picture(terminal, "events, the newest")
        terminal.resize(30, 5)
        terminal.signal(signal.SIGWINCH)  # the kernel sends it to the terminal's own group alone
        text, _ = self.picture(terminal, "ringfence top", absent=["events, the newest"])
        self.assertLessEqual(len(text.split("\n")), 5)
        self.assertLessEqual(max(map(len, text.split("\n"))), 30)
        terminal.resize(110, 60)
        self.picture(terminal, "events, the newest")
        terminal.send("\x03")
        self.check_end(terminal)

    def test_signals_leave_the_terminal_as_it_was(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                terminal = self.top()
                self.picture(terminal, "breakers")
                terminal.signal(number)
                self.check_end(terminal)

    def test_it_can_be_stopped_and_go_on_and_the_modes_come_back(self):
        shell = Terminal(["bash", "--norc", "--noprofile", "-i"], dict(os.environ, PS1="ready> ", TERM="xterm"))
        self.addCleanup(shell.close)
        shell.expect("ready> ")
        shell.send("bind 'set enable-bracketed-paste off'; stty -g > "
                   f"{self.set.root}/before; {BIN}/ringfence top --config {self.set.config_file}\n")
        shell.expect("breakers")
        shell.send("\x1a")  # Ctrl-Z
        shell.expect(re.escape(GIVEN_BACK))
        shell.expect("ready> ")
        shell.send(f"stty -g > {self.set.root}/between; fg\n")
        shell.expect(re.escape(TAKEN))
        shell.expect("breakers")
        shell.send("q")
        shell.expect(re.escape(GIVEN_BACK))
        shell.expect("ready> ")
        shell.send(f"stty -g > {self.set.root}/after; echo told:$?\n")
        shell.expect("told:0")
        before, between, after = ((self.set.root / name).read_text() for name in ("before", "between", "after"))
        self.assertEqual((between, after), (before, before))

    def test_there_are_no_colours_with_no_color(self):
        self.set.cli("breaker", "force-open", "openai", "--why", "trial", check=0)
        terminal = self.top(NO_COLOR="1")
        _, raw = self.picture(terminal, r"openai +open")
        self.assertNotRegex(raw, "\x1b\\[[0-9;]*m")

    def test_without_a_terminal_it_is_refused(self):
        result = subprocess.run([BIN / "ringfence", "top"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=PATIENCE, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("top wants a terminal", result.stderr)


if __name__ == "__main__":
    unittest.main()
