"""The suite's result files, and what is read from them more than once."""

import glob
import json
import os
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BENCHMARKS = os.path.join(TOP, "Tests", "Benchmarks")
COMMITTED = os.path.join(BENCHMARKS, "results")
NEWEST = os.path.join(TOP, ".build", "bench", "results")
FORMAT = "outcry-bench-1"

sys.path.insert(0, os.path.join(BENCHMARKS, "Suite"))

import scenarios  # noqa: E402


def read(folder):
    """Results by name of the scenario, in the order of the suite."""
    found = {}
    order = [each["name"] for each in scenarios.full()]
    paths = glob.glob(os.path.join(folder, "*.json"))
    names = {os.path.basename(path).removesuffix(".json"): path for path in paths}
    for path in [names[name] for name in order if name in names]:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        if result.get("format") == FORMAT:
            found[result["name"]] = result
    if not found:
        raise SystemExit(f"{os.path.relpath(folder)} holds no results: make bench-suite makes them")
    return found


def group(results, name):
    """The scenarios of one chart, in the order of its axis."""
    return sorted((r for r in results.values() if r["group"] == name), key=lambda r: r["at"] or 0)


# Who does what for an order, as roles of processes. The rest of PostgreSQL is what it does for
# all sessions: its log, checkpoints, vacuuming.
PARTS = {
    "nginx": ["nginx"],
    "workers": ["worker"],
    "engine": ["engine"],
    "PostgreSQL": ["postgres"],
    "Redis, feed": ["redis", "feed"],
    "load generator": ["load"],
}


def part_of(role):
    first = role.split(" ")[0]
    return next((part for part, roles in PARTS.items() if first in roles), "Redis, feed")


def microseconds(cost, per):
    """Processor time by part, a unit of `per` (requests or orders)."""
    units = cost[per]
    found = dict.fromkeys(PARTS, 0.0)
    for role, seconds in cost["processorSeconds"].items():
        found[part_of(role)] += 1e6 * seconds / max(1, units)
    return found


def by_role(cost, per):
    return {role: 1e6 * seconds / max(1, cost[per])
            for role, seconds in cost["processorSeconds"].items()}


def idle_part(cost):
    seconds = cost["machineSeconds"]
    return seconds["idle"] / max(0.01, sum(seconds.values()))
