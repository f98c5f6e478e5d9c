"""Mails handed to real servers: aiosmtpd in its ways of TLS and AUTH, and Postfix, which also keeps them."""
import contextlib
import email
import email.policy
import json
import pathlib
import shutil
import socket
import ssl
import tempfile
import threading
import time
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import postfix
from far_side import detail, make_certificate, probe, steps
from harness import free_port, wait_for

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
# What a contact list may hold, in a text that is longer than a line of SMTP may be.
TEXT = ".\n..\n.QUIT\nBcc: victim@example.org\n\u00e4\U0001f525 <b>x</b>\n" + "x" * 5000 + "\n.\n"
TITLE = "a\r\nBcc: victim@example.org\r\n\r\n.\r\n"


def parsed(content):
    mail = email.message_from_bytes(content, policy=STRICT)
    for part in mail.walk():
        assert part.defects == [], part.defects
    return mail


class Kept:
    """aiosmtpd's handler."""

    def __init__(self):
        self.contents, self.logins = [], []

    async def handle_DATA(self, _server, _session, envelope):
        self.contents.append(envelope.content)
        return "250 kept"

    def login(self, _server, _session, _envelope, mechanism, data):
        self.logins.append(mechanism)
        good = (data.login, data.password) == (b"ringfence", b"right-4711")
        return AuthResult(success=good, handled=False)


