"""The benchmark suite: `suite.py [quick|full] [--only NAME,…] [--out FOLDER]`.

Every scenario alternates short rounds of a constant answer (`outcry-worker --echo`) and of the real
thing, on the same machine in the same minute; only their ratio may be compared with other days.
Each leaves one file in the result folder, which replaces the one that an earlier run left there:
so the folder can be filled in pieces, `--only` a scenario or a group at a time.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time

import machine
import measure
import scenarios
from stack import PROGRAMS, TOP, EchoStack, Stack

RESULTS = os.path.join(TOP, ".build", "bench", "results")
STREAMS = "trades.BTC-USD/book.BTC-USD/ticker.BTC-USD/candles.1m.BTC-USD"
# What looking for acknowledged orders in PostgreSQL must not find.
WRONG = ("missing", "different", "doubled", "refusedButThere")
# An exchange begins with so many.
FIRST_SYMBOLS = 5


class Suite:
    def __init__(self, folder, options):
        self.folder, self.out = folder, options.out
        self.seconds, self.rounds = options.seconds, options.rounds
        self.echo_seconds = min(options.seconds, 2)
        self.echo = self.stack = self.state = None
        self.count = 0
        self.failed = []

    # -- The two exchanges ----------------------------------------------------------------------

    def prepare(self, scenario):
        """The stack of the scenario before it serves again where it fits: symbols can be added to
        it, but a book that is full stays so. Each group begins with a new one: the disk is at work
        for a while after millions of orders in batches, which others are not to be measured with.
        """
        symbols = max(FIRST_SYMBOLS, scenario.get("symbols", 1))
        wanted = (scenario["group"], scenario.get("databases", 1), scenario.get("depth", 0))
        workers = scenario.get("workers", 2)
        if self.stack and (self.state[0] != wanted or self.state[1] > symbols):
            self.stack.down()
            self.stack = None
        if self.stack is None:
            self.start(workers, *wanted[1:])
        self.add_symbols(symbols)
        self.state = (wanted, symbols)
        if self.echo is None:
            self.echo = EchoStack(os.path.join(self.folder, "echo"))
            self.echo.up(workers)
        for stack in (self.echo, self.stack):
            if stack.worker_count() != workers:
                stack.scale(workers)

    def start(self, workers, databases, depth):
        self.count += 1
        self.stack = Stack(os.path.join(self.folder, str(self.count)))
        self.stack.up(workers, databases)
        self.stack.settle()
        if depth:
            measure.load(self.stack, "orders", 0.2, ["--depth", str(depth)])

    def add_symbols(self, count):
        names = self.stack.symbols()
        for number in range(len(names), count):
            self.stack.outcry("symbols", "add", f"S{number:03}-USD")
        deadline = time.monotonic() + 60
        # Beside the engines there is their manager, one in each shard.
        wanted = count + self.stack.shards
        while self.stack.count("engine") < wanted and time.monotonic() < deadline:
            time.sleep(0.1)

    def named_symbols(self, options):
        """`--symbols 5` stands for the first five."""
        options = list(options)
        if "--symbols" in options:
            place = options.index("--symbols") + 1
            options[place] = ",".join(self.stack.symbols()[:int(options[place])])
        return options

    def listeners(self, count):
        """Clients that hear everything about one symbol, on WebSockets."""
        if not count:
            return None
        words = [os.path.join(PROGRAMS, "outcry-bench-streams"), "hold", str(self.stack.port),
                 str(count), STREAMS]
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline() != "ready\n":
            raise SystemExit(f"no streams at {self.stack.url}")
        return process

    # -- Scenarios ------------------------------------------------------------------------------

    def run(self, scenario):
        self.prepare(scenario)
        if scenario["group"] == "latency":
            found = measure.opened(self.stack, scenario, self.saturation())
        else:
            listeners = self.listeners(scenario["subscribers"])
            planned = {**scenario, "options": self.named_symbols(scenario["options"]),
                       "seconds": self.seconds, "echoSeconds": self.echo_seconds}
            try:
                found = measure.compared(self.echo, self.stack, planned, self.rounds)
            finally:
                if listeners:
                    listeners.stdin.close()
                    listeners.wait(10)
        self.keep({"format": "outcry-bench-1", **scenario, "seconds": self.seconds,
                   "rounds": self.rounds, **found, "machine": machine.found(self.folder)})

    def saturation(self):
        """Orders a second that the exchange does at most, as measured for this folder."""
        path = os.path.join(self.out, "orders.json")
        if os.path.exists(path):
            return measure.read(path)["figures"]["rate"]
        return measure.load(self.stack, "exchange", 2, ["--closed", "--clients", "40"])["rate"]

    def keep(self, result):
        path = os.path.join(self.out, f"{result['name']}.json")
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        os.rename(f"{path}.new", path)
        print(open_row(result) if result["group"] == "latency" else row(result), flush=True)
        verified = result.get("verification") or {}
        wrong = sum(verified.get(kind, 0) for kind in WRONG)
        # A ramp goes on until something breaks.
        errors = 0 if result.get("steps") else result["figures"]["errors"]
        if errors or wrong:
            self.failed.append(result["name"])

    def down(self):
        for stack in (self.stack, self.echo):
            if stack:
                stack.down()


HEAD = (f"{'':24} {'echo/s':>8} {'requests/s':>10} {'ratio':>6} {'orders/s':>9} {'p50 ms':>7}"
        f" {'p99 ms':>7} {'us/req':>7} {'WAL B/o':>8} {'commit/o':>8} {'MB':>6} {'others':>6}"
        " errors")


def row(result):
    figures, cost = result["figures"], result["cost"]
    spent = sum(v for k, v in cost["processorSeconds"].items() if k != "load")
    each = 1e6 * spent / cost["requests"] if cost["requests"] else 0
    return (
        f"{result['name']:24} {result['echo']['rate']:8.0f} {figures['rate']:10.0f}"
        f" {result['ratio'] or 0:6.2f} {figures['orderRate']:9.0f} {figures['p50'] / 1000:7.2f}"
        f" {figures['p99'] / 1000:7.2f} {each:7.1f} {cost.get('walBytesAnOrder', 0):8.0f}"
        f" {cost.get('commitsAnOrder', 0):8.3f} {sum(result['memory'].values()) / 1e6:6.0f}"
        f" {cost['othersPart']:6.0%} {figures['errors']:6.0f}"
        f"{'  GENERATOR BUSY' if figures['generatorBusy'] else ''}")


def open_row(result):
    figures = result["figures"]
    knee = f", knee {result['knee']:.0f}/s" if result["knee"] else ""
    return (f"{result['name']:24} {figures['rate']:.0f}/s, p50 {figures['p50'] / 1000:.2f} ms,"
            f" p99 {figures['p99'] / 1000:.2f} ms, {figures['errors']} errors{knee}")


def chosen(options):
    every = scenarios.QUICK() if options.kind == "quick" else scenarios.full()
    if not options.only:
        return every
    wanted = options.only.split(",")
    found = [s for s in scenarios.full() if s["name"] in wanted or s["group"] in wanted]
    if not found:
        raise SystemExit("no such scenario; --list tells their names")
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("kind", nargs="?", choices=["quick", "full"], default="full")
    parser.add_argument("--out", default=RESULTS, help="the result folder (.build/bench/results)")
    parser.add_argument("--only", help="names of scenarios or groups, with commas between")
    parser.add_argument("--seconds", type=float, help="of a round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    is_quick = options.kind == "quick"
    options.seconds = options.seconds or (3 if is_quick else 4)
    options.rounds = options.rounds or (2 if is_quick else 3)
    return options


def main():
    options = arguments()
    if options.list:
        for each in chosen(options):
            print(f"{each['group']:16} {each['name']}")
        return
    if not os.path.exists(os.path.join(PROGRAMS, "outcry")):
        raise SystemExit("build first: make bench-suite does")
    began = time.monotonic()
    os.makedirs(options.out, exist_ok=True)
    os.makedirs(os.path.join(TOP, ".build"), exist_ok=True)
    # On the disk of the checkout, and short: paths of sockets are.
    folder = tempfile.mkdtemp(prefix="suite-", dir=os.path.join(TOP, ".build"))
    suite = Suite(folder, options)
    try:
        print(machine.line(folder))
        print(f"{options.rounds} x {options.seconds:g} s\n{HEAD}", flush=True)
        for scenario in chosen(options):
            suite.run(scenario)
    finally:
        suite.down()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{time.monotonic() - began:.0f} s; results in {os.path.relpath(options.out)}")
    if suite.failed:
        raise SystemExit(f"errors in {', '.join(suite.failed)}")


if __name__ == "__main__":
    main()
