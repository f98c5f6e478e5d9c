#!/usr/bin/python3
"""Every row of the providers' error tables, replayed by the simulator through the real gateway.

The tables stand in what the project knows of the providers (their documentation and official clients); the
sections named here are its sections. What is expected was written from them, by hand: class, number of
attempts, wait, mark. A wait of None is the policy's own backoff.
"""

import dataclasses
import email.utils
import time
import unittest

from test_gateway import GatewayTest

from harness import free_port, wait_for

S = 10**9
BACKOFF = (0.08, 0.12)  # 100 ms with 20 % jitter


@dataclasses.dataclass
class Row:
    """What the provider answers, and what follows. One row of a table may be several of these."""
    section: str
    status: int
    body: object  # None: an empty one
    expect: str   # the class
    code: str = None
    headers: dict = None
    kind: str = "status"
    job: str = None       # None: the section's own
    attempts: int = None  # None: by the class
    wait: tuple = None    # least and most seconds before the second attempt
    mark: bool = None     # None: by the class
    words: str = None     # in the message

    def __str__(self):
        return f"{self.section}: {self.kind} {self.status} {self.body} {self.headers or ''}"


def elevenlabs(code, message="m", field="code"):
    return {"detail": {"type": "t", field: code, "message": message}}


def openai(code, kind="t", message="m"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic(kind, message="m", code=None):
    error = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": "req_1"}


def twilio(code, message="m"):
    return {"code": code, "message": message, "more_info": "https://www.twilio.com/", "status": 0}


# What all of them share: statuses without a word, and replies that are not what was promised.
def shared(section, job=None):
    return [
        Row(section + " shared: a redirect is not followed", 302, None, "permanent.config",
            headers={"Location": "http://127.0.0.1:9/"}, job=job),
        Row(section + " shared: 307", 307, None, "permanent.config",
            headers={"Location": "/elsewhere"}, job=job),
        Row(section + " shared: an address that is not theirs", 404, None, "permanent.config", job=job),
        Row(section + " shared: 400 without a word", 400, None, "permanent.invalid", job=job),
        Row(section + " shared: 401 without a word", 401, "<html>", "permanent.auth", job=job),
        Row(section + " shared: 403 without a word", 403, None, "permanent.auth", job=job),
    ]


def repeatable(section, job=None):
    """Speech and scripts, which may be repeated: whatever breaks on the way is tried again."""
    return shared(section, job) + [
        Row(section + " 408", 408, None, "transient", job=job),
        Row(section + " 409", 409, None, "transient", job=job),
        Row(section + " 429 without a word", 429, None, "rate_limited", job=job),
        Row(section + " 500", 500, None, "transient", job=job),
        Row(section + " 502, a proxy's page", 502, "<html>bad gateway</html>", "transient", job=job),
        Row(section + " 503", 503, None, "transient", job=job),
        Row(section + " 504", 504, None, "transient", job=job),
        Row(section + " Retry-After in seconds", 503, None, "transient", job=job,
            headers={"Retry-After": "1"}, wait=(1, 1)),
        Row(section + " Retry-After as a date", 429, None, "rate_limited", job=job,
            headers={"Retry-After": "DATE"}, wait=(0.5, 3)),
        Row(section + " retry-after-ms comes before Retry-After", 429, None, "rate_limited", job=job,
            headers={"Retry-After": "3", "retry-after-ms": "700"}, wait=(0.7, 0.7)),
        Row(section + " Retry-After beyond max_delay: nobody waits, nobody asks before", 429, None,
            "rate_limited", job=job, headers={"Retry-After": "3600"}, attempts=1, mark=True),
        Row(section + " timeout", 0, None, "transient", "timeout", kind="no_reply", job=job),
        Row(section + " reset", 0, None, "transient", "connection_broken", kind="reset_after", job=job),
        Row(section + " reset before it was read", 0, None, "transient", "connection_broken",
            kind="reset_before", job=job),
        Row(section + " 200, cut off", 200, None, "transient", "truncated", kind="half_reply", job=job),
        Row(section + " 200, empty", 200, None, "transient", kind="empty", job=job),
        Row(section + " 200, a captive portal's page", 200, None, "transient", kind="wrong_type",
            job=job),
    ]


ELEVENLABS = repeatable("1") + [
    Row("1", 400, elevenlabs("validation_error"), "permanent.invalid", "validation_error"),
    Row("1", 400, elevenlabs("invalid_parameters"), "permanent.invalid", "invalid_parameters"),
    Row("1", 400, elevenlabs("max_character_limit_exceeded"), "permanent.invalid",
        "max_character_limit_exceeded"),
    # The table says invalid, and its action "fix config": the voice is ours for every contact.
    Row("1", 400, elevenlabs("voice_not_found"), "permanent.config", "voice_not_found"),
    Row("1", 401, elevenlabs("voice_not_found"), "permanent.config", "voice_not_found"),
    Row("1", 401, elevenlabs("invalid_api_key"), "permanent.auth", "invalid_api_key"),
    Row("1", 400, elevenlabs("quota_exceeded"), "permanent.quota", "quota_exceeded"),
    Row("1", 401, elevenlabs("quota_exceeded"), "permanent.quota", "quota_exceeded"),
    Row("1 the older field", 401, elevenlabs("quota_exceeded", "3 credits left", "status"),
        "permanent.quota", "quota_exceeded", words="3 credits left"),
    Row("1", 401, elevenlabs("detected_unusual_activity"), "permanent.auth",
        "detected_unusual_activity"),
    Row("1", 422, {"detail": [{"loc": ["body", "text"], "msg": "field required", "type": "missing"}]},
        "permanent.invalid", words="field required"),
    Row("1", 429, elevenlabs("rate_limit_exceeded"), "rate_limited", "rate_limit_exceeded"),
    Row("1", 429, elevenlabs("concurrent_limit_exceeded"), "rate_limited", "concurrent_limit_exceeded"),
    Row("1", 429, elevenlabs("too_many_concurrent_requests", field="status"), "rate_limited",
        "too_many_concurrent_requests"),
    Row("1", 429, elevenlabs("system_busy"), "transient", "system_busy"),
    Row("9", 401, elevenlabs("payment_required"), "permanent.quota", "payment_required"),
    Row("9", 402, elevenlabs("payment_required"), "permanent.quota", "payment_required"),
]

OPENAI = repeatable("2") + [
    Row("2", 400, openai(None, "invalid_request_error"), "permanent.invalid"),
    Row("2", 401, openai("invalid_api_key", "invalid_request_error"), "permanent.auth",
        "invalid_api_key"),
    Row("2 IP not authorized", 401, openai("ip_not_authorized", "invalid_request_error"),
        "permanent.auth"),
    Row("2 region", 403, openai("unsupported_country_region_territory", "request_forbidden"),
        "permanent.config"),
    Row("2", 429, openai("rate_limit_exceeded", "requests"), "rate_limited", "rate_limit_exceeded"),
    Row("2 historic: the type is the limit's name", 429, openai(None, "tokens_usage_based"),
        "rate_limited"),
    Row("2", 429, openai("slow_down", "rate_limit_error"), "rate_limited", "slow_down"),
    Row("2 older form", 503, openai("slow_down", "service_unavailable_error"), "rate_limited",
        "slow_down"),
    Row("2", 429, openai(None, "insufficient_quota", "You exceeded your current quota"),
        "permanent.quota", words="You exceeded your current quota"),
    Row("2", 429, openai("insufficient_quota", "insufficient_quota"), "permanent.quota"),
    Row("2", 429, openai("credit_balance_exhausted", "insufficient_quota"), "permanent.quota"),
    Row("2", 429, openai("organization_spend_limit_exceeded", "insufficient_quota"),
        "permanent.quota"),
    Row("2", 429, openai("project_spend_limit_exceeded", "insufficient_quota"), "permanent.quota"),
    Row("2", 429, openai("organization_usage_limit_exceeded", "insufficient_quota"),
        "permanent.quota"),
    Row("2", 503, openai("server_is_overloaded", "service_unavailable_error"), "transient",
        "server_is_overloaded"),
    Row("2 the server asks not to be asked again", 500, None, "transient", attempts=1,
        headers={"x-should-retry": "false"}),
    *(Row(f"9 {finish}", 200, {"id": "c", "object": "chat.completion", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": finish}]},
        "permanent.invalid") for finish in ("content_filter", "length")),
    Row("9 empty content", 200, {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]},
        "permanent.invalid"),
    Row("9 refusal", 200, {"choices": [{"message": {"content": None, "refusal": "I cannot."},
                                        "finish_reason": "stop"}]}, "permanent.invalid",
        words="I cannot."),
    Row("9 JSON that ends early", 200, '{"choices": [{"message"', "transient"),
]

ANTHROPIC = repeatable("3") + [
    Row("3", 400, anthropic("invalid_request_error"), "permanent.invalid", "invalid_request_error"),
    Row("3 only the message tells", 400, anthropic(
        "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        "permanent.quota", words="Your credit balance is too low"),
    Row("3 only the message tells", 400, anthropic(
        "invalid_request_error", "You have reached your specified API usage limits. You will regain "
        "access on 2026-12-01 at 00:00 UTC."), "permanent.quota", words="2026-12-01"),
    Row("3 only the message tells", 400, anthropic(
        "invalid_request_error", "You have reached your specified workspace API usage limits."),
        "permanent.quota"),
    Row("3", 401, anthropic("authentication_error"), "permanent.auth", "authentication_error"),
    Row("3", 402, anthropic("billing_error"), "permanent.quota", "billing_error"),
    Row("3", 403, anthropic("permission_error"), "permanent.auth", "permission_error"),
    # The table says invalid: the model is not there. It is ours for every contact.
    Row("3", 404, anthropic("not_found_error"), "permanent.config", "not_found_error"),
    Row("3", 409, anthropic("conflict_error"), "transient", "conflict_error"),
    Row("3", 413, anthropic("request_too_large"), "permanent.invalid", "request_too_large"),
    Row("3 from Cloudflare", 413, "<html>", "permanent.invalid"),
    Row("3", 429, anthropic("rate_limit_error"), "rate_limited", "rate_limit_error",
        headers={"retry-after": "1"}, wait=(1, 1)),
    Row("3", 429, anthropic("rate_limit_error", code="enforced_spend_limit_reached"),
        "permanent.quota", "enforced_spend_limit_reached"),
    Row("3", 500, anthropic("api_error"), "transient", "api_error"),
    Row("3", 504, anthropic("timeout_error"), "transient", "timeout_error"),
    Row("3", 529, anthropic("overloaded_error"), "transient", "overloaded_error"),
    Row("3", 529, None, "transient"),
    Row("3 an error behind the status line", 200, anthropic("overloaded_error"), "transient",
        "overloaded_error"),
    Row("3 an error behind the status line", 200, anthropic("authentication_error"), "permanent.auth",
        "authentication_error"),
    *(Row(f"9 {stop}", 200, {"type": "message", "role": "assistant", "stop_reason": stop,
                             "content": [{"type": "text", "text": "Hello"}]}, "permanent.invalid")
      for stop in ("max_tokens", "refusal")),
    Row("3 the server asks not to be asked again", 529, anthropic("overloaded_error"), "transient",
        attempts=1, headers={"x-should-retry": "false"}),
]

TWILIO = shared("4", "dial") + [
    Row("4 was NOT processed: always safe to repeat", 429, twilio(20429), "rate_limited", "20429"),
    Row("4 a 429 of something in between promises nothing", 429, None, "ambiguous"),
    Row("4 a second call may be placed", 500, twilio(20500), "ambiguous", "20500"),
    Row("4 GET may be repeated", 500, twilio(20500), "transient", "20500", job="call_status"),
    Row("4 GET may be repeated", 500, twilio(20500), "transient", "20500", job="find_call"),
    *(Row("4 unknown outcome", status, None, "ambiguous") for status in (408, 502, 503, 504)),
    *(Row("4 GET", status, None, "transient", job="call_status") for status in (502, 503, 504)),
    Row("4 timeout", 0, None, "ambiguous", kind="no_reply"),
    Row("4 reset", 0, None, "ambiguous", kind="reset_after"),
    Row("4 reset, read or not", 0, None, "ambiguous", kind="reset_before"),
    Row("9 a 201 that is cut off: the call exists, its sid is not known", 201, None, "ambiguous",
        kind="half_reply"),
    Row("9 a 201 without a sid", 201, {"status": "queued"}, "ambiguous"),
    Row("9 a page instead of a 201", 200, None, "ambiguous", kind="wrong_type"),
    Row("4 GET, cut off", 200, None, "transient", kind="half_reply", job="call_status"),
    Row("4", 401, twilio(20003), "permanent.auth", "20003"),
    Row("4", 403, twilio(20403), "permanent.auth", "20403"),
    Row("4", 400, twilio(10001), "permanent.quota", "10001"),
    Row("4 the queue holds a day of calls", 400, twilio(22005), "permanent.quota", "22005"),
    Row("4", 400, twilio(21211), "permanent.invalid", "21211"),
    Row("4", 400, twilio(21214), "permanent.invalid", "21214"),
    Row("4", 400, twilio(21215, "Account not authorized to call +1"), "permanent.config", "21215",
        mark=False, words="not authorized to call"),
    Row("4", 400, twilio(21216), "permanent.invalid", "21216"),
    Row("4", 400, twilio(21210), "permanent.config", "21210"),
    Row("4", 400, twilio(21217), "permanent.invalid", "21217"),
    Row("4", 400, twilio(21208), "permanent.invalid", "21208"),
    Row("4 trial account: this number is not verified", 400, twilio(21219), "permanent.invalid",
        "21219"),
]

MARKS = {"permanent.auth", "permanent.quota", "permanent.config"}
RETRIED = {"transient", "rate_limited"}


class Replay(GatewayTest):
    # One retry, short waits, a breaker and a budget that stay out of the way: they have tests of their own.
    CONFIG = {"defaults": {
        "retry": {"initial_delay": "100ms", "max_retries": 1, "max_delay": "5s", "jitter": "20%",
                  "budget": {"min_retries": 1000}},
        "breaker": {"failure_threshold": 100}, "timeout": {"attempt": "2s"}},
        "gateway": {"chains": {"speech": ["elevenlabs"], "script": ["openai"]}}}

    number = 0

    def send(self, job, text):
        """Makes the call that a row is about; `text` tells its request from all others."""
        call = f"r{Replay.number}"
        Replay.number += 1
        params = {"speak": {"text": text}, "write": {"prompt": text},
                  "dial": {"to": "+12025550101", "twiml": f"<Response><Say>{text}</Say></Response>"},
                  "find_call": {"to": "+12025550101"}, "call_status": {"sid": self.sid}}[job]
        service = {"speak": "speech", "write": "script"}.get(job, "telephony")
        self.client.send(call, service, job, params)
        return self.client.wait(call)

    def replay(self, rows, provider, job):
        self.sid = "CA0"
        if provider == "twilio":
            self.sid = self.send("dial", "the call that is asked about")["result"]["sid"]
        for row in rows:
            with self.subTest(str(row)):
                self.replay_one(row, provider, row.job or job)

    def replay_one(self, row, provider, job):
        headers = dict(row.headers or {})
        if headers.get("Retry-After") == "DATE":
            headers["Retry-After"] = email.utils.formatdate(time.time() + 2.5, usegmt=True)
        fault = {"id": "row", "kind": row.kind, "match": {
            "provider": provider, "method": "GET" if job in ("find_call", "call_status") else "POST"}}
        if row.kind == "status":
            fault.update(status=row.status, body=row.body if row.body is not None else "",
                         headers=headers)
        self.set.faults(fault)
        reply = self.send(job, str(row))
        self.set.faults()
        mark = row.mark if row.mark is not None else row.expect in MARKS
        try:
            self.check(row, reply, mark)
        finally:
            if reply.get("mark_made"):
                self.set.cli("mark", "clear", provider, check=0)
            # What the row left behind is over when a plain call passes: a mark, a throttle.
            wait_for("a call that passes", lambda: self.send(job if job != "dial" else "find_call",
                                                             f"and now, {Replay.number}?")["ok"])

    def check(self, row, reply, mark):
        attempts = reply.get("attempts", [])
        retried = row.expect in RETRIED
        self.assertFalse(reply["ok"])
        self.assertEqual([a["class"] for a in attempts],
                         [row.expect] * (row.attempts or (2 if retried else 1)), reply)
        self.assertEqual(reply["class"], row.expect, reply)
        self.assertEqual(bool(reply.get("mark_made")), mark, reply)
        self.assertEqual(bool(reply.get("exhausted")), retried, reply)
        if row.code:
            self.assertEqual((reply["code"], attempts[0]["code"]), (row.code, row.code), reply)
        if row.words:
            self.assertIn(row.words, reply["message"])
        if row.kind == "status":
            self.assertEqual([a["status"] for a in attempts], [row.status] * len(attempts))
        if row.expect == "ambiguous":
            self.assertEqual(reply["sent"], "maybe")
        if mark and row.headers and "Retry-After" in row.headers and retried:
            self.assertAlmostEqual(reply["retry_at"] - time.time_ns(), 3600 * S, delta=60 * S)
        if len(attempts) == 2:
            least, most = row.wait or BACKOFF
            waited = attempts[1]["waited_ns"] / S
            self.assertGreaterEqual(round(waited, 3), least, reply)
            self.assertLessEqual(waited, most + 0.5, reply)
            gap = attempts[1]["began"] - attempts[0]["began"] - attempts[0]["took_ns"]
            self.assertGreaterEqual(gap / S, least - 0.02, "it was really waited for")


class FirstLinks(Replay):
    def test_elevenlabs(self):
        self.replay(ELEVENLABS, "elevenlabs", "speak")

    def test_openai(self):
        self.replay(OPENAI, "openai", "write")

    def test_twilio(self):
        self.replay(TWILIO, "twilio", "dial")
        # What was refused or is not known was sent once, what was limited twice: no row dialled blindly.
        self.assertEqual(sum(self.set.dials().values()), 1 + sum(
            row.kind in ("no_reply", "reset_after", "half_reply") and
            (row.job or "dial") == "dial" for row in TWILIO))


class SecondLinks(Replay):
    CONFIG = {**Replay.CONFIG, "gateway": {"chains": {"script": ["anthropic"]}}}

    def test_anthropic(self):
        self.replay(ANTHROPIC, "anthropic", "write")


class Unreached(GatewayTest):
    CONFIG = {**Replay.CONFIG, "providers": {"twilio": {"base_url": f"http://127.0.0.1:{free_port()}"}}}

    def test_a_dial_that_was_never_written_is_repeated_and_is_not_ambiguous(self):
        self.client.dial("d", "+12025550101")
        reply = self.client.wait("d")
        self.assertEqual([(a["class"], a["code"]) for a in reply["attempts"]],
                         [("transient", "connect")] * 2, reply)
        self.assertEqual((reply["class"], reply["sent"], reply["exhausted"]), ("transient", "no", True))


if __name__ == "__main__":
    unittest.main()
