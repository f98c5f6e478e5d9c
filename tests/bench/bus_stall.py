"""A disk that stands still for 50 ms, ten times a second: calls and measurements must not feel it. All loads are
open loops, so that what a stall holds up is counted for as long as it was held up."""

import os
import subprocess

from bus_events import DATA_BYTES, PROBE_RATE, TYPE
from bus_set import Program, broker, subscribed
from turns import in_turns

STALL = "path={folder} stall_ms=50 every_ms=100\n"
JOURNALED_RATE, METRIC_RATE, CALL_RATE = 1000, 1000, 2000


class Stall:
    def __init__(self, figures, folders, build, counts):
        self.figures, self.folders, self.build, self.counts = figures, folders, build, counts

    def program(self, name):
        return self.build / "bench" / name

    def environment(self, control):
        # A sanitizer's runtime wants to be the first library; behind the shim it works as well.
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": str(self.build / "tests/disk_fault.so"), "RF_DISK_FAULT": str(control),
                "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0"}

    def run(self, stalls):
        seconds = self.counts["stall_s"]
        control = self.folders.new() / "control"
        with broker(self.folders, self.build, self.environment(control)) as (stack, our):
            Program(stack, [self.program("echo_worker"), our.endpoint("workers"), 1, 256])
            our.seated(1)
            if stalls:
                control.write_text(STALL.format(folder=our.folder))
            journaled, metric, calls = (round(rate * seconds)
                                        for rate in (JOURNALED_RATE, METRIC_RATE, CALL_RATE))
            publish = [self.program("event_publisher"), our.config]
            late = {"journaled": Program(stack, [self.program("event_subscriber"), our.config, "bench.", 1,
                                                 journaled]),
                    "metric": Program(stack, [self.program("event_receiver"), our.endpoint("events"), "metric.",
                                              1, metric], ready=False)}
            subscribed([*publish, TYPE["unjournaled"], DATA_BYTES, PROBE_RATE, 1000000], [late["metric"]])
            for kind, rate, count in (("journaled", JOURNALED_RATE, journaled),
                                      ("unjournaled", METRIC_RATE, metric)):
                Program(stack, [*publish, TYPE[kind], DATA_BYTES, rate, count + 1], ready=False)
            # A worker that has just registered waits for the disk once: those calls do not count.
            late["calls"] = Program(stack, [self.program("call_sender"), our.endpoint("calls"), 1000,
                                            max(1, calls // 10), calls, CALL_RATE], ready=False)
            return {name: program.figures() for name, program in late.items()}

    def measure(self, number):
        seen = in_turns({"normal": lambda: self.run(False), "stalled": lambda: self.run(True)}, number)
        for when, kinds in seen.items():
            for kind, figures in kinds.items():
                for at in ("p50", "p99", "p999"):
                    self.figures.keep(f"{kind}_{at}_{when}_disk", "us", figures[at + "_us"])
        for ratio, kind in (("call_p99_under_50ms_disk_stall_over_normal", "calls"),
                            ("metric_p99_under_50ms_disk_stall_over_normal", "metric")):
            self.figures.ratio(ratio, seen["stalled"][kind]["p99_us"] / seen["normal"][kind]["p99_us"])
