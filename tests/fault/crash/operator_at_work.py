"""An operator who never rests: loads, starts, cancels and retries campaigns, so that there is work, and so that
somebody passes the crash points that only orders lead to. Every order is repeated until it was answered, as a person
would repeat it."""

import contextlib
import json
import sqlite3
import subprocess
import threading
import time

from account import BUSY, NO_ANSWER, REFUSED
from harness import BIN, people

UNENDED = ("SELECT count (*) FROM contact c JOIN campaign k ON k.id = c.campaign WHERE k.state = 'running'"
           " AND c.state NOT IN ('done', 'set_aside') AND k.name LIKE 'w%'")

REFUSED_ONES = ("SELECT k.name FROM contact c JOIN campaign k ON k.id = c.campaign WHERE c.state = 'set_aside'"
                " AND c.reason = 'permanent.invalid' LIMIT 1")

START_PART = 5000  # contacts that a start puts into the queue at once
SWEEP_PART = 200   # contacts of a cancelled campaign that are set aside at once
MARKED = "openai"


class Operator:
    def __init__(self, the_set, store, armoury):
        self.set, self.store, self.armoury = the_set, store, armoury
        self.works = 0     # campaigns that are to be called
        self.sweeps = 0    # campaigns that are loaded to be cancelled
        self.swept = None  # a campaign that is loaded, to be cancelled
        self.large = None  # the campaign that is too large to be started at once
        self.numbers = 100 # numbers that were given out
        self.burnt = 0     # requests that met a key that is not valid
        self.trouble = None
        self.orders = 0
        self.begun = False
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=[task], daemon=True)
                        for task in (self.work, self.stop_half_way, self.refuse_a_key,
                                     self.shut_the_mailbox)]

    def begin(self):
        self.begun = True
        for thread in self.threads:
            thread.start()

    def end(self):
        """What was loaded comes to its end, one way or the other."""
        self.ending.set()
        for thread in self.threads:
            thread.join(120)
        if self.trouble:
            raise self.trouble
        self.clear_marks()
        for name in (self.large, self.swept):
            if name:
                self.cancel(name)

    def run(self, task):
        try:
            while not self.ending.is_set():
                if not task():
                    time.sleep(0.1)
        except Exception as trouble:  # told by end(), on the test's own thread
            self.trouble = trouble

    # ---- orders ----

    def order(self, *words, allowed=()):
        """Repeats an order until it was carried out, or refused with one of these texts."""
        end = time.monotonic() + 150
        while True:
            self.orders += 1
            result = subprocess.run([str(BIN / "ringfence"), *map(str, words), "--timeout", "5s",
                                     "--config", str(self.set.config_file)],
                                    capture_output=True, text=True, timeout=60, check=False)
            if result.returncode == 0 or any(text in result.stderr for text in allowed):
                return result
            if time.monotonic() > end:
                raise AssertionError(f"{words}: {result.returncode}\n{result.stdout}\n{result.stderr}")
            time.sleep(0.1)

    def load(self, name, phones):
        file = self.set.root / f"{name}.csv"
        if not file.exists():
            self.set.write_list([(phone, f"Number {phone[1:]}") for phone in phones], name)
        self.order("campaign", "load", name, file)

    def new_work(self):
        self.works += 1
        name = f"w{self.works}"
        phones = [phone for phone, _ in people(9, self.numbers)]
        self.numbers += 9
        self.load(name, [*phones, BUSY, NO_ANSWER, REFUSED])
        self.order("campaign", "start", name)

    def cancel(self, name):
        self.order("campaign", "cancel", name, "--yes", allowed=("is cancelled already", "has ended"))

    # ---- what leads to the points ----

    def armed(self, point):
        return point in self.armoury.armed()

    def work(self):
        """True: something was done."""
        unended = int(self.store.rows(UNENDED)[0][0])
        refused = self.store.rows(REFUSED_ONES)
        name = f"w{self.works}"
        if self.armoury.all_armed("store.lease_renewed"):
            return False  # who has nothing to do renews it
        if unended < 4:
            self.new_work()
        elif self.armed("orchestrator.load_committed"):
            self.load(name, [])  # once more: it adds nothing
        elif self.armed("orchestrator.order_committed"):
            self.order("campaign", "pause", name, allowed=("has ended", "finished"))
            self.order("campaign", "resume", name, allowed=("has ended", "finished"))
        elif self.armed("orchestrator.retry_committed") and refused:
            self.order("campaign", "retry", refused[0][0], "--reason", "permanent.invalid")
        elif unended < 14:
            self.new_work()
        else:
            return False
        return True

    def stop_half_way(self):
        if self.armoury.all_armed("orchestrator.start_half_way"):
            self.start_large()
        elif self.swept is None and self.armoury.is_left("orchestrator.sweep_half_way"):
            self.load_swept()
        elif self.armed("orchestrator.sweep_half_way") and self.swept:
            self.cancel(self.swept)
            self.swept = None
        else:
            return False
        return True

    def refuse_a_key(self):
        if self.armed("gateway.mark_made"):
            self.mark()
        return self.armed("gateway.mark_made")

    def shut_the_mailbox(self):
        """Mails wait while the server is away, grow old, and are folded when it is back."""
        if not self.armed("alerter.fold_half_way") and not self.armed("alerter.folded"):
            return False
        self.set.mailbox.close()
        end = time.monotonic() + 6
        while time.monotonic() < end and self.old_mails() < 3:
            time.sleep(0.1)
        self.set.mailbox.open()
        end = time.monotonic() + 4
        while time.monotonic() < end and self.old_mails() > 0:
            time.sleep(0.1)
        return True

    def old_mails(self):
        file = self.set.root / "state" / "alerter" / "alerts.db"
        old = "SELECT count(*) FROM delivery WHERE channel = 'email' AND state = 'waiting' AND made < ?"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as db:
                return db.execute(old, (time.time_ns() - 1_100_000_000,)).fetchone()[0]
        except sqlite3.OperationalError:  # the alerter has not made it yet
            return 0

    def start_large(self):
        """A campaign of which a start leaves a rest; it is low, so that nobody of it is called as long as there are
        others."""
        if self.large is None:
            self.sweeps += 1
            name = f"large{self.sweeps}"
            first = 13120000000 + self.sweeps * 100000
            self.load(name, [f"+{first + i}" for i in range(START_PART + 1)])
            self.large = name
        self.order("campaign", "start", self.large, "--priority", "-10")
        if self.store.rows(f"SELECT count (*) FROM contact c JOIN campaign k ON k.id = c.campaign"
                           f" WHERE k.name = '{self.large}' AND c.state = 'new'")[0][0] == "0":
            self.cancel(self.large)
            self.large = None

    def load_swept(self):
        self.sweeps += 1
        name = f"s{self.sweeps}"
        first = 14150000000 + self.sweeps * 100000
        self.load(name, [f"+{first + i}" for i in range(2 * SWEEP_PART + 50)])
        self.swept = name

    def mark(self):
        self.set.faults({"id": f"refused-{self.burnt}", "kind": "status", "status": 401, "count": 1,
                         "match": {"provider": MARKED, "method": "POST"}})
        self.burnt += 1
        end = time.monotonic() + 8
        while time.monotonic() < end and not self.marks():
            time.sleep(0.1)
        self.set.faults()
        self.clear_marks()

    def marks(self):
        return json.loads(self.order("mark", "list", "--json").stdout)

    def clear_marks(self):
        if self.marks():
            self.order("mark", "clear", MARKED, allowed=("is not marked",))
