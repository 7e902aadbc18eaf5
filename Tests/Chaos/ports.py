"""TCP ports for servers that a test starts."""

import random
import socket

_given = set()


def free_port():
    """One that nobody listens on. It is none of those that the kernel gives to clients, or a
    connection made meanwhile could be on it by the time that the server asks for it."""
    first, last = _clients_ports()
    ports = (range(10000, first) if first >= 12000
             else range(last + 1, 65536) if last < 64000 else range(2000, 10000))
    for _ in range(10000):
        port = random.SystemRandom().choice(ports)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise SystemExit("no free port")


def _clients_ports():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        return map(int, file.read().split())
