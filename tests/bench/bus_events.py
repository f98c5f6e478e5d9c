"""Events through the broker: unjournaled to plain SUB sockets, journaled to durable subscribers that pull pages,
each beside libzmq's proxy with the same frames; and the rows of the journal straight into SQLite."""

from contextlib import ExitStack

from bus_set import Program, broker, subscribed
from turns import in_turns

DATA_BYTES = 60    # of the text in an event's data: its envelope has some 240 bytes
GROUP = 256        # events a transaction, at most, as the broker has it
PROBE_RATE = 100   # of what tells a plain socket that its subscription is in place
PREFIX = {"unjournaled": "metric.", "journaled": "bench."}
TYPE = {"unjournaled": "metric.bench", "journaled": "bench.event"}


class Events:
    def __init__(self, figures, folders, build, counts):
        self.figures, self.folders, self.build, self.counts = figures, folders, build, counts
        self.bytes = 240  # of an envelope; what ours really has is taken over for the others

    def program(self, name):
        return self.build / "bench" / name

    # ---- one contestant each: what its slowest subscriber saw ----

    def ours(self, kind, subscribers, count, rate=0):
        warmup = max(1, count // 10)
        with broker(self.folders, self.build) as (stack, our):
            our.server.peak_begin()
            before = our.server.cpu_us()
            publish = [self.program("event_publisher"), our.config, TYPE[kind], DATA_BYTES]
            watchers = self.subscribers(stack, our, kind, [warmup, count], subscribers, publish)
            publisher = Program(stack, [*publish, rate, count + warmup], ready=False)
            seen = slowest([watcher.figures() for watcher in watchers])
            seen["publisher_us"] = publisher.figures()["cpu_us"]
            seen["broker_us"] = (our.server.cpu_us() - before) / (count + warmup)
            seen["peak_mb"] = our.server.peak_kb() / 1024
        if kind == "unjournaled":
            self.bytes = round(seen["bytes"])
        elif seen["failed"]:
            raise SystemExit(f"bench: {seen['failed']} journaled events were not received")
        return seen

    def subscribers(self, stack, our, kind, counts, number, publish):
        if kind == "journaled":
            return [Program(stack, [self.program("event_subscriber"), our.config, PREFIX[kind], *counts])
                    for _ in range(number)]
        return self.receivers(stack, [our.endpoint("events"), PREFIX[kind], *counts], number, publish)

    def receivers(self, stack, words, number, publish):
        receivers = [Program(stack, [self.program("event_receiver"), *words], ready=False) for _ in range(number)]
        subscribed([*publish, PROBE_RATE, 1000000], receivers)
        return receivers

    def proxy(self, subscribers, count, rate=0):
        warmup = max(1, count // 10)
        folder = self.folders.new()
        front, back = f"ipc://{folder}/front", f"ipc://{folder}/back"
        with ExitStack() as stack:
            Program(stack, [self.program("bare_proxy"), front, back])
            publish = [self.program("bare_publisher"), front, "metric.bench/load", self.bytes]
            watchers = self.receivers(stack, [back, "", warmup, count], subscribers, publish)
            Program(stack, [*publish, rate, count + warmup], ready=False)
            return slowest([watcher.figures() for watcher in watchers])

    def sqlite(self, count, sync="normal"):
        done = Program(ExitStack(), [self.program("raw_sqlite"), self.folders.new() / "raw.db", sync, self.bytes,
                                     GROUP, max(1, count // 10), count], ready=False)
        return done.figures()

    # ---- as fast as they go ----

    def throughput(self, number):
        count = self.counts["events"]
        most = {}
        for subscribers in (1, 2, 8):
            share = max(1, count // subscribers)
            contestants = {
                "proxy": lambda n=subscribers, c=share: self.proxy(n, c),
                "unjournaled": lambda n=subscribers, c=share: self.ours("unjournaled", n, c),
                "journaled": lambda n=subscribers, c=share: self.ours("journaled", n, c)}
            if subscribers == 1:
                contestants["sqlite"] = lambda c=share: self.sqlite(c)
                contestants["sqlite_full"] = lambda c=share: self.sqlite(c, "full")
            seen = in_turns(contestants, number)
            self.keep_throughput(subscribers, seen)
            most = most or {name: figures["per_second"] for name, figures in seen.items()}
        self.figures.ratio("unjournaled_over_proxy", most["unjournaled"] / most["proxy"])
        self.figures.ratio("journaled_over_slower_limit",
                           most["journaled"] / min(most["proxy"], most["sqlite"]))
        return most

    def keep_throughput(self, subscribers, seen):
        keep = self.figures.keep
        for name, figures in seen.items():
            if name.startswith("sqlite"):
                keep(name + "_rows_per_second", "1/s", figures["per_second"])
                keep(name + "_commit_p99", "us", figures["p99_us"])
                continue
            to = f"{name}_{subscribers}_subscribers"
            keep(to + "_per_second", "1/s", figures["per_second"])
            if name == "unjournaled":
                keep(to + "_dropped", "events", figures["failed"])
                keep("envelope_bytes", "bytes", figures["bytes"])
            if name != "proxy":
                keep(to + "_broker_cpu", "us", figures["broker_us"])
                keep(to + "_broker_rss", "MB", figures["peak_mb"])
            if subscribers == 1 and name != "proxy":
                keep(name + "_publisher_cpu", "us", figures["publisher_us"])
                keep(name + "_subscriber_cpu", "us", figures["cpu_us"])

    # ---- from publish to receipt, at shares of what each can do in this round ----

    def latency(self, number, most):
        for percent in (10, 50, 90):
            rates = {name: max(1, round(most[name] * percent / 100))
                     for name in ("proxy", "unjournaled", "journaled")}
            counts = {name: max(20, round(rate * self.counts["latency_s"])) for name, rate in rates.items()}
            seen = in_turns({
                "proxy": lambda r=rates, c=counts: self.proxy(1, c["proxy"], r["proxy"]),
                "unjournaled": lambda r=rates, c=counts: self.ours("unjournaled", 1, c["unjournaled"],
                                                                   r["unjournaled"]),
                "journaled": lambda r=rates, c=counts: self.ours("journaled", 1, c["journaled"],
                                                                 r["journaled"])}, number)
            for name, figures in seen.items():
                for at in ("p50", "p99", "p999"):
                    self.figures.keep(f"{name}_{at}_at_{percent}_percent", "us", figures[at + "_us"])


def slowest(seen):
    """Of several subscribers: the rate of the slowest, and all that was lost."""
    worst = dict(min(seen, key=lambda figures: figures["per_second"]))
    worst["failed"] = sum(figures["failed"] for figures in seen)
    return worst
