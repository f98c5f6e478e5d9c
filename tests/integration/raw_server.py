"""A server that does with its bytes and its connection exactly what a test says, as no HTTP server would."""

import contextlib
import socket
import struct
import threading
import time


class RawServer:
    """Reads whole requests and lets `behave(connection)` answer each; the ledger keeps every one of them.

    A behaviour returns True if the connection is to serve another request. `context`: TLS."""

    def __init__(self, context=None):
        self.behave = None
        self.context = context
        self.ledger = []       # (number of the connection, first line, headers, body)
        self.closed = []       # numbers of connections that the peer has closed
        self.connections = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def requests(self, word=""):
        with self.lock:
            return [request for request in self.ledger if word in request[1]]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        with contextlib.suppress(OSError):
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with self.lock:
                self.open.add(connection)
            while (request := self._read(connection)) is not None:
                with self.lock:
                    self.ledger.append((number, *request))
                if not self.behave(connection):
                    break
        with self.lock:
            self.open.discard(connection)
        connection.close()

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            more = connection.recv(65536)
            if not more:
                return None
            body += more
        return first, headers, body

    # ---- behaviours ----

    @staticmethod
    def sends(data, keep=False):
        def behave(connection):
            connection.sendall(data)
            return keep
        return behave

    def holds(self, data=b""):
        """Sends, then keeps silent until the peer closes or the test ends, and notes the close."""
        def behave(connection):
            if data:
                connection.sendall(data)
            connection.settimeout(0.05)
            while not self.ended.is_set():
                with contextlib.suppress(TimeoutError):
                    with contextlib.suppress(ConnectionError):
                        if connection.recv(65536):
                            continue
                    with self.lock:
                        self.closed.append(time.monotonic())
                    break
            return False
        return behave

    def repeats(self, data, piece, pause=0.0):
        """Sends, then one piece after the other for as long as the peer takes them."""
        def behave(connection):
            connection.sendall(data)
            while not self.ended.wait(pause):
                connection.sendall(piece)
            return False
        return behave

    @staticmethod
    def resets(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
