"""The console's HTTP interface over real sockets, held against its description (services/console/openapi.yaml)."""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import stat
import subprocess
import time
import unittest

import jsonschema
import yaml

from harness import BIN, SOURCE, RingfenceTest, people, wait_for
from json_shapes import closed, merged

API = yaml.safe_load((SOURCE / "services" / "console" / "openapi.yaml").read_text())
# A member that the description does not name is a mistake here, while clients skip it.
STRICT = closed(merged(API, API))

VIEWER = "viewer-token-for-the-tests"
OPERATOR = "operator-token-for-the-tests"


# The file says that these may come for any path.
EVERYWHERE = {400, 401, 403, 404, 405, 413, 415, 421, 429, 503}


def problem_of(method, path, status, answer):
    """What is wrong with an answer by the interface's description; None: nothing."""
    path = path.split("?")[0]
    described = {}
    for template, methods in API["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            described = methods.get(method.lower(), {}).get("responses", {})
    reply = described.get(str(status))
    if reply is None:
        if status not in EVERYWHERE:
            return f"{status} is not described for {method} {path}"
        reply = API["components"]["responses"]["error"]
    if "$ref" in reply:
        reply = API["components"]["responses"][reply["$ref"].rsplit("/", 1)[1]]
    if "content" not in reply:
        return None if answer in (b"", "") else f"{status} of {path} has a body"
    schema = closed(merged(reply["content"].get("application/json", {}).get("schema"), API))
    if schema is None:
        return None
    resolver = jsonschema.RefResolver("", STRICT)
    errors = list(jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(answer))
    return None if not errors else f"{method} {path} {status}: {errors[0].message[:300]} at {list(errors[0].absolute_path)}"


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
                self.assertIsNone(problem_of(method, path, response.status, text))
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
        for path in ("/api/v1/session", "/api/v1/overview", "/api/v1/campaigns", "/api/v1/events", "/api/v1/stream",
                     "/api/v1/alerts", "/api/v1/alerts/x", "/api/v1/silences", "/api/v1/contacts/c-2/timeline"):
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
        # Who has copied the cookie is out as well, and stays so.
        another = self.login(VIEWER)
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=session)[0], 401)
        self.set.processes["console"].kill()
        self.set.start("console")
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=session)[0], 401)
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=another)[0], 200)
        self.assertEqual(self.ask("GET", "/api/v1/session", token=OPERATOR)[2], {"role": "operator", "name": "otto"})

    def test_a_session_outlives_the_console_but_not_its_token(self):
        session = self.login(VIEWER)
        self.set.processes["console"].kill()
        self.set.start("console")
        self.assertEqual(self.ask("GET", "/api/v1/session", headers=session)[0], 200)
        vera, otto = self.set.config["console"]["tokens"]
        self.set.config["console"]["tokens"] = [vera | {"token": VIEWER + "-new"}, otto]
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


class BehindProxies(ConsoleApiTest):
    def guess(self, *forwarded):
        """The status of a wrong token; one line of X-Forwarded-For for each text."""
        lines = "".join(f"X-Forwarded-For: {text}\r\n" for text in forwarded)
        head = f"GET /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{lines}"
        return int(self.raw(f"{head}Authorization: Bearer {'wrong' * 6}\r\n\r\n".encode()).split()[1])

    def test_a_trusted_server_says_who_guesses_and_nobody_else_does(self):
        self.set.config["console"]["proxies"] = ["127.0.0.1", "10.0.0.9"]
        self.set.write_config()
        console = self.set.start("console")
        # What the visitor writes himself, as one line or as another, does not help him.
        for i in range(10):
            self.assertEqual(self.guess(f"198.51.100.{i}, 203.0.113.7"), 401)
        self.assertEqual(self.guess("198.51.100.99, 203.0.113.7"), 429)
        self.assertEqual(self.guess("198.51.100.99", "203.0.113.7, 10.0.0.9"), 429)
        self.assertEqual(self.guess("203.0.113.8"), 401)
        self.assertEqual(self.ask("GET", "/api/v1/session", token=VIEWER)[0], 200)
        # Where nobody is trusted, all that comes over this address is one visitor's.
        self.set.config["console"]["proxies"] = []
        self.set.write_config()
        console.reload()
        for i in range(10):
            self.guess(f"203.0.113.{i}")
        self.assertEqual(self.guess("203.0.113.200"), 429)


