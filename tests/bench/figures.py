"""What a benchmark has seen: a value a run of each metric, and of each ratio to a reference of the same run."""

import statistics


def spread(numbers):
    return {"min": round(min(numbers), 3), "median": round(statistics.median(numbers), 3),
            "max": round(max(numbers), 3)}


class Figures:
    def __init__(self):
        self.metrics, self.ratios = {}, {}
        self.conditions, self.missing = {}, {}

    def keep(self, name, unit, value):
        self.metrics.setdefault(name, (unit, []))[1].append(value)

    def ratio(self, name, value):
        self.ratios.setdefault(name, []).append(value)

    def as_json(self):
        """`missing` says why something could not be measured; it has no figures then."""
        return {"metrics": {name: {"unit": unit, **spread(values)}
                            for name, (unit, values) in self.metrics.items()},
                "ratios": {name: spread(values)["median"] for name, values in self.ratios.items()},
                "ratio_ranges": {name: spread(values) for name, values in self.ratios.items()},
                "conditions": self.conditions, "missing": self.missing}
