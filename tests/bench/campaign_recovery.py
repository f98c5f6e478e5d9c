"""From a provider's recovery to the first deferred contact dialled, beyond the waits that are configured: the
breaker's, as it never asks the provider before that ends."""

import time

from campaign_set import running, write_list
from process import wait_until

OUTAGE = {"id": "outage", "match": {"provider": "elevenlabs"}, "kind": "status", "status": 503}


class Recovery:
    def __init__(self, figures, folder, build, counts):
        self.figures, self.folder, self.build, self.counts = figures, folder, build, counts

    def measure(self, number):
        with running(self.folder / f"recovery-{number}", self.build,
                     recovery=self.counts["recovery"]) as the_set:
            write_list(the_set.folder / "list.csv", 20)
            the_set.admin("PUT", "faults", {"faults": [OUTAGE]})
            the_set.cli("campaign", "load", "bench", the_set.folder / "list.csv")
            the_set.cli("campaign", "start", "bench")
            wait_until("deferred contacts", lambda: the_set.events("breaker.opened/elevenlabs") and
                       the_set.status("bench")["waiting"] > 0)
            the_set.admin("PUT", "faults", {"faults": []})
            recovered = time.time()
            the_set.finished("bench", 120)
            # Later than that it was never refused: the last time that it opened.
            until = the_set.events("breaker.opened/elevenlabs")[-1]["data"]["until"] / 1e9
            dials = [dial["at"] for dial in the_set.admin("GET", "ledger")["dials"]]
            lag = min(dials) - max(until, recovered)
            self.figures.keep("recovery_lag", "s", lag)
            self.figures.ratio("recovery_lag_s", lag)
