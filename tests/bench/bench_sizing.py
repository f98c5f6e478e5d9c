"""What a machine is to have room for: bytes on disk that a contact leaves behind, in each place, and what each process
of the set has resident, at rest and after a campaign."""

import os
import tempfile
from pathlib import Path

from campaign_set import SERVICES, running, write_list
from figures import Figures
from process import free_port
from turns import two_cores

PROCESSES = (*SERVICES, "health-monitor", "alerter", "logger", "console")
# Without the audio, which is as long as what is said, and is kept once for each text.
PLACES = {"journal": "state/broker", "campaign": "state/orchestrator", "alerts": "state/alerter",
          "json_log": "state/log/app_logs.json", "text_log": "state/log/app.log"}


def bytes_of(path):
    """On disk, a database's write-ahead log included."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def measure_once(figures, folder, build, contacts, places):
    with running(folder, build, services=PROCESSES, places=places,
                 more=f'console: {{listen: "127.0.0.1:{free_port()}"}}\n') as the_set:
        for name, server in the_set.servers.items():
            figures.keep(f"rss_mb_at_rest_{name}", "MB", server.rss_kb() / 1024)
        write_list(folder / "list.csv", contacts)
        the_set.watched("campaign", "run", folder / "list.csv", "--name", "bench")
        told = the_set.status("bench")
        if told["done"] != contacts:
            raise SystemExit(f"bench: {told['done']} of {contacts} contacts done")
        for name, server in the_set.servers.items():
            figures.keep(f"rss_mb_after_{name}", "MB", server.rss_kb() / 1024)
    # Ended in order: what stood in write-ahead logs is in the databases, and the logs are written.
    for name, place in PLACES.items():
        figures.keep(f"bytes_per_contact_{name}", "bytes", bytes_of(folder / place) / contacts)


def measure(build, runs, quick):
    contacts, places = (20, 8) if quick else (5000, 200)
    figures = Figures()
    figures.conditions = {
        "cores": two_cores(), "load_average_at_start": os.getloadavg(), "contacts": contacts, "places": places,
        "contact": "script, speech, dial and the call's end, each at the first attempt; its log lines are not yet "
        "compressed. A failed attempt adds its events"}
    with tempfile.TemporaryDirectory(prefix="rf-") as name:
        for number in range(runs):
            measure_once(figures, Path(name) / str(number), build, contacts, places)
    return figures
