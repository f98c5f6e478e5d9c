"""An HTTP/2 server over TLS that answers each stream as a test says: whole, refused, or with a GOAWAY."""

import contextlib
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions


class H2Server:
    """`act(connection number, stream id)` gives "ok", "refuse", "goaway" or "hold" for each request."""

    def __init__(self, certs, body):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certs / "server.pem", certs / "server.key")
        self.context.set_alpn_protocols(["h2", "http/1.1"])
        self.body = body
        self.act = lambda connection, stream: "ok"
        self.lock = threading.Lock()
        self.requests = []   # (number of the connection, stream, path)
        self.protocols = []  # of each connection, as ALPN chose it
        self.release_at = 0  # so many held requests are answered together
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        number = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, plain, number):
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError), \
                self.context.wrap_socket(plain, server_side=True) as connection:
            with self.lock:
                self.protocols.append(connection.selected_alpn_protocol())
            if connection.selected_alpn_protocol() == "h2":
                self._speak(connection, number)
            else:
                connection.recv(65536)  # and closes without a word

    def _speak(self, connection, number):
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        talk.initiate_connection()
        connection.sendall(talk.data_to_send())
        paths, held = {}, []
        while data := connection.recv(65536):
            for event in talk.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    paths[event.stream_id] = dict(event.headers)[b":path"].decode()
                elif isinstance(event, h2.events.DataReceived):
                    talk.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    if not self._answer(talk, number, event.stream_id, paths, held):
                        connection.sendall(talk.data_to_send())
                        return
            connection.sendall(talk.data_to_send())

    def _answer(self, talk, number, stream, paths, held):
        with self.lock:
            self.requests.append((number, stream, paths[stream]))
        act = self.act(number, stream)
        if act == "refuse":
            talk.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        elif act == "goaway":
            talk.close_connection(last_stream_id=0)
            return False
        elif act == "hold":
            held.append(stream)
            if len(held) >= self.release_at:
                for one in held:
                    self._send(talk, one)
                held.clear()
        else:
            self._send(talk, stream)
        return True

    def _send(self, talk, stream):
        talk.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        talk.send_data(stream, self.body, end_stream=True)
