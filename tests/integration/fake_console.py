"""A console without a set behind it: the page's files and the answers of services/console/openapi.yaml, out of memory.

For what a real set cannot be made to do at will: 5,000 events a second, a console that goes away in the middle of an
action, names that no list of contacts would load.
"""

import contextlib
import datetime
import http.server
import json
import pathlib
import threading
import time
import urllib.parse

PAGE = pathlib.Path(__file__).resolve().parents[2] / "services" / "console" / "page"
TOKEN = "a-token-of-the-test"
CSRF = "a-csrf-of-the-test"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")
ENDED = object()


def now_ns():
    return time.time_ns()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def fake(self):
        return self.server.fake

    def answer(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.close_connection = True  # or a kept one is answered after the end
        for name, value in {"Content-Type": content_type, "Content-Length": len(data), "Cache-Control": "no-store",
                            "Connection": "close",
                            "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(b"" if self.command == "HEAD" else data)

    def refuse(self, status, code, error):
        self.answer(status, {"error": error, "code": code})

    def signed_in(self):
        return "session=good" in (self.headers.get("Cookie") or "") and self.fake.session

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if not url.path.startswith("/api/"):
            return self.file(url.path)
        if not self.signed_in():
            return self.refuse(401, "unauthorized", "no session")
        parts = [urllib.parse.unquote(part) for part in url.path.split("/")[3:]]
        if parts == ["stream"]:
            return self.stream(query)
        if parts == ["session"]:
            return self.answer(200, self.fake.session)
        if parts == ["overview"]:
            return self.answer(200, self.fake.overview()) if self.fake.broker else \
                self.refuse(503, "unavailable", "the broker does not answer")
        if parts == ["events"]:
            return self.answer(200, self.fake.page(query))
        if parts[0] == "alerts":
            alert = self.fake.alerts.get(parts[1])
            return self.answer(200, alert) if alert else self.refuse(404, "not_found", f"there is no incident {parts[1]}")
        if parts[0] == "contacts":
            timeline = self.fake.timelines.get(parts[1])
            return self.answer(200, timeline) if timeline else \
                self.refuse(404, "not_found", f"the journal has no event of contact {parts[1]}")
        return self.refuse(404, "not_found", "there is nothing here")

    def file(self, path):
        file = PAGE / (path.lstrip("/") or "index.html")
        if file.parent != PAGE or not file.is_file():
            return self.refuse(404, "not_found", "there is no such file")
        if self.command == "GET" and self.fake.spoilt.get(file.name):
            return self.spoil(self.fake.spoilt[file.name].pop(), file)
        return self.answer(200, file.read_bytes(), TYPES[file.suffix])

    do_HEAD = do_GET

    def spoil(self, how, file):
        if how == "refused":
            return self.refuse(503, "unavailable", "not now")
        if how == "other version":
            return self.answer(200, b"", TYPES[file.suffix])
        if how == "half":
            return self.answer(200, file.read_bytes()[:99], TYPES[file.suffix], **{"Content-Length": file.stat().st_size})
        self.close_connection = True  # "dropped"
        return None

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size) or b"{}")
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if path == "/api/v1/session":
            if self.command == "POST" and body.get("token") != TOKEN:
                return self.refuse(401, "unauthorized", "this token is not known")
            self.fake.session = {"role": self.fake.role, "name": "ann", "csrf": CSRF}
            return self.answer(200, self.fake.session, **{"Set-Cookie": "session=good; HttpOnly; SameSite=Strict; Path=/"})
        if self.headers.get("X-CSRF-Token") != CSRF:
            return self.refuse(403, "csrf", "X-CSRF-Token is not that of the session")
        self.fake.actions.append((self.command, path, body))
        if self.fake.refusal:
            return self.refuse(*self.fake.refusal)
        return self.answer(200, {"state": "paused", "retried": 3, "asked": 0, "kept": 0, "id": "S1"})

    do_DELETE = do_POST

    def stream(self, query):
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Cache-Control": "no-store",
                            "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        after = int(self.headers.get("Last-Event-ID") or query.get("after") or self.fake.last)
        self.fake.resumed.append(after)
        with contextlib.suppress(OSError):
            self.send("snapshot", self.fake.values)
            self.follow(after)

    def send(self, kind, data, number=None):
        lines = f"event: {kind}\n" + (f"id: {number}\n" if number else "") + f"data: {json.dumps(data)}\n\n"
        self.wfile.write(lines.encode())

    def follow(self, after):
        fake, generation, told = self.fake, self.fake.generation, len(self.fake.changes)
        while True:
            with fake.news:
                fake.news.wait_for(lambda: fake.generation != generation or fake.last > after
                                   or len(fake.changes) > told)
                if fake.generation != generation:
                    return
                events = [event for event in fake.events[-20000:] if event["n"] > after]
                changes = fake.changes[told:]
                told += len(changes)
            for kind, data in changes:
                self.send(kind, data)
            for event in events:
                self.send("event", event, event["n"])
                after = event["n"]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class FakeConsole:
    """start() it, change what it tells by set(), publish() and its members, end it by stop()."""

    def __init__(self, port, role="operator"):
        self.port, self.role = port, role
        self.news = threading.Condition()
        self.server = None
        self.session = None
        self.broker = {"broker": "broker-1", "version": "0.1.0", "started": now_ns(), "workers": [], "queues": [],
                       "breakers": [], "journal": {"first": 1, "last": 1, "bytes": 4096}, "peers": [], "counters": {}}
        self.values = {"process": {}, "breaker": {}, "provider": {}, "mark": {}, "fallback": {}}
        self.campaigns, self.silences, self.timelines, self.alerts = [], [], {}, {}
        self.incidents, self.actions, self.resumed, self.changes, self.events = [], [], [], [], []
        self.refusal = None  # (status, code, error) of each action
        self.spoilt = {}  # a file's name: how its next answers are, the last of them first; Handler.spoil() has which
        self.generation = 0
        self.last = 0

    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.fake = self
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        """Nobody listens any more, and streams end."""
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        self.end_streams()

    def end_streams(self):
        with self.news:
            self.generation += 1
            self.news.notify_all()

    def set(self, key, value):
        area, name = key.split("/", 1)
        with self.news:
            if value is None:
                self.values[area].pop(name, None)
            else:
                self.values[area][name] = value
            self.changes.append(("state", {"key": key, "value": value}))
            self.news.notify_all()

    def metric(self, provider, **data):
        with self.news:
            self.changes.append(("metric", {"type": "metric.attempts", "subject": provider, "origin": "gateway-1",
                                            "data": data}))
            self.news.notify_all()

    def publish(self, *events):
        with self.news:
            for event in events:
                self.last += 1
                stamp = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
                full = {"ts": stamp, "severity": "info", "subject": "s", "type": "log.line", "n": self.last, **event}
                full["topic"] = f"{full['type']}/{full['subject']}"
                self.events.append(full)
            self.news.notify_all()

    def page(self, query):
        ranks = ["info", "warning", "error", "critical"]
        fit = [event for event in self.events
               if ranks.index(event["severity"]) >= ranks.index(query.get("severity", "info"))
               and all(event.get(key) == query[key] for key in ("service", "contact") if key in query)]
        return {"events": fit[-int(query.get("limit", 100)):], "next": self.last + 1, "last": self.last, "trimmed": 0}

    def overview(self):
        alerts = {"incidents": self.incidents, "waiting": [], "dead": [], "down": [], "more": False}
        return {"at": now_ns(), "place": str(self.last), "broker": self.broker, "campaigns": self.campaigns,
                "alerts": alerts, "silences": self.silences, **self.values}


def breaker(state="closed", **more):
    return {"state": state, "epoch": 1, "until": 0, "since": now_ns(), "cause": "none", "mode": "enforce", "force": "none",
            "decided": state, **more}


def campaign(name, state="running", **more):
    return {"name": name, "state": state, "finished": False, "priority": 0, "created": now_ns(), "total": 100, "new": 40,
            "running": 8, "waiting": 0, "done": 47, "set_aside": 5, "outcomes": {"completed": 40, "busy": 7},
            "reasons": {"retries_exhausted": 5}, "waits": [], "waiting_for": "", "per_minute": 12.5, "left_s": 240, **more}


def incident(name, title, **more):
    return {"id": "01M8JSGFCE06PQAQXMFNT4F85G", "incident": name, "rule": "breaker", "phase": "open", "severity": "error",
            "subject": "elevenlabs", "service": "elevenlabs", "campaign": "", "title": title, "opened": now_ns(),
            "resolved": 0, "events": 1, "acked": 0, "acked_by": "", "acked_why": "", **more}
