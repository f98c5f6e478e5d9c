"""A TCP relay between two processes that can stop passing bytes, as a network does that is partitioned (no
connection breaks, nothing arrives), break the connections it has, or damage what it passes."""

import socket
import threading


class Relay:
    def __init__(self, target):
        self.target = target
        self.passing = threading.Event()
        self.passing.set()
        self.damages = {"in": 0, "out": 0}  # chunks yet to be damaged, towards the target and back
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            self.sockets += [near, far]
            threading.Thread(target=self.connection, args=(near, far), daemon=True).start()

    def connection(self, near, far):
        """Until both directions have ended: whoever it stood between may be started again hundreds of times."""
        back = threading.Thread(target=self.copy, args=(far, near, "out"), daemon=True)
        back.start()
        self.copy(near, far, "in")
        back.join()
        for one in (near, far):
            one.close()
            self.sockets.remove(one)

    def copy(self, source, sink, way):
        try:
            while data := source.recv(65536):
                self.passing.wait()
                if self.damages[way]:
                    self.damages[way] -= 1
                    data = data[:-1] + bytes([data[-1] ^ 1])
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        self.passing.clear()

    def mend(self):
        self.passing.set()

    def damage(self, way):
        """One bit of the next chunk that goes this way."""
        self.damages[way] += 1

    def sever(self):
        """All connections break now; new ones are passed on."""
        for one in list(self.sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.mend()
        self.listener.close()
        for one in list(self.sockets):
            one.close()
