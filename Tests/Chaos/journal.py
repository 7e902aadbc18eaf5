"""The journal as PostgreSQL holds it, decoded from its raw records; nothing of the exchange's own
code has a part in it. The record's layout is drawn in Engine/CShared/include/layouts.h.
"""

import csv
import io
import struct
import subprocess
from collections import namedtuple

import packing

RECORD = struct.Struct("<H6BQqQQ8qqB7x40s16s8sQ")
assert RECORD.size == 192

PLACE, CANCEL, AMEND, CONFIGURE, EPOCH = 1, 2, 3, 9, 12
CLIENT_KEY = 2

Command = namedtuple(
    "Command",
    "kind side type time_in_force prevention flags sequence time account order price stop quantity"
    " quote display expires key origin")


def decode(record):
    (version, kind, side, type_, time_in_force, prevention, flags, sequence, time, account, order,
     price, stop, quantity, quote, display, expires, _, _, _, length, key, _, _, origin
     ) = RECORD.unpack(record)
    if version != 1:
        raise ValueError(f"a record of version {version}")
    return Command(
        kind, side, type_, time_in_force, prevention, flags, sequence, time, account, order, price,
        stop, quantity, quote, display, expires, key[:length].decode(), origin)


class Database:
    """Rows of a query, as text, by way of psql."""

    def __init__(self, connection):
        self.connection = connection

    def rows(self, query):
        result = subprocess.run(
            ["psql", self.connection, "-Xq", "-v", "ON_ERROR_STOP=1", "-c",
             f"copy ({query}) to stdout (format csv)"],
            stdout=subprocess.PIPE, text=True, check=True)
        csv.field_size_limit(1 << 24)
        return csv.reader(io.StringIO(result.stdout))


def read(database, symbol, violations):
    """All commands of a symbol in order; reports gaps, overlaps and epochs that go back."""
    commands = []
    epoch = 0
    query = (
        "select sequence, last_sequence, epoch, format, encode(records, 'hex') from journal"
        f" where symbol_id = {symbol} order by sequence")
    for first, last, row_epoch, row_format, text in database.rows(query):
        if row_format != "3":
            raise ValueError(f"a row of format {row_format}")
        added = [decode(record) for record in packing.unpack(bytes.fromhex(text), int(first))]
        if int(first) != len(commands) + 1 or int(last) != len(commands) + len(added):
            violations.add(
                "journal", f"symbol {symbol}: rows {first}..{last} follow on {len(commands)}")
            return commands
        if int(row_epoch) < epoch:
            violations.add("journal", f"symbol {symbol}: epoch {row_epoch} after {epoch}")
        epoch = int(row_epoch)
        commands += added
    check(symbol, commands, violations)
    return commands


def check(symbol, commands, violations):
    """Numbers without a gap, time that never goes back, no key twice."""
    keys = {}
    time = 0
    for index, command in enumerate(commands):
        if command.sequence != index + 1:
            violations.add(
                "journal", f"symbol {symbol}: {command.sequence} in place {index + 1}")
        if command.time < time:
            violations.add("journal", f"symbol {symbol}: {command.sequence} is back in time")
        time = command.time
        if command.kind == PLACE and command.order != symbol << 40 | command.sequence:
            violations.add("journal", f"symbol {symbol}: {command.sequence} has a wrong order id")
        if command.key:
            known = keys.setdefault((command.account, command.key), command.sequence)
            if known != command.sequence:
                violations.add(
                    "executed twice",
                    f"symbol {symbol}: key {command.key} at {known} and {command.sequence}")
