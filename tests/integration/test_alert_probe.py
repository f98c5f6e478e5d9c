"""A channel tried by a person, against far sides that are well and ones that are not: each step is told, and no
secret. (Mail servers: test_mail_servers.py.)"""
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import tempfile
import threading
import unittest

from far_side import detail, make_certificate, probe, steps
from harness import RingfenceTest, free_port

TOKEN = "1234567:SECRET-token"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class FarSide(http.server.BaseHTTPRequestHandler):
    status, body = 200, "ok"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        # Some servers say again what they were asked.
        body = self.body.replace("PATH", self.path).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rf-probe-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def serve(self, status=200, body="ok", certificate=None):
        handler = type("Handler", (FarSide,), {"status": status, "body": body})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_port}"

    def telegram(self, url, **more):
        report = probe(channel="telegram", url=url, token=TOKEN, chat_id="-100", **more)
        self.assertNotIn(TOKEN, json.dumps(report))
        return report

    def test_a_channel_that_is_well(self):
        report = self.telegram(self.serve(body='{"ok": true, "result": {"message_id": 42}}'))
        self.assertEqual((report["ok"], report["message"], report["remote"]), (True, "", "42"))
        self.assertEqual(steps(report), ["dns", "connect", "reply"])
        self.assertEqual(detail(report, "reply"), "HTTP/1.0 200 OK")
        self.assertTrue(all(step["took_ms"] >= 0 for step in report["steps"]))
        self.assertLessEqual(sum(step["took_ms"] for step in report["steps"]), report["took_ms"] + 50)

    def test_a_wrong_token_and_a_wrong_address(self):
        report = self.telegram(self.serve(401, '{"ok": false, "description": "Unauthorized"}'))
        self.assertEqual((steps(report)[-1], report["message"]), (
            "reply!", "Telegram answered 401: Unauthorized: the token is wrong or was revoked: @BotFather has the right one"))
        report = self.telegram(self.serve(404, '{"ok": false, "description": "Not Found: PATH"}'))
        self.assertEqual(steps(report)[-1], "reply!")
        report = probe(channel="webhook", url=self.serve(404) + "/hook")
        self.assertEqual((report["ok"], steps(report)[-1], report["steps"][-1]["detail"]),
                         (False, "reply!", "the receiver answered 404"))

    def test_a_service_that_says_the_secret_again_does_not_get_it_shown(self):
        report = probe(channel="webhook", shape="pagerduty", secret=ROUTING_KEY, url=self.serve(
            400, json.dumps({"errors": [f"routing_key {ROUTING_KEY} is unknown"]})))
        self.assertFalse(report["ok"])
        self.assertNotIn(ROUTING_KEY, json.dumps(report))
        self.assertIn("routing_key *** is unknown", report["message"])

    def test_nobody_there(self):
        report = self.telegram(f"http://127.0.0.1:{free_port()}")
        self.assertEqual((steps(report), report["message"]), (["dns", "connect!"], "no connection"))
        report = self.telegram("http://nobody.invalid")
        self.assertEqual((steps(report), report["message"]), (["dns!"], "the host name is unknown"))
        self.assertIn("nobody.invalid", detail(report, "dns"))

    def test_tls_and_its_certificates(self):
        good = make_certificate(self.folder, "good")
        report = self.telegram(self.serve(body='{"ok": true, "result": {}}', certificate=good), ca_file=good[0])
        self.assertTrue(report["ok"], report)
        self.assertEqual(steps(report), ["dns", "connect", "tls", "reply"])
        self.assertRegex(detail(report, "tls"), r"^TLSv1\.\d / \w+, certificate until \w+ +\d+ .* GMT$")
        url = self.serve(certificate=good)
        stranger = make_certificate(self.folder, "stranger")
        other = make_certificate(self.folder, "other", "other.example.org")
        for report, words in ((self.telegram(url, ca_file=stranger[0]), "self-signed certificate"),
                              (self.telegram(self.serve(certificate=other), ca_file=other[0]), "does not match")):
            self.assertEqual((steps(report), report["message"]),
                             (["dns", "connect", "tls!"], "the certificate does not verify"))
            self.assertIn(words, detail(report, "tls").replace("no alternative certificate subject name matches",
                                                               "does not match"))

    def test_a_far_side_that_speaks_no_tls_or_never(self):
        url = self.serve().replace("http:", "https:")
        report = self.telegram(url)
        self.assertEqual(steps(report)[-1], "tls!")
        with socket.create_server(("127.0.0.1", free_port())) as silent:
            report = self.telegram(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_ms=1000)
        self.assertEqual((steps(report), report["message"]), (["dns", "connect", "reply!"], "no answer in time"))

    def test_settings_that_cannot_work_are_told_at_once(self):
        self.assertIn("channel email, to: ", probe(channel="email", url="smtp://127.0.0.1:1", to="nobody")["error"])
        self.assertIn("secret", probe(channel="webhook", url="http://127.0.0.1:1/", secret="whsec_x")["error"])


class Thread(RingfenceTest):
    """One incident's notices at the simulator's Telegram."""

    def tell(self, **more):
        return probe(channel="telegram", url=f"{self.set.simulator_url}/telegram", token=TOKEN, chat_id="-100",
                     title="Provider twilio is down", **more)

    def test_an_update_changes_the_first_message_and_the_rest_answers_it(self):
        self.set.start("simulator")
        first = self.tell(text="one\n")
        self.assertEqual((first["ok"], first["remote"]), (True, "1"))
        update = self.tell(text="two\n", kind="updated", remote="1")
        self.assertEqual((update["ok"], update["remote"]), (True, "1"))
        resolved = self.tell(text="three\n", kind="resolved", remote="1")
        self.assertEqual((resolved["ok"], resolved["remote"]), (True, "2"))
        gone = self.tell(text="four\n", kind="updated", remote="99")
        self.assertEqual((gone["ok"], gone["message"]),
                         (False, "Telegram answered 400: Bad Request: message to edit not found"))
        self.assertTrue(self.tell(text="four\n", kind="updated", remote="99", anew=True)["ok"])
        self.assertEqual([(m["message_id"], m["edited"], m["reply_to"]) for m in self.set.ledger()["telegram"]],
                         [(1, False, 0), (1, True, 0), (2, False, 1), (3, False, 0)])


if __name__ == "__main__":
    unittest.main()
