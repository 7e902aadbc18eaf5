#!/usr/bin/env python3
"""Decides whether the exchange kept its word: every answer, held against what PostgreSQL has.

It knows nothing but the tables, the clients' logs, the log of the kills and the books that were
shown at the end. Exit status 1 when anything is wrong.
"""

import argparse
import json
import os
import sys
from collections import Counter

import journal
import pauses
from answers import Judge, Log
from book import BUY, SELL, Book, Impossible
from tables import Tables, symbols

SHOWN_OF_A_KIND = 5


class Violations:
    def __init__(self):
        self.counts = Counter()

    def add(self, kind, text):
        self.counts[kind] += 1
        if self.counts[kind] <= SHOWN_OF_A_KIND:
            print(f"VIOLATION ({kind}): {text[:600]}")


def lines(name):
    with open(name) as file:
        return [json.loads(line) for line in file]


def replay(symbol, commands, violations):
    book = Book(symbol.id)
    for command in commands:
        try:
            book.apply(command)
        except Impossible as reason:
            violations.add("journal", f"{symbol.name} {command.sequence}: {reason}: {command}")
            return None
    for side in (BUY, SELL):
        other = book.best(SELL if side == BUY else BUY)
        best = book.best(side)
        if side == BUY and best and other and best >= other:
            violations.add("journal", f"{symbol.name}: the book is crossed")
    return book


def check_symbol(database, symbol, log, shown, violations):
    commands = journal.read(database, symbol.id, violations)
    book = replay(symbol, commands, violations)
    if book is None:
        return {}
    own = [request for request in log.requests if request.symbol == symbol.name]
    Judge(symbol, commands, book, violations).judge(own)
    Tables(database, symbol, book, violations).check(len(commands), shown)
    snapshots = next(database.rows(f"select count(*) from snapshots where symbol_id = {symbol.id}"))
    return {
        "commands journalled": len(commands), "trades": len(book.trades),
        "engine starts": sum(command.kind == journal.EPOCH for command in commands),
        "snapshots kept": int(snapshots[0])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True, help="libpq connection string")
    parser.add_argument("--logs", required=True)
    options = parser.parse_args()
    violations = Violations()
    kills = lines(os.path.join(options.logs, "kills.log"))
    stalls = lines(os.path.join(options.logs, "stalls.log"))
    with open(os.path.join(options.logs, "books.json")) as file:
        books = json.load(file)
    for kill in kills:
        if kill["recovered"] is None:
            violations.add("not recovered", f"{kill}")
    database = journal.Database(options.database)
    log = Log(options.logs, kills, stalls, violations)
    for stall in stalls:
        print(f"the machine stood still for {stall['to'] - stall['from']:.1f} s")
    total = Counter()
    for symbol in symbols(database):
        total.update(check_symbol(database, symbol, log, books.get(symbol.name), violations))
    for name, count in [*sorted(log.counts.items()), *total.items()]:
        print(f"  {count:9,}  {name}")
    pauses.report(log.requests, kills)
    if violations.counts:
        print("FAILED:", ", ".join(f"{n} x {kind}" for kind, n in violations.counts.items()))
        sys.exit(1)
    print("every answer holds")


if __name__ == "__main__":
    main()
