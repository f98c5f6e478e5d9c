#!/usr/bin/python3
"""The image: small, not root, and nothing in it but the programs and what they load.

    tests/container/test_image.py -v        (root; see run)
"""

import io
import json
import re
import sys
import tarfile
import unittest

from engine import IMAGE, SOURCE, Engine

sys.path.insert(0, str(SOURCE / "tests"))
from readme import TEXT, block  # noqa: E402 (found by the line before)

PROGRAMS = {"ringfence", *(f"ringfence-{name}" for name in (
    "broker", "service-gateway", "orchestrator", "health-monitor", "alerter", "logger", "console", "simulator"))}
LIMIT_MB = 120
SECRETS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{20}|\bsecret [!-~]{40}\n|sk-ant-[A-Za-z0-9-]{20}")


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine()
        cls.addClassCleanup(cls.engine.off)
        # What must not come into an image lies where people leave it.
        cls.trap = SOURCE / "deploy/secrets/trap-of-the-image-test"
        cls.trap.parent.mkdir(exist_ok=True)
        cls.trap.write_text("trap-0123456789")
        cls.addClassCleanup(cls.trap.unlink)
        cls.engine.provide_image()
        cls.config = json.loads(cls.engine.docker("image", "inspect", IMAGE))[0]
        cls.files, cls.content = cls.read_layers()

    @classmethod
    def read_layers(cls):
        """All files of all layers: what a later one hides is in the image all the same."""
        saved = cls.engine.folder / "image.tar"
        cls.engine.docker("save", "-o", saved, IMAGE)
        files, content = {}, {}
        with tarfile.open(saved) as image:
            for layer in json.load(image.extractfile("manifest.json"))[0]["Layers"]:
                with tarfile.open(fileobj=io.BytesIO(image.extractfile(layer).read())) as tar:
                    for member in tar:
                        files[member.name] = member
                        if member.isfile():
                            content[member.name] = tar.extractfile(member).read()
        saved.unlink()
        return files, content

    def run_in(self, *command, code=0):
        done = self.engine.tries("/usr/bin/docker", "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL",
                                 "--security-opt", "no-new-privileges:true", IMAGE, *command)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_it_is_as_small_as_the_readme_says(self):
        size = self.config["Size"] / 1e6
        print(f"{size:.1f} MB ", end="", flush=True)
        self.assertLess(size, LIMIT_MB)
        said = int(re.search(r"one image for all processes \((\d+) MB\)", TEXT).group(1))
        self.assertAlmostEqual(size, said, delta=2)

    def test_the_readmes_command_makes_it(self):
        """Its steps were made before with the host's network, which this engine gives to nobody by itself."""
        self.engine.shell(block("image"))
        self.assertEqual(json.loads(self.engine.docker("image", "inspect", IMAGE))[0]["Id"], self.config["Id"])

    def test_nobody_in_it_is_root(self):
        self.assertEqual(self.config["Config"]["User"], "10001:10001")
        for name, member in self.files.items():
            self.assertEqual(member.mode & 0o6000, 0, f"{name} is setuid or setgid")
            if member.isfile():
                self.assertEqual((member.uid, member.gid, member.mode & 0o022), (0, 0, 0), f"{name} can be changed")

    def test_it_has_the_programs_and_no_others(self):
        beside = [name for name, member in self.files.items()
                  if member.isfile() and member.mode & 0o111 and ".so" not in name and name.split("/")[-1] not in PROGRAMS]
        self.assertEqual(beside, [])
        self.assertEqual({name.split("/")[-1] for name in self.files if name.startswith("usr/bin/")} - {"", "bin"}, PROGRAMS)
        tools = re.compile(r"(^|/)(d?ash|bash|sh|busybox|apt|dpkg|gcc|cc1|ld|as|perl|python3)$")
        self.assertEqual([name for name in self.content if tools.search(name)], [])
        self.assertEqual([name for name in self.files if name.endswith((".h", ".a", ".c", ".o"))], [])
        self.run_in("/bin/sh", "-c", "true", code=127)

    def test_no_secret_is_in_any_layer(self):
        for name, data in self.content.items():
            if ".so" not in name:  # libgnutls brings keys for its tests of itself
                self.assertIsNone(SECRETS.search(data), name)
            self.assertNotIn(b"trap-0123456789", data, name)
        self.assertEqual(self.config["Config"]["Env"], ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])

    def test_secrets_beside_the_source_do_not_even_come_into_the_build(self):
        self.engine.build("--target", "build", "-f", SOURCE / "deploy/Dockerfile", SOURCE, tag="ringfence-build")
        found = self.engine.docker("run", "--rm", "--network", "none", "ringfence-build", "find", "/source", "-name", "trap-*",
                                   "-o", "-name", ".git", "-o", "-path", "/source/deploy/secrets")
        self.assertEqual(found, "")

    def test_each_program_runs_with_nothing_but_its_own_root_read_only(self):
        for program in sorted(PROGRAMS):
            self.assertRegex(self.run_in(f"/usr/bin/{program}", "--version"), r"\b\d+\.\d+\.\d+\b")
        self.assertIn("cannot", self.run_in("/usr/bin/ringfence", "keys", "new", "x", "--out", "/etc/keys", code=1))

    def test_certificates_and_time_zones_are_there(self):
        self.assertGreater(self.content["etc/ssl/certs/ca-certificates.crt"].count(b"BEGIN CERTIFICATE"), 100)
        self.assertEqual(self.content["usr/share/zoneinfo/Europe/Berlin"][:4], b"TZif")

    def test_it_says_what_it_is_and_of_what(self):
        version = re.search(r"project\(ringfence VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
        labels = self.config["Config"]["Labels"]
        self.assertEqual(labels["org.opencontainers.image.version"], version)
        self.assertIn(version, self.run_in("/usr/bin/ringfence", "--version"))
        packages = {name.split("/")[-1] for name in self.content if name.startswith("var/lib/dpkg/status.d/")}
        for package in ("libc6", "libzmq5", "libcurl4", "libssl3", "libsqlite3-0", "tzdata"):
            self.assertIn(package, packages)
            self.assertIn(f"usr/share/doc/{package}/copyright", self.files)


if __name__ == "__main__":
    unittest.main()
