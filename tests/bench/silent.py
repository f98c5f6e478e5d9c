"""A responder that takes requests and answers none, so that they stay in flight; it counts them."""

import selectors
import socket
import threading


class Silent:
    def __init__(self, stack):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.requests = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.ending = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        stack.callback(self.end)

    def serve(self):
        while not self.ending:
            for key, _ in self.selector.select(0.1):
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.read(key)

    def accept(self):
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, False)

    def read(self, key):
        """A connection carries one request, as that is never answered."""
        try:
            data = key.fileobj.recv(65536)
        except OSError:
            data = b""
        if data and not key.data:
            self.requests += 1
            self.selector.modify(key.fileobj, selectors.EVENT_READ, True)
        elif not data:
            self.selector.unregister(key.fileobj)
            key.fileobj.close()

    def end(self):
        self.ending = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
