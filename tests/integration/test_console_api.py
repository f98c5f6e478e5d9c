"""The console's HTTP interface over real sockets, held against its description (services/console/openapi.yaml)."""

import contextlib
import http.client
import json
import os
import socket
import stat
import subprocess
import unittest

from harness import BIN, RingfenceTest, wait_for

VIEWER = "viewer-token-for-the-tests"
OPERATOR = "operator-token-for-the-tests"


class ConsoleApiTest(RingfenceTest):
    CONFIG = {"console": {"tokens": [{"name": "vera", "role": "viewer", "token": VIEWER},
                                     {"name": "otto", "role": "operator", "token": OPERATOR}]}}

    def ask(self, method, path, body=None, headers=None, token=None):
        """Status, headers and body of the answer; JSON is read."""
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.set.ports["console"], timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
            if response.headers.get("Content-Type") == "application/json" and text:
                text = json.loads(text)
            return response.status, response.headers, text
        finally:
            connection.close()

    def login(self, token):
        """What makes a request one of the session: its cookie, and its CSRF token."""
        status, headers, told = self.ask("POST", "/api/v1/session", {"token": token})
        self.assertEqual(status, 200, told)
        return {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": told["csrf"]}

    def raw(self, request, wants_answer=True):
        """The first piece of what comes for these bytes; b"" where the console only closes."""
        with socket.create_connection(("127.0.0.1", self.set.ports["console"]), timeout=30) as connection:
            connection.sendall(request)
            with contextlib.suppress(ConnectionResetError):
                return connection.recv(65536) if wants_answer else b""
        return b""


class Access(ConsoleApiTest):
    def setUp(self):
        super().setUp()
        self.set.start("console")

    def test_nothing_is_given_without_a_token(self):
        for path in ("/api/v1/session",):
            status, headers, told = self.ask("GET", path)
            self.assertEqual((status, told["code"]), (401, "unauthorized"), path)
            self.assertEqual(headers["WWW-Authenticate"], "Bearer")
            self.assertEqual(self.ask("GET", path, token=VIEWER + "x")[0], 401)

    def test_a_session_is_begun_told_and_ended(self):
        status, headers, told = self.ask("POST", "/api/v1/session", {"token": VIEWER})
        self.assertEqual((status, told["role"], told["name"]), (200, "viewer", "vera"))
        cookie = headers["Set-Cookie"]
        self.assertRegex(cookie, r"^ringfence_\d+=[A-Za-z0-9~]+; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict$")
        session = self.login(VIEWER)
        status, _, told = self.ask("GET", "/api/v1/session", headers=session)
        self.assertEqual((status, told["role"], told["csrf"]), (200, "viewer", session["X-CSRF-Token"]))
        status, headers, _ = self.ask("DELETE", "/api/v1/session", headers={"Cookie": session["Cookie"]})
        self.assertEqual(status, 403)  # another page could have made the browser send that
        status, headers, _ = self.ask("DELETE", "/api/v1/session", headers=session)
        self.assertEqual(status, 204)
        self.assertIn("Max-Age=0", headers["Set-Cookie"])
        self.assertEqual(self.ask("GET", "/api/v1/session", token=OPERATOR)[2], {"role": "operator", "name": "otto"})

    def test_a_session_outlives_the_console_but_not_its_token(self):
        session = self.login(VIEWER)
        self.set.processes["console"].kill()
        self.set.start("console")
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=session)[0], 200)
        self.set.config["console"]["tokens"][0]["token"] = VIEWER + "-new"
        self.set.write_config()
        self.set.processes["console"].reload()
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=session)[0], 401)

    def test_who_guesses_is_stopped_and_his_right_token_too(self):
        for i in range(10):
            status, _, told = self.ask("POST", "/api/v1/session", {"token": f"guess number {i} of many, many"})
            self.assertEqual((status, told["code"]), (401, "unauthorized"))
        for body in ({"token": "one more of the many guesses"}, {"token": OPERATOR}):
            status, headers, told = self.ask("POST", "/api/v1/session", body)
            self.assertEqual((status, told["code"]), (429, "too_many"))
            self.assertIn(int(headers["Retry-After"]), range(1, 31))
        self.assertEqual(self.ask("GET", "/api/v1/session", token=OPERATOR)[0], 429)
        self.assertTrue(self.set.processes["console"].says("refused: 1 requests, the last one as its token is none"))
        self.assertNotIn("guess number", self.set.processes["console"].text())

    def test_another_name_or_page_is_refused(self):
        for host in ("evil.example", f"evil.example:{self.set.ports['console']}", "127.0.0.1.nip.example"):
            for path in ("/", "/api/v1/session", "/metrics"):
                status, _, told = self.ask("GET", path, headers={"Host": host}, token=VIEWER)
                self.assertIn((status, told["code"]), ((421, "host"), (404, "not_found")), path)
            self.assertEqual(self.ask("GET", "/api/v1/session", headers={"Host": host}, token=VIEWER)[0], 421)
        status, _, told = self.ask("POST", "/api/v1/session", {"token": VIEWER}, {"Origin": "https://evil.example"})
        self.assertEqual((status, told["code"]), (403, "origin"))
        status, _, told = self.ask("POST", "/api/v1/session", json.dumps({"token": VIEWER}),
                                   {"Content-Type": "text/plain"})
        self.assertEqual((status, told["code"]), (415, "content_type"))

    def test_bodies_that_are_no_use_are_refused(self):
        as_json = {"Content-Type": "application/json"}
        for body in ("{", "[]", "null", '"text"', '{"token": 3}', '{"token": null}', "{}", '{"token":"a","token":"b"}',
                     '{"token": "a", "more": 1}', "[" * 5000, '{"token": "\\u0000"}', "\x00"):
            status, _, told = self.ask("POST", "/api/v1/session", body, as_json)
            self.assertEqual((status, told["code"]), (400, "bad_request"), body[:40])
        status, _, _ = self.ask("POST", "/api/v1/session", '{"token": "' + "a" * 20000 + '"}', as_json)
        self.assertEqual(status, 413)

    def test_paths_that_are_none_are_404_and_other_methods_405(self):
        for path in ("/api/v1/", "/api/v1/overview/", "/api/v2/overview", "/index.html/..", "/../etc/passwd",
                     "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/overview%00", "/page_files.c", "/media", "//"):
            self.assertEqual(self.ask("GET", path, token=OPERATOR)[0], 404, path)
        for method, path in (("PUT", "/api/v1/session"), ("POST", "/api/v1/overview"), ("DELETE", "/metrics"),
                             ("OPTIONS", "/api/v1/session")):
            status, headers, _ = self.ask(method, path, token=OPERATOR)
            self.assertEqual(status, 405, path)
            self.assertNotIn("Access-Control-Allow-Origin", headers)

    def test_half_huge_and_forged_requests_do_no_harm(self):
        port = self.set.ports["console"]
        head = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        for half in (b"", b"GET", b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: 127", b"\r\n\r\n", head, head + b"Content-Length: 100\r\n\r\n{",
                     head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"):
            self.raw(half, wants_answer=False)
        for request in (head + b"Content-Length: -1\r\n\r\n{}",
                        head + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
                        b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"a" * 100000 + b"\r\n\r\n"):
            self.assertNotIn(b" 200 ", self.raw(request).split(b"\r\n")[0], request[:40])
        # A line end in a path is data, and makes no header.
        answer = self.raw(b"GET /api/v1/alerts/%0d%0aX-Evil:%201/ack HTTP/1.1\r\nHost: 127.0.0.1:" +
                          str(port).encode() + b"\r\nConnection: close\r\n\r\n")
        self.assertNotIn(b"\r\nX-Evil", answer)
        self.assertEqual(self.ask("GET", "/api/v1/session", token=VIEWER)[0], 200)

    def test_every_answer_of_ours_keeps_browsers_in_bounds(self):
        for path in ("/openapi.yaml", "/api/v1/session", "/nothing"):
            headers = self.ask("GET", path, token=VIEWER)[1]
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        status, headers, text = self.ask("GET", "/openapi.yaml")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/yaml"))
        self.assertIn(b"Ringfence console", text)
        tag = headers["ETag"]
        self.assertEqual(self.ask("GET", "/openapi.yaml", headers={"If-None-Match": tag})[0], 304)


class MadeToken(ConsoleApiTest):
    CONFIG = {}

    def test_without_tokens_there_is_one_in_a_file_that_only_its_owner_reads(self):
        self.set.start("console")
        file = self.set.root / "state" / "console.token"
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        token = file.read_text().strip()
        self.assertRegex(token, "^[0-9a-f]{48}$")
        self.assertEqual(self.ask("GET", "/api/v1/session", token=token)[2], {"role": "operator", "name": "operator"})
        self.assertNotIn(token, self.set.processes["console"].text())
        self.set.processes["console"].kill()
        self.set.start("console")
        self.assertEqual(file.read_text().strip(), token)
        # A new one in the file needs no signal.
        file.write_text("b" * 30 + "\n")
        wait_for("the new token", lambda: self.ask("GET", "/api/v1/session", token="b" * 30)[0] == 200)
        self.assertEqual(self.ask("GET", "/api/v1/session", token=token)[0], 401)

    def test_one_that_can_be_guessed_is_refused(self):
        (self.set.root / "state").mkdir(exist_ok=True)
        (self.set.root / "state" / "console.token").write_text("secret\n")
        ended = subprocess.run([BIN / "ringfence-console", "--config", self.set.config_file], capture_output=True,
                               text=True, timeout=60, check=False)
        self.assertEqual(ended.returncode, 78)
        self.assertIn("console.token holds a token that can be guessed: remove it", ended.stderr)


if __name__ == "__main__":
    unittest.main()
