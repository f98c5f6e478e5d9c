#!/usr/bin/python3
"""Replies that are none, at the real gateway: an error of the right class each, and the next call is served.

A dial is written once, whatever comes back, and is ambiguous as soon as it was written."""

import gzip
import json
import ssl
import subprocess
import time
import unittest

import test_gateway
from harness import SOURCE, RingfenceTest
from raw_server import RawServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
SCRIPT = json.dumps({"choices": [{"index": 0, "finish_reason": "stop",
                                  "message": {"role": "assistant", "content": "Hello Ada"}}]}).encode()


def whole(body, head=HEAD, extra=b""):
    return head + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def script_saying(raw):
    return SCRIPT.replace(b"Hello Ada", raw)


PORTAL = whole(b"<html><body>Please log in to the airport's network</body></html>",
               head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n")
GOOD = whole(SCRIPT)


class Raw(RingfenceTest):
    CONFIG = {
        "defaults": {
            "retry": {"max_retries": 0},
            "breaker": {"failure_threshold": 60},
            "timeout": {"connect": "2s", "attempt": "5s", "first_byte": "1s", "stall": "1s",
                        "min_speed": "64B"},
        },
        "gateway": {"max_reply_bytes": "1MiB",
                    "chains": {"speech": ["elevenlabs"], "script": ["openai"]}},
    }

    def setUp(self):
        super().setUp()
        self.server = RawServer(self.context())
        self.addCleanup(self.server.close)
        for provider in ("elevenlabs", "openai", "twilio"):
            self.set.config["providers"][provider]["base_url"] = self.url()
        self.set.write_config()
        self.set.start("broker")
        self.set.start("service-gateway")
        self.client = test_gateway.Client(self.set)
        self.addCleanup(self.client.close)
        self.number = 0

    def context(self):
        return None

    def url(self):
        return f"http://127.0.0.1:{self.server.port}"

    def names(self):
        self.number += 1
        return {kind: f"{kind}-{self.number}" for kind in ("speech", "script", "dial")}

    def call_all(self):
        """One speech, one script and one dial at once; their replies by kind."""
        names = self.names()
        self.client.speak(names["speech"], f"text {self.number}")
        self.client.send(names["script"], "script", "write", {"prompt": f"Greet {self.number}"})
        self.client.dial(names["dial"], f"+1202555{self.number:04d}")
        return {kind: self.client.wait(name) for kind, name in names.items()}

    def serves(self):
        self.server.behave = RawServer.sends(GOOD)
        name = self.names()["script"]
        self.client.send(name, "script", "write", {"prompt": "again"})
        self.assertTrue(self.client.wait(name)["ok"], self.client.replies[name])


class BadReplies(Raw):
    def bad(self, behave, speech, script=None, dial=None, seconds=3):
        """Codes of the one attempt; a dial is ambiguous with what its script's code is."""
        script = script or speech
        before = {word: len(self.server.requests(word))
                  for word in ("text-to-speech", "completions", "Calls.json")}
        self.server.behave = behave
        began = time.monotonic()
        replies = self.call_all()
        self.assertLess(time.monotonic() - began, seconds)
        for kind, code in (("speech", speech), ("script", script), ("dial", dial or script)):
            reply = replies[kind]
            attempts = reply.get("attempts", [])
            self.assertFalse(reply["ok"], reply)
            self.assertTrue(attempts, reply)
            self.assertEqual([attempt["code"] for attempt in attempts], [code], (kind, reply))
            self.assertEqual(reply["class"], "ambiguous" if kind == "dial" else "transient", reply)
        self.assertEqual(replies["dial"]["sent"], "maybe", replies["dial"])
        for word, count in before.items():
            self.assertEqual(len(self.server.requests(word)) - count, 1, word)
        self.serves()

    def test_connections_that_end_too_early(self):
        self.bad(RawServer.sends(b""), "connection_broken")
        self.bad(RawServer.resets, "connection_broken")
        self.bad(RawServer.sends(b"HTTP/1.1 200 OK\r\nContent-Ty"), "truncated")
        self.bad(RawServer.sends(HEAD + b"Content-Length: 500\r\n\r\n{"), "truncated")
        self.bad(RawServer.sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n{\"ch\r\n"),
                 "truncated")

    def test_answers_that_never_end(self):
        server = self.server
        self.bad(server.repeats(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"), "too_large")
        self.bad(server.repeats(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a" * 1000), "transport")
        self.bad(server.repeats(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), "too_large")
        self.bad(server.repeats(HEAD + b"\r\n", b"x" * 65536), "too_large", seconds=6)
        self.bad(server.holds(HEAD + b"Content-Length: 2147483648\r\n\r\n"), "too_large", seconds=0.9)
        self.bad(RawServer.sends(HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n"),
                 "too_large")

    def test_incident_11_and_41_answers_that_do_not_come(self):
        server = self.server
        self.bad(server.holds(), "first_byte")
        self.bad(server.holds(HEAD + b"\r\n"), "first_byte")
        self.bad(server.repeats(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", pause=0.2), "first_byte")
        self.bad(server.holds(HEAD + b"Content-Length: 500\r\n\r\n{"), "stalled")
        self.bad(server.repeats(HEAD + b"Content-Length: 500\r\n\r\n", b"x", pause=0.2), "stalled")

    def test_what_is_not_http(self):
        self.bad(RawServer.sends(b"hello world"), "connection_broken")
        self.bad(RawServer.sends(b"HTTP/1.1 abc Fine\r\n\r\n"), "connection_broken")
        self.bad(RawServer.sends(b"HTTP/9.9 200 OK\r\n\r\n"), "connection_broken")
        self.bad(RawServer.sends(HEAD + b"X-Nul: a\0b\r\n\r\n{}"), "truncated")
        self.bad(RawServer.sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz;\r\nhello\r\n"),
                 "truncated")

    def test_bodies_that_are_not_what_was_asked_for(self):
        wrong = "wrong_type"
        self.bad(RawServer.sends(PORTAL), wrong, "unreadable")
        self.bad(RawServer.sends(whole(b"\0" * 100)), wrong, "unreadable")
        self.bad(RawServer.sends(whole(script_saying(b"a\\u0000b"))), wrong, "unreadable")
        self.bad(RawServer.sends(whole(SCRIPT[:40])), wrong, "unreadable")

    def test_a_text_in_another_charset_is_read_or_refused_but_never_passed_on_broken(self):
        self.server.behave = RawServer.sends(whole(script_saying("Grüß Gott".encode("latin-1"))))
        replies = self.call_all()
        self.assertEqual(replies["script"]["result"]["text"], "Grüß Gott")
        self.assertEqual(replies["speech"]["attempts"][0]["code"], "wrong_type")
        self.assertEqual((replies["dial"]["class"], replies["dial"]["attempts"][0]["code"]),
                         ("ambiguous", "unreadable"))

    def test_compression_that_nobody_asked_for(self):
        encoded = b"Content-Encoding: gzip\r\n"
        bomb = gzip.compress(b"\0" * (16 << 20))
        self.assertLess(len(bomb), 1 << 20)
        self.bad(RawServer.sends(whole(bomb, extra=encoded)), "too_large", seconds=6)
        self.bad(RawServer.sends(whole(b"no gzip at all", extra=encoded)), "encoding")
        self.bad(RawServer.sends(whole(SCRIPT, extra=b"Content-Encoding: x-own\r\n")), "encoding")
        self.server.behave = RawServer.sends(whole(gzip.compress(SCRIPT), extra=encoded))
        self.client.send("z", "script", "write", {"prompt": "gzip"})
        self.assertEqual(self.client.wait("z")["result"]["text"], "Hello Ada")

    def test_a_redirect_is_never_followed(self):
        elsewhere = RawServer()
        self.addCleanup(elsewhere.close)
        elsewhere.behave = RawServer.sends(GOOD)
        self.server.behave = RawServer.sends(
            b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n"
            b"Connection: close\r\n\r\n" % elsewhere.port)
        for kind, reply in self.call_all().items():
            self.assertEqual(reply["class"], "permanent.config", (kind, reply))
        self.assertEqual(elsewhere.connections, 0)
        self.assertEqual(len(self.server.ledger), 3)

    def test_incident_16_a_kept_connection_that_closes_without_a_byte(self):
        kept = RawServer.sends(GOOD.replace(b"Connection: close\r\n", b""), keep=True)
        self.server.behave = kept
        for name in ("w1", "w2"):
            self.client.send(name, "script", "write", {"prompt": name})
            self.assertTrue(self.client.wait(name)["ok"])
        self.assertEqual(self.server.connections, 1)
        self.server.behave = RawServer.sends(b"")
        self.client.dial("d", "+12025550100")
        reply = self.client.wait("d")
        self.assertEqual((reply["class"], reply["sent"]), ("ambiguous", "maybe"), reply)
        self.assertEqual(len(self.server.requests("Calls.json")), 1)
        # What can be repeated is repeated once by libcurl itself, on a connection of its own, as the
        # server may have closed an idle one; the ledger shows two requests, the reply one attempt.
        before = len(self.server.requests("completions"))
        self.client.send("w3", "script", "write", {"prompt": "w3"})
        reply = self.client.wait("w3")
        self.assertEqual((reply["class"], len(reply["attempts"])), ("transient", 1), reply)
        self.assertEqual(len(self.server.requests("completions")) - before, 2)
        self.serves()


class TlsGarbage(Raw):
    def url(self):
        return f"https://localhost:{self.server.port}"

    def test_garbage_instead_of_a_handshake_is_not_sent(self):
        self.server._read = lambda connection: ("garbage", {}, connection.recv(1))
        self.server.behave = RawServer.sends(b"\x15\x03\x01 220 mail.example.com ESMTP\r\n" * 20)
        for kind, reply in self.call_all().items():
            codes = [attempt["code"] for attempt in reply.get("attempts", [])]
            self.assertEqual((reply["class"], codes, reply["sent"]), ("transient", ["tls"], "no"),
                             (kind, reply))


class OverTls(Raw):
    def context(self):
        certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True,
                       capture_output=True)
        for provider in ("elevenlabs", "openai", "twilio"):
            self.set.config["providers"][provider]["ca_file"] = str(certs / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / "server.pem", certs / "server.key")
        return context

    def url(self):
        return f"https://localhost:{self.server.port}"

    def test_a_cut_inside_tls_is_judged_alike(self):
        for data, code in ((b"", "connection_broken"),
                           (HEAD + b"Content-Length: 500\r\n\r\n{", "truncated")):
            self.server.behave = RawServer.sends(data)
            before = len(self.server.requests("Calls.json"))
            replies = self.call_all()
            self.assertEqual([replies[kind]["attempts"][0]["code"] for kind in sorted(replies)],
                             [code] * 3)
            self.assertEqual(replies["dial"]["class"], "ambiguous")
            self.assertEqual(len(self.server.requests("Calls.json")) - before, 1)
            self.serves()


if __name__ == "__main__":
    unittest.main()
