#!/usr/bin/python3
"""Publishers with an outbox, the broker and durable subscribers, killed at random moments under load. At the end
what was acknowledged is what is in the journal and what each subscriber has received: each event once and in order.
Usage: see kills.py.
"""

import collections

import msgpack
import zmq

from kills import OPTIONS, KillTest, Member, main, wait_for

PUBLISHERS, SUBSCRIBERS, RATE = 3, 2, 300
PREFIX = "kill."


class EventKills(KillTest):
    CONFIG = {"bus": {"heartbeat": "100ms"}, "journal": {"memory_events": 2000000, "memory_bytes": "1GiB"}}

    def journal(self):
        """All events of the publishers in the journal: [(n, stream, seq)]."""
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.linger, socket.rcvtimeo = 0, 30000
        socket.connect(f"ipc://{self.set.root}/run/ingest")
        found, after = [], 0
        while True:
            socket.send(msgpack.packb({"t": "journal.read", "v": 1, "rid": "1", "after": after, "limit": 1000,
                                       "prefixes": [PREFIX]}))
            page = msgpack.unpackb(socket.recv())
            self.assertEqual(page["t"], "journal.page", page)
            self.assertEqual(page.get("trimmed", 0) if after else 0, 0)
            found += [(event["n"], event["stream"], event["seq"]) for event in page.get("events", [])]
            if page["scanned"] >= page["last"]:
                context.destroy(0)
                return found
            self.assertGreater(page["scanned"], after)
            after = page["scanned"]

    def received(self, subscriber):
        lines = subscriber.lines()
        self.assertEqual([line for line in lines if line[0] in "to"], [],
                         f"{subscriber.name} was told of a gap, or of another journal")
        return [(int(line[1]), line[3], int(line[2])) for line in lines if line[0] == "r"]

    def check_publisher(self, publisher, journal):
        """All that it made is acknowledged, and in the journal once and in order."""
        made = [line[1] for line in publisher.lines() if line[0] == "e"]
        acked = [int(line[1]) for line in publisher.lines() if line[0] == "a"]
        self.assertEqual(acked, sorted(acked), f"{publisher.name}: acknowledgements ascend")
        self.assertEqual(acked[-1], len(made), f"{publisher.name}: all are acknowledged")
        seqs = [seq for _, stream, seq in journal if stream == publisher.name]
        self.assertEqual(seqs, list(range(1, len(made) + 1)), f"{publisher.name}: each event once, in order")
        return len(made)

    def check_same(self, subscriber, journal):
        got = self.received(subscriber)
        counts = collections.Counter(got)
        self.assertEqual([event for event, count in counts.items() if count > 1], [],
                         f"{subscriber.name}: received twice")
        self.assertEqual(sorted(set(journal) - set(got)), [], f"{subscriber.name}: never received")
        self.assertEqual(sorted(set(got) - set(journal)), [], f"{subscriber.name}: not in the journal")
        self.assertEqual(got, journal, f"{subscriber.name}: in order")

    def test_acknowledged_is_journaled_is_received_once_and_in_order_over_kills(self):
        self.set.start("broker")
        publishers = [Member(self, "outbox_publisher", f"publisher-{i}", RATE) for i in range(PUBLISHERS)]
        subscribers = [Member(self, "cursor_subscriber", f"subscriber-{i}", PREFIX) for i in range(SUBSCRIBERS)]
        for member in publishers + subscribers:
            member.launch()
        wait_for("the first acknowledgement",
                 lambda: all(any(line[0] == "a" for line in p.lines()) for p in publishers))
        self.rage(publishers + subscribers)
        for publisher in publishers:
            publisher.finish()
        journal = self.journal()
        made = sum(self.check_publisher(publisher, journal) for publisher in publishers)
        numbers = [n for n, _, _ in journal]
        self.assertEqual(numbers, sorted(set(numbers)), "n ascends without reuse")
        self.assertEqual(len(journal), made)
        for subscriber in subscribers:
            wait_for(f"{subscriber.name} to receive all", lambda s=subscriber: len(self.received(s)) >= made)
        # One more life each must find nothing new.
        for subscriber in subscribers:
            subscriber.kill()
            subscriber.launch()
        for subscriber in subscribers:
            subscriber.finish()
            self.check_same(subscriber, journal)
        self.assertGreater(made, 20 * OPTIONS.rounds, "there was a load")
        self.tell(f"{made} events of {PUBLISHERS} publishers to {SUBSCRIBERS} subscribers")


if __name__ == "__main__":
    main()
