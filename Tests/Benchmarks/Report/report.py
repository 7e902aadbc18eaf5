"""`report.py [--from FOLDER] [--check]`: Tests/Benchmarks/REPORT.md, its charts and the figures in
the README, from the committed result files. Nothing in them is typed but the words around.

--from takes the results of a new run (`make bench-suite`) into the tree first. --check writes
nothing: it fails where report, charts and README are not what the committed results give."""

import argparse
import os
import re
import shutil

import budget
import charts
import model
import results
from model import table

PICTURES = os.path.join(results.BENCHMARKS, "charts")
README = os.path.join(results.TOP, "README.md")
PROFILE = os.path.join(results.BENCHMARKS, "PROFILE.md")
# Where figures stand in pages that are written by hand otherwise.
BLOCK = re.compile(r"(<!-- make report: (\w+) -->\n).*?(<!-- end -->)", re.S)
# What the platform told of itself in its last load tests (orders a second, by backends), what it
# aimed at, and what it hoped of three shards of its database.
PREDECESSOR = [("before: 1 backend", 2653), ("before: 4 backends", 3163),
               ("before: 8 backends", 2689)]
UNITS = {"orders": "an order", "batch": "an order of a batch", "book": "a read of the book",
         "mixed": "a mixed request"}
HOPED = [("its aim", 10_000), ("its hope, 3 database shards", 25_000)]


