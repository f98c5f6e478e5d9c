"""The table of crash points, and how each process of a set is led to die at one after the other."""

import collections
import pathlib
import re
import signal
import time

SOURCE = pathlib.Path(__file__).resolve().parents[3]
TABLE = SOURCE / "common/base/crash_point.def"
ROW = re.compile(r"^POINT\((\w+), (\w+), \"([^\"]+)\"\)$", re.M)

# Which process passes the points of a part that is no process.
PARTS = {"orchestrator": "orchestrator", "store": "orchestrator", "gateway": "service-gateway",
         "file": "service-gateway", "broker": "broker", "alerter": "alerter", "logger": "logger"}

# A point is passed many times a second, or once in a while: the hit that kills is drawn from 1 to this.
OFTEN = {"store.before_commit": 20, "store.committed": 20, "orchestrator.step_committed": 6,
         "orchestrator.step_reply_before_commit": 5, "orchestrator.outbox_before_publish": 20,
         "orchestrator.outbox_acknowledged": 8, "orchestrator.outbox_before_delete": 8,
         "gateway.request_about_to_go": 12, "gateway.answer_received": 12, "gateway.reply_sent": 10,
         "gateway.dial_answered": 3, "gateway.audio_kept": 2, "gateway.cache_stored": 2, "file.written": 4,
         "broker.journal_committed": 20, "broker.event_published": 40, "broker.call_handed_out": 12,
         "broker.answer_in_hand": 12, "alerter.page_stored": 2, "alerter.delivered": 3, "logger.page_written": 15,
         "logger.sheet_appended": 3, "logger.sheet_updated": 3, "logger.place_kept": 2, "logger.renamed": 2,
         "logger.packing": 3, "logger.spans_given": 8, "logger.traces_kept": 8}

# A point that is not come to in this time is given back, and another one is tried: what leads to it has to come
# first.
PATIENCE_S = 12

# What nobody comes to by chance: all processes of a service are led there together, when the other points are done.
TOGETHER = ("store.lease_renewed", "orchestrator.start_half_way")
PATIENCE_TOGETHER_S = 40


def table():
    """part.moment: sentence."""
    return {f"{part}.{moment}": sentence for part, moment, sentence in ROW.findall(TABLE.read_text())}


