"""Certificates, and the program that tries one channel, for tests against real servers."""
import json
import subprocess

from harness import PROGRAMS


def make_certificate(folder, name, subject="127.0.0.1", days=30):
    """A self-signed one, (certificate, key); the former is also what trusts it."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = "IP" if subject[0].isdigit() else "DNS"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", str(days), "-subj", f"/CN={subject}", "-addext", f"subjectAltName={kind}:{subject}"],
                   check=True, capture_output=True)
    return certificate, key


def probe(**order):
    """The report of trying a channel with these settings."""
    order = {"timeout_ms": 15000, "from": "Ringfence <ringfence@example.org>", "to": "ops@example.org",
             **{key: str(value) if hasattr(value, "parts") else value for key, value in order.items()}}
    result = subprocess.run([PROGRAMS / "alert_probe"], input=json.dumps(order).encode(), capture_output=True,
                            timeout=120, check=False)
    if result.returncode != 0:
        raise AssertionError(f"alert_probe ended with {result.returncode}: {result.stderr.decode()[-3000:]}")
    return json.loads(result.stdout)


def steps(report):
    """Each step's name, a failed one with an exclamation mark."""
    return [step["step"] + ("" if step["ok"] else "!") for step in report["steps"]]


def detail(report, name):
    return next(step["detail"] for step in report["steps"] if step["step"] == name)
