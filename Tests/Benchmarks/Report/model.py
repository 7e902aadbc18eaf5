"""What larger exchanges would need, computed from what an order was measured to cost here.

`model.py [FOLDER]` prints the section of the report that it makes. Whatever is assumed, and not
measured, stands in `Assumptions` and is told beside the results."""

import dataclasses
import math
import sys

import results


@dataclasses.dataclass
class Assumptions:
    """Of machines that were not measured."""

    # No queue stays short on processors that are busier.
    busy: float = 0.6
    # A server's processors: of a machine with nginx, workers and engines, and of a database's.
    cores: int = 16
    database_cores: int = 16
    # What a disk takes of a log, flushed all the time, in bytes a second.
    log_bytes: float = 200e6
    # Between regions, there and back.
    region_seconds: float = 0.030
    # How long it takes to see that a region is gone and to decide so.
    detection_seconds: float = 30.0
    # Orders that one engine may have in one transaction: small mailboxes of all its workers.
    most_in_commit: int = 4096


MOST_SYMBOLS = 20
RATES = (10_000, 50_000, 500_000)


class Model:
    """Processor time of an order = what it costs by itself + what a commit costs, shared by the
    orders in it. Fitted to scenarios with one database and more and more symbols, which differ in
    how many orders share a commit."""

    def __init__(self, found, assumptions=Assumptions()):
        self.found = found
        self.given = assumptions
        # Hundreds of engines cost something by being there, which is another matter.
        points = [r for r in [*results.group(found, "symbols"), found.get("orders")]
                  if r and r["symbols"] <= MOST_SYMBOLS and r["cost"].get("commitsAnOrder")]
        if not points:
            raise SystemExit("the model needs the scenario `orders`")
        self.points = points
        # In all and for the database: microseconds an order, and a commit.
        self.order, self.commit = self.fit(lambda parts: sum(parts.values()))
        self.database_order, self.database_commit = self.fit(lambda parts: parts["PostgreSQL"])
        base = results.microseconds(found["orders"]["cost"], "orders")
        self.parts = base
        self.wal = found["orders"]["cost"]["walBytesAnOrder"]
        # Commits an order with many orders under way at once, as a busy shard has them.
        self.sharing = found["orders"]["cost"]["commitsAnOrder"]

    def fit(self, of):
        """Least squares, of relative errors, of microseconds an order over commits an order."""
        xs = [r["cost"]["commitsAnOrder"] for r in self.points]
        ys = [of(results.microseconds(r["cost"], "orders")) for r in self.points]
        weights = [1 / y ** 2 for y in ys]
        total = sum(weights)
        x = sum(w * v for w, v in zip(weights, xs)) / total
        y = sum(w * v for w, v in zip(weights, ys)) / total
        spread = sum(w * (v - x) ** 2 for w, v in zip(weights, xs))
        along = sum(w * (a - x) * (b - y) for w, a, b in zip(weights, xs, ys))
        slope = max(0.0, along / spread) if spread > 1e-12 else 0.0
        return y - slope * x, slope

    # -- Checked against what was measured ------------------------------------------------------

    def predicted(self, result):
        """Orders a second of a measured scenario, from its commits an order and the part of the
        processors that it got: what the model has to explain is the cost."""
        cost = result["cost"]
        micros = self.order + self.commit * cost["commitsAnOrder"]
        seconds = cost["orders"] / result["figures"]["orderRate"]
        return 1e6 * sum(cost["processorSeconds"].values()) / seconds / micros

    def check(self):
        rows = []
        for result in [*results.group(self.found, "symbols"),
                       *results.group(self.found, "databases")]:
            rate = result["figures"]["orderRate"]
            said = self.predicted(result)
            rows.append([
                result["name"], result["databases"], f"{result['cost']['commitsAnOrder']:.3f}",
                f"{said:,.0f}", f"{rate:,.0f}", f"{said / rate - 1:+.0%}"])
        return rows

    # -- Larger ones ----------------------------------------------------------------------------

    def need(self, rate):
        """What so many orders a second take."""
        given = self.given
        spare = 1e6 * given.busy
        front = rate * self.parts["nginx"] / spare
        workers = rate * self.parts["workers"] / spare
        engine = rate * self.parts["engine"] / spare
        database = rate * (
            self.database_order + self.database_commit * self.sharing) / spare
        log = rate * self.wal
        by_processor = database / given.database_cores
        by_log = log / given.log_bytes
        databases = max(1, math.ceil(by_processor), math.ceil(by_log))
        others = front + workers + engine + rate * self.parts["Redis, feed"] / spare
        machines = max(1, math.ceil(others / given.cores))
        symbols = self.symbols(rate)
        # How much of what may be used is used, where the most is.
        used = {
            "databases' processors": by_processor / databases, "databases' log": by_log / databases,
            "engines' threads": engine / symbols,
            "the other machines": others / given.cores / machines}
        first = max(used, key=lambda name: used[name])
        return {
            "databases": databases, "symbols": symbols, "workers": max(2, math.ceil(workers)),
            "engine": engine, "front": front, "database": database, "machines": machines,
            "log": log, "first": f"{first} ({used[first]:.0%})"}

    def symbols(self, rate):
        """An engine is one thread: so many symbols at least must share the orders."""
        return max(1, math.ceil(rate * self.parts["engine"] / (1e6 * self.given.busy)))

    def one_symbol(self, seconds):
        """Orders a second of one symbol if each commit takes so long: the next one leaves when
        the one before has come back."""
        return min(1e6 * self.given.busy / max(0.1, self.parts["engine"]),
                   self.given.most_in_commit / seconds)


