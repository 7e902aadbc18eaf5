"""Where the processor time of an order goes: `profile.py [--seconds N] [--out FOLDER]`.

* processor time, in user and kernel mode, and switches an order of every thread an order passes
  through, from the kernel's own counters, which cost nothing;
* what the processors do meanwhile, function by function, from perf's samples in a second run of
  half the length: so that sampling is not in the counters.

Leaves `profile.json` in the result folder; `make report` makes the tables of PROFILE.md of it."""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "Suite"))

import machine  # noqa: E402
import measure  # noqa: E402
from cost import TICKS, Cost  # noqa: E402
from stack import TOP, Stack  # noqa: E402

RESULTS = os.path.join(TOP, ".build", "bench", "results")
# Threads and programs an order passes through, by the names the kernel knows. Whoever registers
# before the orders (threads called "hashing") is no part of them.
ROLES = {
    "nginx": "nginx", "intake": "worker intake", "completion": "worker completion",
    "engine": "engine", "projection": "engine projection", "publisher": "engine publisher",
    "postgres": "PostgreSQL", "redis-server": "Redis", "outcry-feed": "feed",
    "load": "load generator", "outcry": "load generator"}
LOAD = ("orders", ["--clients", "40"])
COLUMNS = ("user", "kernel", "waits", "preempted")

# Parts of the kernel, by the names of their functions; the first that fits holds.
KERNEL = [
    ("sockets", r"sock|tcp|skb|inet|unix_|ip_|__ip|net_|napi|loopback|dst_|nf_|recv|send|iov"),
    ("epoll and poll", r"ep_|epoll|poll"),
    # Where interrupts are let in again is where a guest hears of what it woke.
    ("sleeping and waking", r"spin_unlock_irqrestore|futex|sched|wake|switch|idle|pick_next|dequeue"
     r"|enqueue|update_curr|update_load|ttwu|select_task|hrtimer|try_to|psi_|rcu|tick|clock|pv_"
     r"|native_|halt"),
    ("files and blocks", r"ext4|xfs|jbd2|blk|virtio|virtqueue|bio_|submit|writeback|pagecache|folio"
     r"|filemap|generic_file|iomap|nvme|fsync|vring|iowrite"),
    ("entering the kernel", r"syscall|entry|exit_to_user|do_sys|sysret|swapgs"),
    ("memory", r"page|memcg|slab|kmalloc|kmem|kfree|clear_|mmap|vma|copy_|_copy|memset|memcpy"),
]


def threads(stack):
    """Processor seconds and switches by (role, thread)."""
    sessions = stack.sessions()
    found = collections.defaultdict(lambda: [0.0] * len(COLUMNS))
    for process in stack.processes():
        for task in tasks(process.pid):
            try:
                name, counts = thread(f"/proc/{process.pid}/task/{task}")
            except OSError:
                continue
            if process.name == "postgres":
                name = Cost.session(sessions.get(process.pid, ""))
            elif process.name in ("nginx", "redis", "supervisor"):
                name = ""
            key = (process.name, re.sub(r" \d+$", "", name))
            found[key] = [a + b for a, b in zip(found[key], counts)]
    return found


