"""Hosts of one test: network namespaces without names, each with a TUN device and an address of 198.18.0.0/24 (RFC
2544: for tests of networks), joined by wire.py. Nothing else leads in or out, so no packet leaves them.

Nothing is to be cleaned up after a failure, or a kill of the test: a namespace goes with the last process in it and
the last file that names it; those are the test's own, and processes that die with it (Host.through).

    network = Network(seed)
    hub = network.host("hub")
    subprocess.Popen([*hub.through(), "ringfence-broker"])
    network.rule("hub", "edge", cut=True)       # one direction
    network.between("hub", "edge", delay_ms=200, loss=0.05)
    network.heal()
    network.close()
"""

import ctypes
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
DEVICE = "net0"
libc = ctypes.CDLL(None, use_errno=True)


def own_namespace():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(namespace):
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter a network namespace")


def new_namespace():
    """Its file; the caller's thread is in it from then on."""
    if libc.unshare(CLONE_NEWNET) != 0:
        why = os.strerror(ctypes.get_errno())
        raise AssertionError(f"this test makes network namespaces, which it may not do here ({why}): run it as root, "
                             "in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN")
    return own_namespace()


def new_device():
    """A TUN device in the namespace of the caller."""
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        raise AssertionError(f"this test makes TUN devices, and cannot here: {error}; the kernel needs CONFIG_TUN, "
                             "a container the device /dev/net/tun and CAP_NET_ADMIN") from error
    return device


class Host:
    """`address`: where the others reach it."""

    def __init__(self, name, number):
        self.name, self.address = name, f"198.18.0.{number}"
        self.namespace = None

    def set_up(self):
        """A new namespace with its device, whose file is returned. The caller's thread stays where it is."""
        before = own_namespace()
        namespace = new_namespace()
        try:
            device = new_device()
            for words in (f"address add {self.address}/24 dev {DEVICE}", f"link set {DEVICE} up", "link set lo up"):
                subprocess.run(["ip", *words.split()], check=True)
        finally:
            enter(before)
            os.close(before)
        self.tear_down()
        self.namespace = namespace
        return device

    def through(self):
        """Words before a command that runs it on this host, and ends it with the test."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/proc/{os.getpid()}/fd/{self.namespace}"]

    def tear_down(self):
        if self.namespace is not None:
            os.close(self.namespace)
            self.namespace = None


class Network:
    def __init__(self, seed=0):
        self.home = own_namespace()
        self.away = False  # whether move_in was called
        self.hosts = {}
        self.orders, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with end:
            self.wire = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).with_name("wire.py")), str(seed)],
                                         stdin=end)

    def order(self, files=(), **order):
        socket.send_fds(self.orders, [json.dumps(order).encode()], files)
        answer = self.orders.recv(1 << 20)
        if not answer:
            raise AssertionError("the wire between the hosts has ended")
        return json.loads(answer)

    def host(self, name):
        """A new host."""
        self.hosts[name] = Host(name, 10 + len(self.hosts))
        self.boot(name)
        return self.hosts[name]

    def boot(self, name):
        """The host begins anew: with its address, and none of its connections. Whatever ran on it still runs where
        nobody reaches it."""
        host = self.hosts[name]
        device = host.set_up()
        self.order([device], host=name, address=host.address)
        os.close(device)

    def move_in(self, name):
        """The calling thread, and those that it starts from now on, are on this host."""
        enter(self.hosts[name].namespace)
        self.away = True

    # ---- what happens to packets ----

    def rule(self, source, target, **rule):
        """In one direction, instead of the rule before; see wire.Rule."""
        self.order(rule=rule, **{"from": source, "to": target})

    def between(self, one, other, **rule):
        """In both."""
        self.rule(one, other, **rule)
        self.rule(other, one, **rule)

    def around(self, name, **rule):
        """Between it and everybody."""
        for other in self.hosts.keys() - {name}:
            self.between(name, other, **rule)

    def everywhere(self, **rule):
        for one in self.hosts:
            for other in self.hosts.keys() - {one}:
                self.rule(one, other, **rule)

    def heal(self):
        self.everywhere()

    def counts(self):
        """Packets, by "FROM TO passed" and "FROM TO dropped"."""
        return self.order(count=True)

    def close(self):
        """The calling thread is where it was before; all else is gone as soon as nobody runs there."""
        if self.away:
            enter(self.home)
        os.close(self.home)
        self.orders.close()
        self.wire.wait()
        for host in self.hosts.values():
            host.tear_down()