class Victim:
    """A process that dies at one point after the other, and is started again each time."""

    def __init__(self, armoury, service, name):
        self.armoury, self.service, self.name = armoury, service, name
        self.point, self.stops = None, False
        self.look = self.look_armed
        self.until = 0  # of what it does now
        self.process = None

    def launch(self):
        self.point, self.stops = self.armoury.draw(self)
        environment = {}
        if self.point:
            hit = self.armoury.random.randint(1, OFTEN.get(self.point, 1))
            environment["RF_CRASH_AT"] = f"{self.point}:{hit}" + (":stop" if self.stops else "")
        patience = PATIENCE_TOGETHER_S if self.point in TOGETHER else PATIENCE_S
        self.look, self.until = self.look_armed, time.monotonic() + patience
        self.process = self.armoury.set.launch(self.service, self.name, environment)

    def kill(self):
        self.process.kill()
        self.launch()

    # ---- one look at it, in each of its states ----

    def look_armed(self):
        if self.gave_way():
            self.armoury.give_back(self)
            self.launch()
        elif not self.process.alive():
            self.must_have_died_there()
            self.process.killed = True
            self.armoury.hit(self)
            self.launch()
        elif self.stops and self.is_stopped():
            self.look, self.until = self.look_stopped, time.monotonic() + self.armoury.stopped_for()
        elif self.point and time.monotonic() > self.until:
            self.armoury.give_back(self)
            self.kill()
        elif self.point in TOGETHER and self.point not in self.armoury.together():
            self.kill()
        elif self.point is None and self.armoury.has_work(self):
            self.kill()

    def look_stopped(self):
        if time.monotonic() > self.until:
            self.process.terminate(signal.SIGCONT)
            self.armoury.hit(self)
            self.look = self.look_continued
            self.until = time.monotonic() + self.armoury.random.uniform(0.1, 2)

    def look_continued(self):
        """What it does now must not be believed, if another has taken over; then it dies like the others."""
        if self.gave_way():
            self.launch()
        elif time.monotonic() > self.until:
            self.kill()

    def gave_way(self):
        """It was held up for longer than its lease, by us or by a busy machine, has noticed and ended."""
        if self.process.alive() or self.process.popen.returncode != 1 or \
                not self.process.says("another orchestrator has taken over"):
            return False
        self.process.killed = True
        self.armoury.fenced += 1
        return True

    def is_stopped(self):
        stat = pathlib.Path(f"/proc/{self.process.popen.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def must_have_died_there(self):
        code, words = self.process.popen.returncode, f"dies at the crash point {self.point}"
        if code != -signal.SIGKILL or not self.process.says(words):
            raise AssertionError(f"{self.name} ended with {code} on its way to {self.point}:\n"
                                 f"{self.process.text()[-3000:]}")

    def rest(self):
        """Lives on as all do in the tail."""
        self.process.terminate(signal.SIGCONT)
        if self.point:
            self.process.kill()
            self.point = None
            self.process = self.armoury.set.launch(self.service, self.name)


def service_of(point):
    return PARTS[point.split(".")[0]]


class Armoury:
    """What is still to be hit, and what was. `stops`: points at which a process is stopped as well, so often."""

    def __init__(self, the_set, random, times, points, stops, stop_s):
        self.set, self.random, self.times, self.stop_s = the_set, random, times, stop_s
        self.hits, self.stopped = collections.Counter(), collections.Counter()
        self.misses, self.dead = collections.Counter(), collections.Counter()
        self.fenced = 0
        self.points = points
        self.left = {(name, False): times for name in self.points if name not in TOGETHER}
        self.left.update({(name, True): times // 5 for name in stops if name in points})
        self.victims = []

    def add(self, service, name):
        victim = Victim(self, service, name)
        self.victims.append(victim)
        return victim

    def draw(self, victim):
        """The next point for a process, one of those that were missed least."""
        found = [key for key, count in self.left.items() if count > 0 and service_of(key[0]) == victim.service]
        if found:
            best = min(self.misses[key[0]] for key in found)
            found = [key for key in found if self.misses[key[0]] == best]
            key = self.random.choices(found, [self.left[key] for key in found])[0]
            self.left[key] -= 1
            return key
        together = [name for name in self.together() if service_of(name) == victim.service]
        return (together[0], False) if together else (None, False)

    def together(self):
        return [name for name in TOGETHER if name in self.points and self.hits[name] < self.times]

    def has_work(self, victim):
        return any(count > 0 and service_of(key[0]) == victim.service for key, count in self.left.items())

    def hit(self, victim):
        self.dead[victim.service] += 1
        (self.stopped if victim.stops else self.hits)[victim.point] += 1

    def give_back(self, victim):
        if victim.point and victim.point not in TOGETHER:
            self.left[(victim.point, victim.stops)] += 1
        self.misses[victim.point] += 1

    def stopped_for(self):
        return self.random.uniform(*self.stop_s)

    def armed(self):
        """The points that somebody is on the way to."""
        return {victim.point for victim in self.victims if victim.point}

    def all_armed(self, point):
        """All of its service are on the way to it."""
        return all(victim.point == point for victim in self.victims if victim.service == service_of(point))

    def is_left(self, point):
        """Somebody is on the way to it, or will be."""
        return self.left.get((point, False), 0) > 0 or point in self.together() or point in self.armed()

    def done(self):
        return not any(self.left.values()) and not self.together() and not self.armed()

    def look(self):
        for victim in self.victims:
            victim.look()

    def rest(self):
        for victim in self.victims:
            victim.rest()

    def lacking(self, times):
        return {name: self.hits[name] for name in self.points if self.hits[name] < times}

    def listing(self):
        lines = [f"{name:44} {self.hits[name]:4}" +
                 (f"  stopped {self.stopped[name]}" if self.stopped[name] else "") for name in self.points]
        return "\n".join(lines)