class Https(ConsoleApiTest):
    def test_by_https_the_cookie_is_for_https_alone(self):
        certs = self.set.root / "certs"
        subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True, capture_output=True)
        self.set.config["console"].update(cert_file=str(certs / "server.pem"), key_file=str(certs / "server.key"))
        self.set.write_config()
        self.set.start("console")
        context = ssl.create_default_context(cafile=certs / "ca.pem")
        connection = http.client.HTTPSConnection("localhost", self.set.ports["console"], timeout=30, context=context)
        connection.request("POST", "/api/v1/session", json.dumps({"token": VIEWER}),
                           {"Content-Type": "application/json", "Origin": f"https://localhost:{self.set.ports['console']}"})
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        self.assertTrue(response.headers["Set-Cookie"].endswith("; Secure"))
        connection.close()
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.ask("GET", "/healthz")


# What is measured anew from one moment to the next.
FIGURES = ("rss_bytes", "lag_ns", "queues", "availability", "latency", "forecast")


def without_figures(entries):
    return {name: {key: value for key, value in entry.items() if key not in FIGURES}
            for name, entry in entries.items()}


class Answers(ConsoleApiTest):
    CONFIG = ConsoleApiTest.CONFIG | {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "60s"},
                                                   "retry": {"max_retries": 2}}}

    def get(self, path, status=200, token=VIEWER):
        told = self.ask("GET", path, token=token)
        self.assertEqual(told[0], status, told[2])
        return told[2]

    def act(self, method, path, body, status=200, token=OPERATOR):
        told = self.ask(method, path, body, token=token)
        self.assertEqual(told[0], status, told[2])
        return told[2]

    def as_command(self, *arguments):
        return json.loads(self.set.cli(*arguments, "--json", check=0).stdout)

    def outage(self):
        """A set with a campaign that is done, and one that stands before an open circuit breaker."""
        self.set.start_all()
        self.run_campaign(people(1))
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        campaign = self.set.campaign(people(4, 10), name="d")
        wait_for("the breaker to open", lambda: self.set.events(type="breaker.opened"))
        self.set.cli("campaign", "pause", "d", check=0)
        campaign.kill()
        campaign.wait()
        wait_for("the provider to be down", lambda: self.set.events(type="provider.down"))
        wait_for("the alerts", lambda: self.as_command("alert", "list")["incidents"])
        wait_for("all to be there", lambda: self.ask("GET", "/readyz")[0] == 200)

    def test_what_is_told_is_what_the_command_line_tells(self):
        self.outage()
        overview, status = self.get("/api/v1/overview"), self.as_command("status")
        for area in ("process", "breaker", "provider", "mark", "fallback"):
            self.assertEqual(without_figures(overview[area]), without_figures(status[area]), area)
        self.assertTrue(all("rss_bytes" in entry for entry in overview["process"].values()), overview["process"])
        self.assertEqual({b["service"]: b["state"] for b in overview["broker"]["breakers"]}["elevenlabs"], "open")
        self.assertEqual({w["instance"] for w in overview["broker"]["workers"]},
                         {w["instance"] for w in status["broker"]["workers"]})
        self.assertEqual(self.get("/api/v1/campaigns"), self.as_command("campaign", "status"))
        self.assertEqual(overview["campaigns"], self.get("/api/v1/campaigns")["campaigns"])
        self.assertEqual(self.get("/api/v1/alerts"), self.as_command("alert", "list"))
        self.assertEqual(len(self.get("/api/v1/alerts?limit=1")["incidents"]), 1)
        incident = overview["alerts"]["incidents"][0]["id"]
        self.assertEqual(self.get(f"/api/v1/alerts/{incident}"), self.as_command("alert", "show", incident))
        trace = self.get("/api/v1/contacts/c-2/timeline")["contacts"]
        told = [line["event"].pop("text") for line in trace[0]["timeline"] if "event" in line]
        self.assertTrue(all(told) and len(told) > 3, told)  # sentences, which the command line does without here
        self.assertEqual(trace, [self.as_command("trace", "c-2")])
        by_number = self.get("/api/v1/contacts/" + people(1)[0][0].replace("+", "%2B") + "/timeline")
        self.assertEqual(by_number["contacts"][0]["contact"], "c-2")
        self.get("/api/v1/contacts/nobody/timeline", status=404)
        self.get("/api/v1/alerts/nothing", status=404)

    def test_events_come_by_pages_and_filters(self):
        self.outage()
        every, place = [], 1
        while True:
            page = self.get(f"/api/v1/events?from={place}&limit=7")
            every += page["events"]
            place = page["next"]
            if place > page["last"]:
                break
        self.assertEqual([e["n"] for e in every], list(range(1, len(every) + 1)))
        journal = {e["id"]: e for e in self.set.events()}
        for event in every:
            if event["id"] in journal:
                self.assertEqual(event["data"], journal[event["id"]]["data"])
        newest = self.get("/api/v1/events?limit=5")
        last = newest["last"]  # some may have come since
        self.assertGreaterEqual(last, every[-1]["n"])
        self.assertEqual([e["n"] for e in newest["events"]], list(range(last - 4, last + 1)))
        ids = {e["n"]: e["id"] for e in every}
        self.assertEqual({e["n"]: ids.get(e["n"], e["id"]) for e in newest["events"]},
                         {e["n"]: e["id"] for e in newest["events"]})
        opened = self.get("/api/v1/events?type=breaker.,provider.down&severity=error")["events"]
        self.assertEqual({e["type"] for e in opened}, {"breaker.opened", "provider.down"})
        self.assertTrue(all(e["text"] for e in opened))
        self.assertEqual({e["contact"] for e in self.get("/api/v1/events?contact=c-2")["events"]}, {"c-2"})
        self.assertEqual({e["campaign"] for e in self.get("/api/v1/events?campaign=d&limit=2")["events"]}, {"d"})
        beyond = self.get("/api/v1/events?from=99999")
        # As the pages tell it: what is on its way to the disk may have been heard of before.
        self.assertGreaterEqual(beyond.pop("last"), every[-1]["n"])
        self.assertEqual(beyond, {"events": [], "next": 99999, "trimmed": 0})
        for bad in ("limit=0", "limit=1001", "limit=x", "from=-1", "severity=loud", "type=,", "type=" + "a" * 300,
                    "type=" + ",".join("abcdefghijklmnopq"), "limit=1e3", "from=99999999999999999999"):
            self.get(f"/api/v1/events?{bad}", status=400)

    def test_an_operator_acts_and_the_events_say_who_and_why(self):
        self.outage()
        self.assertEqual(self.act("POST", "/api/v1/campaigns/d/resume", {"why": "enough"})["was"], "paused")
        self.assertEqual(self.act("POST", "/api/v1/campaigns/d/pause", {"why": "wait"})["state"], "paused")
        self.assertEqual(self.act("POST", "/api/v1/campaigns/d/retry", {})["retried"], 0)
        forced = self.act("POST", "/api/v1/breakers/openai/force-open", {"for": "10m", "why": "a trial"})
        self.assertEqual((forced["who"], forced["why"], forced["action"]), ("otto", "a trial", "force_open"))
        self.act("POST", "/api/v1/breakers/openai/reset", {"why": "over"})
        self.act("POST", "/api/v1/breakers/openai/force-closed", {"why": "no"})
        incident = self.get("/api/v1/alerts")["incidents"][0]["id"]
        self.act("POST", f"/api/v1/alerts/{incident}/ack", {"why": "I look"})
        wait_for("the acknowledgement", lambda: {i["id"]: i for i in self.get("/api/v1/alerts")["incidents"]}
                 [incident]["acked_by"] == "otto")
        silence = self.act("POST", "/api/v1/silences", {"match": {"incident": "breaker/*"}, "for": "1h", "why": "known"})
        wait_for("the silence", lambda: self.get("/api/v1/silences") == [silence])
        self.assertEqual(self.as_command("alert", "silences"), [silence])
        ended = self.act("DELETE", f"/api/v1/silences/{silence['id']}", {"why": "mended"})
        self.assertEqual(ended["value"]["ended_by"], "otto")
        wait_for("its end", lambda: self.get("/api/v1/silences") == [])
        self.act("DELETE", f"/api/v1/silences/{silence['id']}", {}, status=404)
        wanted = [("campaign.ordered", "enough"), ("campaign.ordered", "wait"), ("breaker.forced", "a trial"), ("breaker.reset", "over"), ("breaker.forced", "no"),
                  ("alert.acknowledged", "I look"), ("alert.silenced", "known"), ("alert.unsilenced", "mended")]
        told = wait_for("the events", lambda: (e := self.get("/api/v1/events?type=breaker.forced,breaker.reset,alert."
                                                             "acknowledged,alert.silenced,alert.unsilenced,campaign."
                                                             "ordered")["events"])
                        and (e := [each for each in e if "why" in each["data"]]) and len(e) == len(wanted) and e)
        self.assertEqual(sorted((e["type"], e["data"]["why"]) for e in told), sorted(wanted))
        self.assertEqual({e["data"]["who"] for e in told}, {"otto"})

    def test_a_viewer_acts_by_no_means_and_a_session_only_with_its_csrf_token(self):
        self.outage()
        actions = (("POST", "/api/v1/campaigns/d/resume", {}), ("POST", "/api/v1/campaigns/d/retry", {}),
                   ("POST", "/api/v1/campaigns/d/pause", {}), ("POST", "/api/v1/breakers/openai/reset", {"why": "x"}),
                   ("POST", "/api/v1/breakers/openai/force-open", {"why": "x"}),
                   ("POST", "/api/v1/breakers/openai/force-closed", {"why": "x"}), ("POST", "/api/v1/alerts/x/ack", {}),
                   ("POST", "/api/v1/silences", {"match": {"rule": "*"}, "for": "1h", "why": "x"}),
                   ("DELETE", "/api/v1/silences/x", {}))
        session = self.login(OPERATOR)
        for method, path, body in actions:
            self.act(method, path, body, status=403, token=VIEWER)
            self.assertEqual(self.ask(method, path, body)[0], 401)
            for forged in ({"Cookie": session["Cookie"]}, {**session, "X-CSRF-Token": "0" * 64},
                           {**session, "Origin": "http://127.0.0.1:1"}, {**session, "Sec-Fetch-Site": "same-site"}):
                self.assertEqual(self.ask(method, path, body, forged)[0], 403, path)
        self.assertEqual(self.get("/api/v1/campaigns")["campaigns"][1]["state"], "paused")
        self.assertEqual(self.get("/api/v1/events?type=breaker.forced,breaker.reset,alert.silenced")["events"], [])
        self.assertEqual(self.ask("POST", "/api/v1/campaigns/d/resume", {}, session)[0], 200)

    def test_orders_that_cannot_be_are_told_why(self):
        self.outage()
        for path, body, status in (
                ("campaigns/none/pause", {}, 404), ("campaigns/c/pause", {}, 409), ("campaigns/d/pause", {"for": "1h"}, 400),
                ("campaigns/d/retry", {"reason": "nonsense"}, 400), ("campaigns/d/retry", {"contact": 3}, 400),
                ("campaigns/none/retry", {}, 404), ("campaigns/d/pause", {"why": ""}, 400),
                ("campaigns/d/pause", {"why": 3}, 400), ("campaigns/d/pause", {"why": "x" * 501}, 400),
                ("breakers/none/reset", {"why": "x"}, 404), ("breakers/openai/reset", {}, 400),
                ("breakers/openai/reset", {"why": "x", "for": "1h"}, 400),
                ("breakers/openai/force-open", {"why": "x", "for": "10"}, 400),
                ("breakers/openai/force-open", {"why": "x", "for": 10}, 400),
                ("breakers/openai/force-open", {"why": "x", "for": "32d"}, 400), ("alerts/nothing/ack", {}, 404),
                ("silences", {"match": {}, "for": "1h", "why": "x"}, 400),
                ("silences", {"match": {"colour": "*"}, "for": "1h", "why": "x"}, 400),
                ("silences", {"match": {"severity": "loud"}, "for": "1h", "why": "x"}, 400),
                ("silences", {"match": {"rule": 3}, "for": "1h", "why": "x"}, 400),
                ("silences", {"match": {"rule": "*"}, "why": "x"}, 400),
                ("silences", {"match": {"rule": "*"}, "for": "1h"}, 400)):
            told = self.act("POST", f"/api/v1/{path}", body, status=status)
            self.assertTrue(told["error"], path)

    def test_without_the_others_it_says_so(self):
        self.set.start("simulator")
        self.set.start("broker")
        self.set.start("console")
        wait_for("the broker to be known", lambda: self.ask("GET", "/readyz")[0] == 200)
        overview = self.get("/api/v1/overview")
        self.assertEqual((overview["campaigns"], overview["alerts"]), (None, None))
        self.assertIn("is ringfence-orchestrator running?", self.get("/api/v1/campaigns", status=503)["error"])
        self.assertIn("is ringfence-alerter running?", self.get("/api/v1/alerts", status=503)["error"])
        self.set.processes["broker"].kill()
        wait_for("it to be missed", lambda: self.ask("GET", "/readyz")[0] == 503)
        self.get("/api/v1/events", status=503)
        began = time.monotonic()
        overview = self.get("/api/v1/overview")
        self.assertEqual((overview["broker"], overview["campaigns"], overview["alerts"]), (None, None, None))
        self.assertLess(time.monotonic() - began, 3)  # nobody is waited for who cannot answer


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
