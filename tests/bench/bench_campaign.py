"""The durable campaign: contacts through the entire path, claims beside plain SQL, a campaign of a million
contacts, and how soon it goes on after an outage."""

import os
import tempfile
from pathlib import Path

from campaign_claims import BATCH, Claims
from campaign_large import Large
from campaign_path import Path as WholePath
from campaign_recovery import Recovery
from figures import Figures
from turns import two_cores


def measure(build, runs, quick):
    counts = {"contacts": 5000, "places": 200, "claims": 2000, "rows": 1000000, "asked": 20, "recovery": "2s"}
    if quick:
        counts = {"contacts": 20, "places": 8, "claims": 10, "rows": 1500, "asked": 2, "recovery": "1s"}
    figures = Figures()
    figures.conditions = {
        "cores": two_cores(), "load_average_at_start": os.getloadavg(), "counts": counts, "batch": BATCH,
        "path": "script, speech, dial and the call's end of each contact, at a simulator that waits for nothing; "
        "a call's end is first asked for after 50 ms, the least that can be configured",
        "claims": "ours: the orchestrator's job with its checked transitions, counts and an event for each "
        "contact, through its store. raw: one UPDATE ... RETURNING on a table with an index of what is due. "
        "Each claim is a transaction that survives a loss of power, in SQLite and in PostgreSQL",
        "recovery": "the provider answers again while the breaker is open, whose wait ends later; counted from "
        "that end to the first dial as the provider has it"}
    with tempfile.TemporaryDirectory(prefix="rf-") as name:
        parts = [part(figures, Path(name), build, counts) for part in (WholePath, Claims, Recovery, Large)]
        for number in range(runs):
            for part in parts:
                part.measure(number)
    return figures
