"""Calls through the broker beside a bare ROUTER-ROUTER broker: the same client and workers on bare DEALER
sockets for both, which send prepared frames, so that the difference is the broker's books alone; and once more
with our client library on the client's side."""

from contextlib import ExitStack

from bus_set import Program, broker
from process import Server
from turns import in_turns

CAPACITY = 256  # of all workers together


class Calls:
    def __init__(self, figures, folders, build, counts):
        self.figures, self.folders, self.build, self.counts = figures, folders, build, counts

    def program(self, name):
        return self.build / "bench" / name

    def load(self, server, calls, in_flight, count):
        warmup = max(1, count // 10)
        before = server.cpu_us()
        with ExitStack() as stack:
            seen = Program(stack, [self.program("call_sender"), calls, in_flight, warmup, count],
                           ready=False).figures()
        if seen["failed"]:
            raise SystemExit(f"bench: {seen['failed']} calls failed")
        seen["broker_us"] = (server.cpu_us() - before) / (count + warmup)
        return seen

    def ours(self, workers, in_flight, count):
        with broker(self.folders, self.build) as (stack, our):
            our.server.peak_begin()
            Program(stack, [self.program("echo_worker"), our.endpoint("workers"), workers, CAPACITY // workers])
            our.seated(workers)
            seen = self.load(our.server, our.endpoint("calls"), in_flight, count)
            seen["peak_mb"] = our.server.peak_kb() / 1024
            return seen

    def bare(self, workers, in_flight, count):
        folder = self.folders.new()
        calls, back = f"ipc://{folder}/calls", f"ipc://{folder}/workers"
        with ExitStack() as stack:
            server = Server(stack, folder, "bare", [self.program("bare_broker"), calls, back, workers],
                            lambda: "ready" in (folder / "bare.out").read_text())
            Program(stack, [self.program("echo_worker"), back, workers, 1, "bare"])
            return self.load(server, calls, in_flight, count)

    def against_bare(self, number):
        for in_flight, count in ((1, self.counts["one"]), (64, self.counts["many"])):
            seen = in_turns({"bare": lambda n=in_flight, c=count: self.bare(1, n, c),
                             "ours": lambda n=in_flight, c=count: self.ours(1, n, c)}, number)
            for name, figures in seen.items():
                prefix = "" if name == "ours" else "bare_"
                self.figures.keep(f"{prefix}calls_per_second_{in_flight}_in_flight", "1/s",
                                  figures["per_second"])
                for at in ("p50", "p99", "p999"):
                    self.figures.keep(f"{prefix}call_{at}_{in_flight}_in_flight", "us", figures[at + "_us"])
                self.figures.keep(f"{prefix}broker_cpu_per_call_{in_flight}_in_flight", "us",
                                  figures["broker_us"])
            self.figures.keep(f"broker_rss_calls_{in_flight}_in_flight", "MB", seen["ours"]["peak_mb"])
            if in_flight == 1:
                self.figures.ratio("call_round_trip_over_proxy", seen["ours"]["p50_us"] / seen["bare"]["p50_us"])
            else:
                self.figures.ratio("call_throughput_over_proxy",
                                   seen["ours"]["per_second"] / seen["bare"]["per_second"])

    def over_gateways(self, number):
        """Broker's CPU a call, from 1 gateway to 64. Each is a connection more to ZeroMQ, which costs the bare
        broker the same: the books are what ours has beyond it."""
        count = self.counts["many"]
        seen = in_turns({"ours_1": lambda: self.ours(1, 64, count), "ours_8": lambda: self.ours(8, 64, count),
                         "ours_64": lambda: self.ours(64, 64, count), "bare_1": lambda: self.bare(1, 64, count),
                         "bare_64": lambda: self.bare(64, 64, count)}, number)
        for name, figures in seen.items():
            who, workers = name.split("_")
            prefix = "bare_" if who == "bare" else ""
            self.figures.keep(f"{prefix}broker_cpu_per_call_{workers}_gateways", "us", figures["broker_us"])
        books = {workers: seen[f"ours_{workers}"]["broker_us"] - seen[f"bare_{workers}"]["broker_us"]
                 for workers in (1, 64)}
        for workers, cost in books.items():
            self.figures.keep(f"books_cpu_per_call_{workers}_gateways", "us", cost)
        self.figures.ratio("books_cpu_64_gateways_over_1", books[64] / books[1])
        self.figures.ratio("broker_cpu_64_gateways_over_1",
                           seen["ours_64"]["broker_us"] / seen["ours_1"]["broker_us"])
        self.figures.ratio("bare_cpu_64_gateways_over_1",
                           seen["bare_64"]["broker_us"] / seen["bare_1"]["broker_us"])
