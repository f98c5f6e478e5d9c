"""What the policies cost a call: a breaker's decision and record with a sliding window and slow-call rate, and a
whole pass through the policy, beside a mutex and a look at the clock in the same process and in turns."""

import subprocess

TURNS = 41
OPERATIONS = 100000


def measure(folder, runs, quick):
    """({metric: (unit, a value per run)}, {ratio: a value per run})."""
    command = [folder / "bench/policy_cost", str(3 if quick else TURNS), str(1000 if quick else OPERATIONS)]
    seen = []
    for _ in range(runs):
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        seen.append({name: float(value) for name, value in (line.split() for line in lines)})
    metrics = {name: ("ns", [run[name] for run in seen]) for name in seen[0] if name.endswith("_ns")}
    ratios = {
        "decision_over_clock_gettime": [run["decision_ns"] / run["clock_gettime_ns"] for run in seen],
        "decision_time_window_over_clock_gettime":
            [run["decision_time_window_ns"] / run["clock_gettime_ns"] for run in seen],
        "decision_over_mutex": [run["decision_ns"] / run["mutex_ns"] for run in seen],
        "policy_over_clock_gettime": [run["policy_ns"] / run["clock_gettime_ns"] for run in seen],
        "allocations_per_call": [run["allocations"] / run["operations"] for run in seen],
    }
    return metrics, ratios
