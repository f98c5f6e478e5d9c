"""A Debian 12 of its own that boots with systemd in a container: where the package is installed as on a real host."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NEEDED = ["debootstrap", "systemd-container"]


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def base_of(folder, name="bookworm", include="systemd,systemd-sysv,dbus"):
    """A fresh system, made once: the mirror is Debian's, or the one that apt here is set to."""
    base = folder / name
    if not (base / "etc/complete").exists():
        shutil.rmtree(base, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={include}", "bookworm", base,
            os.environ.get("RF_MIRROR", "http://deb.debian.org/debian"))
        (base / "etc/complete").touch()
    return base


def enter_network(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def as_ringfence(*command):
    """The installed command line, as the user of the set."""
    return ["setpriv", "--reuid=ringfence", "--regid=ringfence", "--init-groups", "ringfence", "--config",
            "/etc/ringfence/ringfence.yaml", *command]


class Machine:
    def __init__(self, folder, name="machine"):
        self.root = folder / name
        shutil.rmtree(self.root, ignore_errors=True)
        run("cp", "-a", "--reflink=auto", base_of(folder), self.root)
        self.popen = self.leader = None

    def chroot(self, *command):
        """Runs a command before the boot, with the network of this host."""
        return run("systemd-nspawn", "-q", "-D", self.root, "--register=no", "--keep-unit",
                   "--resolv-conf=copy-host", "--setenv=DEBIAN_FRONTEND=noninteractive", *command)

    def boot(self):
        with open(f"{self.root}.log", "wb") as log:
            self.popen = subprocess.Popen(
                ["systemd-nspawn", "-q", "-D", str(self.root), "--register=no", "--keep-unit", "-b",
                 "--private-network"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        self.wait("the boot", self.is_booted)

    def is_booted(self):
        assert self.popen.poll() is None, pathlib.Path(f"{self.root}.log").read_text(errors="replace")[-3000:]
        children = pathlib.Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
        if not children:
            return False
        self.leader = children[0]
        return self.tries("systemctl", "is-system-running")[1].strip() in ("running", "degraded")

    def inside(self, *command):
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "--", *map(str, command)]

    def tries(self, *command):
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def run(self, *command):
        return run(*self.inside(*command))

    @contextlib.contextmanager
    def in_network(self):
        """This thread, and what it starts meanwhile, is in the machine's network and else on this host."""
        with open("/proc/thread-self/ns/net", "rb") as own, open(f"/proc/{self.leader}/ns/net", "rb") as its:
            enter_network(its)
            try:
                yield
            finally:
                enter_network(own)

    def ringfence(self, *command):
        return self.run(*as_ringfence(*command))

    def wait(self, what, condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s in vain for {what}")
            time.sleep(0.5)

    def off(self):
        if self.popen is not None and self.popen.poll() is None:
            if self.leader is not None:
                self.tries("systemctl", "poweroff")
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
