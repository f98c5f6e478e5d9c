#!/usr/bin/python3
"""Completion of command lines in the real shells, by the scripts that `ringfence completion` gives: each command and
each of its options is offered, and the set's names where it runs."""

import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import test_control_tool
import test_tail
from harness import BIN, PATIENCE, wait_for
from terminal import Terminal
from test_commands import commands

RINGFENCE = str(BIN / "ringfence")
HOME = tempfile.TemporaryDirectory(prefix="rf-home-")  # fish makes folders there
CLEAN = {"HOME": HOME.name, "PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TERM": "dumb"}


def script(shell):
    return subprocess.run([RINGFENCE, "completion", shell], capture_output=True, text=True, check=True).stdout


def run(arguments, text=None):
    result = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=PATIENCE, env=CLEAN,
                            check=False)
    assert (result.returncode, result.stderr) == (0, ""), (arguments, result)
    return result.stdout


class Bash:
    name = "bash"
    line = "printf '<%s>' "

    def __init__(self, folder):
        self.file = folder / "ringfence.bash"
        self.file.write_text(script("bash"))

    def check(self):
        run(["bash", "-n", self.file])

    def offered(self, *words):
        """What is offered in place of the last word."""
        text = run(["bash", "--norc", "-c", 'source "$0"; COMP_WORDS=(ringfence "$@"); COMP_CWORD=$#; _ringfence; '
                    'for one in "${COMPREPLY[@]}"; do printf "%s\\n" "$one"; done', self.file, *words])
        return text.splitlines()

    def interactive(self):
        return ["bash", "--norc", "--noprofile", "-i"], f"PS1='ready''> '; source {self.file}\n"


class Fish:
    name = "fish"
    line = "printf '<%s>' "

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "ringfence.fish"
        self.file.write_text(script("fish"))

    def check(self):
        run(["fish", "--no-config", "--no-execute", self.file])

    def offered(self, *words):
        line = " ".join(["ringfence", *words])
        text = run(["fish", "--no-config", "-c", f"source {self.file}; complete --do-complete '{line}'"])
        return [one.split("\t")[0] for one in text.splitlines()]


class Zsh:
    """The shell itself, with a terminal: completion runs nowhere else in it. What it would show goes to a file."""
    name = "zsh"
    line = "printf '<%s>' "

    def __init__(self, folder):
        self.file = folder / "_ringfence"
        self.file.write_text(script("zsh"))
        self.hits = folder / "hits"
        self.folder = folder
        self.terminal = None

    SETUP = r"""
PS1= ; PS2= ; unset zle_bracketed_paste ; unsetopt prompt_cr prompt_sp ; autoload -Uz compinit
fpath=({folder} $fpath) ; compinit -u -D
compadd() {{
    if [[ ${{@[1,(i)(-|--)]}} = *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a hits ; builtin compadd -O hits "$@" ; (( ${{#hits}} )) && print -rl -- $hits >> {hits}
    builtin compadd "$@"
}}
tell() {{ : > {hits} ; zle list-choices ; BUFFER= ; print -r -- done:$(( 6 * 7 )) }}
zle -N tell ; bindkey '^T' tell ; zstyle ':completion:*' list-prompt '' ; LISTMAX=100000
print ready:$(( 6 * 7 ))
"""

    def check(self):
        run(["zsh", "-f", "-n", self.file])

    def offered(self, *words):
        if self.terminal is None:
            setup = self.folder / "setup.zsh"
            setup.write_text(self.SETUP.format(folder=self.folder, hits=self.hits))
            self.terminal = Terminal(["zsh", "-f", "-i"], CLEAN)
            self.terminal.send(f"source {setup}\n")
            self.terminal.expect("ready:42")
        line = " ".join(["ringfence", *words])
        self.terminal.send(line + "\x14")
        self.terminal.expect("done:42")
        return [one.replace("\\", "") if "'" not in one else one for one in self.hits.read_text().splitlines()]

    def interactive(self):
        return ["zsh", "-f", "-i"], (f"fpath=({self.folder} $fpath); autoload -Uz compinit; compinit -u -D; "
                                     "unset zle_bracketed_paste; PS1='ready''> '\n")

    def close(self):
        if self.terminal is not None:
            self.terminal.close()
            self.terminal = None


