"""What the policies cost a call: a breaker's decision and record with a sliding window and slow-call rate, and a
whole pass through the policy, beside a mutex and a look at the clock in the same process and in turns."""

import subprocess

from figures import Figures

TURNS = 41
OPERATIONS = 100000


def measure(build, runs, quick):
    command = [build / "bench/policy_cost", str(3 if quick else TURNS), str(1000 if quick else OPERATIONS)]
    figures = Figures()
    for _ in range(runs):
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        seen = {name: float(value) for name, value in (line.split() for line in lines)}
        for name in (name for name in seen if name.endswith("_ns")):
            figures.keep(name, "ns", seen[name])
        clock = seen["clock_gettime_ns"]
        figures.ratio("decision_over_clock_gettime", seen["decision_ns"] / clock)
        figures.ratio("decision_time_window_over_clock_gettime", seen["decision_time_window_ns"] / clock)
        figures.ratio("decision_over_mutex", seen["decision_ns"] / seen["mutex_ns"])
        figures.ratio("policy_over_clock_gettime", seen["policy_ns"] / clock)
        figures.ratio("allocations_per_call", seen["allocations"] / seen["operations"])
    return figures