def greet_late(listener, port):
    """A server that lets its clients wait, as postscreen does; what they say then goes to the one at `port`."""
    near, _ = listener.accept()
    time.sleep(11)  # what it is about: longer than any connection may take
    far = socket.create_connection(("127.0.0.1", port))

    def pass_on(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    with near, far:
        other = threading.Thread(target=pass_on, args=(near, far), daemon=True)
        other.start()
        pass_on(far, near)
        other.join()


class MailServersCase(unittest.TestCase):
    def check_mail(self, content, report):
        """Nothing that the notice said has become a header or an end of the text."""
        mail = parsed(content)
        self.assertEqual(mail["X-Ringfence-Alert"], report["alert"])
        self.assertIsNone(mail["Bcc"])
        self.assertEqual([p.get_content_type() for p in mail.iter_parts()], ["text/plain", "text/html"])
        plain = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.assertEqual(plain, f"{TEXT}\nid: {report['alert']}\n")
        self.assertEqual(mail["Subject"], "[ringfence] info: a  Bcc: victim@example.org    .")
        return mail

    def check_hidden(self, report, *secrets):
        for secret in secrets:
            self.assertNotIn(secret, json.dumps(report))


class Aiosmtpd(MailServersCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rf-smtp-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificate, cls.key = make_certificate(cls.folder, "server")
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(cls.certificate, cls.key)

    def serve(self, **options):
        self.kept = Kept()
        if "auth_required" in options:
            options["authenticator"] = self.kept.login
        controller = Controller(self.kept, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        self.addCleanup(controller.stop)
        return controller.port

    def test_starttls_and_each_mechanism_of_auth(self):
        for mechanism, other in (("PLAIN", "LOGIN"), ("LOGIN", "PLAIN")):
            port = self.serve(tls_context=self.context, require_starttls=True, auth_required=True,
                              auth_exclude_mechanism=[other])
            report = probe(channel="email", url=f"smtp://127.0.0.1:{port}", require_tls=True, title=TITLE, text=TEXT,
                           ca_file=self.certificate, user="ringfence", password="right-4711")
            self.assertTrue(report["ok"], report)
            self.assertEqual(self.kept.logins, [mechanism])
            self.assertEqual(steps(report), ["dns", "connect", "greeting", "hello", "starttls", "tls", "hello", "auth",
                                             "sender", "recipient", "data", "message"])
            self.assertRegex(detail(report, "tls"), r"TLSv1\.\d / \w+, certificate until \w+ .* GMT")
            self.check_mail(self.kept.contents[0], report)
            self.check_hidden(report, "right-4711")

    def test_implicit_tls(self):
        port = self.serve(ssl_context=self.context)
        report = probe(channel="email", url=f"smtps://127.0.0.1:{port}", require_tls=True, title=TITLE, text=TEXT,
                       ca_file=self.certificate)
        self.assertTrue(report["ok"], report)
        self.assertEqual(steps(report)[:4], ["dns", "connect", "tls", "greeting"])
        self.check_mail(self.kept.contents[0], report)

    def test_a_wrong_password_is_told_at_its_step_and_nowhere_shown(self):
        port = self.serve(tls_context=self.context, require_starttls=True, auth_required=True)
        report = probe(channel="email", url=f"smtp://127.0.0.1:{port}", require_tls=True, ca_file=self.certificate,
                       user="ringfence", password="wrong-0815")
        self.assertFalse(report["ok"])
        self.assertIn("535", report["message"])
        self.assertEqual(steps(report)[-1], "auth!")
        self.assertIn("535", detail(report, "auth"))
        self.check_hidden(report, "wrong-0815", "AHJpbmdmZW5jZQB3cm9uZy0wODE1")
        self.assertEqual(self.kept.contents, [])

    def test_a_server_that_knows_no_login_of_ours_is_told_with_what_to_do(self):
        self.kept = Kept()
        self.kept.auth_OTHER = lambda _server, _arguments: None
        controller = Controller(self.kept, hostname="127.0.0.1", port=free_port(), auth_required=True,
                                auth_require_tls=False, auth_exclude_mechanism=["PLAIN", "LOGIN"])
        controller.start()
        self.addCleanup(controller.stop)
        report = probe(channel="email", url=f"smtp://127.0.0.1:{controller.port}", user="ringfence",
                       password="right-4711")
        self.assertFalse(report["ok"])
        self.assertEqual(steps(report)[-1], "auth!")
        self.assertIn("offers no login that we know", report["message"])
        self.assertIn("take out user and password", report["message"])
        self.check_hidden(report, "right-4711")

    def test_a_server_that_offers_no_login_and_wants_one_is_told_with_what_to_do(self):
        self.kept = Kept()
        self.kept.handle_MAIL = self.want_login
        controller = Controller(self.kept, hostname="127.0.0.1", port=free_port())
        controller.start()
        self.addCleanup(controller.stop)
        report = probe(channel="email", url=f"smtp://127.0.0.1:{controller.port}", user="ringfence",
                       password="right-4711")
        self.assertEqual((report["ok"], steps(report)[-1]), (False, "sender!"))
        self.assertIn("530: it wants a login", report["message"])

    @staticmethod
    async def want_login(_server, _session, _envelope, _address, _options):
        return "530 5.7.0 Authentication required"

    def test_a_server_without_tls_gets_nothing_where_tls_is_required(self):
        port = self.serve()
        report = probe(channel="email", url=f"smtp://127.0.0.1:{port}", require_tls=True, user="u",
                       password="right-4711")
        self.assertFalse(report["ok"])
        self.assertEqual(steps(report)[-1], "tls!")
        self.assertIn("offers no TLS", report["message"])
        self.assertEqual(self.kept.contents, [])
        report = probe(channel="email", url=f"smtp://127.0.0.1:{port}", require_tls=False, title=TITLE, text=TEXT)
        self.assertTrue(report["ok"], report)
        self.assertNotIn("tls", steps(report))

    def test_a_greeting_may_take_longer_than_a_connection(self):
        port = self.serve()
        with socket.create_server(("127.0.0.1", 0)) as slow:
            threading.Thread(target=greet_late, args=(slow, port), daemon=True).start()
            report = probe(channel="email", url=f"smtp://127.0.0.1:{slow.getsockname()[1]}", title=TITLE, text=TEXT)
        self.assertTrue(report["ok"], report)
        self.check_mail(self.kept.contents[0], report)

    def test_a_certificate_of_another_is_told_at_its_step(self):
        port = self.serve(tls_context=self.context, require_starttls=True)
        stranger, _ = make_certificate(self.folder, "stranger")
        report = probe(channel="email", url=f"smtp://127.0.0.1:{port}", require_tls=True, ca_file=stranger)
        self.assertFalse(report["ok"])
        self.assertEqual((steps(report)[-1], report["message"]), ("tls!", "the certificate does not verify"))
        self.assertRegex(report["steps"][-1]["detail"], "certificate")


@unittest.skipIf(postfix.why_not(), postfix.why_not())
class RealPostfix(MailServersCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postfix.Postfix()
        cls.addClassCleanup(cls.server.close)

    def send(self, **changes):
        return probe(**{"channel": "email", "url": f"smtp://127.0.0.1:{self.server.starttls}", "require_tls": True,
                        "ca_file": self.server.certificate, "user": postfix.USER, "password": postfix.PASSWORD,
                        "title": TITLE, "text": TEXT, **changes})

    def kept(self, report):
        """The mail with the report's id, without Postfix's own first header lines."""
        def find():
            return [m for m in self.server.mails() if report["alert"].encode() in m]
        mails = wait_for("the mail", find)
        self.assertEqual(len(mails), 1)
        return mails[0]

    def test_starttls_auth_and_a_text_that_looks_like_smtp(self):
        report = self.send()
        self.assertTrue(report["ok"], (report, self.server.words()))
        mail = self.check_mail(self.kept(report), report)
        self.assertIn("with ESMTPSA", " ".join(mail.get_all("Received")), "TLS and AUTH")
        self.assertIn("2.7.0 Authentication successful", detail(report, "auth"))
        self.check_hidden(report, postfix.PASSWORD)

    def test_implicit_tls_and_several_recipients_with_names(self):
        report = self.send(url=f"smtps://127.0.0.1:{self.server.implicit}",
                           to='"M\u00fcller, Jo" <jo@example.org>, Team <team@example.org>')
        self.assertTrue(report["ok"], (report, self.server.words()))
        self.assertEqual(steps(report).count("recipient"), 2)
        mails = wait_for("both", lambda: [m for m in self.server.mails() if report["alert"].encode() in m][1:2])
        self.assertEqual([a.display_name for a in parsed(mails[0])["To"].addresses], ["M\u00fcller, Jo", "Team"])

    def test_a_wrong_password_and_a_missing_one_are_told(self):
        report = self.send(password="wrong-0815")
        self.assertEqual((report["ok"], steps(report)[-1]), (False, "auth!"))
        self.assertIn("535 5.7.8", detail(report, "auth"))
        report = self.send(user=None, password=None)
        self.assertEqual((report["ok"], steps(report)[-1]), (False, "recipient!"))
        self.assertIn("554 5.7.1", detail(report, "recipient"))


if __name__ == "__main__":
    unittest.main()
