"""A Docker Engine for these tests alone: its own folders and socket, and the network of the host left as it is. No
registry is asked: debian:bookworm-slim is made by debootstrap."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/package"))
from machine import base_of  # noqa: E402 (found by the line before)

CACHE = pathlib.Path(os.environ.get("RF_CONTAINER_CACHE", SOURCE / "build/release/container"))
DOCKER = "/usr/bin/docker"
SLIM = "debian:bookworm-slim"
IMAGE = "ringfence"


def wait_for(what, condition, seconds, pause=0.5):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


class Engine:
    def __init__(self):
        assert os.geteuid() == 0, "a Docker Engine takes root"
        # The paths of its sockets have to be short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rf-engine-"))
        self.data = CACHE / "engine"
        self.data.mkdir(parents=True, exist_ok=True)
        # Debian's programs, whatever else of their name is on this host.
        self.environment = dict(os.environ, PATH=f"/usr/bin:/usr/sbin:{os.environ['PATH']}", DOCKER_HOST=f"unix://{self.folder}/docker.sock", DOCKER_BUILDKIT="0")
        with open(self.folder / "log", "wb") as log:
            self.popen = subprocess.Popen(
                ["/usr/sbin/dockerd", "--data-root", self.data, "--exec-root", self.folder / "exec", "--pidfile",
                 self.folder / "pid", "--host", self.environment["DOCKER_HOST"], "--iptables=false",
                 "--ip-forward=false", "--ip-masq=false", "--bridge=none"], stdout=log, stderr=subprocess.STDOUT)
        wait_for("the engine", self.is_up, 60)

    def is_up(self):
        log = (self.folder / "log").read_text(errors="replace")
        assert self.popen.poll() is None, f"the Docker Engine cannot run here:\n{log[-3000:]}"
        return "API listen on" in log

    def tries(self, *command, **more):
        more.setdefault("env", self.environment)
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)

    def docker(self, *command, **more):
        done = self.tries(DOCKER, *command, **more)
        assert done.returncode == 0, f"docker {command} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def shell(self, text, **variables):
        """The lines of a block of the README."""
        done = self.tries("bash", "-euc", text, cwd=SOURCE, env={**self.environment, **variables})
        assert done.returncode == 0, f"{text}ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def provide_slim(self):
        if self.tries(DOCKER, "image", "inspect", SLIM).returncode != 0:
            base = base_of(CACHE, "slim", "ca-certificates")
            with subprocess.Popen(["tar", "-C", base, "-c", "."], stdout=subprocess.PIPE) as tar:
                self.docker("import", "-", SLIM, stdin=tar.stdout)

    def build(self, *words, tag=IMAGE, stdin=None):
        # The engine gives its containers no way out of the host: a build takes the host's network.
        return self.docker("build", "--network", "host", "-t", tag, *words, input=stdin)

    def provide_image(self):
        self.provide_slim()
        self.build("-f", SOURCE / "deploy/Dockerfile", SOURCE)

    def provide_stand_in(self, tag, folder):
        """An image that stands for one of a registry, made of Debian's packages."""
        self.provide_slim()
        self.build(pathlib.Path(__file__).parent / folder, tag=tag)

    def provide_second_compose(self):
        """The environment in which docker-compose is the second, as Docker brings it."""
        folder = CACHE / "compose-2"
        done = self.tries(pathlib.Path(__file__).parent / "get-compose", folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(self.environment, PATH=f"{folder}:{self.environment['PATH']}")

    def volume(self, name):
        """Where the volume is on this host."""
        return pathlib.Path(self.docker("volume", "inspect", "-f", "{{.Mountpoint}}", name).strip())

    def off(self):
        self.popen.terminate()
        try:
            self.popen.wait(60)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for namespace in (self.folder / "exec/netns").glob("*"):  # the engine leaves that of this host mounted
            self.tries("umount", namespace)
        shutil.rmtree(self.folder)
