"""Contacts a second through the entire path: claim, script, speech, dial, the call's end, with all events."""

from campaign_set import SERVICES, running, write_list


class Path:
    def __init__(self, figures, folder, build, counts):
        self.figures, self.folder, self.build, self.counts = figures, folder, build, counts

    def measure(self, number):
        contacts, places = self.counts["contacts"], self.counts["places"]
        with running(self.folder / f"path-{number}", self.build, places=places) as the_set:
            write_list(the_set.folder / "list.csv", contacts)
            the_set.cli("campaign", "load", "bench", the_set.folder / "list.csv")
            before = {name: server.cpu_us() for name, server in the_set.servers.items()}
            the_set.cli("campaign", "start", "bench")
            status = the_set.finished("bench", 600)
            if status["done"] != contacts:
                raise SystemExit(f"bench: {status['done']} of {contacts} contacts done")
            seconds = (status["ended"] - status["started"]) / 1e9
            self.figures.keep("contacts_per_second", "1/s", contacts / seconds)
            for name in SERVICES:
                cpu = (the_set.servers[name].cpu_us() - before[name]) / contacts
                self.figures.keep(f"{name.removeprefix('service-')}_cpu_per_contact", "us", cpu)
