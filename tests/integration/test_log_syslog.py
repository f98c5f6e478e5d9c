"""Syslog messages from the real logger: to receivers that parse RFC 5424 strictly, over each transport, and to
rsyslog."""

import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from harness import free_port, stays, wait_for
from test_logger import LoggerCase, events

MESSAGE = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
    rb"\[([!#-<>-\\^-~]{1,32})((?: [!#-<>-\\^-~]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*)\](?: (.*))?", re.DOTALL)
PARAM = re.compile(rb" ([^=]+)=\"((?:[^\"\\\]]|\\[\"\\\]])*)\"")
BOM = b"\xef\xbb\xbf"


def parse(message):
    found = MESSAGE.fullmatch(message)
    assert found, message
    priority, _, _, app, proc, kind, sd_id, params, text = found.groups()
    data = {name.decode(): re.sub(rb"\\(.)", rb"\1", value).decode() for name, value in PARAM.findall(params)}
    if text and any(byte >= 0x80 for byte in text):
        assert text.startswith(BOM), message
        text = text[len(BOM):]
    return {"facility": int(priority) // 8, "severity": int(priority) % 8, "app": app.decode(), "proc": proc.decode(),
            "kind": kind.decode(), "sd": sd_id.decode(), "data": data, "text": (text or b"").decode(),
            "size": len(message)}


class Stream:
    """Takes octet-counted messages (RFC 6587, 3.4.1) over TCP, or over TLS with a context."""

    def __init__(self, context=None, port=0):
        self.messages, self.context, self.problems = [], context, []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            rest = b""
            while data := connection.recv(65536):
                rest += data
                while found := re.match(rb"([1-9]\d{0,4}) ", rest):
                    end = found.end() + int(found.group(1))
                    if len(rest) < end:
                        break
                    self.messages.append(parse(rest[found.end():end]))
                    rest = rest[end:]
        except (OSError, AssertionError) as problem:
            self.problems.append(repr(problem))

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Datagrams:
    def __init__(self, path=None):
        self.messages = []
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(path or ("127.0.0.1", 0))
        self.port = None if path else self.socket.getsockname()[1]
        self.socket.settimeout(60)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while True:
                self.messages.append(parse(self.socket.recv(65536)))
        except OSError:
            pass

    def close(self):
        self.socket.close()


class SyslogCase(LoggerCase):
    TIMEOUT = "2s"

    def configure(self, url, **more):
        self.set.config["logger"]["syslog"] = {"enabled": True, "url": url, **more}
        self.set.config["logger"]["timeout"] = self.TIMEOUT
        self.set.write_config()

    def subjects_of(self, receiver):
        return [m["data"]["subject"] for m in receiver.messages if m["kind"] == "contact.done"]

    def check_messages(self, receiver, expected):
        wait_for("the last message", lambda: self.subjects_of(receiver)[-1:] == expected[-1:])
        self.assertEqual(self.subjects_of(receiver), expected)


class TransportTest(SyslogCase):
    def test_tcp_with_escapes_lengths_and_severities(self):
        receiver = Stream()
        self.addCleanup(receiver.close)
        self.configure(f"tcp://127.0.0.1:{receiver.port}", facility="daemon", app_name="dialler", sd_id="x@1")
        self.set.start("logger")
        self.publisher.publish(*events(600))
        nasty = 'a"b]c\\d\u00e4'
        self.publisher.publish({"type": "contact.done", "subject": nasty, "contact": "c", "severity": "critical",
                                "data": {"outcome": "\u00e4"}},
                               {"type": "unknown.type of it", "subject": "long", "severity": "info",
                                "data": {"message": "\u00fc" * 9000}},
                               *events(1, "last"))
        self.check_messages(receiver, self.subjects(600) + [nasty, "last-0"])
        message = next(m for m in receiver.messages if m["data"]["subject"] == nasty)
        line = self.set.events(subject=nasty)[0]
        self.assertEqual((message["facility"], message["severity"], message["app"], message["sd"]),
                         (3, 2, "dialler", "x@1"))
        self.assertEqual((message["data"]["n"], message["data"]["id"]), (str(line["n"]), line["id"]))
        self.assertEqual((message["proc"], message["text"]), (line["origin"], line["message"]))
        self.assertTrue(all(m["size"] <= 8192 for m in receiver.messages))
        self.assertTrue(any(m["kind"] == "unknown.type?of?it" for m in receiver.messages))
        numbers = [int(m["data"]["n"]) for m in receiver.messages]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(receiver.problems, [])

    def test_a_receiver_that_is_away_holds_no_file_and_is_caught_up_with(self):
        port = free_port()
        self.configure(f"tcp://127.0.0.1:{port}")
        self.set.start("logger")
        self.publisher.publish(*events(50))
        self.check_files(self.subjects(50))
        failed = wait_for("the failure to be told", lambda: self.set.events(type="sink.failed"))
        self.assertEqual(failed[0]["subject"], "syslog")
        self.assertIn("refused", failed[0]["data"]["message"])
        receiver = Stream(port=port)
        self.addCleanup(receiver.close)
        self.check_messages(receiver, self.subjects(50))
        wait_for("the recovery to be told", lambda: self.set.events(type="sink.recovered"))
        receiver.connections[0].shutdown(socket.SHUT_RDWR)
        self.publisher.publish(*events(5, "late"))
        wait_for("a new connection", lambda: self.subjects_of(receiver)[-1:] == ["late-4"])
        self.assertEqual(set(self.subjects_of(receiver)), set(self.subjects(50) + self.subjects(5, "late")))

    def test_an_end_in_order_doubles_nothing(self):
        receiver = Stream()
        self.addCleanup(receiver.close)
        self.configure(f"tcp://127.0.0.1:{receiver.port}")
        for life in range(2):
            logger = self.set.start("logger")
            self.publisher.publish(*events(100, f"l{life}"))
            logger.terminate()
            self.assertEqual(logger.wait(), 0)
        self.check_messages(receiver, self.subjects(100, "l0") + self.subjects(100, "l1"))

    def test_udp_keeps_to_2048_bytes_a_message(self):
        receiver = Datagrams()
        self.addCleanup(receiver.close)
        self.configure(f"udp://127.0.0.1:{receiver.port}")
        self.set.start("logger")
        self.publisher.publish(*events(200), {"type": "contact.done", "subject": "s" * 5000, "severity": "info",
                                              "contact": "]" * 5000, "data": {"outcome": "x" * 5000}})
        wait_for("all", lambda: len(self.subjects_of(receiver)) == 201)
        self.assertEqual(self.subjects_of(receiver)[:200], self.subjects(200))
        self.assertTrue(all(m["size"] <= 2048 for m in receiver.messages))

    def test_a_unix_socket(self):
        path = str(self.set.root / "run" / "log")
        receiver = Datagrams(path)
        self.addCleanup(receiver.close)
        self.configure(f"unix://{path}")
        self.set.start("logger")
        self.publisher.publish(*events(300))
        self.check_messages(receiver, self.subjects(300))


