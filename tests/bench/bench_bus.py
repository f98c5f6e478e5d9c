"""The bus beside what it stands on: libzmq's proxy for events, a bare ROUTER-ROUTER broker for calls, SQLite for
the journal; in turns within each round, on the same two cores."""

import os
import tempfile
from pathlib import Path

from bus_calls import Calls
from bus_events import DATA_BYTES, GROUP, Events
from bus_set import Folders, broker
from bus_stall import Stall
from figures import Figures
from turns import two_cores


def measure(build, runs, quick):
    counts = {"events": 200000, "latency_s": 1.5, "one": 10000, "many": 60000, "stall_s": 3}
    if quick:
        counts = {"events": 2000, "latency_s": 0.02, "one": 50, "many": 300, "stall_s": 0.3}
    figures = Figures()
    figures.conditions = {
        "cores": two_cores(), "load_average_at_start": os.getloadavg(), "counts": counts,
        "group_of_raw_sqlite": GROUP, "text_in_an_events_data": DATA_BYTES,
        "load_programs": "events: publisher on the client library; unjournaled to plain SUB sockets, journaled "
        "to durable subscribers on the client library. proxy: plain sockets, nothing dropped. calls: the same "
        "client and workers on bare DEALER sockets for the broker and for the bare one. Latency is from when "
        "an event or call was due (open loop), at shares of what each contestant did in the same round"}
    with tempfile.TemporaryDirectory(prefix="rf-") as name:
        folders = Folders(Path(name))
        events, calls, stall = (part(figures, folders, build, counts) for part in (Events, Calls, Stall))
        for number in range(runs):
            with broker(folders, build) as (_, idle):
                figures.keep("broker_rss_idle", "MB", idle.server.rss_kb() / 1024)
            most = events.throughput(number)
            events.latency(number, most)
            calls.against_bare(number)
            calls.over_gateways(number)
            stall.measure(number)
    return figures
