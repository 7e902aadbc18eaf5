#!/usr/bin/env python3
"""Kills the exchange's processes under load and has it checked that nobody noticed.

README.md beside it says what is killed, what is checked and what counts as a failure.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

from killer import KINDS, Killer
from ports import free_port
from pulse import Pulse
from stack import Stack

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="outcry-chaos-")
        # PostgreSQL runs as another user when we are root.
        os.chmod(self.folder, 0o755)
        self.logs = os.path.join(self.folder, "clients")
        os.mkdir(self.logs)
        self.stop_file = os.path.join(self.folder, "stop")
        self.stack = Stack(
            options.programs, os.path.join(self.folder, "state"), free_port())
        self.clients = []
        self.problems = []

    def go(self):
        try:
            self.stack.up()
            pulse = Pulse(os.path.join(self.logs, "stalls.log"))
            pulse.start()
            self.start_clients()
            killer = Killer(
                self.stack, self.options.seed, self.options.only.split(","),
                os.path.join(self.logs, "kills.log"))
            self.kill_for_a_while(killer)
            self.stop_clients()
            self.settle()
            pulse.end()
            self.check()
            self.verify()
        finally:
            self.end()

    def start_clients(self):
        for number in range(self.options.clients):
            self.clients.append(subprocess.Popen(
                [sys.executable, "-B", os.path.join(HERE, "client.py"),
                 "--port", str(self.stack.port), "--number", str(number),
                 "--seed", str(self.options.seed), "--pause", str(self.options.pause),
                 "--logs", self.logs, "--stop", self.stop_file]))

        def all_work():
            if any(client.poll() is not None for client in self.clients):
                raise SystemExit("a client ended before it began")
            logs = [name for name in os.listdir(self.logs) if name.startswith("client-")]
            return len({name.split("-")[1] for name in logs}) == len(self.clients)

        if self.stack.wait(all_work, 30) is None:
            raise SystemExit("the clients do not get to work")

    def kill_for_a_while(self, killer):
        start = time.monotonic()
        # On a slow machine recovering takes longer: the number of kills is what counts.
        while (time.monotonic() - start < self.options.seconds
               or len(killer.kills) < self.options.kills
               and time.monotonic() - start < 4 * self.options.seconds):
            killer.rest()
            killer.round()
            if killer.kills[-1:] and killer.kills[-1]["recovered"] is None:
                self.problems.append(f"no recovery after {killer.rounds[-1]}")
                break
        counts = Counter(kill["kind"] for kill in killer.kills)
        doubles = sum(len(killed) > 1 for killed in killer.rounds)
        print(f"{len(killer.kills)} kills in {time.monotonic() - start:.0f} s, "
              f"{doubles} times two at once: "
              + ", ".join(f"{n} {kind}" for kind, n in counts.most_common()))
        if len(killer.kills) < self.options.kills:
            self.problems.append(f"fewer than {self.options.kills} kills")

    def stop_clients(self):
        with open(self.stop_file, "w"):
            pass
        for client in self.clients:
            try:
                if client.wait(90) != 0:
                    self.problems.append(f"a client ended with {client.returncode}")
            except subprocess.TimeoutExpired:
                self.problems.append("a client does not end")

    def settle(self):
        """The tables follow the journal; when they have caught up the boards are read."""
        books = {}

        def has_caught_up():
            rows = subprocess.run(
                ["psql", self.stack.database, "-XAtqc",
                 "select s.name, coalesce(max(j.last_sequence), 0), coalesce(max(p.sequence), 0)"
                 " from symbols s left join projections p on p.symbol_id = s.id left join journal"
                 " j on j.symbol_id = s.id group by s.name"],
                stdout=subprocess.PIPE, text=True).stdout.split()
            for name, committed, projected in (row.split("|") for row in rows):
                books[name] = self.stack.book(name)
                if committed != projected or (books[name] or {}).get("sequence") != int(committed):
                    return False
            return bool(rows)

        if self.stack.wait(has_caught_up, 30) is None:
            self.problems.append("tables or boards do not catch up with the journal")
        with open(os.path.join(self.logs, "books.json"), "w") as file:
            json.dump(books, file)

    def check(self):
        result = subprocess.run(
            [sys.executable, "-B", os.path.join(HERE, "check.py"),
             "--database", self.stack.database, "--logs", self.logs])
        if result.returncode != 0:
            self.problems.append("the checker found violations")

    def verify(self):
        """The exchange's own audit: state hash, snapshots, orders and trades by its own replay."""
        result = self.stack.run("verify")
        print(result.stdout.strip())
        if result.returncode != 0:
            self.problems.append("outcry verify found a difference")

    def end(self):
        for client in self.clients:
            client.kill()
            client.wait()
        if self.stack.instance:
            self.stack.note_database_segments()
        result = self.stack.down()
        if result.returncode != 0:
            self.problems.append(f"outcry down: {result.stdout}")
        for left in self.stack.leftovers():
            self.problems.append(f"left behind: {left}")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True, help="where outcry and the others lie")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--kills", type=int, default=20, help="at least this many, or it failed")
    parser.add_argument("--only", default=",".join(KINDS), help="kinds to be killed, by commas")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.04)
    return parser.parse_args()


def main():
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    options = arguments()
    print(f"chaos: seed {options.seed}, {options.seconds:.0f} s, {options.clients} clients")
    run = Run(options)
    finished = False
    try:
        run.go()
        finished = True
    finally:
        for problem in run.problems:
            print(f"chaos: {problem}")
        if finished and not run.problems:
            shutil.rmtree(run.folder)
        else:
            print(f"chaos: FAILED; repeat with --seed {options.seed}; logs: {run.folder}")
    if run.problems:
        sys.exit(1)
    print("chaos: passed")


if __name__ == "__main__":
    main()
