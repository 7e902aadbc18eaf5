"""One scenario: rounds of the constant and of the real thing in turns, and their ratio."""

import collections
import json
import os
import statistics
import subprocess
import tempfile

from cost import Cost
from stack import ENVIRONMENT, PROGRAMS

PERCENTILES = ("p50", "p90", "p99", "p99.9", "p99.99")


def command(stack, profile, seconds, options, output):
    words = [
        os.path.join(PROGRAMS, "outcry"), "load", profile, "--url", stack.url, "--quiet",
        "--output", output]
    if seconds:
        words += ["--seconds", str(seconds)]
    return words + (["--echo"] if stack.is_echo else []) + options


def load(stack, profile, seconds, options=()):
    """The result of one `outcry load`."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "result")
        words = command(stack, profile, seconds, list(options), output)
        # What was acknowledged is looked for in the database of this exchange.
        words += ["--state", stack.state]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=600, env=ENVIRONMENT)
        if done.returncode not in (0, 2):
            raise SystemExit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
        return read(output)


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Beside:
    """Something that goes on while something else is measured: orders, for readers of a book."""

    def __init__(self, stack, profile, options):
        self.folder = tempfile.TemporaryDirectory()
        self.output = os.path.join(self.folder.name, "result")
        words = command(stack, profile, 600, list(options), self.output)
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)

    def end(self):
        """Interrupted, the load tells what it has measured."""
        self.process.terminate()
        self.process.wait(30)
        with self.folder:
            return read(self.output)


def percentiles(latency):
    """Microseconds."""
    return {name: round(latency[name], 1) for name in PERCENTILES} | {
        "max": round(latency["max"] / 1000, 1)}


def short(result):
    """The figures of a result that tables show."""
    return {
        "rate": round(result["rate"], 1), "orderRate": round(result["orderRate"], 1),
        "errors": result["errorCount"], "refused": sum(result["refused"].values()),
        **percentiles(result["latency"]), "generatorBusy": result["generator"]["wasBusy"]}


def medians(rounds):
    figures = {name: round(statistics.median(r[name] for r in rounds), 1) for name in rounds[0]}
    figures["errors"] = sum(r["errors"] for r in rounds)
    figures["generatorBusy"] = any(r["generatorBusy"] for r in rounds)
    return figures


def costs(parts):
    """The costs of all rounds together."""
    total = {"processorSeconds": collections.Counter(), "machineSeconds": collections.Counter()}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict):
                total[name].update(value)
            else:
                total[name] = total.get(name, 0) + value
    for name in ("processorSeconds", "machineSeconds"):
        total[name] = {k: round(v, 2) for k, v in sorted(total[name].items())}
    machine = sum(total["machineSeconds"].values())
    total["othersPart"] = round(max(0, total.pop("others")) / max(0.01, machine), 3)
    if total["orders"] and "walBytes" in total:
        total["walBytesAnOrder"] = round(total["walBytes"] / total["orders"], 1)
        total["commitsAnOrder"] = round(total["commits"] / total["orders"], 4)
    return total


def measured(stack, profile, seconds, options):
    """A load and what it cost, the generator's own processor time included."""
    cost = Cost(stack)
    result = load(stack, profile, seconds, options)
    return short(result), cost.end(result)


def compared(echo, stack, scenario, rounds):
    """Alternates, so that a noisy machine is noisy for both."""
    echo_profile = scenario.get("echo", "orders")
    options = scenario["options"]
    # The constant is asked over as many connections.
    clients = ["--clients", options[options.index("--clients") + 1]]
    constants, figures, beside = [], [], []
    for number in range(rounds):
        if number == 0:
            load(echo, echo_profile, 0.5, clients)
        constants.append(measured(echo, echo_profile, scenario["echoSeconds"], clients))
        other = scenario.get("beside")
        running = Beside(stack, *other) if other else None
        # Whatever has to warm up does so before the costs are counted.
        load(stack, scenario["profile"], 0.5, options)
        figures.append(measured(stack, scenario["profile"], scenario["seconds"], options))
        if running:
            beside.append(short(running.end()))
    constant, figure = medians([f for f, _ in constants]), medians([f for f, _ in figures])
    counts = scenario.get("counts", "rate")
    return {
        "echo": constant, "figures": figure,
        "ratio": round(figure[counts] / constant["rate"], 3) if constant["rate"] else None,
        "ratios": [round(f[counts] / c["rate"], 3)
                   for (c, _), (f, _) in zip(constants, figures) if c["rate"]],
        "cost": costs([c for _, c in figures]), "echoCost": costs([c for _, c in constants]),
        "memory": stack.memory(), "beside": medians(beside) if beside else None,
    }


def opened(stack, scenario, saturation):
    """An open loop: its percentiles, and those of each step of a ramp."""
    options = list(scenario["options"])
    part = scenario.get("partOfSaturation")
    if part:
        options += ["--rate", str(round(saturation * part))]
    result = load(stack, scenario["profile"], None, options)
    steps = [
        {"offered": round(s["offered"], 1), "achieved": round(s["achieved"], 1),
         "errors": s["errors"], "holds": s["holds"], **percentiles(s["latency"])}
        for s in result["steps"]]
    return {
        "figures": short(result), "orders": result["orders"], "offered": result["offered"],
        "knee": result["knee"], "errorKinds": result["errors"] | {"unsent": result["unsent"]},
        "steps": steps, "saturation": saturation if part else None,
        "verification": result.get("verification"),
        "generatorMicroseconds": round(
            1e6 * result["generator"]["processorSeconds"] / max(1, result["answered"]), 2)}
