"""What an order leaves in PostgreSQL's log: `log.py [PROFILE…] [--seconds N] [--whole-pages]`.

Starts an exchange of its own, sends it `orders` and `batch` (or the profiles that are named) and
reads the part of the log that came of it with pg_waldump: bytes an order by table or index and kind
of record, records an order, and what of it are images of whole pages. Those depend on when the last
checkpoint was: without `--whole-pages` the log has none, with it a checkpoint comes just before."""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "Suite"))

import measure  # noqa: E402
from stack import TOP, Stack  # noqa: E402

CLIENTS = {"batch": "8"}
LINE = re.compile(
    r"^rmgr: (\S+)\s+len \(rec/tot\):\s+(\d+)/\s*(\d+),.*?desc: (\S+)(.*)$")
RELATION = re.compile(r"blkref #0: rel (\S+)/(\d+)(?: fork (\w+))? blk")


def program(name):
    folder = subprocess.run(
        ["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
    return os.path.join(folder, name)


def relations(stack):
    rows = stack.query("select pg_relation_filenode(oid), relname from pg_class"
                       " where pg_relation_filenode(oid) is not null")
    return {number: name for number, name in rows}


class Part:
    def __init__(self):
        self.records = self.bytes = self.images = 0


def read(stack, start, end):
    """Parts of the log by (relation, kind of record)."""
    names = relations(stack)
    found = collections.defaultdict(Part)
    folder = os.path.join(stack.state, "postgres", "pg_wal")
    words = [program("pg_waldump"), "--path", folder, "--start", start, "--end", end]
    dump = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in dump.stdout:
        match = LINE.match(line)
        if not match:
            continue
        manager, length, whole, kind, rest = match.groups()
        relation = RELATION.search(rest)
        name = names.get(relation.group(2), "another") if relation else "-"
        part = found[name, f"{manager} {kind}"]
        part.records += 1
        part.bytes += int(length)
        part.images += int(whole) - int(length)
    dump.wait()
    return found


def report(profile, result, parts, length):
    orders = result["orders"]
    print(f"\n{profile}: {orders} orders, {result['orderRate']:.0f}/s, {length / orders:.0f} bytes"
          f" of log an order\n\n| table or index | record | an order | bytes | images |\n"
          "|---|---|---|---|---|")
    small = Part()
    rows = sorted(parts.items(), key=lambda row: -row[1].bytes - row[1].images)
    for (name, kind), part in rows:
        if part.bytes + part.images < orders:
            small.records += part.records
            small.bytes += part.bytes
            small.images += part.images
        else:
            line(name, kind, part, orders)
    line("everything else", "", small, orders)
    total = Part()
    for part in parts.values():
        total.records += part.records
        total.bytes += part.bytes
        total.images += part.images
    line("**in all**", "", total, orders)


def line(name, kind, part, orders):
    print(f"| {name} | {kind} | {part.records / orders:.2f} | {part.bytes / orders:.1f}"
          f" | {part.images / orders:.1f} |")


def position(stack):
    return stack.query("select pg_current_wal_lsn()")[0][0]


def updates(stack):
    rows = stack.query("select relname, n_tup_ins, n_tup_upd, n_tup_hot_upd from"
                       " pg_stat_user_tables where n_tup_ins > 100 order by 1")
    print("\n| table | rows added | changed | of these in place |\n|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("profiles", nargs="*", default=["orders", "batch"])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--whole-pages", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="log-", dir=os.path.join(TOP, ".build"))
    stack = Stack(os.path.join(folder, "1"))
    try:
        stack.up(2)
        if not options.whole_pages:
            stack.query("alter system set full_page_writes = off")
        stack.query("alter system set wal_keep_size = '20GB'")
        stack.query("select pg_reload_conf()")
        stack.settle()
        for profile in options.profiles:
            clients = ["--clients", CLIENTS.get(profile, "40")]
            measure.load(stack, profile, 3, clients)
            if options.whole_pages:
                stack.query("checkpoint")
            start = position(stack)
            result = measure.load(stack, profile, options.seconds, clients)
            # What is written behind.
            stack.query("select pg_sleep(1)")
            end = position(stack)
            length = int(stack.query(f"select '{end}'::pg_lsn - '{start}'::pg_lsn")[0][0])
            report(profile, result, read(stack, start, end), length)
        updates(stack)
    finally:
        stack.down()
        shutil.rmtree(folder, ignore_errors=True)


main()
