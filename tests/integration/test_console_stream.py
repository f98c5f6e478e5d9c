"""Server-sent events: nothing is missed or doubled, whoever is killed in between, and however slow a reader is."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import time
import unittest

from harness import people, wait_for
from publisher import Publisher
from test_console_api import OPERATOR, VIEWER, ConsoleApiTest

CROWD = int(os.environ.get("RF_STREAMS", "100"))


class Reader:
    """One reader, as a browser would be: it notes the last id, and shows it when it comes back."""

    def __init__(self, port, query="", last_id=None, token=VIEWER):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        head = f"GET /api/v1/stream{query} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        if last_id is not None:
            head += f"Last-Event-ID: {last_id}\r\n"
        self.socket.sendall(head.encode() + b"\r\n")
        self.last_id, self.buffer, self.open = last_id, b"", True
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(65536)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def next(self):
        """(kind, data) of the next event that has data; None: the stream is over."""
        while True:
            while b"\n\n" not in self.buffer:
                piece = b""
                with contextlib.suppress(ConnectionResetError):
                    piece = self.socket.recv(1 << 20)
                if not piece:
                    self.open = False
                    return None
                self.buffer += piece
            block, self.buffer = self.buffer.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if not line.startswith(":"))
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                return fields["event"], json.loads(fields["data"])

    def until(self, condition):
        """All (kind, data) up to the first for which it holds, with it."""
        told = []
        while not told or not condition(*told[-1]):
            told.append(self.next())
            assert told[-1] is not None, "the stream ended"
        return told

    def close(self):
        self.socket.close()


def is_event(type_, **data):
    return lambda kind, told: kind == "event" and told["type"] == type_ and \
        all(told.get("data", {}).get(key) == value for key, value in data.items())


class Streams(ConsoleApiTest):
    CONFIG = ConsoleApiTest.CONFIG | {"defaults": {"breaker": {"failure_threshold": 3, "recovery_timeout": "60s"},
                                                   "retry": {"max_retries": 2}}}

    def setUp(self):
        super().setUp()
        self.readers, self.publishers = [], []
        self.set.start("simulator")
        self.set.start("broker")
        # A sanitizer holds back what was freed, to see who still uses it: little of it here, where memory counts.
        self.set.start("console", environment={"ASAN_OPTIONS":
                                               f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=4"})
        self.wait_ready()

    def tearDown(self):
        for each in self.readers + self.publishers:
            each.close()
        super().tearDown()

    def wait_ready(self):
        def ready():
            with contextlib.suppress(OSError):
                return self.ask("GET", "/readyz")[0] == 200
        wait_for("the console to have all", ready)

    def reader(self, **how):
        self.readers.append(Reader(self.set.ports["console"], **how))
        return self.readers[-1]

    def publisher(self):
        self.publishers.append(Publisher(self.set.root / "run"))
        return self.publishers[-1]

    def numbered(self, publisher, count, first=0, size=0):
        """Publishes that many events with ascending numbers."""
        for begin in range(first, first + count, 200):
            publisher.publish(*({"type": "test.numbered", "subject": "s", "data": {"number": i, "fill": "x" * size}}
                                for i in range(begin, min(begin + 200, first + count))))

    def numbers(self, told):
        return [data["data"]["number"] for kind, data in told if kind == "event" and data["type"] == "test.numbered"]

    def memory(self):
        """MiB that the console holds."""
        pid = self.set.processes["console"].popen.pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def test_a_breaker_that_opens_is_told_at_once(self):
        for service in ("service-gateway", "orchestrator"):
            self.set.start(service)
        reader = self.reader()
        kind, snapshot = reader.next()
        self.assertEqual((kind, set(snapshot)),
                         ("snapshot", {"process", "breaker", "provider", "mark", "fallback", "silence"}))
        self.assertEqual(snapshot["breaker"]["elevenlabs"]["state"], "closed")
        self.set.faults({"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503})
        campaign = self.set.campaign(people(4))
        state = reader.until(lambda kind, data: kind == "state" and data["key"] == "breaker/elevenlabs" and
                             data["value"]["state"] == "open")[-1][1]
        self.assertLess(time.time() - state["value"]["since"] / 1e9, 1)
        self.ask("POST", "/api/v1/breakers/elevenlabs/reset", {"why": "test"}, token=OPERATOR)
        reader.until(is_event("breaker.reset", who="otto", why="test"))
        campaign.kill()
        campaign.wait()

    def test_who_comes_back_misses_and_doubles_nothing_whoever_was_killed(self):
        publisher, told = self.publisher(), []
        reader = self.reader(query="?type=test.")
        self.assertEqual(reader.next()[0], "snapshot")
        for round_, killed in enumerate((None, "console", "broker", "console")):
            first = round_ * 300
            self.numbered(publisher, 100, first)
            told += reader.until(is_event("test.numbered", number=first + 50))
            reader.close()  # in the middle of what was sent to it
            if killed == "broker":
                publisher.close()
            if killed is not None:
                self.set.processes[killed].kill()
                self.set.start(killed)
                self.wait_ready()
            if killed == "broker":
                publisher = self.publisher()
            self.numbered(publisher, 200, first + 100)
            reader = self.reader(query="?type=test.", last_id=reader.last_id)
            told += reader.until(is_event("test.numbered", number=first + 299))
        self.assertEqual(self.numbers(told), list(range(1200)))
        self.assertNotIn("gap", [kind for kind, _ in told])
        places = [data["n"] for kind, data in told if kind == "event"]
        self.assertEqual(places, sorted(set(places)))

    def test_a_stream_that_stays_open_goes_on_behind_a_killed_broker(self):
        reader = self.reader(query="?type=test.")
        publisher = self.publisher()
        self.numbered(publisher, 100)
        told = reader.until(is_event("test.numbered", number=99))
        publisher.close()
        self.set.processes["broker"].kill()
        self.set.start("broker")
        self.numbered(self.publisher(), 100, 100)
        told += reader.until(is_event("test.numbered", number=199))
        self.assertEqual(self.numbers(told), list(range(200)))

    def test_where_the_overview_ends_the_stream_goes_on(self):
        publisher = self.publisher()
        self.numbered(publisher, 50)
        wait_for("them to be there", lambda: self.ask("GET", "/api/v1/events?limit=1", token=VIEWER)[2]["events"][-1]
                 .get("data", {}).get("number") == 49)
        place = wait_for("the place", lambda: self.ask("GET", "/api/v1/overview", token=VIEWER)[2]["place"])
        self.numbered(publisher, 50, 50)
        told = self.reader(query=f"?after={place}").until(is_event("test.numbered", number=99))
        self.assertEqual(self.numbers(told)[-50:], list(range(50, 100)))
        self.assertEqual(self.numbers(self.reader(query="?after=0&type=test.").until(
            is_event("test.numbered", number=99))), list(range(100)))

    def test_a_slow_reader_gets_all_later_and_costs_nothing(self):
        publisher = self.publisher()
        slow, quick = self.reader(query="?type=test."), self.reader(query="?type=test.")
        self.numbered(publisher, 200)
        quick.until(is_event("test.numbered", number=199))
        before = self.memory()
        # 60 MB, of which neither the ring nor the buffers of a socket hold the half.
        for first in range(200, 15200, 1000):
            self.numbered(publisher, 1000, first, size=4000)
            quick.until(is_event("test.numbered", number=first + 999))
        grown = self.memory() - before
        self.assertLess(grown, 60, "MiB")
        self.assertEqual(self.numbers(slow.until(is_event("test.numbered", number=15199))), list(range(15200)))

    def test_a_crowd_of_slow_readers_is_borne_and_harms_nobody(self):
        before = self.memory()
        crowd = [self.reader() for _ in range(CROWD)]
        publisher, quick = self.publisher(), self.reader(query="?type=test.")
        began = time.monotonic()
        self.numbered(publisher, 1000, size=3000)
        quick.until(is_event("test.numbered", number=999))
        took = time.monotonic() - began
        self.assertEqual(self.ask("GET", "/api/v1/session", token=VIEWER)[0], 200)
        grown = self.memory() - before
        print(f"{CROWD} readers that read nothing: {grown:.0f} MiB, 1000 events to another one within {took:.2f} s")
        # What the kernel holds for them was filled first, and the other one waited for it.
        held = self.held_by_the_kernel()
        self.assertGreaterEqual(len(held), CROWD)
        self.assertLess(max(held), 128 * 1024)
        self.assertLess(grown, 50 + CROWD * 0.2, "MiB")
        for reader in crowd[:5]:
            self.assertEqual(self.numbers(reader.until(is_event("test.numbered", number=999))), list(range(1000)))

    def held_by_the_kernel(self):
        """Bytes that it holds for the console's peers, for each that has not taken all."""
        held = []
        for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            local, state, queues = (line.split()[i] for i in (1, 3, 4))
            if int(local.split(":")[1], 16) == self.set.ports["console"] and state == "01" and queues[:8] != "00000000":
                held.append(int(queues[:8], 16))
        return held

    def test_a_token_that_is_taken_away_ends_its_streams(self):
        reader = self.reader()
        reader.next()
        self.set.config["console"]["tokens"] = self.set.config["console"]["tokens"][1:]
        self.set.write_config()
        self.set.processes["console"].reload()
        while reader.next() is not None:
            pass
        self.assertEqual(self.reader().status, 401)

    def test_a_place_that_is_none_is_refused_and_one_that_is_gone_is_told(self):
        for bad in ("x", "-1", "1@", "1@a@b", "99999999999999999999"):
            self.assertEqual(self.reader(query=f"?after={bad}").status, 400)
            self.assertEqual(self.reader(last_id=bad).status, 400)
        self.assertEqual(self.reader(query="?severity=loud").status, 400)
        self.numbered(self.publisher(), 3)
        reader = self.reader(query="?type=test.", last_id="7@01M8JVR15B6XJBNYXYFF2X9D4V.01M8JVR15BJDXB8G1G6H8XHWXJ")
        told = reader.until(lambda kind, _data: kind == "gap")
        self.assertEqual(told[-1][1]["why"], "replaced")

    def test_a_stream_over_http_1_1_comes_in_chunks_and_dies_with_its_reader(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.set.ports["console"], timeout=30)
        connection.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {VIEWER}"})
        response = connection.getresponse()
        self.assertEqual((response.status, response.headers["Content-Type"], response.headers["Transfer-Encoding"]),
                         (200, "text/event-stream", "chunked"))
        self.assertEqual(response.readline(), b"event: snapshot\n")

        def streams():
            text = self.ask("GET", "/metrics", token=VIEWER)[2].decode()
            return int(re.search(r"^ringfence_console_streams (\d+)$", text, re.MULTILINE).group(1))
        self.assertEqual(streams(), 1)
        response.close()
        connection.close()
        wait_for("it to be gone", lambda: streams() == 0)


if __name__ == "__main__":
    unittest.main()