class TlsTest(SyslogCase):
    TIMEOUT = "20s"  # a handshake on a busy machine must not end before its certificate is looked at

    def certificate(self, name):
        key, cert = self.set.root / f"{name}.key", self.set.root / f"{name}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key),
                        "-out", str(cert), "-subj", "/CN=test", "-addext", f"subjectAltName={name}"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return cert, context

    def test_tls_is_verified_and_then_carries_all(self):
        cert, context = self.certificate("IP:127.0.0.1")
        receiver = Stream(context)
        self.addCleanup(receiver.close)
        self.configure(f"tls://127.0.0.1:{receiver.port}")
        logger = self.set.start("logger")
        self.publisher.publish(*events(600))
        failed = wait_for("the refusal", lambda: self.set.events(type="sink.failed"))
        self.assertIn("self-signed", failed[0]["data"]["message"])
        self.assertEqual(receiver.messages, [])
        self.configure(f"tls://127.0.0.1:{receiver.port}", ca_file=str(cert))
        logger.reload()
        self.check_messages(receiver, self.subjects(600))

    def test_a_certificate_of_another_name_is_refused(self):
        cert, context = self.certificate("IP:127.0.0.9")
        receiver = Stream(context)
        self.addCleanup(receiver.close)
        self.configure(f"tls://127.0.0.1:{receiver.port}", ca_file=str(cert))
        self.set.start("logger")
        self.publisher.publish(*events(3))
        wait_for("the refusal", lambda: self.set.events(type="sink.failed"))
        stays("nothing", lambda: receiver.messages == [], 0.5)


@unittest.skipUnless(shutil.which("rsyslogd"), "rsyslog is not installed")
class RsyslogTest(SyslogCase):
    def test_rsyslog_parses_what_comes_over_tcp(self):
        port, folder = free_port(), self.set.root
        config = folder / "rsyslog.conf"
        config.write_text(f"""
global(workDirectory="{folder}")
module(load="imptcp")
module(load="mmpstrucdata")
input(type="imptcp" port="{port}" address="127.0.0.1" supportOctetCountedFraming="on")
template(name="all" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%app-name%|%procid%|%msgid%|%$!rfc5424-sd!ringfence@32473!n%|%$!rfc5424-sd!ringfence@32473!subject%|%msg%\\n")
action(type="mmpstrucdata")
action(type="omfile" file="{folder}/rsyslog.out" template="all")
""")
        daemon = subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", str(folder / "rsyslog.pid")],
                                  stdout=subprocess.DEVNULL, stderr=open(folder / "rsyslog.err", "wb"))
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        self.configure(f"tcp://127.0.0.1:{port}")
        self.set.start("logger")
        self.publisher.publish(*events(100))
        out = pathlib.Path(folder / "rsyslog.out")

        def lines():
            text = out.read_text() if out.exists() else ""
            return [line.split("|") for line in text.splitlines() if "|contact.done|" in line]
        wait_for("all of them", lambda: len(lines()) >= 100)
        self.assertEqual([line[6] for line in lines()], self.subjects(100))
        numbers = {e["subject"]: e["n"] for e in self.set.events(type="contact.done")}
        for facility, severity, app, _, _, n, subject, text in lines():
            self.assertEqual((facility, severity, app, int(n)), ("local0", "info", "ringfence", numbers[subject]))
            self.assertIn(f"Contact {subject}: its call ended: completed", text)


if __name__ == "__main__":
    unittest.main()
