"""What the report computes, shown with results whose answer is known."""

import contextlib
import copy
import io
import json
import os
import sys
import unittest
import xml.dom.minidom

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import charts  # noqa: E402
import compare  # noqa: E402
import model  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402


def scenario(name, group, at, rate, commits, order=50, commit=100):
    """A result of an exchange whose orders cost what is said; the half of it is PostgreSQL's."""
    orders = 100_000
    micros = order + commit * commits
    seconds = orders / rate
    figures = {"rate": rate, "orderRate": rate, "errors": 0, "refused": 0, "p50": 1000.0,
               "p90": 2000.0, "p99": 5000.0, "p99.9": 9000.0, "p99.99": 20000.0, "max": 30000.0,
               "generatorBusy": False}
    cost = {
        "requests": orders, "orders": orders, "walBytes": 800 * orders, "walBytesAnOrder": 800.0,
        "commits": commits * orders, "commitsAnOrder": commits, "othersPart": 0.0,
        "processorSeconds": {
            "nginx": 0.2 * micros * orders / 1e6, "worker": 0.1 * micros * orders / 1e6,
            "engine": 0.1 * micros * orders / 1e6, "postgres engine": 0.5 * micros * orders / 1e6,
            "load": 0.1 * micros * orders / 1e6},
        "machineSeconds": {"busy": micros * orders / 1e6, "idle": seconds, "stolen": 0.0}}
    machine = {"processor": "P", "cores": 2, "memoryBytes": 2 ** 34, "kernel": "6",
               "syncWriteMilliseconds": 0.1, "commit": "abc", "at": "2026-01-02T03:04:05Z"}
    return {"format": results.FORMAT, "name": name, "group": group, "at": at, "symbols": at or 1,
            "databases": 1, "echo": {**figures, "rate": 2 * rate}, "figures": figures,
            "ratio": 0.5, "ratios": [0.49, 0.51], "cost": cost, "echoCost": cost,
            "memory": {"nginx": 1_000_000}, "machine": machine}


def some_results():
    found = {"orders": scenario("orders", "kinds", None, 30_000, 0.05)}
    for symbols, commits in ((1, 0.05), (2, 0.1), (5, 0.4), (20, 0.9)):
        name = f"symbols-{symbols}"
        found[name] = scenario(name, "symbols", symbols, 30_000 / symbols, commits)
    return found


class Models(unittest.TestCase):
    def test_finds_the_costs_that_the_results_were_made_of(self):
        fitted = model.Model(some_results())
        self.assertAlmostEqual(fitted.order, 50, places=6)
        self.assertAlmostEqual(fitted.commit, 100, places=6)
        self.assertAlmostEqual(fitted.database_order, 25, places=6)
        for row in fitted.check():
            self.assertIn(row[-1], ("+0%", "-0%"))

    def test_ten_times_the_orders_need_ten_times_the_processors(self):
        fitted = model.Model(some_results())
        small, large = fitted.need(50_000), fitted.need(500_000)
        self.assertAlmostEqual(large["database"], 10 * small["database"], places=6)
        self.assertGreater(large["databases"], small["databases"])
        self.assertGreater(large["symbols"], small["symbols"])

    def test_a_wait_for_another_region_needs_more_symbols(self):
        fitted = model.Model(some_results())
        self.assertEqual(fitted.one_symbol(0.1), 4096 / 0.1)
        self.assertLess(fitted.one_symbol(1), fitted.one_symbol(0.001))


class Comparisons(unittest.TestCase):
    def compared(self, change):
        before = some_results()["orders"]
        after = copy.deepcopy(before)
        change(after)
        comparison = compare.Comparison(0.1)
        with contextlib.redirect_stdout(io.StringIO()):
            comparison.scenario("orders", before, after)
        return comparison.worse

    def test_the_same_is_not_worse(self):
        self.assertEqual(self.compared(lambda r: None), [])

    def test_a_rate_alone_is_the_machines_mood(self):
        self.assertEqual(self.compared(lambda r: r["figures"].update(rate=1)), [])

    def test_a_lower_ratio_is_worse_but_not_within_the_spread_of_rounds(self):
        self.assertEqual(self.compared(lambda r: r.update(ratio=0.4)), ["orders"])
        self.assertEqual(self.compared(lambda r: r.update(ratio=0.4, ratios=[0.3, 0.5])), [])

    def test_more_log_is_worse_and_so_are_errors(self):
        self.assertEqual(self.compared(lambda r: r["cost"].update(walBytesAnOrder=900)),
                         ["orders"])
        self.assertEqual(self.compared(lambda r: r["figures"].update(errors=1)), ["orders"])


class Pictures(unittest.TestCase):
    def check(self, svg):
        xml.dom.minidom.parseString(svg)
        self.assertLessEqual(max(len(line) for line in svg.split("\n")), 100)
        self.assertNotIn("nan", svg)

    def test_are_well_formed_whatever_they_show(self):
        self.check(charts.by_category(
            "a < b & c", "", "x", "y", ["1", "2"], [("one", [0, 0]), ("two", [1e7, 3])], ["", "×"]))
        self.check(charts.latency_curve(
            "t", "", "x", list(range(1, 60)), [("p50", [0.01] * 59), ("p99", [900.0] * 59)],
            (30, "knee")))
        self.check(charts.bars("t", "", ["row"], [("a", [1]), ("b", [0])], " µs"))

    def test_axes_are_round_and_reach_the_largest(self):
        for most in (0.7, 1, 9, 99, 12_345, 1e6):
            values = charts.steps(most)
            self.assertEqual(values[0], 0)
            self.assertGreaterEqual(values[-1], most * 0.999)
            self.assertLessEqual(len(values), 7)


class Reports(unittest.TestCase):
    def test_tell_what_there_is_and_leave_out_what_is_not(self):
        text = report.Report(some_results()).make()
        self.assertIn("## Throughput by symbols", text)
        self.assertIn("| orders | 30,000 | 60,000 | 0.50 |", text)
        self.assertNotIn("## Throughput by workers", text)
        json.dumps(some_results())


if __name__ == "__main__":
    unittest.main()
