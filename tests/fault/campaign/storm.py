"""What the machine does to the set: SIGKILL, or SIGSTOP and later SIGCONT, of a random process every 200 to
800 ms, and partitions between gateways and broker; and the supervisor that starts again what ended."""

import collections
import random
import signal
import time

PAUSE = (0.2, 0.8)
KILLED, STOPPED = 0.6, 0.85  # of the draws; above: cut off, if it is a gateway, else killed
DOWN = (0, 0.8)  # seconds until a killed process is started again
# Most are short; some longer than the lease of a gateway or an orchestrator, and than what a dial may wait.
STOPS = ((0.3, 2), (0.3, 2), (2, 7))
CUT = (0.3, 5)

# How often whom: those who hold contacts and calls most. The database, if it has a server.
SHARES = {"orchestrator": 5, "gateway": 6, "broker": 2, "logger": 3, "alerter": 2, "health-monitor": 1, "console": 1,
          "database": 1}

LOST_ITS_LEASE = "another orchestrator has taken over"
IS_READY = "orchestrator: ready: "  # a start without a database ends; who has started waits for it


class Storm:
    """`victims`: name: how it is launched; `relays`: name of a gateway: the relays between it and the broker;
    `database`: its server, or None."""

    def __init__(self, the_set, seed, victims, relays, database=None):
        self.set, self.victims, self.relays, self.database = the_set, victims, relays, database
        self.shares = {kind: share for kind, share in SHARES.items() if kind != "database" or database}
        self.random = random.Random(f"storm {seed}")
        self.counts = collections.Counter()
        self.spans = []  # (name, what, from, to) in UTC seconds
        self.due = []  # (when, what to do then)
        self.away = set()  # stopped, or not yet started again

    def later(self, seconds, action):
        self.due.append((time.monotonic() + seconds, action))

    def process(self, name):
        return self.set.processes[name]

    # ---- what goes wrong ----

    def kill(self, name):
        self.process(name).kill()
        self.counts["killed"] += 1
        self.counts[f"{name} killed"] += 1
        self.away.add(name)
        down = self.random.uniform(*DOWN)
        self.spans.append((name, "killed", time.time(), time.time() + down))
        self.later(down, lambda: self.start(name))

    def start(self, name):
        self.away.discard(name)
        self.victims[name]()

    def stop(self, name):
        process = self.process(name)
        process.popen.send_signal(signal.SIGSTOP)
        self.counts["stopped"] += 1
        self.away.add(name)
        lasts = self.random.uniform(*self.random.choice(STOPS))
        self.spans.append((name, "stopped", time.time(), time.time() + lasts))
        self.later(lasts, lambda: self.go_on(name, process))

    def go_on(self, name, process):
        process.terminate(signal.SIGCONT)
        self.away.discard(name)

    def cut(self, name):
        """No connection breaks, nothing arrives; or all break."""
        self.counts["cut off"] += 1
        severed, lasts = self.random.random() < 0.3, self.random.uniform(*CUT)
        self.spans.append((name, "cut off", time.time(), time.time() + (0 if severed else lasts)))
        for relay in self.relays[name]:
            (relay.sever if severed else relay.cut)()
        if not severed:
            self.later(lasts, lambda: [relay.mend() for relay in self.relays[name]])

    def crash_database(self):
        self.database.stop(signal.SIGQUIT)
        self.counts["database crashed"] += 1
        self.away.add("database")
        down = self.random.uniform(*DOWN)
        self.spans.append(("database", "crashed", time.time(), time.time() + down))
        self.later(down, self.start_database)

    def start_database(self):
        self.database.start()
        self.away.discard("database")

    def strike(self):
        """One fault. The draws do not depend on how the set does, so that a seed repeats them."""
        kind = self.random.choices(list(self.shares), self.shares.values())[0]
        name = self.random.choice([name for name in self.victims if name.startswith(kind)] or [kind])
        draw = self.random.random()
        if name in self.away:
            return
        if name == "database":
            self.crash_database()
        elif draw < KILLED or (draw >= STOPPED and name not in self.relays):
            self.kill(name)
        elif draw < STOPPED:
            self.stop(name)
        else:
            self.cut(name)

    # ---- what goes right ----

    def supervise(self):
        """Starts again who lost its lease while it was stopped, and who found no database at its start; nobody
        else ends."""
        for name in self.victims:
            process = self.process(name)
            if process.alive() or process.killed:
                continue
            code = process.popen.returncode
            orchestrator = name.startswith("orchestrator") and code == 1
            if orchestrator and process.says(LOST_ITS_LEASE):
                self.counts["lost its lease"] += 1
            elif orchestrator and self.counts["database crashed"] and not process.says(IS_READY):
                if "database" in self.away:
                    continue
                self.counts["found no database"] += 1
            else:
                raise AssertionError(f"{name} ended with {code}:\n{process.text()[-4000:]}")
            self.start(name)

    def turn(self):
        """What is due now."""
        now = time.monotonic()
        ready = [action for when, action in self.due if when <= now]
        self.due = [(when, action) for when, action in self.due if when > now]
        for action in ready:
            action()
        self.supervise()

    def rage(self, enough, each_turn):
        strike_at = time.monotonic()
        while not enough():
            self.turn()
            each_turn()
            if time.monotonic() >= strike_at:
                strike_at = time.monotonic() + self.random.uniform(*PAUSE)
                self.strike()
            time.sleep(0.02)

    def calm(self):
        """No more faults: all that is stopped goes on, all that is down comes back."""
        while self.due:
            _, action = self.due.pop(0)
            action()
        for relay in (relay for relays in self.relays.values() for relay in relays):
            relay.mend()

    def struck(self, kinds, began, ended):
        """Whether something of these kinds was stopped, down or cut off at any time of this span."""
        return any(name.startswith(kinds) and a < ended and began < b for name, _, a, b in self.spans)