def table(heads, rows):
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads),
            *("| " + " | ".join(str(c) for c in row) + " |" for row in rows), ""]


def needs(model):
    rows = []
    for rate in RATES:
        need = model.need(rate)
        rows.append([
            f"{rate:,}", need["databases"], need["symbols"], f"{need['front']:.1f}",
            need["workers"], f"{need['engine']:.1f}", f"{need['database']:.1f}",
            f"{need['log'] / 1e6:.0f} MB/s", need["machines"], need["first"]])
    return table(
        ["orders/s", "shards (databases)", "symbols at least", "cores of nginx", "worker processes",
         "cores of engines", "cores of PostgreSQL", "log", "machines beside databases",
         "what limits first (used of what may be)"], rows)


def regions(model):
    """What a standby in another region costs, and what is lost without one that is waited for."""
    given = model.given
    latency = (model.found.get("half") or model.found["orders"])["figures"]["p50"] / 1e6
    wait = latency + given.region_seconds
    rows = []
    for rate in RATES:
        need = model.need(rate)
        behind = rate * given.region_seconds
        rows.append([
            f"{rate:,}", f"{behind:,.0f}", f"{rate * given.detection_seconds:,.0f}",
            f"{rate * wait:,.0f}", math.ceil(rate / model.one_symbol(given.region_seconds)),
            f"{need['machines'] + need['databases']} + {need['machines'] + need['databases']}"])
    return table(
        ["orders/s", "acknowledged orders lost without waiting",
         "requests refused until the other region serves", "orders under way at once when waiting",
         "symbols at least when waiting", "machines in two regions"], rows)


def lines(found):
    model = Model(found)
    given = model.given
    yield from [
        "An order costs "
        f"**{model.order:.1f} µs of processor time and {model.commit:.0f} µs for each commit**, in"
        f" all processes, the load generator included; PostgreSQL alone"
        f" {model.database_order:.1f} and {model.database_commit:.0f} µs. Fitted by least squares"
        f" to {', '.join(r['name'] for r in model.points)}: they differ in how many orders share a"
        " commit. The model held against what was measured, with the commits an order and"
        " the processor time of each run as given:", ""]
    yield from table(["scenario", "databases", "commits an order", "orders/s by the model",
                      "measured", "off by"], model.check())
    yield from [
        "On one machine more databases only divide the same processors. What they would do on"
        f" machines of their own, with {given.cores} cores each, {given.busy:.0%} of them used,"
        f" a disk that takes {given.log_bytes / 1e6:.0f} MB/s of log, and orders that share commits"
        " as here:", ""]
    yield from needs(model)
    yield from [
        "A symbol lives on one engine, so a shard is never smaller than its busiest symbol: one"
        f" engine's thread does at most {model.one_symbol(1e-3):,.0f} orders/s at that load."
        " Batches cost a tenth in front of the engine; these figures are for one order a request."
        "", "",
        "**If a region is lost.** With a standby elsewhere that is not waited for, what was"
        f" acknowledged during one trip between regions ({given.region_seconds * 1000:.0f} ms) is"
        " gone. With one that is waited for (`synchronous_standby_names`) nothing is: every commit"
        f" takes {given.region_seconds * 1000:.0f} ms longer, which costs no processor time but"
        " needs as many more orders under way at once, and a symbol has one commit under way at a"
        f" time, with at most {given.most_in_commit:,} orders in it. Both need the machines twice."
        f" Until the other region serves, here after {given.detection_seconds:.0f} s to decide, the"
        " lost region's symbols cannot be traded; an engine itself is back in seconds"
        " (`make bench-recovery`).", ""]
    yield from regions(model)


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else results.COMMITTED
    print("\n".join(lines(results.read(folder))))
