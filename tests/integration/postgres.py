#!/usr/bin/python3
"""A PostgreSQL server of a test's own: in a temporary folder, ended by its process id.

As a program it starts one, runs the command in its arguments with RF_TEST_POSTGRES set to the URL
of an empty database, and ends with the command's code.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


class Postgres:
    """One server. It listens on a socket in its folder only, unless it is given a port.

    Without `fsync` a crash of the machine would damage it, which no test makes."""

    def __init__(self, port=None, fsync=False):
        if not BINARIES:
            raise RuntimeError("no PostgreSQL server here: apt install postgresql-15")
        self.bin = BINARIES[-1]
        self.port, self.fsync = port, fsync
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="rf-pg-"))
        self.data = self.root / "data"
        self.log = self.root / "log"
        self.popen = None
        # The server refuses to run as root.
        self.user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.root, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.root.chmod(0o755)
        self.run("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-N",
                 "--auth-local=trust", "--auth-host=scram-sha-256")
        self.start()
        self.sql("CREATE ROLE ringfence LOGIN PASSWORD 'a secret'", database="postgres")
        self.sql("CREATE DATABASE ringfence OWNER ringfence", database="postgres")

    def run(self, program, *arguments):
        return subprocess.run([str(self.bin / program), *map(str, arguments)], cwd=self.root, check=True,
                              capture_output=True, text=True, **self.user).stdout

    def start(self):
        # What a crash of the server loses is nothing: the system goes on, and with it its cache.
        options = {"fsync": "on" if self.fsync else "off", "unix_socket_directories": self.root, "max_connections": 200,
                   "listen_addresses": "127.0.0.1" if self.port else ""}
        if self.port:
            options["port"] = self.port
        arguments = [f"-c{key}={value}" for key, value in options.items()]
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen([str(self.bin / "postgres"), "-D", str(self.data), *arguments],
                                          cwd=self.root, stdout=log, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL, **self.user)
        end = time.monotonic() + 60
        while not self.answers():
            if self.popen.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL does not start:\n" + self.log.read_text())
            time.sleep(0.05)

    def answers(self):
        return subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", str(self.root), *self.at_port()],
                              check=False).returncode == 0

    def at_port(self):
        return ["-p", str(self.port)] if self.port else []

    def sql(self, text, database="ringfence"):
        """Carries out statements as the administrator; rows come as lists of texts."""
        out = self.run("psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.root,
                       *self.at_port(), "-U", "postgres", "-d", database, "-c", text)
        return [line.split("\t") for line in out.splitlines() if line]

    @contextlib.contextmanager
    def session(self, database="ringfence"):
        """A session of the administrator's that stays open: run() carries out statements in it."""
        popen = subprocess.Popen([str(self.bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                                  "-h", str(self.root), *self.at_port(), "-U", "postgres", "-d", database],
                                 cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **self.user)

        def run(text):
            popen.stdin.write(f"{text}\n\\echo done\n")
            popen.stdin.flush()
            while (line := popen.stdout.readline()) and line != "done\n":
                pass
            if not line:
                raise RuntimeError(f"psql ended at: {text}")
        popen.run = run
        try:
            yield popen
        finally:
            popen.stdin.close()
            popen.wait()

    def url(self):
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql:///ringfence?user=ringfence&host={self.root}{port}"

    def stop(self, how=signal.SIGINT):
        """SIGINT: clients are thrown out, the server ends in order. SIGQUIT: as in a crash."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(how)
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)


class OnPostgres:
    """Stands before the class of a test with a set: its orchestrators keep their campaigns on a server of its own."""

    def setUp(self):
        self.server = Postgres()
        self.addCleanup(self.server.remove)  # after the set has ended
        super().setUp()
        self.set.config["orchestrator"].setdefault("store", {})["url"] = self.server.url()
        self.set.write_config()


def main():
    server = Postgres()
    try:
        return subprocess.run(sys.argv[1:], env=dict(os.environ, RF_TEST_POSTGRES=server.url()),
                              check=False).returncode
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
