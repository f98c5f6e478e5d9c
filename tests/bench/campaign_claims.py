"""Claims a second, in batches, beside a queue in plain SQL on the same database software, in turns."""

import contextlib
import sys
from pathlib import Path

from process import load
from turns import in_turns

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from postgres import Postgres  # noqa: E402

BATCH = 32


class Claims:
    def __init__(self, figures, folder, build, counts):
        self.figures, self.folder, self.build, self.counts = figures, folder, build, counts

    def run(self, program, database):
        claims = self.counts["claims"]
        return load([self.build / "bench" / program, database, claims * BATCH, BATCH, max(1, claims // 10)])

    def measure(self, number):
        folder = self.folder / f"claims-{number}"
        folder.mkdir()
        seen = in_turns({"": lambda: self.run("claim_load", folder / "ours.db"),
                         "raw_": lambda: self.run("raw_claims_sqlite", folder / "raw.db")}, number)
        self.keep("sqlite", seen)
        self.figures.ratio("claims_over_sql", seen[""]["per_second"] / seen["raw_"]["per_second"])
        with contextlib.ExitStack() as stack:
            server = Postgres(fsync=True)
            stack.callback(server.remove)
            seen = in_turns({"": lambda: self.run("claim_load", schema(server, "ours")),
                             "raw_": lambda: self.run("raw_claims_postgres", schema(server, "raw"))}, number)
        self.keep("postgres", seen)
        self.figures.ratio("claims_over_sql_postgres", seen[""]["per_second"] / seen["raw_"]["per_second"])

    def keep(self, database, seen):
        for prefix, figures in seen.items():
            name = f"{prefix}claims_{database}"
            self.figures.keep(f"{name}_per_second", "1/s", figures["per_second"])
            for at in ("p50", "p99"):
                self.figures.keep(f"{name}_{at}_of_32", "us", figures[at + "_us"])
            self.figures.keep(f"{name}_cpu_each", "us", figures["cpu_us"])


def schema(server, name):
    server.sql(f"CREATE SCHEMA {name} AUTHORIZATION ringfence")
    return f"{server.url()}&options=-csearch_path%3D{name}"
