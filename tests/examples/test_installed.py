"""What `cmake --install` puts in place is complete: the examples are built outside of the tree against it, by
pkg-config and by CMake, shared and static, and run against the installed broker."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("RF_BUILD", "build/asan")).resolve()
CC = os.environ.get("RF_CC", "cc")
CFLAGS = os.environ.get("RF_CFLAGS", "").split()
EXAMPLES = ["guard", "publish", "subscribe", "call", "serve", "state"]
GUARD_SAYS = "transient exhausted\ntransient exhausted\nlocal breaker_open\nok \n"


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-installed-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        # The tree may be moved after it was installed.
        run("cmake", "--install", BUILD, "--prefix", cls.root / "first")
        cls.prefix = cls.root / "usr"
        (cls.root / "first").rename(cls.prefix)
        cls.pc = next(cls.prefix.rglob("ringfence.pc"))
        cls.libdir = cls.pc.parents[1]

    def pkg_config(self, *words):
        return run("pkg-config", *words, "ringfence",
                   env=dict(os.environ, PKG_CONFIG_PATH=str(self.pc.parent))).split()

    def examples_pass(self, folder):
        self.assertEqual(run(folder / "guard"), GUARD_SAYS)
        run("/usr/bin/python3", HERE / "test_examples.py", "ClientsInC", env=dict(
            os.environ, RF_EXAMPLES=str(folder), RF_BIN=str(self.prefix / "bin")))

    def test_programs_pages_and_headers_are_there(self):
        programs = {file.name for file in (self.prefix / "bin").iterdir()}
        self.assertEqual(programs, {"ringfence"} | {f"ringfence-{service}" for service in (
            "broker", "orchestrator", "service-gateway", "health-monitor", "alerter", "logger", "console",
            "simulator")})
        self.assertIn("ringfence ", run(self.prefix / "bin" / "ringfence", "--version"))
        pages = {file.name for file in (self.prefix / "share" / "man").rglob("*.[1-8]")}
        wanted = {file.name for file in SOURCE.glob("services/*/*.[1-8]")} | {
            "ringfence.yaml.5", "ringfence-bus.7", "ringfence-events.7", "ringfence-operations.7"}
        self.assertEqual(pages, wanted)
        for page in pages:
            self.assertTrue((self.prefix / "share" / "man" / f"man{page[-1]}" / page).exists(), page)
        run(self.prefix / "bin" / "ringfence", "config", "check",
            next(self.prefix.rglob("ringfence.yaml")))
        headers = {file.name for file in (self.prefix / "include" / "ringfence").iterdir()}
        self.assertEqual(headers, {file.name for file in (SOURCE / "include" / "ringfence").iterdir()} -
                         {"failures.def"})

    def test_each_header_stands_alone(self):
        for header in sorted((self.prefix / "include" / "ringfence").glob("*.h")):
            run(CC, "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *self.pkg_config("--cflags"),
                "-x", "c", header)

    def test_the_shared_library_shows_what_the_headers_declare_and_nothing_else(self):
        declared = set()
        for header in (self.prefix / "include" / "ringfence").glob("*.h"):
            text = re.sub(r"//.*|^#.*?(?<!\\)$", "", header.read_text(), flags=re.MULTILINE)
            text = re.sub(r"static inline[^{]*\{.*?^\}", "", text, flags=re.MULTILINE | re.DOTALL)
            text = re.sub(r"typedef[^;]*;", "", text)
            declared |= set(re.findall(r"\b(rf_\w+)\s*\(", text))
        symbols = run("nm", "-D", "--defined-only", "--format=posix", self.libdir / "libringfence.so")
        shown = {line.split()[0] for line in symbols.splitlines() if line.startswith("rf_")}
        self.assertGreater(len(shown), 100)
        self.assertEqual(shown, declared)
        others = {line.split()[0] for line in symbols.splitlines() if not line.startswith("rf_")}
        self.assertEqual({name for name in others if not re.match(r"_|.*(asan|ubsan|sanitizer)", name)}, set())
        self.assertRegex(run("readelf", "-d", self.libdir / "libringfence.so"),
                         r"SONAME.*\[libringfence\.so\.\d+\.\d+\]")

    def test_programs_are_built_by_pkg_config_against_the_shared_library(self):
        folder = self.root / "pkg-config"
        folder.mkdir()
        for name in EXAMPLES:
            run(CC, *CFLAGS, "-std=c17", "-D_POSIX_C_SOURCE=200809L", *self.pkg_config("--cflags"),
                "-o", folder / name, HERE / "c" / f"{name}.c", *self.pkg_config("--libs"),
                f"-Wl,-rpath,{self.libdir}")
        self.assertIn("libringfence.so", run("ldd", folder / "publish"))
        self.assertNotIn("czmq", " ".join(self.pkg_config("--libs")), "what it stands on is its own business")
        self.examples_pass(folder)

    def test_programs_are_built_by_pkg_config_against_the_static_library(self):
        libs = ["-l:libringfence.a" if word == "-lringfence" else word
                for word in self.pkg_config("--static", "--libs")]
        for name in EXAMPLES:
            program = self.root / f"static-{name}"
            run(CC, *CFLAGS, "-std=c17", "-D_POSIX_C_SOURCE=200809L", *self.pkg_config("--cflags"),
                "-o", program, HERE / "c" / f"{name}.c", "-Wl,--as-needed", *libs)
            self.assertNotIn("libringfence", run("ldd", program))
        self.assertIn("czmq", run("ldd", self.root / "static-publish"))
        self.assertEqual(run(self.root / "static-guard"), GUARD_SAYS)
        self.assertNotIn("zmq", run("ldd", self.root / "static-guard"), "the policy alone needs no bus")

    def test_programs_are_built_by_cmake(self):
        build = self.root / "cmake"
        run("cmake", "-G", "Ninja", "-S", HERE / "installed", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_C_COMPILER={CC}", f"-DSOURCES={HERE / 'c'}", f"-DCMAKE_C_FLAGS={' '.join(CFLAGS)}")
        run("cmake", "--build", build)
        self.assertIn("libringfence.so", run("ldd", build / "ringfence" / "publish"))
        self.assertNotIn("libringfence", run("ldd", build / "static" / "publish"))
        self.examples_pass(build / "static")
        self.assertEqual(run(build / "ringfence" / "guard"), GUARD_SAYS)


if __name__ == "__main__":
    unittest.main()
