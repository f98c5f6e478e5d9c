"""A collector that takes OTLP/HTTP logs and traces in JSON, written from opentelemetry-proto's logs.proto and
trace.proto alone, and checks each request strictly: no unknown member, each of its type."""

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


def hex_id(value, digits, what):
    need(re.fullmatch(f"[0-9a-f]{{{digits}}}", text(value, what)) and int(value, 16), f"{what}: {value!r}")
    return value


def unsigned64(value, what):
    need(0 <= int(text(value, what)) < 2**64 and value.isdecimal(), f"{what} is no fixed64: {value!r}")
    return int(value)


def span_status(value):
    members(value, ("code", "message"), "status")
    need(value.get("code", 0) in (0, 1, 2) and not isinstance(value.get("code"), (bool, str)), "status.code")
    return value.get("code", 0), text(value.get("message", ""), "status.message")


def span(value):
    members(value, ("traceId", "spanId", "traceState", "parentSpanId", "flags", "name", "kind", "startTimeUnixNano",
                    "endTimeUnixNano", "attributes", "droppedAttributesCount", "events", "droppedEventsCount", "links",
                    "droppedLinksCount", "status"), "span")
    need(isinstance(value["kind"], int) and 0 <= value["kind"] <= 5, "kind")
    out = {"trace": hex_id(value["traceId"], 32, "traceId"), "id": hex_id(value["spanId"], 16, "spanId"),
           "parent": hex_id(value["parentSpanId"], 16, "parentSpanId") if "parentSpanId" in value else None,
           "name": text(value["name"], "name"), "kind": value["kind"],
           "began": unsigned64(value["startTimeUnixNano"], "startTimeUnixNano"),
           "ended": unsigned64(value["endTimeUnixNano"], "endTimeUnixNano"),
           "status": span_status(value.get("status", {})), "attributes": key_values(value["attributes"], "attributes")}
    need(out["name"] and out["began"] <= out["ended"], f"span {out}")
    return out


SIGNALS = {"/v1/logs": ("resourceLogs", "scopeLogs", "logRecords", record),
           "/v1/traces": ("resourceSpans", "scopeSpans", "spans", span)}


def read(path, body):
    """The records or spans of a request, each with its resource's attributes."""
    need(path in SIGNALS, path)
    resources, scopes, items, read_item = SIGNALS[path]
    members(body, (resources,), "request")
    out = []
    for resource in body[resources]:
        members(resource, ("resource", scopes, "schemaUrl"), resources)
        members(resource["resource"], ("attributes", "droppedAttributesCount"), "resource")
        attributes = key_values(resource["resource"]["attributes"], "resource")
        for scope in resource[scopes]:
            members(scope, ("scope", items, "schemaUrl"), scopes)
            members(scope["scope"], ("name", "version", "attributes"), "scope")
            text(scope["scope"]["name"], "scope.name")
            need(scope[items], f"no {items}")
            out += [{**read_item(item), "resource": attributes} for item in scope[items]]
    return out


class Collector:
    """Listens on a free port, for records or for spans. `answer(records)`: status, headers and body of the next answer; None: it is taken."""

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
            need(request.headers["Content-Type"] == "application/json", "Content-Type")
            records = read(request.path, json.loads(body))
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