class Each(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.shells = [Bash(self.folder), Zsh(self.folder), Fish(self.folder)]
        self.addCleanup(self.shells[1].close)

    def each(self, check):
        for shell in self.shells:
            with self.subTest(shell=shell.name):
                check(shell)


class Table(Each):
    """Without a set."""

    def test_the_scripts_have_no_slips(self):
        self.each(lambda shell: shell.check())

    def test_each_command_is_offered(self):
        usages = commands()
        firsts = {words.split()[0] for words in usages}
        groups = {words.split()[0] for words in usages if " " in words}
        def check(shell):
            self.assertEqual(set(shell.offered("")), {*firsts, "help"})
            self.assertEqual(shell.offered("brea"), ["breaker"])
            for group in sorted(groups):
                self.assertEqual(set(shell.offered(group, "")),
                                 {words.split()[1] for words in usages if words.startswith(group + " ")})
        self.each(check)

    def test_each_option_is_offered_by_its_command_once(self):
        def check(shell):
            for words, usage in commands().items():
                own = set(re.findall(r"--[a-z-]+", usage.split("...")[0] if words == "alert resend" else usage))
                self.assertEqual(set(shell.offered(*words.split(), "--")), {*own, "--config", "--timeout", "--help"},
                                 words)
            self.assertNotIn("--json", shell.offered("status", "--json", "--"))
            self.assertIn("--map", shell.offered("dnc", "load", "--map", "phone=Tel", "--"))
        self.each(check)

    def test_what_a_usage_says_is_offered(self):
        def check(shell):
            self.assertEqual(set(shell.offered("campaign", "export", "spring", "--format", "")), {"csv", "jsonl"})
            self.assertEqual(shell.offered("completion", "z"), ["zsh"])
            self.assertEqual(shell.offered("logs", "--severity", "w"), ["warning"])
            self.assertIn("elevenlabs", shell.offered("breaker", "force-open", ""))
            self.assertEqual(set(shell.offered("tail", "breaker.h")), {"breaker.half_open"})
            self.assertEqual(shell.offered("status", ""), [])
            self.assertEqual(shell.offered("nothing", "of", "the", "kind", ""), [])
        self.each(check)

    def test_files_are_offered_where_one_is_wanted(self):
        (self.folder / "spring list.csv").write_text("phone\n")
        (self.folder / "sub").mkdir()
        def check(shell):
            offered = shell.offered("dnc", "load", f"{self.folder}/spr")
            self.assertEqual(len(offered), 1, offered)
            self.assertIn("spring list.csv", offered[0].replace("\\", ""))
            offered = shell.offered("keys", "new", "gateway", "--out", f"{self.folder}/s")
            self.assertEqual({one.rstrip("/").rsplit("/")[-1] for one in offered}, {"sub"})
        self.each(check)

    def test_a_tab_completes_the_line(self):
        for shell in self.shells[:2]:
            with self.subTest(shell=shell.name):
                arguments, setup = shell.interactive()
                terminal = Terminal(arguments, CLEAN)
                self.addCleanup(terminal.close)
                terminal.send(setup)
                terminal.expect("ready> ")
                terminal.send("ringfence breaker force-o\televenl\t")
                terminal.expect("elevenlabs")
                terminal.send(f"\x01{shell.line}\n")
                terminal.expect("<ringfence><breaker><force-open><elevenlabs>")

    def test_without_a_broker_names_are_silent_and_soon_over(self):
        config = self.folder / "ringfence.yaml"
        config.write_text(f"run_dir: {self.folder}/run\nstate_dir: {self.folder}/state\n")
        for words in (("campaign", "status", ""), ("subscriber", "forget", ""), ("mark", "clear", ""),
                      ("alert", "show", "")):
            began = time.monotonic()
            result = subprocess.run([RINGFENCE, "__complete", "--config", config, *words], capture_output=True,
                                    timeout=PATIENCE, check=True)
            self.assertEqual((result.stdout, result.stderr), (b"", b""))
            self.assertLess(time.monotonic() - began, 10)  # the least without a limit of its own

    def test_another_shell_is_refused(self):
        result = subprocess.run([RINGFENCE, "completion", "tcsh"], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("expected bash, zsh or fish", result.stderr)


class Names(test_tail.Reading):
    """With a broker, and a stand-in for the orchestrator."""

    state_operation = test_control_tool.ControlToolTest.state_operation

    def test_names_of_the_set_are_offered(self):
        stand_in = test_control_tool.StandIn(self.set.root / "run")
        stand_in.start()
        self.addCleanup(stand_in.end)
        self.publisher.send("hello", instance="reports-1", service="reports")
        self.publisher.send("journal.read", rid="1", durable="reports", after=0, limit=10)
        self.publisher.expect("journal.page")
        self.assertTrue(self.state_operation(t="state.put", key="mark/openai", value={"class": "permanent.auth"})["ok"])
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shells = [Bash(Path(folder.name)), Zsh(Path(folder.name)), Fish(Path(folder.name))]
        self.addCleanup(shells[1].close)
        config = ("--config", str(self.set.config_file))
        for shell in shells:
            with self.subTest(shell=shell.name):
                wait_for("a campaign", lambda: "spring" in shell.offered(*config, "campaign", "status", ""))
                wait_for("a subscriber", lambda: shell.offered(*config, "subscriber", "forget", "") == ["reports"])
                wait_for("a mark", lambda: shell.offered(*config, "mark", "clear", "o") == ["openai"])


del test_tail


def tearDownModule():
    HOME.cleanup()


if __name__ == "__main__":
    unittest.main()
