"""What a key may do on the bus, checked at each operation, and what becomes of one that is revoked."""

import time
import unittest

import zmq

from curve_set import CurveTest, wait_for


class Roles(CurveTest):
    ROLES = ("publisher", "subscriber", "worker", "caller", "admin")

    def setUp(self):
        super().setUp()
        for role in self.ROLES:
            self.member(role, role)
        self.start_broker()

    def verdict(self, role, name, kind, **fields):
        """None if the broker took it, else the refusal."""
        answer = self.client(role, name).ask(kind, **fields)
        return answer if answer["t"] == "error" else None

    def test_each_role_may_do_its_own_operations_and_no_other(self):
        force = {"service": "elevenlabs", "action": "force_open", "who": "admin", "why": "a test"}
        call = {"service": "speech", "operation": "speak", "deadline": time.time_ns() + 10**8}
        operations = (
            ("publisher", "ingest", "stream.open", {"stream": "s", "next": 1}),
            ("subscriber", "ingest", "journal.read", {"rid": "q", "after": 0, "limit": 1}),
            ("subscriber worker", "ingest", "state.get", {"rid": "q", "key": "mark/openai"}),
            ("subscriber worker", "ingest", "state.list", {"rid": "q", "prefix": ""}),
            ("subscriber worker", "ingest", "state.watch", {"rid": "q", "prefix": "mark/"}),
            ("worker", "ingest", "state.put", {"rid": "q", "key": "mark/x", "value": {}}),
            ("worker", "ingest", "state.cas", {"rid": "q", "key": "key/x/1", "version": 7}),
            ("publisher", "ingest", "state.put", {"rid": "q", "key": "provider/x", "value": {}}),
            ("", "ingest", "state.put", {"rid": "q", "key": "other/x", "value": {}}),
            ("caller", "calls", "call.request", call),
            ("worker", "workers", "worker.heartbeat", {"instance": "w", "offers": []}),
            ("", "calls", "breaker.control", {"rid": "q", **force}),
            ("", "ingest", "breaker.control", {"rid": "q", **force}),
            ("publisher subscriber worker caller", "calls", "status.request", {"rid": "q"}),
            ("publisher subscriber worker caller", "ingest", "hello",
             {"instance": "admin-1", "service": "admin"}),
        )
        for number, (roles, name, kind, fields) in enumerate(operations):
            for role in self.ROLES:
                with self.subTest(role=role, operation=kind, fields=fields):
                    if kind == "call.request":
                        fields = {**fields, "id": f"call-{number}-{role}"}
                    refusal = self.verdict(role, name, kind, **fields)
                    if role == "admin" or role in roles.split():
                        self.assertIsNone(refusal)
                        continue
                    self.assertIsNotNone(refusal)
                    self.assertEqual(refusal["code"], "not_allowed")
                    self.assertIn(f"the key of {role} has {role}", refusal["message"])
                    self.assertEqual(refusal.get("rid"), fields.get("rid", fields.get("id")))

    def test_what_is_refused_is_counted_and_told(self):
        self.verdict("subscriber", "calls", "breaker.control", rid="q", service="elevenlabs",
                     action="force_open", who="admin", why="a test")
        status = self.client("admin", "calls").ask("status.request")["status"]
        self.assertEqual(status["counters"]["messages_no_role"], 1)
        self.assertEqual([b["force"] for b in status["breakers"] if b["service"] == "elevenlabs"],
                         ["none"])
        self.assertTrue(self.set.processes["broker"].says(
            "breaker.control needs the role admin; the key of subscriber has subscriber"))

    def test_the_tool_tells_that_its_key_lacks_a_role(self):
        self.member("cli", "subscriber")
        self.reload()
        self.set.cli("status", check=0)
        result = self.set.cli("breaker", "force-open", "elevenlabs", "--why", "a test", check=1)
        self.assertIn("breaker.control needs the role admin", result.stderr)


    def test_each_command_says_at_once_which_role_its_key_lacks(self):
        """A key for somebody who places calls, and one for somebody who looks on."""
        self.new("cli")
        for role, lacks, commands in (
                ("caller", "subscriber", (
                    ("status",), ("tail",), ("mark", "list"),
                    ("trace", "+12025550123"), ("replay", "--from", "1"), ("alert", "silences"),
                    ("subscriber", "forget", "x"))),
                ("subscriber", "caller", (
                    ("call", "elevenlabs", "speak"), ("campaign", "status"), ("campaign", "start", "c"),
                    ("alert", "list"), ("alert", "test", "email"), ("provider", "outages"), ("dnc", "list"))),
                ("subscriber,caller", "admin", (
                    ("breaker", "reset", "elevenlabs", "--why", "a test"),
                    ("alert", "silence", "x", "--for", "1h", "--why", "a test")))):
            self.allow("cli", role, "--replace")
            self.reload()
            for command in commands:
                with self.subTest(role=role, command=command):
                    began = time.monotonic()
                    result = self.set.cli(*command, "--timeout", "20s")
                    self.assertNotEqual(result.returncode, 0)
                    self.assertIn("needs the role", result.stderr)
                    self.assertIn(lacks, result.stderr)
                    self.assertIn(f"the key of cli has {role}", result.stderr)
                    self.assertIn("ringfence keys allow", result.stderr)
                    self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
                    self.assertLess(time.monotonic() - began, 15)