def tasks(pid):
    """None of a process that has just ended, such as one of PostgreSQL's sessions."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []


def thread(folder):
    with open(f"{folder}/stat", encoding="utf-8") as file:
        head, _, rest = file.read().rpartition(")")
    fields = rest.split()
    with open(f"{folder}/status", encoding="utf-8") as file:
        switches = [int(n) for n in re.findall(r"^(?:non)?voluntary_ctxt_switches:\t(\d+)",
                                               file.read(), re.M)]
    return head.partition("(")[2], [int(fields[11]) / TICKS, int(fields[12]) / TICKS, *switches]


def counted(stack, seconds):
    before, cost = threads(stack), Cost(stack)
    result = measure.load(stack, LOAD[0], seconds, LOAD[1])
    after = threads(stack)
    orders = result["orders"]
    rows = []
    for key, counts in after.items():
        each = [(b - a) / orders for a, b in zip(before[key], counts)]
        if sum(each[:2]) * 1e6 >= 0.05 and key[1] != "hashing":
            rows.append({"role": key[0], "thread": key[1], "userMicroseconds": each[0] * 1e6,
                         "kernelMicroseconds": each[1] * 1e6, "waits": each[2],
                         "preempted": each[3]})
    generator = 1e6 * result["generator"]["processorSeconds"] / orders
    rows.sort(key=lambda row: -row["userMicroseconds"] - row["kernelMicroseconds"])
    return {"figures": measure.short(result), "cost": measure.costs([cost.end(result)]),
            "threads": [{k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
                        for row in rows],
            "generatorMicroseconds": round(generator, 2)}


def sampled(stack, seconds, folder):
    """The part of all samples, idle ones left out, by program, place and function."""
    data = os.path.join(folder, "perf.data")
    recorder = subprocess.Popen(
        ["perf", "record", "--quiet", "--all-cpus", "--freq", "1999", "--output", data],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    result = measure.load(stack, LOAD[0], seconds, LOAD[1])
    recorder.terminate()
    _, trouble = recorder.communicate(timeout=60)
    if not os.path.exists(data):
        print(f"functions are NOT SAMPLED: {trouble.strip()}")
        return None
    report = subprocess.run(
        ["perf", "report", "--stdio", "--input", data, "--sort", "comm,dso,symbol",
         "--field-separator", "\t", "--percent-limit", "0"], capture_output=True, text=True)
    return functions(report.stdout, result["orders"], seconds)


def functions(report, orders, seconds):
    parts, rows = collections.Counter(), []
    everything = idle = 0.0
    for line in report.splitlines():
        if line.startswith("#") or line.count("\t") < 3:
            continue
        percent, program, place, symbol = (w.strip() for w in line.split("\t", 3))
        part = float(percent.rstrip("%"))
        everything += part
        if program.startswith("swapper"):
            idle += part
            continue
        is_kernel = symbol.startswith("[k]")
        role = ROLES.get(re.sub(r" \d+$", "", program))
        if role is None:
            continue
        name = symbol[4:].split("\t")[0].strip()
        rows.append((part, role, "kernel" if is_kernel else os.path.basename(place), name))
        parts[role, kernel_part(name) if is_kernel else "user"] += part
    # A sample stands for its part of all processors' time.
    micros = os.cpu_count() * seconds * 1e6 / orders / max(everything, 1e-9)
    rows = sorted(rows, reverse=True)[:25]
    plain = demangled([name for *_, name in rows])
    return {
        "idlePart": round(idle / max(everything, 1e-9), 3),
        "parts": [{"program": p, "part": w, "microseconds": round(v * micros, 2)}
                  for (p, w), v in parts.most_common() if v * micros >= 0.1],
        "functions": [{"program": p, "place": w, "function": n[:60],
                       "microseconds": round(v * micros, 2)}
                      for (v, p, w, _), n in zip(rows, plain)]}


def demangled(names):
    """As written in Swift, where Swift is at hand."""
    if not shutil.which("swift"):
        return names
    done = subprocess.run(["swift", "demangle", "--compact", "--simplified"], text=True,
                          input="\n".join(names) + "\n", capture_output=True)
    found = done.stdout.splitlines()
    return found if len(found) == len(names) else names


def kernel_part(name):
    return next((part for part, pattern in KERNEL if re.search(pattern, name)), "other kernel")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--out", default=RESULTS)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="profile-", dir=os.path.join(TOP, ".build"))
    stack = Stack(os.path.join(folder, "1"))
    try:
        stack.up(2)
        stack.settle()
        measure.load(stack, LOAD[0], 2, LOAD[1])
        found = {"format": "outcry-profile-1", "name": "profile", "seconds": options.seconds,
                 **counted(stack, options.seconds)}
        found["samples"] = sampled(stack, options.seconds / 2, folder) \
            if shutil.which("perf") else None
        found["machine"] = machine.found(folder)
    finally:
        stack.down()
        shutil.rmtree(folder, ignore_errors=True)
    path = os.path.join(options.out, "profile.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(compact(json.dumps(found, indent=1)) + "\n")
    show(found)
    print(f"\n{os.path.relpath(path)}; make report FROM=… makes the tables of PROFILE.md of it")


def compact(text):
    """What holds no lists stands on one line where it fits."""
    def joined(match):
        line = re.sub(r"\s*\n\s*", " ", match[0]).replace("{ ", "{").replace(" }", "}")
        return line if len(line) <= 94 else match[0]

    return re.sub(r"\{[^{}\[\]]*\}", joined, text)


def show(found):
    print(f"{found['figures']['rate']:.0f} orders/s; microseconds an order, and switches")
    print(f"{'':26} {'user':>7} {'kernel':>7} {'waits':>7} {'preempted':>9}")
    for row in found["threads"]:
        print(f"{row['role'] + ' ' + row['thread']:26} {row['userMicroseconds']:7.2f}"
              f" {row['kernelMicroseconds']:7.2f} {row['waits']:7.3f} {row['preempted']:9.3f}")
    print(f"{'load generator':26} {found['generatorMicroseconds']:7.2f}")


if __name__ == "__main__":
    main()
