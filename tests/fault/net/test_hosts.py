#!/usr/bin/python3
"""A set on six hosts, whose network is cut, slow, or loses and damages what it carries, while a campaign runs: the
campaign goes on or waits, nobody is dialled twice, nothing is lost, and everybody comes back without help.

Each test has one fault; test_net_storm.py has all of them in a row. See net_test.py for --seed.
"""


import pathlib
import socket

from net_test import LEASE, NetTest, main, wait_for
from set_on_hosts import GATEWAYS

SHORT = (0.3, 0.7 * LEASE)
LONG = (2 * LEASE, 3 * LEASE)
ESTABLISHED = "01"  # in /proc/net/tcp
# A dead connection is given up after 20 s at most. What is tried then waits for the kernel to send a SYN again: 31 s
# after the first one, and the next time 32 s later, unless somebody loses patience.
LONGEST = (53, 56)


class CutOff(NetTest):
    """Both directions, or only one: then requests go and replies do not, or the other way round."""

    def cut(self, one, other, *span, during_a_dial=True):
        self.begin()
        if during_a_dial:
            self.during_a_dial()
        self.fault(f"{one} and {other} do not reach each other", *span,
                   lambda: self.network.between(one, other, cut=True))
        self.check()

    def cut_one_way(self, source, target, *span):
        self.begin()
        self.during_a_dial()
        self.fault(f"nothing passes from {source} to {target}", *span,
                   lambda: self.network.rule(source, target, cut=True))
        self.check()

    def test_a_gateway_from_the_broker_for_less_than_its_lease(self):
        self.cut("hub", self.random.choice(GATEWAYS), *SHORT)

    def test_a_gateway_from_the_broker_for_longer(self):
        self.cut("hub", self.random.choice(GATEWAYS), *LONG)
        self.check_told_of("service-gateway")

    def test_a_gateway_that_the_broker_does_not_hear(self):
        self.cut_one_way(self.random.choice(GATEWAYS), "hub", *LONG)

    def test_a_gateway_that_does_not_hear_the_broker(self):
        self.cut_one_way("hub", self.random.choice(GATEWAYS), *LONG)

    def test_the_orchestrator_from_the_broker(self):
        self.cut("hub", "brain", *LONG)
        self.check_told_of("orchestrator")

    def test_an_orchestrator_that_does_not_hear_the_broker(self):
        self.cut_one_way("hub", "brain", *LONG)

    def test_an_orchestrator_that_the_broker_does_not_hear(self):
        self.cut_one_way("brain", "hub", *LONG)

    def test_a_gateway_from_the_providers(self):
        self.cut("world", self.random.choice(GATEWAYS), *LONG)

    def test_a_gateway_that_does_not_hear_the_providers(self):
        self.cut_one_way("world", self.random.choice(GATEWAYS), *LONG)

    def test_everybody_from_the_broker_for_a_minute(self):
        self.begin()
        self.fault("the broker is cut off", *LONGEST, lambda: self.network.around("hub", cut=True))
        self.check()

    def test_connections_that_are_rejected(self):
        self.begin()
        self.during_a_dial()
        self.fault("connections with the broker are rejected", *LONG,
                   lambda: self.network.around("hub", cut="reject"))
        self.check()


class Poor(NetTest):
    """All arrives that arrives, but late, out of order, twice or damaged."""

    def poor(self, what, *span, **rule):
        self.begin()
        self.fault(what, *span, lambda: self.network.everywhere(**rule))
        self.check()

    def test_a_long_way_that_loses_one_in_twenty(self):
        self.poor("200 ms there and back, 5 % loss", 10, 12, delay_ms=100, jitter_ms=20, loss=0.05)

    def test_out_of_order_and_twice(self):
        self.poor("out of order and twice", 8, 10, reorder=0.2, duplicate=0.2, jitter_ms=10)

    def test_damage_that_a_checksum_shows(self):
        self.poor("one packet in twenty is damaged", 8, 10, corrupt=0.05)

    def test_damage_that_no_checksum_shows(self):
        """It reaches CURVE, which ends the connection."""
        self.begin()
        self.fault("damaged so that only CURVE sees it", 8, 10, lambda: self.network.around("hub", forge=2))
        self.check()

    def test_a_line_of_64_kbit(self):
        self.begin()
        self.fault("64 kbit/s between the broker and the others", 12, 15,
                   lambda: self.network.around("hub", kbit=64, delay_ms=20))
        self.check()


class Gone(NetTest):
    """A host without power says nothing: no FIN, no RST. Later it is there again, with nothing but its disks."""

    BACK = 60  # its process has to start, which a sanitizer makes slow

    def vanish(self, host, names):
        self.network.around(host, cut=True)
        for name in names:
            self.set.processes[name].kill()
        self.tell(f"{host} is without power")

    def come_back(self, host, names):
        self.network.boot(host)
        self.heal()
        for name in names:
            self.set.begin(name)

    def gone(self, host, name):
        self.begin()
        self.during_a_dial()
        self.vanish(host, [name])
        self.pause(*LONG)
        self.come_back(host, [name])
        self.check()

    def test_a_gateway(self):
        name = self.random.choice(GATEWAYS)
        self.gone(name, name)
        self.check_told_of("service-gateway")

    def test_the_orchestrator(self):
        self.gone("brain", "orchestrator")
        self.check_told_of("orchestrator")

    def test_the_broker(self):
        self.gone("hub", "broker")

    def test_the_broker_keeps_no_connection_with_a_host_that_is_gone(self):
        """Nobody has told it: who speaks has no answer, who only listens asks after a rest."""
        self.begin()
        self.vanish("east", ["east"])
        self.assertNotEqual(self.connections("broker", "east"), [])
        wait_for("the broker to give them up", lambda: not self.connections("broker", "east"), 25)
        self.come_back("east", ["east"])
        self.check()

    def connections(self, name, host):
        """Of the host of this process with another, by its kernel."""
        address = socket.inet_aton(self.set.address(host))[::-1].hex().upper()
        lines = pathlib.Path(f"/proc/{self.set.processes[name].popen.pid}/net/tcp").read_text().splitlines()[1:]
        return [line for line in lines if line.split()[2].startswith(address) and line.split()[3] == ESTABLISHED]


if __name__ == "__main__":
    main()
