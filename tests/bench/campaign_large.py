"""A large campaign: loading it, asking how it stands, exporting it; and how large processes become of that."""

import os

from campaign_set import running, write_list

SERVICES = ("broker", "orchestrator")


class Large:
    def __init__(self, figures, folder, build, counts):
        self.figures, self.folder, self.build, self.counts = figures, folder, build, counts

    def measure(self, number):
        with running(self.folder / f"large-{number}", self.build, services=SERVICES) as the_set:
            rows = self.counts["rows"]
            write_list(the_set.folder / "list.csv", rows)
            peak = self.step(the_set, "load", "campaign", "load", "bench", the_set.folder / "list.csv")
            self.figures.ratio("load_rss_mb", peak)
            self.step(the_set, "start", "campaign", "start", "bench")
            # Nobody can be called without a gateway: all contacts are there, and some are under way.
            for _ in range(self.counts["asked"]):
                _, took, _ = the_set.watched("campaign", "status", "bench")
                self.figures.keep("status", "ms", took * 1000)
            out = the_set.folder / "export.csv"
            self.step(the_set, "export", "campaign", "export", "bench", "--out", out)
            with open(out, "rb") as file:
                lines = sum(1 for _ in file)
            if lines != rows + 1:
                raise SystemExit(f"bench: {lines - 1} of {rows} contacts exported")
            os.unlink(out)

    def step(self, the_set, name, *words):
        """Keeps the seconds of a command, and what each process had resident at most during it; the largest."""
        for server in the_set.servers.values():
            server.peak_begin()
        _, took, cli = the_set.watched(*words)
        peaks = {"cli": cli, **{of: server.peak_kb() / 1024 for of, server in the_set.servers.items()}}
        self.figures.keep(name, "s", took)
        self.figures.keep(f"{name}_contacts_per_second", "1/s", self.counts["rows"] / took)
        for of, peak in peaks.items():
            self.figures.keep(f"{name}_rss_{of}", "MB", peak)
        return max(peaks.values())
