#!/usr/bin/python3
"""Providers that are reached through a proxy alone; it sees neither keys nor texts of what it tunnels."""

import base64
import contextlib
import os
import socket
import ssl
import subprocess
import threading
import unittest
from unittest import mock

import test_bad_replies
import test_gateway
from harness import SOURCE, RingfenceTest, free_port
from raw_server import RawServer

LOGIN = "Basic " + base64.b64encode(b"ringfence:way out").decode()


class Proxy(RawServer):
    """Tunnels (CONNECT) and forwards for whoever shows the login; a host named in `hosts` is elsewhere."""

    def __init__(self, hosts):
        super().__init__()
        self.hosts = hosts
        self.status = None  # answers everybody so
        self.behave = self.carry

    def carry(self, connection):
        first, headers, body = self.ledger[-1][1:]
        if headers.get("proxy-authorization") != LOGIN:
            connection.sendall(b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                               b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        if self.status is not None:
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                               % self.status)
            return False
        method, target, _ = first.split(" ")
        name = target if method == "CONNECT" else target.split("/")[2]
        with socket.create_connection(("127.0.0.1", self.hosts[name])) as there:
            if method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                self.pump_both(connection, there)
            else:
                path = "/" + target.split("/", 3)[3]
                lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items() if not k.startswith("proxy-"))
                there.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
                self.pump(there, connection)
        return False

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def pump_both(self, here, there):
        back = threading.Thread(target=self.pump, args=(there, here), daemon=True)
        back.start()
        self.pump(here, there)
        back.join()


class Proxied(RingfenceTest):
    CONFIG = {"defaults": {"retry": {"max_retries": 0}, "breaker": {"failure_threshold": 60}},
              "gateway": {"chains": {"speech": ["elevenlabs"], "script": ["openai"]}}}

    def begin(self, tls, password="way out"):
        certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if tls:
            context.load_cert_chain(certs / "server.pem", certs / "server.key")
        self.server = RawServer(context)
        self.addCleanup(self.server.close)
        self.server.behave = RawServer.sends(test_bad_replies.GOOD)
        # Nobody listens at the provider's own port: only the proxy knows the way.
        nowhere = free_port()
        self.proxy = Proxy({f"localhost:{nowhere}": self.server.port})
        self.addCleanup(self.proxy.close)
        for provider in self.set.config["providers"].values():
            provider["base_url"] = f"{'https' if tls else 'http'}://localhost:{nowhere}"
            provider["ca_file"] = str(certs / "ca.pem")
        self.set.write_key("proxy", password)
        self.set.config["defaults"]["proxy"] = {"url": f"http://127.0.0.1:{self.proxy.port}",
                                                "user": "ringfence", "password": "file:secrets/proxy"}
        self.set.write_config()
        self.set.start("broker")
        self.set.start("service-gateway")
        self.client = test_gateway.Client(self.set)
        self.addCleanup(self.client.close)

    def write(self, name="w"):
        self.client.send(name, "script", "write", {"prompt": "Greet Ada"})
        return self.client.wait(name)

    def test_a_tunnel_carries_the_call_and_sees_nothing_of_it(self):
        self.begin(tls=True)
        reply = self.write()
        self.assertTrue(reply["ok"], reply)
        seen = str(self.proxy.ledger)
        self.assertIn("CONNECT localhost:", seen)
        self.assertNotIn("openai-good", seen)
        self.assertNotIn("Greet Ada", seen)
        self.assertNotIn("proxy-authorization", str(self.server.ledger))
        self.assertIn("openai-good", str(self.server.ledger))

    def test_a_plain_address_is_forwarded(self):
        self.begin(tls=False)
        self.assertTrue(self.write()["ok"])
        self.assertIn("POST http://localhost:", str(self.proxy.ledger))

    def test_a_wrong_login_for_a_tunnel_is_a_fault_of_the_configuration(self):
        self.refused(tls=True)

    def test_a_wrong_login_for_a_plain_address_is_one_too(self):
        self.refused(tls=False)

    def refused(self, tls):
        self.begin(tls, password="wrong")
        reply = self.write()
        self.assertEqual((reply["class"], len(reply["attempts"])), ("permanent.config", 1), reply)
        self.client.dial("d", "+12025550100")
        self.assertEqual(self.client.wait("d")["class"], "permanent.config")
        self.assertEqual(self.server.connections, 0)
        self.assertNotIn("wrong", self.set.processes["service-gateway"].text())

    def test_a_proxy_that_does_not_reach_the_provider_is_transient_and_nothing_was_sent(self):
        self.begin(tls=True)
        self.proxy.status = 502
        self.assertEqual((self.write()["class"], self.client.replies["w"]["sent"]),
                         ("transient", "no"))
        self.client.dial("d", "+12025550100")
        self.assertEqual((self.client.wait("d")["class"], self.client.replies["d"]["sent"]),
                         ("transient", "no"))
        self.proxy.status = 403
        self.assertEqual(self.write("w2")["class"], "permanent.config")

    def test_the_environment_is_not_read(self):
        nowhere = f"http://127.0.0.1:{free_port()}"
        with mock.patch.dict(os.environ, {"http_proxy": nowhere, "https_proxy": nowhere,
                                          "all_proxy": nowhere, "no_proxy": "localhost"}):
            self.begin(tls=True)
        self.assertTrue(self.write()["ok"])
        self.assertEqual(len(self.proxy.ledger), 1)


if __name__ == "__main__":
    unittest.main()
