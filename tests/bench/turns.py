"""The contestants of a round, one after the other; each round begins with another one, so that a machine that
drifts favours none. All of them have the same two cores."""

import os

CORES = 2


def in_turns(contestants, number):
    names = list(contestants)
    first = number % len(names)
    return {name: contestants[name]() for name in names[first:] + names[:first]}


def two_cores():
    """All processes on the same two cores; what is started later inherits it."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    return cores
