"""The simulator as its clients see it: each face and each kind of fault over real sockets, plain and TLS.

The clients here are Python's own http.client, ssl and openssl: nothing is shared with our code.
"""

import base64
import hashlib
import http.client
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from harness import SOURCE, RingfenceTest, wait_for

ACCOUNT = "/twilio/2010-04-01/Accounts/AC" + 32 * "0"
BASIC = "Basic " + base64.b64encode(b"AC" + 32 * b"0" + b":token").decode()
FORM = "application/x-www-form-urlencoded"
SPEAK = "/elevenlabs/v1/text-to-speech/voice1?output_format=mp3_22050_32"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class SimulatorTest(RingfenceTest):
    TLS = False

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rf-certs-")
        cls.addClassCleanup(folder.cleanup)
        cls.certs = pathlib.Path(folder.name)
        subprocess.run([SOURCE / "deploy" / "make-certs", cls.certs], check=True)

    def setUp(self):
        super().setUp()
        self.set.config["simulator"].update(
            tls_listen=f"127.0.0.1:{self.set.ports['tls']}",
            cert_file=str(self.certs / "server.pem"), key_file=str(self.certs / "server.key"))
        self.set.write_config()
        self.set.start("simulator")

    def connect(self, timeout=20):
        if not self.TLS:
            return http.client.HTTPConnection("127.0.0.1", self.set.ports["simulator"],
                                              timeout=timeout)
        context = ssl.create_default_context(cafile=str(self.certs / "ca.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.set.ports["tls"], timeout=timeout,
                                           context=context)

    def ask(self, method, target, body=None, headers=None, timeout=20):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.connect(timeout)
        try:
            connection.request(method, target, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def speak(self, text="Hello Ada", **options):
        return self.ask("POST", SPEAK, {"text": text}, {"xi-api-key": "k"}, **options)

    def dial(self, to="+12025550101", twiml="<Response/>", **options):
        form = {"To": to, "From": "+12025550100", "Twiml": twiml}
        return self.ask("POST", ACCOUNT + "/Calls.json", urllib.parse.urlencode(form),
                        {"Authorization": BASIC, "Content-Type": FORM}, **options)

    def twilio(self, target):
        return self.ask("GET", target, headers={"Authorization": BASIC})


class Faces:
    """What holds for the faces however they are reached."""

    def test_elevenlabs_speaks_mp3_and_its_hash_is_in_the_ledger(self):
        answer = self.speak()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "audio/mpeg")
        # Two frames of MPEG-2 layer III, 32 kbit/s, 22.05 kHz, one behind the other.
        self.assertEqual(answer.body[:2], b"\xff\xf3")
        size = 72 * 32000 // 22050
        self.assertIn(b"\xff\xf3", answer.body[size:size + 3])
        speech, = self.set.ledger()["speeches"]
        self.assertEqual(speech["sha256"], hashlib.sha256(answer.body).hexdigest())
        self.assertEqual((speech["text"], speech["key"], speech["size"]),
                         ("Hello Ada", "k", len(answer.body)))
        self.assertEqual(self.speak().body, answer.body)
        self.assertNotEqual(self.speak("Hello Bela").body, answer.body)

    def test_openai_and_anthropic_write_what_the_prompt_names(self):
        messages = [{"role": "user", "content": "Write a greeting for Zoë Ångström."}]
        answer = self.ask("POST", "/openai/v1/chat/completions",
                          {"model": "gpt-4o-mini", "messages": messages},
                          {"Authorization": "Bearer k"})
        self.assertEqual(answer.status, 200)
        self.assertIn("Zoë Ångström", answer.json()["choices"][0]["message"]["content"])
        answer = self.ask("POST", "/anthropic/v1/messages",
                          {"model": "claude", "max_tokens": 300, "messages": messages},
                          {"x-api-key": "k", "anthropic-version": "2023-06-01"})
        self.assertEqual(answer.status, 200)
        self.assertIn("Zoë Ångström", answer.json()["content"][0]["text"])
        self.assertEqual([s["provider"] for s in self.set.ledger()["scripts"]],
                         ["openai", "anthropic"])

    def test_a_twilio_call_runs_to_its_end_and_is_found_by_its_number(self):
        sid = self.dial().json()["sid"]
        call = wait_for("the call's end", lambda: self.ended(sid))
        self.assertEqual(call["status"], "completed")
        wait_for("the list to show it", lambda: self.twilio(
            ACCOUNT + "/Calls.json?To=%2B12025550101").json()["calls"])
        dial, = self.set.ledger()["dials"]
        self.assertEqual((dial["sid"], dial["to"], dial["status"]),
                         (sid, "+12025550101", "completed"))
        self.assertEqual([step["status"] for step in dial["history"]],
                         ["queued", "ringing", "in-progress", "completed"])

    def ended(self, sid):
        call = self.twilio(f"{ACCOUNT}/Calls/{sid}.json").json()
        return call if call["end_time"] else None

    def test_pages_of_calls_are_followed_by_next_page_uri(self):
        sids = [self.dial().json()["sid"] for _ in range(5)]
        target, seen = ACCOUNT + "/Calls.json?To=%2B12025550101&PageSize=2", []
        wait_for("the list to show them all", lambda: len(self.twilio(
            ACCOUNT + "/Calls.json").json()["calls"]) == 5)
        while target:
            page = self.twilio(target).json()
            seen += [call["sid"] for call in page["calls"]]
            target = page["next_page_uri"] and "/twilio" + page["next_page_uri"]
        self.assertEqual(seen, sids[::-1])

    def test_telegram_and_webhook_keep_what_they_get(self):
        answer = self.ask("POST", "/telegram/bot1:test/sendMessage",
                          {"chat_id": "-100", "text": "It is down"})
        self.assertTrue(answer.json()["ok"])
        answer = self.ask("POST", "/webhook", {"a": 1}, {"webhook-id": "msg_1"})
        self.assertEqual(answer.status, 200)
        ledger = self.set.ledger()
        self.assertEqual(ledger["telegram"][0]["text"], "It is down")
        self.assertEqual(ledger["webhooks"][0]["id"], "msg_1")
        self.assertEqual(json.loads(ledger["webhooks"][0]["body"]), {"a": 1})

    def token(self, key_file=None, **changes):
        """A token for the service account whose file the simulator wrote, signed by openssl."""
        account = json.loads(
            (self.set.root / "state" / "simulator" / "service-account.json").read_text())
        now = int(time.time())
        claims = {"iss": account["client_email"], "aud": account["token_uri"], "iat": now,
                  "exp": now + 3600, "scope": "https://www.googleapis.com/auth/spreadsheets"}
        claims.update(changes)
        text = b".".join(base64url(json.dumps(part).encode())
                         for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        if key_file is None:
            key_file = self.set.root / "account.key"
            key_file.write_text(account["private_key"])
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file], input=text,
                                   stdout=subprocess.PIPE, check=True).stdout
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": (text + b"." + base64url(signature)).decode()}
        return self.ask("POST", "/google/token", urllib.parse.urlencode(form),
                        {"Content-Type": FORM})

    def test_sheets_take_rows_under_a_token_that_was_really_signed(self):
        stranger = self.set.root / "stranger.key"
        subprocess.run(["openssl", "genrsa", "-out", stranger, "2048"], check=True,
                       stderr=subprocess.DEVNULL)
        refused = self.token(stranger)
        self.assertEqual((refused.status, refused.json()["error"]), (400, "invalid_grant"))
        self.assertEqual(self.token(iat=1, exp=3601).status, 400)
        bearer = {"Authorization": "Bearer " + self.token().json()["access_token"]}
        values = "/sheets/v4/spreadsheets/s/values/"
        self.assertEqual(self.ask("GET", values + "log!A1:B2").status, 401)
        answer = self.ask("POST", values + "log!A1:append?valueInputOption=RAW"
                          "&insertDataOption=INSERT_ROWS",
                          {"values": [["=1+1", "b"], ["c", 4]]}, bearer)
        self.assertEqual(answer.json()["updates"]["updatedRange"], "log!A1:B2")
        answer = self.ask("PUT", values + "log!A2:B2?valueInputOption=RAW",
                          {"values": [["changed", 5]]}, bearer)
        self.assertEqual(answer.status, 200)
        answer = self.ask("GET", values + "log%21A1%3AB2", headers=bearer)
        self.assertEqual(answer.json()["values"], [["=1+1", "b"], ["changed", "5"]])
        answer = self.ask("PUT", values + "log!A5000?valueInputOption=RAW", {"values": [["x"]]},
                          bearer)
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.set.ledger()["sheets"]["rows"], [["=1+1", "b"], ["changed", 5]])

    def test_a_key_is_revoked_and_given_back_while_running(self):
        self.set.admin("PUT", "keys", {"elevenlabs": ["another"]})
        answer = self.speak()
        self.assertEqual((answer.status, answer.json()["detail"]["code"]),
                         (401, "invalid_api_key"))
        self.set.admin("PUT", "keys", {"elevenlabs": ["another", "k"]})
        self.assertEqual(self.speak().status, 200)

    # ---- faults ----

    def fault(self, kind, **rest):
        self.set.faults({"id": "f", "match": {"path": "/v1/text-to-speech/*"}, "kind": kind, **rest})

    def spoken(self):
        return len(self.set.ledger()["speeches"])

    def test_status(self):
        self.fault("status", status=503, headers={"Retry-After": "3"}, count=1)
        answer = self.speak()
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "3"))
        self.assertIn("detail", answer.json())
        self.assertEqual(self.spoken(), 0)
        self.assertEqual(self.speak().status, 200)

    def test_latency(self):
        self.fault("latency", delay_ms=400)
        began = time.monotonic()
        self.assertEqual(self.speak().status, 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_a_reply_is_held_until_the_faults_are_put_again(self):
        self.fault("status", status=503, hold=True)
        answers = []
        asker = threading.Thread(target=lambda: answers.append(self.speak().status))
        asker.start()
        wait_for("the hit", lambda: self.set.admin("GET", "faults")["faults"][0]["hits"] == 1)
        with self.assertRaises(TimeoutError):
            self.speak(timeout=0.5)
        self.assertEqual(answers, [])
        self.fault("status", status=500)
        asker.join()
        self.assertEqual(answers, [503])
        self.assertEqual(self.speak().status, 500)

    def test_no_reply_leaves_the_client_without_a_byte_though_it_was_carried_out(self):
        self.fault("no_reply")
        with self.assertRaises(TimeoutError):
            self.speak(timeout=1)
        self.assertEqual(self.spoken(), 1)
        self.set.faults()
        self.assertEqual(self.speak().status, 200)

    def test_reset_before_carries_nothing_out(self):
        self.fault("reset_before")
        with self.assertRaises(ConnectionResetError):
            self.speak()
        self.assertEqual(self.spoken(), 0)

    def test_reset_before_by_text_carries_nothing_out(self):
        self.set.faults({"id": "f", "match": {"text": "Ada"}, "kind": "reset_before"})
        with self.assertRaises(ConnectionResetError):
            self.speak("Hello Ada")
        self.assertEqual(self.speak("Hello Bela").status, 200)
        self.assertEqual(self.spoken(), 1)

    def test_reset_after_has_placed_the_call(self):
        self.set.faults({"id": "f", "match": {"number": "+12025550101"}, "kind": "reset_after"})
        with self.assertRaises(ConnectionResetError):
            self.dial("+12025550101")
        self.assertEqual(self.dial("+12025550102").status, 201)
        self.assertEqual(self.set.dials(), {"+12025550101": 1, "+12025550102": 1})

    def test_half_reply_announces_more_than_it_sends(self):
        self.fault("half_reply")
        with self.assertRaises((http.client.IncompleteRead, ssl.SSLError)) as caught:
            self.speak()
        whole = self.set.ledger()["speeches"][0]["size"]
        if isinstance(caught.exception, http.client.IncompleteRead):
            self.assertEqual(len(caught.exception.partial), whole // 2)

    def test_wrong_type_is_a_page_with_status_200(self):
        self.fault("wrong_type")
        answer = self.speak()
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html"))
        self.assertIn(b"<html>", answer.body)
        self.assertEqual(self.spoken(), 0)

    def test_empty_is_a_200_without_a_body(self):
        self.fault("empty")
        answer = self.speak()
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_drip_sends_all_slowly(self):
        self.fault("drip", piece=1000, delay_ms=100)
        began = time.monotonic()
        answer = self.speak()
        pauses = (len(answer.body) - 1) // 1000
        self.assertGreaterEqual(time.monotonic() - began, 0.1 * pauses)
        self.assertEqual(hashlib.sha256(answer.body).hexdigest(),
                         self.set.ledger()["speeches"][0]["sha256"])

    def test_hits_are_counted_and_told(self):
        self.fault("status", status=500, count=2)
        self.assertEqual([self.speak().status for _ in range(3)], [500, 500, 200])
        fault, = self.set.admin("GET", "faults")["faults"]
        self.assertEqual(fault["hits"], 2)
        self.assertEqual([r["fault"] for r in self.set.ledger()["requests"]], ["f", "f", None])


class PlainTest(Faces, SimulatorTest):
    def test_an_answered_call_fetches_what_it_is_to_play(self):
        # The simulator's own health stands in for the audio: any bytes do.
        url = f"{self.set.simulator_url}/admin/healthz"
        self.dial(twiml=f"<Response><Play>{url}?a=1&amp;b=2</Play></Response>")
        self.dial("+12025550102", twiml=f"<Response><Play>{url}/missing</Play></Response>")

        def fetched():
            dials = self.set.ledger()["dials"]
            return dials if all(d["audio_status"] for d in dials) else None

        good, bad = wait_for("the audio to be fetched", fetched)
        body = self.ask("GET", "/admin/healthz").body
        self.assertEqual(good["play_url"], url + "?a=1&b=2")
        self.assertEqual((good["audio_sha256"], good["audio_size"], good["audio_status"]),
                         (hashlib.sha256(body).hexdigest(), len(body), 200))
        self.assertEqual((bad["audio_sha256"], bad["audio_status"]), (None, 404))

    def test_a_connection_is_kept_for_many_requests(self):
        connection = self.connect()
        for _ in range(5):
            connection.request("GET", "/openai/v1/models", headers={"Authorization": "Bearer k"})
            self.assertEqual(Answer(connection.getresponse()).status, 200)
        connection.close()

    def test_the_service_account_is_private_and_outlives_a_restart(self):
        file = self.set.root / "state" / "simulator" / "service-account.json"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        before = file.read_bytes()
        self.set.processes["simulator"].terminate()
        self.assertEqual(self.set.processes["simulator"].wait(), 0)
        self.set.start("simulator")
        self.assertEqual(file.read_bytes(), before)
        self.assertEqual(self.token().status, 200)


class TlsTest(Faces, SimulatorTest):
    TLS = True

    def test_only_who_trusts_the_private_ca_gets_through(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.set.ports["tls"], timeout=20,
                                                 context=ssl.create_default_context())
        with self.assertRaises(ssl.SSLCertVerificationError):
            connection.request("GET", "/admin/healthz")
        connection.close()

    def test_the_other_certificates_do_not_verify(self):
        context = ssl.create_default_context(cafile=str(self.certs / "ca.pem"))
        for name in ("other-name", "expired", "stranger"):
            self.set.processes["simulator"].terminate()
            self.assertEqual(self.set.processes["simulator"].wait(), 0)
            self.set.config["simulator"].update(cert_file=str(self.certs / f"{name}.pem"),
                                                key_file=str(self.certs / f"{name}.key"))
            self.set.write_config()
            self.set.start("simulator")
            connection = http.client.HTTPSConnection("127.0.0.1", self.set.ports["tls"], timeout=20,
                                                     context=context)
            with self.assertRaises(ssl.SSLCertVerificationError, msg=name):
                connection.request("GET", "/admin/healthz")
            connection.close()


class StartTest(RingfenceTest):
    """Starts that cannot succeed say why and end."""

    def refused(self, words, **changes):
        self.set.config["simulator"].update(changes)
        self.set.write_config()
        process = self.set.launch("simulator")
        self.assertNotEqual(process.wait(), 0)
        self.assertIn(words, process.text())
        del self.set.processes["simulator"]

    def test_a_port_in_use_a_missing_certificate_and_a_missing_key(self):
        self.set.start("simulator", "first")
        self.refused("in use")
        missing = str(self.set.root / "missing.pem")
        self.refused("missing.pem", listen="127.0.0.1:0", tls_listen="127.0.0.1:0",
                     cert_file=missing, key_file=missing)


if __name__ == "__main__":
    unittest.main()
