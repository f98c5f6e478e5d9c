"""Subscribes durably: every journaled event under a prefix is printed, in order, over any number of
restarts of this program and of the broker. Written from ringfence-bus(7).

    subscribe.py INGEST_ENDPOINT EVENTS_ENDPOINT CURSOR [PREFIX...]

The cursor is a file with the number up to which all is printed and the journal that it belongs to. It is
written after the output, so that a kill in between repeats a page and loses nothing.
"""

import json
import os
import pathlib
import sys
import time

import msgpack
import zmq

LOOK_AGAIN = 1.0  # seconds; the doorbell may fail to ring


def store(cursor, number, journal):
    """Either the old place is there or the new one, whenever the host stops."""
    fresh = cursor.with_suffix(".new")
    with open(fresh, "w", encoding="ascii") as file:
        file.write(f"{number} {journal}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(cursor)


def main(ingest_endpoint, events_endpoint, cursor, *prefixes):
    cursor = pathlib.Path(cursor)
    words = cursor.read_text(encoding="ascii").split() if cursor.exists() else ["0"]
    after, journal = int(words[0]), "".join(words[1:])
    context = zmq.Context.instance()
    doorbell = context.socket(zmq.SUB)
    for prefix in prefixes or [""]:
        doorbell.subscribe(prefix)
    doorbell.connect(events_endpoint)
    ingest = context.socket(zmq.DEALER)
    ingest.connect(ingest_endpoint)
    poller = zmq.Poller()
    poller.register(ingest, zmq.POLLIN)
    poller.register(doorbell, zmq.POLLIN)
    asked, rung, rid = 0.0, True, 0
    while True:
        if rung or time.monotonic() - asked > LOOK_AGAIN:
            rid += 1
            question = {"t": "journal.read", "v": 1, "rid": str(rid), "after": after, "prefixes": list(prefixes),
                        "limit": 500}
            ingest.send(msgpack.packb(question | ({"journal": journal} if journal else {})))
            asked, rung = time.monotonic(), False
        ready = dict(poller.poll(1000 * LOOK_AGAIN))
        while doorbell.poll(0):
            doorbell.recv_multipart()
            rung = True
        if ingest not in ready:
            continue
        page = msgpack.unpackb(ingest.recv())
        if page["t"] != "journal.page" or page["rid"] != str(rid):
            continue  # of a question that was asked again
        if page.get("other"):
            print(f"the journal was replaced: going on behind its number {page.get('from', 0)}", file=sys.stderr)
        if page.get("trimmed"):
            print(f"the journal no longer has what was before {page['trimmed'] + 1}", file=sys.stderr)
        for event in page["events"]:
            print(event["n"], f"{event['type']}/{event['subject']}", json.dumps(event.get("data", {})),
                  flush=True)
        if (page["scanned"], page["journal"]) != (after, journal):
            after, journal = page["scanned"], page["journal"]
            store(cursor, after, journal)
        rung = rung or page["scanned"] < page["last"]


main(*sys.argv[1:])
