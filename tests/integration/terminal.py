"""A program in a terminal of its own (pty(7)), as a person has it before them."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness import PATIENCE


class Terminal:
    def __init__(self, arguments, environment, columns=100, rows=30):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(arguments[0], arguments, environment)
        self.seen = ""   # and not looked through yet
        self.status = None
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.fd)

    def send(self, text):
        os.write(self.fd, text.encode())

    def signal(self, number):
        os.kill(self.pid, number)

    def more(self, left):
        """Reads what has come; False at the end."""
        if not select.select([self.fd], [], [], left)[0]:
            return True
        try:
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        return True

    def expect(self, pattern):
        """Reads on until the pattern comes; what came till then is done with."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            left = end - time.monotonic()
            assert left > 0 and self.more(left), f"waited in vain for {pattern}: {self.seen[-2000:]!r}"
        self.seen = self.seen[found.end():]
        return found

    def wait(self):
        """The rest of what it wrote, and its exit status, as a shell has it."""
        end = time.monotonic() + PATIENCE
        while self.more(max(0, end - time.monotonic())):
            assert time.monotonic() < end, f"it does not end: {self.seen[-2000:]!r}"
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.seen, self.status

    def close(self):
        os.close(self.fd)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
