"""Six Redis servers that form a cluster: three masters, and a replica of each."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Chaos"))
from ports import free_port  # noqa: E402

MASTERS = 3
SLOTS = 16384


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        ports = [free_port() for _ in range(4 * MASTERS)]
        self.ports, self.buses = ports[:2 * MASTERS], ports[2 * MASTERS:]
        self.servers = {}
        self.hanging = set()

    @property
    def addresses(self):
        return " ".join(f"127.0.0.1:{port}" for port in self.ports)

    def up(self):
        for node in range(len(self.ports)):
            self.start(node)
        share = SLOTS // MASTERS + 1
        for master in range(MASTERS):
            last = min((master + 1) * share, SLOTS) - 1
            self.must(master, "cluster", "addslotsrange", master * share, last)
            self.must(master, "cluster", "set-config-epoch", master + 1)
        for node in range(1, len(self.ports)):
            self.must(0, "cluster", "meet", "127.0.0.1", self.ports[node], self.buses[node])
        known = f"cluster_known_nodes:{len(self.ports)}\n"
        self.wait("the nodes to meet", lambda: all(
            known in self.command(node, "cluster", "info") for node in self.servers))
        for master in range(MASTERS):
            identity = self.command(master, "cluster", "myid").strip()
            self.must(MASTERS + master, "cluster", "replicate", identity)
        self.wait("the cluster to form", self.is_whole)

    def down(self):
        for server in self.servers.values():
            server.kill()
            server.wait()

    def start(self, node):
        log = open(os.path.join(self.folder, f"log-{node}"), "ab")
        self.servers[node] = subprocess.Popen(
            ["redis-server", "--port", str(self.ports[node]), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", self.folder,
             "--cluster-enabled", "yes", "--cluster-port", str(self.buses[node]),
             "--cluster-config-file", f"nodes-{node}.conf", "--cluster-node-timeout", "1500",
             "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"],
            stdout=log, stderr=log)
        log.close()
        self.wait("a node", lambda: self.command(node, "ping").strip() == "PONG")

    # -- What is so ---------------------------------------------------------------------------

    def living(self):
        return [node for node in self.servers if node not in self.hanging]

    def is_whole(self):
        """Every slot has a master, and every master a replica in step with it."""
        for node in self.servers:
            role = self.command(node, "info", "replication")
            if "cluster_state:ok" not in self.command(node, "cluster", "info") or not (
                    "master_link_status:up" in role or "connected_slaves:1" in role):
                return False
        return len(self.servers) == len(self.ports)

    def master_of(self, name):
        slot = int(self.command(self.living()[0], "cluster", "keyslot", name))
        for node in self.living():
            for line in self.command(node, "cluster", "nodes").splitlines():
                words = line.split()
                if "myself,master" not in words[2]:
                    continue
                for stretch in words[8:]:
                    first, _, last = stretch.partition("-")
                    if first.isdigit() and int(first) <= slot <= int(last or first):
                        return node
        return None

    def entrance(self):
        """The node that the feed listens at."""
        for node in self.living():
            if self.command(node, "client", "list", "type", "pubsub").strip():
                return node
        return None

    # -- What is done to them -----------------------------------------------------------------

    def kill(self, node):
        self.servers[node].kill()
        self.servers.pop(node).wait()

    def hang(self, node):
        self.hanging.add(node)
        self.servers[node].send_signal(signal.SIGSTOP)

    def resume(self, node):
        self.servers[node].send_signal(signal.SIGCONT)
        self.hanging.discard(node)

    def command(self, node, *words):
        return subprocess.run(
            ["redis-cli", "-p", str(self.ports[node]), *map(str, words)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def must(self, node, *words):
        answer = self.command(node, *words)
        if answer.strip() != "OK":
            raise SystemExit(f"{words}: {answer}")

    def wait(self, what, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"waited {seconds} s in vain for {what}")
            time.sleep(0.02)
