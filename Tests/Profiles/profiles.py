"""The profiles of `outcry load` as they are run against a whole exchange: how long, what is
expected of each, and the table of what came of it."""

import json
import os

# What belongs to every run: a look into PostgreSQL for each acknowledged order.
COMMON = ["--quiet", "--verify"]

# Of several shards each has its part.
EVERYWHERE = ["--symbols", "all"]

# A green run loses no request, sends each when it is due, and answers in time. The limits are
# those of the alerts (p95 of 200 ms warns, p99 of 500 ms is critical) where the pace is open: they
# must hold on a small machine whose processors the load generator shares.
PROFILES = {
    "exchange": ([*EVERYWHERE, "--seconds", "10"],
                 "errors=0,unsent=0,p95<200ms,p99<500ms,rate>1900"),
    "clients": ([*EVERYWHERE, "--seconds", "10"], "errors=0,p99<500ms,requests>1000"),
    # Ten times as much for a second. No more connections than a worker lets wait for one symbol:
    # when the machine is behind, further ones would be told so (503, nothing done), which is right
    # and not what is asked here. What is due meanwhile waits, and its latency counts.
    "burst": ([*EVERYWHERE, "--seconds", "20", "--clients", "192"],
              "errors=0,unsent=0,p50<200ms,max<5s"),
    # One symbol: each symbol of a batch takes one of the eight places a worker has for large parts.
    "batch": (["--seconds", "10"], "errors=0,refused=0,order-rate>10000"),
    "mixed": ([*EVERYWHERE, "--seconds", "10"],
              "errors=0,unsent=0,p95<200ms,p99<500ms,rate>1900"),
    # Up to where latency breaks, beyond which requests may fail. The limit is that of the others.
    "ramp": ([*EVERYWHERE, "--step", "2", "--factor", "1.5", "--limit", "200ms"], "knee>=2000"),
}

COLUMNS = ["exchange", "profile", "requests/s", "orders/s", "p50 ms", "p99 ms", "longest ms",
           "errors", "refused", "stored once", ""]


def measure(name, folder, load):
    """Runs each profile against the exchange called `name`. `load` is given what stands behind
    `outcry load`, and a file of `folder` for the result; it returns exit status and output."""
    rows = []
    for profile, (bounds, expected) in PROFILES.items():
        status, output = load(
            [profile, *bounds, *COMMON, "--expect", expected], f"{profile}.json")
        rows.append(row(name, profile, os.path.join(folder, f"{profile}.json"), status, output))
        print(f"  {name}: {profile}: {'green' if rows[-1]['isGreen'] else 'FAILED'}", flush=True)
        if not rows[-1]["isGreen"]:
            print(output, flush=True)
    return rows


def row(name, profile, path, status, output):
    cells = dict.fromkeys(COLUMNS, "")
    cells.update({"exchange": name, "profile": profile})
    is_stored = False
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
    except (OSError, ValueError):
        result = None
    if result:
        stored = result["verification"] or {"acknowledged": 0}
        is_stored = stored["acknowledged"] > 0 and "exactly once" in output
        latency, rate, orders = result["latency"], result["rate"], result["orderRate"]
        errors = result["errorCount"]
        held = [step for step in result["steps"] if step["holds"]]
        if held:
            # What a ramp did beyond its knee is no figure of the exchange.
            latency, rate, orders = held[-1]["latency"], held[-1]["achieved"], held[-1]["achieved"]
            errors = sum(step["errors"] for step in held)
        cells.update({
            "requests/s": f"{rate:,.0f}", "orders/s": f"{orders:,.0f}",
            **{f"{title} ms": f"{latency[part] / 1000:,.1f}"
               for title, part in (("p50", "p50"), ("p99", "p99"))},
            "longest ms": f"{latency['max'] / 1e6:,.0f}",
            "errors": f"{errors:,}",
            "refused": f"{sum(result['refused'].values()):,}",
            "stored once": f"{stored['acknowledged']:,}" if is_stored else "NO"})
    is_green = status == 0 and is_stored
    cells[""] = "green" if is_green else "FAILED"
    return {"cells": cells, "isGreen": is_green}


def table(rows):
    """For people, and as it stands in the documentation."""
    lines = [COLUMNS, ["---"] * len(COLUMNS)]
    lines += [[row["cells"][column] for column in COLUMNS] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def red(rows):
    return [f"{row['cells']['exchange']}: {row['cells']['profile']}"
            for row in rows if not row["isGreen"]]