class Streams(CurveTest):
    """A stream belongs to the key that opened it, also after a restart of the broker."""

    def setUp(self):
        super().setUp()
        self.member("one", "publisher")
        self.member("two", "publisher")
        self.member("boss", "admin")
        self.start_broker()

    def publish(self, client, number):
        return client.ask("event.publish", stream="outbox", events=[
            {"severity": "info", "type": "test.note", "subject": "x", "seq": number, "stream": "outbox"}])

    def assert_owned(self, answer, owner):
        self.assertEqual((answer["t"], answer.get("owned")), ("event.refused", True))
        self.assertIn(f"the stream belongs to the key of {owner}", answer["message"])

    def test_another_key_cannot_disturb_a_stream(self):
        one, two = self.client("one", "ingest"), self.client("two", "ingest")
        self.assertEqual(one.ask("stream.open", stream="outbox", next=1)["last"], 0)
        self.assertEqual(self.publish(one, 1)["seq"], 1)
        self.assert_owned(two.ask("stream.open", stream="outbox", next=1), "one")
        self.assert_owned(two.ask("stream.skip", stream="outbox", to=100), "one")
        self.assert_owned(self.publish(two, 2), "one")
        self.set.processes["broker"].kill()
        self.start_broker()
        two = self.client("two", "ingest")
        self.assert_owned(two.ask("stream.open", stream="outbox", next=1), "one")
        one = self.client("one", "ingest")
        self.assertEqual(one.ask("stream.open", stream="outbox", next=1)["last"], 1)
        self.assertEqual(self.publish(one, 2)["seq"], 2)
        boss = self.client("boss", "ingest")
        self.assertEqual(boss.ask("stream.open", stream="outbox", next=1)["last"], 2)
        self.assert_owned(self.publish(one, 3), "boss")
        self.assertEqual(self.publish(boss, 3)["seq"], 3)


class Revocation(CurveTest):
    def setUp(self):
        super().setUp()
        self.member("a", "subscriber,caller")
        self.member("b", "subscriber,caller,publisher")
        self.start_broker()

    def revoke(self, name):
        self.set.cli("keys", "revoke", name, check=0)
        self.reload()

    def test_a_revoked_key_is_refused_on_connections_that_stand(self):
        clients = {name: self.client(name, "calls") for name in "ab"}
        for client in clients.values():
            self.assertEqual(client.ask("status.request")["t"], "status.reply")
        self.revoke("a")
        refusal = clients["a"].ask("status.request", rid="q")
        self.assertEqual((refusal["t"], refusal["code"], refusal["rid"]), ("error", "not_allowed", "q"))
        self.assertIn("the key of a is not in the broker's list any more", refusal["message"])
        self.assertEqual(clients["b"].ask("status.request")["t"], "status.reply")
        self.assertIsNone(self.refused_at_the_door())
        self.allow("a", "caller")
        self.reload()
        self.assertEqual(clients["a"].ask("status.request")["t"], "status.reply")

    def refused_at_the_door(self):
        """A new connection of the revoked key gets nothing."""
        again = self.client("a", "calls")
        again.say("status.request")
        return again.hear(0.5)

    def publish(self, publisher, number):
        publisher.say("event.publish", stream="s", events=[
            {"severity": "info", "type": "test.note", "subject": "x", "seq": number, "stream": "s"}])
        publisher.expect("event.ack")

    def drain(self, subscriber):
        while subscriber.hear(0) is not None:
            pass

    def publish_until(self, publisher, first, subscribers):
        """Events until each of the subscribers has heard one of them; the next number."""
        waiting = set(subscribers)
        end = time.monotonic() + 60
        while waiting:
            self.publish(publisher, first)
            first += 1
            waiting = {one for one in waiting if one.hear(0.01) is None}
            self.assertLess(time.monotonic(), end)
        return first

    def test_a_revoked_subscriber_hears_no_more_and_the_others_go_on(self):
        heard = {name: self.client(name, "events", zmq.SUB) for name in "ab"}
        publisher = self.client("b", "ingest")
        publisher.say("stream.open", stream="s", next=1)
        publisher.expect("stream.opened")
        number = self.publish_until(publisher, 1, heard.values())
        self.revoke("a")
        wait_for("the events socket to be opened anew",
                 lambda: self.set.processes["broker"].says("events: opened anew"))
        self.drain(heard["a"])
        number = self.publish_until(publisher, number, [heard["b"]])
        for _ in range(20):
            self.publish(publisher, number)
            number += 1
        self.assertIsNone(heard["a"].hear(0.3))

    def test_a_list_that_takes_nothing_away_disturbs_no_subscriber(self):
        self.member("c", "caller")
        self.reload()
        self.assertFalse(self.set.processes["broker"].says("events: opened anew"))


if __name__ == "__main__":
    unittest.main()
