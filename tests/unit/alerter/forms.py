"""Alerts, harmless and hostile, and the program that gives them their forms."""
import json
import subprocess
import sys

SECOND = 10**9
NOW = 1763981280 * SECOND
PROGRAM = sys.argv.pop(1)

# What a contact list, a provider's answer or a caller could put into any text.
HOSTILE = [
    "x\r\nBcc: victim@example.org", "x\nBcc: victim@example.org\n\nbody", "\r\n.\r\nQUIT\r\n", ".", "..\n.\n",
    "=?UTF-8?B?Qg==?=", "--=_01JDF\nContent-Type: text/html\n\n<b>", "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>", "\"'><a href='http://evil.example'>x</a>", "&lt;b&gt;&amp;",
    "*bold* _it_ [x](http://evil.example) `code` ||spoiler|| ~s~ >q #h +l -l =e |p {b} .d !e \\", "```\ncode\n```",
    "\\", "\\\\*", "<!channel> <!here> <@U123> <#C123|x> <https://evil.example|click>", "@everyone @here <@1> <@&1>",
    "{{title}} {{{text}}} {{#facts}}", "\",\"injected\":\"1", "\u202egnihtemos\u202c", "\u00e4\U0001f525\u20ac" * 50,
    "x" * 5000, "\t\x01\x1b[31mred\x7f", "=cmd()", "%s%n", "\u2028\u2029\u0085", "",
    "x\rBcc: victim@example.org", "x\u0085Bcc: v@example.org\u2028To: v@example.org\u2029", "\t=1+1", "+cmd|' /C x'!A0",
    "-2+3", "@SUM(1,1)", "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07", "\u009b31mred", "n" * 10_000,
    "\u2066\u202d\u200f", "=?utf-8?q?=0D=0ABcc:_victim@example.org?=", "\U0001f600" * 3,
]


def alert(**changes):
    base = {"id": "01JDF", "thread": "01JDF", "kind": "opened", "n": 7, "at": NOW, "opened": NOW, "severity": "error",
            "type": "provider.down", "subject": "twilio", "incident": "provider/twilio",
            "title": "Provider twilio is down",
            "text": "twilio is down: HTTP 503\n\nSeverity:   error\nWhen:       2025-11-24 10:48:00 UTC\n"
                    "Provider:   twilio\nAttempts:   1. twilio, HTTP 503\n            2. twilio, HTTP 503\n"
                    "What to do: Look at the status page.\n",
            "payload": json.dumps({"type": "provider.down", "timestamp": "2025-11-24T10:48:00Z",
                                   "data": {"id": "01JDF", "n": 7, "title": "Provider twilio is down"}})}
    return {**base, **changes}


def forms(orders):
    """The answers to the orders, each of which has the defaults below."""
    base = {"channel": "email", "from": "Ringfence <ringfence@example.org>", "to": "ops@example.org", "now": NOW}
    lines = "".join(json.dumps({**base, **order}) + "\n" for order in orders)
    result = subprocess.run([PROGRAM], input=lines.encode(), capture_output=True, timeout=120, check=False)
    if result.returncode != 0:
        raise AssertionError(f"alert_form ended with {result.returncode}: {result.stderr.decode()[-4000:]}")
    # Not splitlines(): the texts hold U+2028 and the like.
    answers = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
    assert len(answers) == len(orders), (len(answers), len(orders))
    return answers


def form(**order):
    answer = forms([order])[0]
    assert "error" not in answer, answer
    return answer["form"]
