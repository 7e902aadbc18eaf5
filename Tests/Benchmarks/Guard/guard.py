"""What an order costs that does not depend on the machine's mood, against `limits.json`:
`guard.py [--renew] [--only TEXT]`.

* instructions and calls of the allocator an order, of a whole worker and a whole engine under
  callgrind, one client that waits for each answer;
* instructions of reading an order, writing its answer and finding its token, by themselves;
* system calls an order of nginx, worker, engine and the journal's PostgreSQL process, by strace;
* bytes of PostgreSQL's log an order, one a request and in batches, without images of whole pages.

A figure above its limit fails. One far below asks to lower the limit, so that what was won is not
lost unnoticed. `--renew` (`make bench-guard RENEW=1`) writes what it finds, with some room, as new
limits: commit that together with the change that is the reason. Where processes must not be traced
(some containers), what needs that is left out and said to be."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Suite"))

import counted  # noqa: E402
import measure  # noqa: E402
from cost import Cost  # noqa: E402
from stack import PROGRAMS, TOP, Stack  # noqa: E402

LIMITS = os.path.join(HERE, "limits.json")
FAR = 0.75
FUNCTIONS = ("parseOrder", "formatOrder", "findToken", "formatBook")
ONE_CLIENT = ("--clients", "1")


def function_instructions(name):
    """Of one call: the difference between many and few leaves the start of the program out."""
    few, many = 50, 550
    with tempfile.TemporaryDirectory() as folder:
        # Valgrind stumbles over what Swift writes for debuggers.
        program = os.path.join(folder, "requests")
        subprocess.run(
            ["strip", "-o", program, os.path.join(PROGRAMS, "outcry-bench-requests")], check=True)

        def count(times):
            words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program]
            done = subprocess.run(
                words + [name, str(times)], capture_output=True, text=True, timeout=300,
                check=True)
            return int(re.search(r"Collected : (\d+)", done.stderr).group(1))

        return (count(many) - count(few)) / (many - few)


def traced(stack):
    """Processes an order passes through, by role."""
    sessions = stack.sessions()
    found = {}
    for process in stack.processes():
        if process.name in ("worker", "engine", "nginx"):
            found.setdefault(process.name, []).append(process.pid)
        elif sessions.get(process.pid) == "outcry-engine BTC-USD":
            found.setdefault("journal", []).append(process.pid)
    return found


def system_calls(stack, folder):
    tracers, reports = {}, {}
    for role, pids in traced(stack).items():
        reports[role] = os.path.join(folder, f"calls-{role}")
        words = ["strace", "-f", "-c", "-o", reports[role]]
        for pid in pids:
            words += ["-p", str(pid)]
        tracers[role] = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    # Each says when it has taken hold of its processes.
    can_trace = all("attached" in tracer.stderr.readline() for tracer in tracers.values())
    result = measure.load(stack, "orders", 3, ONE_CLIENT) if can_trace else None
    found = {}
    for role, tracer in tracers.items():
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=30)
        if result:
            with open(reports[role], encoding="utf-8") as file:
                found[f"system calls an order, {role}"] = total(file.read()) / result["answered"]
    if not result:
        print("system calls are NOT COUNTED: strace must not trace here")
    return found


def total(report):
    """Of strace's table; its last line has no errors where none of the calls failed."""
    words = re.search(r"^(.*) total$", report, re.M).group(1).split()
    return int(words[3])


def log_bytes(stack, profile):
    measure.load(stack, profile, 0.5, ONE_CLIENT)
    cost = Cost(stack)
    end = cost.end(measure.load(stack, profile, 2, ONE_CLIENT))
    return end["walBytes"] / end["orders"]


def of_exchange(folder):
    stack = Stack(os.path.join(folder, "1"))
    found = {}
    try:
        stack.up(1)
        # How many whole pages go into the log depends on when the last checkpoint was.
        stack.query("alter system set full_page_writes = off")
        stack.query("select pg_reload_conf()")
        for profile in ("orders", "batch"):
            found[f"log bytes an order, {profile}"] = log_bytes(stack, profile)
        found |= system_calls(stack, folder)
    finally:
        stack.down()
    return found


def of_counted(folder):
    stack = counted.CountedStack(os.path.join(folder, "2"))
    try:
        stack.up(1)
        return stack.an_order()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"whole processes are NOT COUNTED: {error}")
        return {}
    finally:
        stack.down()


def figures(only):
    found = {}
    folder = tempfile.mkdtemp(prefix="guard-", dir=os.path.join(TOP, ".build"))
    try:
        for name in FUNCTIONS:
            found[f"instructions {name}"] = function_instructions(name)
        if not only or only in "log system":
            found |= of_exchange(folder)
        if not only or only in "instructions allocations":
            found |= of_counted(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def room(name):
    """Functions alone repeat exactly; what a whole process does besides varies a little."""
    if name.startswith("instructions") and "order," not in name:
        return 1.03
    # How many orders the tables take in one transaction depends on time.
    if "engine" in name:
        return 1.35
    return 1.2 if name.startswith("system calls") else 1.1


def renew(found):
    with open(LIMITS, "w", encoding="utf-8") as file:
        json.dump({k: round(v * room(k), 1) for k, v in found.items()}, file, indent=2)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("--only", help="`log` or `instructions`")
    options = parser.parse_args()
    missing = [t for t in ("valgrind", "callgrind_control", "strace", "strip")
               if not shutil.which(t)]
    if missing:
        raise SystemExit(f"not installed: {' '.join(missing)}")
    found = figures(options.only)
    if options.renew:
        renew(found)
    with open(LIMITS, encoding="utf-8") as file:
        limits = json.load(file)
    failed = []
    for name, value in found.items():
        limit = limits.get(name)
        word = "NO LIMIT" if limit is None else "" if value <= limit else "ABOVE THE LIMIT"
        if not word and value < FAR * limit:
            word = "far below: make bench-guard RENEW=1"
        print(f"{name:34} {value:10.1f}  limit {limit or 0:10.1f}  {word}".rstrip())
        if word in ("NO LIMIT", "ABOVE THE LIMIT"):
            failed.append(name)
    if failed:
        raise SystemExit(f"not within their limits: {', '.join(failed)}")


main()
