"""A receiver of Standard Webhooks, made from the specification alone (github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md, "Verifying signatures"); it shares no code with the set."""

import base64
import hashlib
import hmac

TOLERANCE = 5 * 60  # seconds, either way


class Refused(Exception):
    pass


def key_of(secret):
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    if not 24 <= len(key) <= 64:
        raise Refused("a secret has 24 to 64 bytes")
    return key


def verify(secret, headers, body, now):
    """Raises Refused unless `body` (bytes, as they came) was signed with `secret` at about `now`."""
    headers = {name.lower(): value for name, value in headers.items()}
    try:
        identity, sent, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise Refused(f"{missing} is missing") from None
    if not (sent.isascii() and sent.isdigit()):
        raise Refused("the timestamp is no number")
    if abs(now - int(sent)) > TOLERANCE:
        raise Refused("the timestamp is too far from now")
    right = hmac.new(key_of(secret), f"{identity}.{sent}.".encode() + body, hashlib.sha256).digest()
    for signature in signatures.split(" "):
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), base64.b64encode(right)):
            return
    raise Refused("no signature is right")
