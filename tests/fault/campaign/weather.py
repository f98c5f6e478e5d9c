"""What the providers do to the set: a script of faults of every kind, drawn from the seed and put into the
simulator phase by phase. Whoever checks the run afterwards asks fault() what a request met."""

import random

SHARE = (0.03, 0.2)  # of the requests, for a fault of a phase
LASTS = (3, 8)  # seconds of a phase
QUIET = 0.2  # of the phases
OUTAGE = 0.15  # of the phases have a provider that is away for a while, so that its breaker opens

TARGETS = {
    "script": {"provider": "openai", "method": "POST"},
    "speech": {"provider": "elevenlabs", "method": "POST"},
    # The text has the simulator read the body first: the ledger then knows whom a lost dial was for.
    "dial": {"provider": "twilio", "method": "POST", "text": "To="},
    "list": {"provider": "twilio", "method": "GET", "path": "*/Calls.json"},
    "call": {"provider": "twilio", "method": "GET", "path": "*/Calls/*"},
}

# Each as it is put, without id, match and rate. Of dials every kind exists in both ways: carried out or not.
EVERYWHERE = {
    "503": {"kind": "status", "status": 503},
    "500": {"kind": "status", "status": 500},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "late": {"kind": "latency", "delay_ms": 700},
    "silent": {"kind": "no_reply"},
    "unread": {"kind": "reset_before"},
    "reset": {"kind": "reset_after"},
    "half": {"kind": "half_reply"},
    "page": {"kind": "wrong_type"},
    "empty": {"kind": "empty"},
    "drip": {"kind": "drip", "delay_ms": 20},
}
OF_DIALS = {
    "500-done": {"kind": "status", "status": 500, "carry_out": True},
    "silent-undone": {"kind": "no_reply", "carry_out": False},
    "half-undone": {"kind": "half_reply", "carry_out": False, "status": 201, "body": {"sid": "CA0"}},
    "page-undone": {"kind": "wrong_type", "carry_out": False},
    "empty-undone": {"kind": "empty", "carry_out": False},
    # Without Twilio's code 20429, which says that nothing was done, it may come from anything in between.
    "429-page": {"kind": "status", "status": 429, "body": "slow down"},
}
ONCE = {"401": {"kind": "status", "status": 401}}
UNSPOILT = ("late", "drip")  # the answer comes whole all the same
REVOKED = 0.15  # of the phases have a provider that refuses its key once, until somebody clears the mark


class Weather:
    """The script. Its phases come one after the other; the set's processes never know."""

    def __init__(self, seed):
        self.random = random.Random(f"weather {seed}")
        self.phases = 0
        self.names = {}  # id of a fault: its name above
        self.revoked = []  # providers that refused their key in this phase

    def fault(self, target, name, rate, **more):
        kind = {**EVERYWHERE, **OF_DIALS, **ONCE}[name]
        number = f"{self.phases}-{target}-{name}"
        self.names[number] = name
        return {"id": number, "match": TARGETS[target], "rate": rate, **kind, **more}

    def phase(self):
        """The next phase: its faults, and how long it lasts."""
        self.phases += 1
        lasts = self.random.uniform(*LASTS)
        faults = []
        for target in TARGETS:
            names = sorted(EVERYWHERE) + (sorted(OF_DIALS) if target == "dial" else [])
            for name in self.random.sample(names, self.random.choice([1, 2, 3])):
                faults.append(self.fault(target, name, round(self.random.uniform(*SHARE), 3)))
        outage, draw = self.random.choice(sorted(TARGETS)), self.random.random()
        self.revoked = []
        if self.random.random() < REVOKED:
            target = self.random.choice(["script", "speech", "dial"])
            faults.insert(0, self.fault(target, "401", 1, count=1))
            self.revoked = [TARGETS[target]["provider"]]
        if draw < OUTAGE:
            faults.insert(0, self.fault(outage, "503", 1, for_s=lasts / 2))
        if draw >= 1 - QUIET:
            faults = [fault for fault in faults if "count" in fault]
        return faults, lasts