class Report:
    def __init__(self, found):
        self.found = found
        self.lines, self.pictures = [], {}

    def say(self, *lines):
        self.lines.extend(lines)

    def picture(self, name, words, svg):
        self.pictures[f"{name}.svg"] = svg
        self.say(f"![{words}](charts/{name}.svg)", "")

    def head(self):
        all_of = list(self.found.values())
        first = self.found.get("orders", all_of[0])["machine"]
        commits = sorted({r["machine"]["commit"] for r in all_of})
        days = sorted({r["machine"]["at"][:10] for r in all_of})
        writes = [r["machine"]["syncWriteMilliseconds"] for r in all_of]
        self.say(
            "# Benchmark report", "",
            "Written by `make report` from the files in [results](results), which"
            " `make bench-suite` leaves; no figure is typed in. **The ratio** is that to a constant"
            " answer through the same nginx and worker pool (`outcry-worker --echo`), in rounds"
            " taken in turns: it may be compared with other days and machines, rates may not.", "",
            f"Measured {' and '.join(days)} at {', '.join(commits)} on {first['cores']} ×"
            f" {first['processor']}, {first['memoryBytes'] / 2**30:.0f} GiB, Linux"
            f" {first['kernel']}; a synchronous write of 8 KiB took {min(writes):.2f} to"
            f" {max(writes):.2f} ms. The load generator runs on the same machine and takes its"
            " processor time from it; there is no network and no TLS. Every answer is given after"
            " PostgreSQL's commit with `fsync` and `synchronous_commit` on.", "")

    def kinds(self):
        kinds = results.group(self.found, "kinds")
        if not kinds:
            return
        self.say("## What it does", "")
        rows = []
        for r in kinds:
            f, c = r["figures"], r["cost"]
            rows.append([
                r["name"], f"{f['rate']:,.0f}", f"{r['echo']['rate']:,.0f}", f"{r['ratio']:.2f}",
                f"{f['orderRate']:,.0f}", f"{f['p50'] / 1000:.2f}", f"{f['p99'] / 1000:.2f}",
                f"{c.get('walBytesAnOrder', 0):,.0f}", f"{c.get('commitsAnOrder', 0):.3f}"])
        self.lines += table(
            ["", "requests/s", "a constant/s", "ratio", "durable orders/s", "p50 ms", "p99 ms",
             "WAL bytes an order", "commits an order"], rows)
        self.say("`batch` holds 500 orders a request; `book` reads 50 levels a side while another"
                 " client places 1,000 orders/s (which are what its log is written for); `mixed` is"
                 " 45 % orders, 15 % cancels, 10 % amends and 30 % reads.", "")

    def throughput(self, group, title, x_name, words, notes=()):
        found = results.group(self.found, group)
        if len(found) < 2:
            return
        self.say(f"## {title}", "", words, "")
        self.picture(group, title, charts.by_category(
            title, "medians of rounds in turns; below: their ratio", x_name,
            "requests a second", [f"{r['at']:,}" for r in found],
            [("a constant", [r["echo"]["rate"] for r in found]),
             ("durable orders", [r["figures"]["rate"] for r in found])],
            [f"× {r['ratio']:.2f}" for r in found]))
        self.lines += table(
            [x_name, *[f"{r['at']:,}" for r in found]],
            [["orders/s", *[f"{r['figures']['orderRate']:,.0f}" for r in found]],
             ["ratio", *[f"{r['ratio']:.2f}" for r in found]],
             ["p99 ms", *[f"{r['figures']['p99'] / 1000:.1f}" for r in found]],
             ["commits an order", *[f"{r['cost']['commitsAnOrder']:.3f}" for r in found]],
             ["memory, MB", *[f"{sum(r['memory'].values()) / 1e6:,.0f}" for r in found]],
             *notes])

    def depth(self):
        orders = results.group(self.found, "depth-orders")
        book = results.group(self.found, "depth-book")
        if len(orders) < 2 or len(book) != len(orders):
            return
        self.say("## Depth of the book", "",
                 "So many resting orders on each side, a level each, beyond the prices traded.", "")
        self.picture("depth", "Ratio by depth of the book", charts.by_category(
            "Depth of the book", "ratio to a constant", "orders a side", "ratio",
            [f"{r['at']:,}" for r in orders],
            [("orders", [r["ratio"] for r in orders]),
             ("reads of the book", [r["ratio"] for r in book])]))

    def latency(self):
        ramp, half, exchange = (self.found.get(n) for n in ("ramp", "half", "exchange"))
        if not any((ramp, half, exchange)):
            return
        self.say("## Latency by offered load", "",
                 "Open loop: latency counts from the moment an order was due, so what waits behind"
                 " a stall is in it. 70 % limit and 30 % market orders.", "")
        if ramp and len(ramp["steps"]) > 1:
            steps, knee = ramp["steps"], ramp["knee"]
            self.picture("latency", "Latency by offered load", charts.latency_curve(
                "Latency by offered load",
                "the knee: the last rate answered in full with p99 below 50 ms",
                "orders a second offered", [s["offered"] for s in steps],
                [(n, [s[n] / 1000 for s in steps]) for n in ("p50", "p99", "p99.9")],
                (knee, f"knee: {knee:,.0f}/s") if knee else None))
        rows = []
        for r, name in ((exchange, "steady"), (half, "half of saturation")):
            if r:
                f = r["figures"]
                told = r.get("verification") or {}
                rows.append([
                    name, f"{r['offered']:,.0f}", f"{r['orders']:,}", f["errors"],
                    *[f"{f[n] / 1000:.2f}" for n in ("p50", "p99", "p99.9", "p99.99", "max")],
                    f"{told['acknowledged']:,}" if told else ""])
        self.lines += table(
            ["", "orders/s offered", "orders", "errors", "p50 ms", "p99 ms", "p99.9 ms",
             "p99.99 ms", "longest ms", "found in PostgreSQL exactly once"], rows)

    def processors(self):
        kinds = results.group(self.found, "kinds")
        if not kinds:
            return
        self.say("## Where the processor time goes", "",
                 "Microseconds of all processors, from the kernel's counters of each process, for a"
                 " request; for a batch, for an order in it. [PROFILE.md](PROFILE.md) goes on from"
                 " here, function by function.", "")
        orders = self.found.get("orders") or kinds[0]
        bars = [("a constant", results.microseconds(orders["echoCost"], "requests"))]
        for r in kinds:
            per = "orders" if r["name"] == "batch" else "requests"
            bars.append((UNITS.get(r["name"], r["name"]), results.microseconds(r["cost"], per)))
        series = [(part, [bar[part] for _, bar in bars]) for part in results.PARTS]
        self.picture("processors", "Processor time by process", charts.bars(
            "Processor time by process", "microseconds a request, or an order of a batch",
            [name for name, _ in bars], series, " µs"))
        roles = sorted(results.by_role(orders["cost"], "orders").items(), key=lambda e: -e[1])
        self.lines += table(
            ["an order (`orders`)", "µs"], [[role, f"{v:.1f}"] for role, v in roles if v >= 0.05])

    def predecessor(self):
        workers = results.group(self.found, "workers")
        if not workers:
            return
        self.say("## Beside the predecessor", "",
                 "Its last load tests, on hardware of its own: adding backends made it slower, and"
                 " its database did 1,200 writes/s because every order was a transaction. The"
                 " machines differ; the shape is the point.", "")
        ours = [(f"Outcry: {r['at']} worker{'s' * (r['at'] > 1)}", r["figures"]["orderRate"])
                for r in workers]
        batch = self.found.get("batch")
        if batch:
            ours.append(("Outcry: batches", batch["figures"]["orderRate"]))
        self.picture("predecessor", "Orders a second beside the predecessor", charts.single_bars(
            "Durable orders a second", "one database each, but for the hope",
            [("predecessor, measured", PREDECESSOR), ("predecessor, planned", HOPED),
             ("Outcry, measured", ours)]))

    def everything(self):
        self.say("## Every scenario", "")
        rows = []
        for r in self.found.values():
            if r["group"] == "latency":
                continue
            f, c = r["figures"], r["cost"]
            spent = sum(v for k, v in c["processorSeconds"].items() if k != "load")
            rows.append([
                r["name"], f"{r['echo']['rate']:,.0f}", f"{f['rate']:,.0f}", f"{r['ratio']:.2f}",
                f"{f['p50'] / 1000:.2f}", f"{f['p99'] / 1000:.2f}", f"{f['p99.99'] / 1000:.1f}",
                f"{1e6 * spent / max(1, c['requests']):.1f}",
                f"{c.get('walBytesAnOrder', 0):,.0f}", f"{c.get('commitsAnOrder', 0):.3f}",
                f"{sum(r['memory'].values()) / 1e6:,.0f}", f"{c['othersPart']:.0%}",
                f"{f['errors']:.0f}"])
        self.lines += table(
            ["scenario", "constant/s", "requests/s", "ratio", "p50 ms", "p99 ms", "p99.99 ms",
             "µs a request", "WAL bytes an order", "commits an order", "MB", "others", "errors"],
            rows)
        self.say("*µs a request* leaves the generator out; *others* is the part of the machine that"
                 " neither the exchange nor the generator used nor left idle: noise.", "")

    def make(self):
        self.head()
        self.kinds()
        self.throughput("workers", "Throughput by workers", "worker processes",
                        "The pool is scaled while it serves.")
        self.throughput("symbols", "Throughput by symbols", "symbols",
                        "Orders are spread evenly. Each symbol has an engine and a journal of its"
                        " own, so the same 40 clients make more commits with fewer orders in each.")
        self.throughput("databases", "Throughput by databases", "databases",
                        "Six symbols on one database and on three, all on this machine: what"
                        " dividing costs, not what it gains.")
        self.throughput("subscribers", "Throughput by subscribers", "subscribers",
                        "WebSocket clients on the same machine, each of which hears trades, book,"
                        " ticker and candles.")
        self.depth()
        self.latency()
        self.processors()
        if "orders" in self.found:
            self.say("## Larger exchanges", "", *model.lines(self.found))
        self.predecessor()
        self.everything()
        return "\n".join(self.lines).rstrip() + "\n"


