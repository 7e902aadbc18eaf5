"""`compare.py [A B]`: two result folders of the suite, scenario by scenario; without names the
committed one and that of the last run.

Ratios to the constant of the same run are compared, because rates of two days are not comparable;
bytes of WAL an order are compared as they are. Ends with status 1 when a ratio of B is lower than
A's by more than the tolerance and by more than the rounds differed among themselves, or an order
costs more WAL by more than the tolerance, or something failed in B."""

import argparse

import results


def change(before, after):
    return (after - before) / before if before else 0.0


def spread(result):
    """How far the ratios of the rounds lie apart, as a part of their median."""
    ratios = result.get("ratios") or [0]
    return (max(ratios) - min(ratios)) / result["ratio"] if result.get("ratio") else 0.0


class Comparison:
    def __init__(self, limit):
        self.limit = limit
        self.worse = []

    def show(self, scenario, what, old, new, digits, is_worse):
        moved = change(old, new)
        sign = "  WORSE" if is_worse(moved) else ""
        print(f"{scenario:22} {what:20} {old:10.{digits}f} {new:10.{digits}f} {moved:+8.1%}{sign}")
        if sign:
            self.worse.append(scenario)

    def scenario(self, name, old, new):
        if new["figures"]["errors"]:
            print(f"{name:22} {new['figures']['errors']} errors  WORSE")
            self.worse.append(name)
        if old["group"] == "latency":
            # The knee belongs to the machine's mood, as rates do: shown, not judged.
            for what in ("p50", "p99"):
                self.show(name, f"{what} us", old["figures"][what], new["figures"][what], 0,
                          lambda _: False)
            return
        noise = max(self.limit, spread(old), spread(new))
        if old["ratio"] and new["ratio"]:
            self.show(name, "ratio to a constant", old["ratio"], new["ratio"], 3,
                      lambda moved: moved < -noise)
        before, after = old["cost"], new["cost"]
        if before.get("walBytesAnOrder") and after.get("walBytesAnOrder"):
            self.show(name, "WAL bytes an order", before["walBytesAnOrder"],
                      after["walBytesAnOrder"], 0, lambda moved: moved > self.limit)
            # How many orders share a commit depends on the rate.
            self.show(name, "commits an order", before["commitsAnOrder"], after["commitsAnOrder"],
                      3, lambda _: False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("a", nargs="?", default=results.COMMITTED)
    parser.add_argument("b", nargs="?", default=results.NEWEST)
    parser.add_argument("--tolerance", type=float, default=10, help="percent (10)")
    options = parser.parse_args()
    before, after = results.read(options.a), results.read(options.b)
    comparison = Comparison(options.tolerance / 100)
    print(f"{'':22} {'':20} {'A':>10} {'B':>10} {'change':>8}")
    for name, old in before.items():
        if name in after:
            comparison.scenario(name, old, after[name])
    missing = [name for name in before if name not in after]
    if missing:
        print(f"not in B: {', '.join(missing)}")
    if comparison.worse:
        raise SystemExit(f"worse: {', '.join(dict.fromkeys(comparison.worse))}")


if __name__ == "__main__":
    main()
