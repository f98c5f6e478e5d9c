#!/usr/bin/python3
"""The wire between the hosts of network.py: takes each IP packet from the TUN device of one host and gives it to
another's, late, twice, damaged, or not at all, as the rule of that direction says.

In user space, as not every kernel has netem, and because a draw of ours is repeated by its seed. One process of its
own, so that what the test does meanwhile delays nothing. It ends with the socket on its standard input, and its
devices with it.

Orders are JSON in one packet each: {"host": name, "address": address} with the device's file beside it;
{"rule": {...}, "from": name, "to": name}; {"count": true}. Each is answered.
"""

import collections
import heapq
import json
import os
import random
import selectors
import socket
import struct
import sys
import time

TCP = 6
LARGEST = 65536


class Rule:
    """What happens to packets in one direction. Without words: nothing does.

    cut          True: dropped; "reject": dropped, and who sends by TCP is told that the connection is none (RST)
    delay_ms     how late all come; jitter_ms: up to so much later, in order
    loss, duplicate, corrupt, reorder
                 shares of the packets: dropped, sent twice, a bit changed, overtaken by what comes within
                 reorder_ms
    kbit         thousands of bits a second; beyond queue_bytes that wait the rest is dropped
    forge        so many of the next packets with data in TCP are damaged in a way that their checksum does not show
    """

    WORDS = {"cut": False, "delay_ms": 0, "jitter_ms": 0, "loss": 0, "duplicate": 0, "corrupt": 0, "reorder": 0,
             "reorder_ms": 30, "kbit": 0, "queue_bytes": 65536, "forge": 0}

    def __init__(self, **words):
        if unknown := words.keys() - self.WORDS.keys():
            raise ValueError(f"a rule has no {unknown}")
        self.__dict__.update(self.WORDS, **words)


class Direction:
    """From one host to another: its rule, what of its rate is used up, and its own draws."""

    def __init__(self, seed, names):
        self.rule, self.random = Rule(), random.Random(f"wire {seed} {names}")
        self.free_at = self.last = 0.0  # when its rate has room; when the last packet in order arrives

    def arrivals(self, packet, now):
        """[(when, packet)], without those that are lost."""
        rule = self.rule
        if rule.cut or self.random.random() < rule.loss:
            return []
        sent = max(now, self.free_at)
        if rule.kbit:
            if (sent - now) * rule.kbit * 125 + len(packet) > rule.queue_bytes:
                return []
            sent = self.free_at = sent + len(packet) / (rule.kbit * 125)
        when = sent + (rule.delay_ms + self.random.uniform(0, rule.jitter_ms)) / 1000
        if self.random.random() < rule.reorder:
            when += rule.reorder_ms / 1000
        else:
            when = self.last = max(when, self.last)
        if self.random.random() < rule.corrupt:
            packet = flip(packet, self.random)
        if rule.forge and (forged := exchange(packet)):
            rule.forge -= 1
            packet = forged
        return [(when, packet)] * (2 if self.random.random() < rule.duplicate else 1)


# ---- packets ----

def header(packet):
    """(protocol, where it begins, where its data begin) of IPv4; data only of TCP."""
    start = (packet[0] & 15) * 4
    data = start + (packet[start + 12] >> 4) * 4 if packet[9] == TCP else len(packet)
    return packet[9], start, data


def flip(packet, chooser):
    """One bit behind the IP header is another."""
    at = chooser.randrange((packet[0] & 15) * 4, len(packet))
    return packet[:at] + bytes([packet[at] ^ 1 << chooser.randrange(8)]) + packet[at + 1:]


def exchange(packet):
    """Two words of TCP's data change places, which its checksum does not notice; None if there are none. From the
    end, so that in a frame of CURVE it is the box."""
    _, start, data = header(packet)
    first = data + (data - start) % 2
    words = list(range(first, len(packet) - 1, 2))
    for a, b in zip(reversed(words[1:]), reversed(words[:-1])):
        if packet[a:a + 2] != packet[b:b + 2]:
            return packet[:b] + packet[a:a + 2] + packet[b:b + 2] + packet[a + 2:]
    return None


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def reset(packet):
    """What a packet filter answers that rejects this one (RFC 9293, 3.5.2); None: nothing."""
    protocol, start, data = header(packet)
    source, target = packet[12:16], packet[16:20]
    if protocol != TCP or packet[start + 13] & 4:  # no RST for an RST
        return None
    from_port, to_port, number, answered, _, flags = struct.unpack(">HHIIBB", packet[start:start + 14])
    length = len(packet) - data + (flags & 1) + (flags >> 1 & 1)  # FIN and SYN count
    fields = (answered, 0, 4) if flags & 16 else (0, (number + length) & 0xffffffff, 20)
    tcp = struct.pack(">HHIIBBHHH", to_port, from_port, fields[0], fields[1], 5 << 4, fields[2], 0, 0, 0)
    pseudo = target + source + struct.pack(">HH", TCP, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, TCP, 0) + target + source
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + tcp


# ---- the process ----

class Wire:
    def __init__(self, seed, orders):
        self.seed, self.orders = seed, orders
        self.devices, self.names = {}, {}  # name: file; address: name
        self.directions, self.counts = {}, collections.Counter()
        self.due, self.number = [], 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(orders, selectors.EVENT_READ)

    def direction(self, source, target):
        names = f"{source} {target}"
        if names not in self.directions:
            self.directions[names] = Direction(self.seed, names)
        return self.directions[names]

    def later(self, when, name, packet):
        self.number += 1
        heapq.heappush(self.due, (when, self.number, name, packet))

    def take(self, name, packet):
        """A packet that this host has sent."""
        if packet[0] >> 4 != 4 or (target := self.names.get(packet[16:20])) is None:
            return  # IPv6 looks for routers; nobody has such an address
        direction, now = self.direction(name, target), time.monotonic()
        arrivals = direction.arrivals(packet, now)
        self.counts[f"{name} {target} {'passed' if arrivals else 'dropped'}"] += 1
        for when, arriving in arrivals:
            self.later(when, target, arriving)
        if direction.rule.cut == "reject" and (answer := reset(packet)):
            self.later(now, name, answer)

    def deliver(self):
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, _, name, packet = heapq.heappop(self.due)
            try:
                os.write(self.devices[name], packet)
            except OSError:
                self.counts["not delivered"] += 1  # its device is gone, or full

    def obey(self, order, files):
        if "host" in order:
            name = order["host"]
            if name in self.devices:
                self.selector.unregister(self.devices[name])
                os.close(self.devices[name])
            self.devices[name] = files[0]
            self.names[socket.inet_aton(order["address"])] = name
            self.selector.register(files[0], selectors.EVENT_READ, name)
        elif "rule" in order:
            self.direction(order["from"], order["to"]).rule = Rule(**order["rule"])
        return dict(self.counts)

    def turn(self):
        """False when the orders have ended."""
        wait = None if not self.due else max(0, self.due[0][0] - time.monotonic())
        for key, _ in self.selector.select(wait):
            if key.data is not None:
                try:
                    self.take(key.data, os.read(key.fd, LARGEST))
                except OSError:  # down
                    self.selector.unregister(key.fd)
                continue
            order, files, _, _ = socket.recv_fds(self.orders, LARGEST, 1)
            if not order:
                return False
            self.orders.send(json.dumps(self.obey(json.loads(order), files)).encode())
        self.deliver()
        return True


if __name__ == "__main__":
    wire = Wire(sys.argv[1], socket.socket(fileno=0))
    while wire.turn():
        pass
