"""The tables of PROFILE.md, from `profile.json` (`make profile`)."""

import json
import os

from model import table

# What the rows of an order's way are called, in the order in which an order meets them.
STEPS = [
    ("load generator", None, "the load generator (40 clients)"),
    ("nginx", "", "nginx: HTTP in, FastCGI out and back, HTTP out"),
    ("worker", "intake", "worker, intake: FastCGI, JSON, token, checks, into the ring"),
    ("engine", "engine", "engine: ring, matching, journal rows, answers, wake-ups"),
    ("postgres", "engine", "PostgreSQL: the journal's rows and commit"),
    ("worker", "completion", "worker, completion: the answer as JSON, to nginx"),
    ("engine", "projection", "engine: rows for the tables"),
    ("postgres", "projection", "PostgreSQL: tables of orders and trades, written behind"),
    ("engine", "publisher", "engine: messages for Redis"),
    ("redis", "", "Redis"),
    ("feed", "outcry-feed", "feed: Redis to nginx"),
]


def read(folder):
    path = os.path.join(folder, "profile.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def head(found):
    machine, cost = found["machine"], found["cost"]
    seconds = cost["machineSeconds"]
    idle = seconds["idle"] / sum(seconds.values())
    return (
        f"Measured {machine['at'][:10]} at {machine['commit']} on {machine['cores']} ×"
        f" {machine['processor']}: {found['figures']['rate']:,.0f} orders/s for"
        f" {found['seconds']:g} s, {cost['commitsAnOrder']:.3f} commits and"
        f" {cost['walBytesAnOrder']:,.0f} bytes of log an order; {idle:.0%} of the processors'"
        f" time was idle, {cost['othersPart']:.0%} somebody else's.\n")


def steps(found):
    """Microseconds an order, step by step; what has no step of its own comes last."""
    left = {(row["role"], row["thread"]): row for row in found["threads"]}
    rows, total = [], 0.0
    for role, thread, words in STEPS:
        if thread is None:
            rows.append([words, "", "", f"{found['generatorMicroseconds']:.1f}", ""])
            total += found["generatorMicroseconds"]
            continue
        row = left.pop((role, thread), None)
        if row:
            both = row["userMicroseconds"] + row["kernelMicroseconds"]
            total += both
            rows.append([words, f"{row['userMicroseconds']:.1f}",
                         f"{row['kernelMicroseconds']:.1f}", f"{both:.1f}",
                         f"{row['waits']:.2f}"])
    rest = [row["userMicroseconds"] + row["kernelMicroseconds"] for row in left.values()]
    rows.append(["everything else", "", "", f"{sum(rest):.1f}", ""])
    rows.append(["**in all**", "", "", f"**{total + sum(rest):.1f}**", ""])
    return "\n".join(table(["step", "µs as a program", "µs in the kernel", "µs", "sleeps an order"],
                           rows))


def parts(found):
    samples = found.get("samples")
    if not samples:
        return "Not sampled: there was no perf.\n"
    programs, kinds, cells = [], [], {}
    for each in samples["parts"]:
        program, kind = each["program"], each["part"]
        cells[program, kind] = each["microseconds"]
        programs += [program] if program not in programs else []
        kinds += [kind] if kind not in kinds else []
    rows = []
    for program in programs:
        values = [cells.get((program, kind), 0.0) for kind in kinds]
        rows.append([program, *[f"{v:.1f}" if v else "" for v in values], f"{sum(values):.1f}"])
    sums = [sum(cells.get((program, kind), 0.0) for program in programs) for kind in kinds]
    rows.append(["**in all**", *[f"{v:.1f}" for v in sums], f"{sum(sums):.1f}"])
    heads = ["", *["as a program" if kind == "user" else kind for kind in kinds], "µs"]
    return "\n".join(table(heads, rows))


def functions(found):
    samples = found.get("samples")
    if not samples:
        return "Not sampled: there was no perf.\n"
    rows = [[f"{each['microseconds']:.2f}", each["program"], each["place"],
             f"`{each['function'].replace('|', '')}`"] for each in samples["functions"][:25]]
    return "\n".join(table(["µs an order", "program", "place", "function"], rows))


def blocks(found):
    if not found:
        return {}
    return {"profile": head(found), "steps": steps(found), "parts": parts(found),
            "functions": functions(found)}
