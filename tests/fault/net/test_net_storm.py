#!/usr/bin/python3
"""A set on six hosts under a storm of the network: cuts of every kind, poor lines and hosts that vanish, drawn from
the seed, one after the other and on top of each other, for --seconds; then the network is whole, and everything must
come to its end. See net_test.py.
"""

import time

from net_test import OPTIONS, NetTest, main
from set_on_hosts import GATEWAYS

PAUSE = (0.2, 2)
SPANS = ((0.2, 1.5), (0.2, 1.5), (3, 8))  # most are shorter than a lease
# Between whom: all speak with the broker, and gateways with the providers.
PAIRS = [("hub", name) for name in ("office", "brain", *GATEWAYS)] + [("world", name) for name in GATEWAYS]
# Whose host vanishes, and who runs there.
VANISHING = {"east": "east", "west": "west", "brain": "orchestrator", "hub": "broker"}
POOR = ({"delay_ms": 100, "jitter_ms": 30, "loss": 0.05}, {"loss": 0.3}, {"reorder": 0.3, "duplicate": 0.2},
        {"corrupt": 0.1}, {"kbit": 64}, {"forge": 1}, {"delay_ms": 700})


class Storm(NetTest):
    CONTACTS = max(20, int(NetTest.PACE * OPTIONS.seconds))

    def setUp(self):
        super().setUp()
        self.due = []  # (when, what ends then)
        self.gone = set()

    def later(self, lasts, end):
        self.due.append((time.monotonic() + lasts, end))

    # ---- what goes wrong ----

    def spoil(self, lasts, **rule):
        """Of a link: both directions, or one."""
        one, other = self.random.choice(PAIRS)
        ways = self.random.choice([[(one, other)], [(other, one)], [(one, other), (other, one)]])
        self.tell(f"{', '.join(' to '.join(way) for way in ways)}: {rule} for {lasts:.1f} s")
        for way in ways:
            self.network.rule(*way, **rule)
        self.later(lasts, lambda: [self.network.rule(*way) for way in ways])

    def vanish(self, lasts):
        host = self.random.choice(sorted(VANISHING))
        if host in self.gone:
            return
        self.tell(f"{host} is without power for {lasts:.1f} s")
        self.gone.add(host)
        self.network.around(host, cut=True)
        self.set.processes[VANISHING[host]].kill()
        self.later(lasts, lambda: self.come_back(host))

    def come_back(self, host):
        self.gone.discard(host)
        self.network.boot(host)
        self.network.around(host)
        self.set.begin(VANISHING[host])

    def strike(self):
        lasts = self.random.uniform(*self.random.choice(SPANS))
        draw = self.random.random()
        if draw < 0.4:
            self.spoil(lasts, cut=True)
        elif draw < 0.5:
            self.spoil(lasts, cut="reject")
        elif draw < 0.85:
            self.spoil(lasts, **self.random.choice(POOR))
        else:
            self.vanish(lasts)

    # ---- the run ----

    def turn(self):
        """What is due now; nobody has ended by himself."""
        now = time.monotonic()
        ready = [end for when, end in self.due if when <= now]
        self.due = [(when, end) for when, end in self.due if when > now]
        for end in ready:
            end()
        for name, process in self.set.processes.items():
            if not process.alive() and not process.killed:
                self.supervise(name, process)

    def supervise(self, name, process):
        """As a supervisor does; but only an orchestrator may end, whose lease ran out while it was away."""
        self.assertIn("another orchestrator has taken over", process.text(), f"{name} has ended")
        self.set.begin(name)

    def rage(self):
        end = time.monotonic() + OPTIONS.seconds
        strike_at = 0
        while (now := time.monotonic()) < end:
            self.turn()
            if now >= strike_at:
                strike_at = now + self.random.uniform(*PAUSE)
                self.strike()
            time.sleep(0.02)
        for _, finish in self.due:
            finish()
        self.heal()
        for process in self.set.processes.values():
            process.wait_ready()

    def test_a_campaign_comes_to_its_end_and_nobody_is_dialled_twice(self):
        self.begin()
        self.rage()
        self.check()


if __name__ == "__main__":
    main()
