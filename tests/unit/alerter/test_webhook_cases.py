"""The cases that the libraries of Standard Webhooks test (github.com/standard-webhooks/standard-webhooks, libraries/
python, javascript, go, java, ruby, php, csharp, elixir), with our signer and a receiver of the specification's."""

import base64
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))
from standard_webhooks import TOLERANCE, Refused, verify  # noqa: E402

SIGNER = sys.argv.pop(1)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(64))).decode()
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = '{"test": 2432232314}'
PUBLISHED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
WRONG = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
ASYMMETRIC = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

# Name: what differs from a right delivery, and whether it is taken. None: the header is missing.
CASES = {
    "as it was sent": ({}, True),
    "headers in capitals": ({"upper": True}, True),
    "just not too old": ({"now": AT + TOLERANCE}, True),
    "too old": ({"now": AT + TOLERANCE + 1}, False),
    "just not too new": ({"now": AT - TOLERANCE}, True),
    "too new": ({"now": AT - TOLERANCE - 1}, False),
    "no id": ({"id": None}, False),
    "no timestamp": ({"timestamp": None}, False),
    "no signature": ({"signature": None}, False),
    "an empty signature": ({"signature": ""}, False),
    "a timestamp that is no number": ({"timestamp": "hello"}, False),
    "another timestamp": ({"timestamp": str(AT + 1)}, False),
    "another id": ({"id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"}, False),
    "an id that swallows the timestamp": ({"id": f"{ID}.{AT}"}, False),
    "another body": ({"body": '{"test": 2432232315}'}, False),
    "the same JSON in other bytes": ({"body": '{"test":2432232314}'}, False),
    "another secret": ({"secret": OTHER}, False),
    "the secret without its prefix": ({"secret": SECRET.removeprefix("whsec_")}, True),
    "a wrong signature": ({"signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="}, False),
    "part of a signature": ({"signature": PUBLISHED[:20]}, False),
    "a signature without a version": ({"signature": PUBLISHED[3:]}, False),
    "a right one of another version": ({"signature": "v2" + PUBLISHED[2:]}, False),
    "a right one among wrong ones": ({"signature": f"v1,{WRONG} v2,{WRONG} {PUBLISHED} v1,{WRONG}"}, True),
    "wrong ones alone": ({"signature": f"v1,{WRONG} v2,{WRONG}"}, False),
    "an asymmetric one beside ours": ({"signature": f"{ASYMMETRIC} {PUBLISHED}"}, True),
    "an asymmetric one alone": ({"signature": ASYMMETRIC}, False),
    "signatures without a space between": ({"signature": f"v1,{WRONG},{PUBLISHED}"}, False),
}


def sign(secrets, identity=ID, at=AT, body=BODY):
    return subprocess.run([SIGNER, secrets, identity, str(at), body], check=True, capture_output=True,
                          text=True).stdout.rstrip("\n")


class WebhookCasesTest(unittest.TestCase):
    def test_each_case_is_taken_or_refused_as_published(self):
        for name, (change, good) in CASES.items():
            with self.subTest(name):
                headers = {"webhook-id": change.get("id", ID), "webhook-timestamp": change.get("timestamp", str(AT)),
                           "webhook-signature": change.get("signature", sign(SECRET))}
                headers = {key.upper() if "upper" in change else key: value for key, value in headers.items()
                           if value is not None}
                delivery = (change.get("secret", SECRET), headers, change.get("body", BODY).encode(),
                            change.get("now", AT))
                if good:
                    verify(*delivery)
                else:
                    self.assertRaises(Refused, verify, *delivery)

    def test_we_sign_as_published_whatever_the_body(self):
        self.assertEqual(sign(SECRET), PUBLISHED)
        bodies = ["", "{}", "{\"a\":\".\"}", "caf\u00e9 \u6f22 \U0001f600", "x" * 100_000, "a\r\nb\tc", "%s %n"]
        for body in bodies:
            for at in (0, AT, 2 ** 33):
                headers = {"webhook-id": ID, "webhook-timestamp": str(at),
                           "webhook-signature": sign(SECRET, at=at, body=body)}
                verify(SECRET, headers, body.encode(), at)

    def test_while_a_secret_changes_receivers_of_both_are_served(self):
        headers = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": sign(f"{OTHER} {SECRET}")}
        for secret in (OTHER, SECRET):
            verify(secret, headers, BODY.encode(), AT)
        stranger = "whsec_" + base64.b64encode(b"s" * 32).decode()
        self.assertRaises(Refused, verify, stranger, headers, BODY.encode(), AT)

    def test_secrets_of_another_length_or_kind_are_refused(self):
        for secret in ("", "whsec_", *("whsec_" + base64.b64encode(b"k" * size).decode() for size in (1, 23, 65)),
                       "whsk_" + base64.b64encode(b"k" * 32).decode()):
            with self.subTest(secret):
                self.assertRaises(subprocess.CalledProcessError, sign, secret)
        for size in (24, 64):
            sign("whsec_" + base64.b64encode(b"k" * size).decode())


if __name__ == "__main__":
    unittest.main()
