"""A collector that takes OTLP/HTTP logs in JSON, written from opentelemetry-proto's logs.proto alone, and checks
each request strictly: no unknown member, each of its type."""

import http.server
import json
import re
import threading

INTEGER = re.compile(r"-?[0-9]{1,20}")


class Malformed(Exception):
    """What is wrong with a request."""


def need(condition, what):
    if not condition:
        raise Malformed(what)


def members(value, known, what):
    need(isinstance(value, dict), f"{what} is no object")
    need(set(value) <= set(known), f"{what} has {sorted(set(value) - set(known))}")


def text(value, what):
    need(isinstance(value, str), f"{what} is no text: {value!r}")
    return value


def integer64(value, what):
    need(INTEGER.fullmatch(text(value, what)), f"{what} is no 64-bit integer: {value!r}")
    need(-2**63 <= int(value) < 2**64, what)
    return int(value)


def any_value(value, what):
    members(value, ("stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue"), what)
    need(len(value) <= 1, f"{what} has several values")
    for kind, inner in value.items():
        if kind == "stringValue":
            return text(inner, what)
        if kind == "boolValue":
            need(isinstance(inner, bool), what)
        elif kind == "intValue":
            return integer64(inner, what)
        elif kind == "doubleValue":
            need(isinstance(inner, (int, float)) and not isinstance(inner, bool), what)
        elif kind == "arrayValue":
            members(inner, ("values",), what)
            return [any_value(item, what) for item in inner["values"]]
        else:
            members(inner, ("values",), what)
            return key_values(inner["values"], what)
        return inner
    return None


def key_values(pairs, what):
    need(isinstance(pairs, list), f"{what} is no list")
    out = {}
    for pair in pairs:
        members(pair, ("key", "value"), what)
        need(text(pair["key"], what) and pair["key"] not in out, f"{what}: key {pair['key']!r}")
        out[pair["key"]] = any_value(pair["value"], f"{what}.{pair['key']}")
    return out


def record(value):
    members(value, ("timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes",
                    "droppedAttributesCount", "flags", "traceId", "spanId", "eventName"), "logRecord")
    severity = value["severityNumber"]
    need(isinstance(severity, int) and 1 <= severity <= 24, "severityNumber")
    if "traceId" in value:
        need(re.fullmatch("[0-9a-f]{32}", value["traceId"]) and int(value["traceId"], 16), "traceId")
    return {"time": integer64(value["timeUnixNano"], "timeUnixNano"),
            "observed": integer64(value["observedTimeUnixNano"], "observedTimeUnixNano"),
            "severity": (severity, text(value["severityText"], "severityText")),
            "body": any_value(value["body"], "body"), "event": text(value["eventName"], "eventName"),
            "trace": value.get("traceId"), "attributes": key_values(value["attributes"], "attributes")}


def read(body):
    """The records of a request, each with its resource's attributes."""
    members(body, ("resourceLogs",), "request")
    out = []
    for resource_logs in body["resourceLogs"]:
        members(resource_logs, ("resource", "scopeLogs", "schemaUrl"), "resourceLogs")
        members(resource_logs["resource"], ("attributes", "droppedAttributesCount"), "resource")
        resource = key_values(resource_logs["resource"]["attributes"], "resource")
        for scope_logs in resource_logs["scopeLogs"]:
            members(scope_logs, ("scope", "logRecords", "schemaUrl"), "scopeLogs")
            members(scope_logs["scope"], ("name", "version", "attributes"), "scope")
            text(scope_logs["scope"]["name"], "scope.name")
            need(scope_logs["logRecords"], "no logRecords")
            out += [{**record(item), "resource": resource} for item in scope_logs["logRecords"]]
    return out


class Collector:
    """Listens on a free port. `answer(records)`: status, headers and body of the next answer; None: it is taken."""

    def __init__(self):
        self.records, self.batches, self.headers, self.problems = [], [], [], []
        self.answer = lambda records: None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # whoever sent it was killed
                    self.close_connection = True
                    return
                status, headers, reply = outer.take(self, body)
                data = json.dumps(reply).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request, body):
        try:
            need(request.path == "/v1/logs", request.path)
            need(request.headers["Content-Type"] == "application/json", "Content-Type")
            records = read(json.loads(body))
        except (Malformed, ValueError, KeyError, TypeError) as problem:
            self.problems.append(repr(problem))
            return 400, {}, {"code": 3, "message": repr(problem)}
        self.batches.append(len(records))
        self.headers.append(dict(request.headers))
        answer = self.answer(records)
        if answer is not None and answer[0] != 200:
            return answer
        self.records += records
        return answer if answer is not None else (200, {}, {})

    def close(self):
        self.server.shutdown()
        self.server.server_close()