def figures(found):
    """The paragraph of the README that holds figures."""
    parts = []
    if "orders" in found:
        r = found["orders"]
        parts.append(
            f"**{r['figures']['orderRate']:,.0f} durable orders/s**, one a request, which is"
            f" {r['ratio']:.2f} of what the same nginx and workers do with a constant answer")
    if "batch" in found:
        parts.append(f"**{found['batch']['figures']['orderRate']:,.0f} orders/s in batches**")
    if "half" in found:
        r = found["half"]
        parts.append(f"p99 **{r['figures']['p99'] / 1000:.1f} ms** at {r['offered']:,.0f} orders/s")
    machine = next(iter(found.values()))["machine"]
    return (f"On {machine['cores']} cores, the load generator included: {'; '.join(parts)}."
            " How that was measured, and the rest: [the report](Tests/Benchmarks/REPORT.md).\n")


def documents(found):
    """Everything that is written: contents by path."""
    report = Report(found)
    made = {os.path.join(results.BENCHMARKS, "REPORT.md"): report.make()}
    made |= {os.path.join(PICTURES, name): svg for name, svg in report.pictures.items()}
    blocks = {"figures": figures(found)} | budget.blocks(budget.read(results.COMMITTED))
    for path in (README, PROFILE):
        made[path] = BLOCK.sub(lambda m: m[1] + blocks.get(m[2], "") + m[3], read(path))
    return made


def read(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--from", dest="source", help="results to be taken into the tree first")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.source:
        os.makedirs(results.COMMITTED, exist_ok=True)
        for name in [*results.read(options.source), "profile"]:
            path = os.path.join(options.source, f"{name}.json")
            if os.path.exists(path):
                shutil.copy(path, results.COMMITTED)
    made = documents(results.read(results.COMMITTED))
    if options.check:
        wrong = [os.path.relpath(p, results.TOP) for p, text in made.items() if read(p) != text]
        if wrong:
            raise SystemExit(f"not what the results give, `make report` does: {', '.join(wrong)}")
        return
    os.makedirs(PICTURES, exist_ok=True)
    for path, text in made.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    print(os.path.relpath(os.path.join(results.BENCHMARKS, "REPORT.md")))


if __name__ == "__main__":
    main()
