"""Exchanges that a benchmark starts for itself."""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAMS = os.path.join(TOP, ".build", "release")
sys.path.append(os.path.join(TOP, "Tests", "Chaos"))
from ports import free_port  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
# What a shell that starts a benchmark has set is not what is measured.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("OUTCRY_")}


class Stack:
    """A whole exchange in a folder of its own, on the disk of the checkout: /tmp may be memory,
    where a commit costs nothing."""

    is_echo = False
    shards = 1

    def __init__(self, folder):
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        os.makedirs(folder)

    def outcry(self, *words, check=True, environment=None):
        command = [os.path.join(PROGRAMS, "outcry"), *words, "--state", self.state]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180,
            env=ENVIRONMENT | (environment or {}))
        if check and done.returncode != 0:
            raise SystemExit(f"outcry {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def up(self, workers, databases=1):
        self.shards = databases
        words = [] if databases == 1 else ["--shards", str(databases)]
        self.outcry("up", *words, *self.up_options(), environment=self.settings(workers))

    def up_options(self):
        return []

    def settings(self, workers):
        # The limits that protect an exchange are not what is measured.
        return {
            "OUTCRY_PORT": str(self.port), "OUTCRY_WORKERS": str(workers),
            "OUTCRY_ACCOUNT_RATE": "0", "OUTCRY_ADDRESS_RATE": "0",
            "OUTCRY_ADDRESS_CONNECTIONS": "0", "OUTCRY_LOGIN_RATE": "0",
        }

    def scale(self, workers):
        self.outcry("scale", "workers", str(workers))
        deadline = time.monotonic() + 20
        while self.worker_count() != workers and time.monotonic() < deadline:
            time.sleep(0.05)

    def worker_count(self):
        """Children of the pool of one shard; their master is not one."""
        return self.count("worker") // self.shards - 1

    def count(self, name):
        return sum(p.name == name for p in self.processes())

    def down(self):
        self.outcry("down", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- The database ---------------------------------------------------------------------------

    def databases(self):
        """Of all shards; the first one knows all symbols."""
        folders = sorted(glob.glob(os.path.join(self.state, "run", "postgres*")))
        return [f"host={folder} user=outcry dbname=outcry" for folder in folders]

    def query(self, sql):
        return self.ask(self.databases()[0], sql)

    def ask_all(self, sql):
        return [row for database in self.databases() for row in self.ask(database, sql)]

    @staticmethod
    def ask(database, sql):
        done = subprocess.run(
            ["psql", "-XAtq", "-F", "\t", database, "-c", sql],
            capture_output=True, text=True, timeout=60, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def symbols(self):
        return [name for (name,) in self.query("select name from symbols order by id")]

    def settle(self):
        """A database at work writes its log into files that it has written before; a new one fills
        each with zeros first, and everybody waits meanwhile. That happens once, and is not what is
        measured."""
        self.ask_all("select pg_logical_emit_message(false, 'bench', repeat('x', 1000000))"
                     " from generate_series(1, 1000)")
        self.ask_all("checkpoint")

    def database_figures(self):
        rows = self.ask_all(
            "select pg_current_wal_lsn() - '0/0'::pg_lsn, xact_commit from pg_stat_database"
            " where datname = current_database()")
        return {"walBytes": sum(int(row[0]) for row in rows),
                "commits": sum(int(row[1]) for row in rows)}

    def sessions(self):
        """Which process of PostgreSQL works for whom."""
        rows = self.ask_all("select pid, application_name from pg_stat_activity")
        return {int(pid): name for pid, name in rows}

    # -- Processes ------------------------------------------------------------------------------

    Process = collections.namedtuple("Process", "pid name seconds")

    def processes(self):
        """Everything that works in the state folder, with its processor time so far."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                where = os.readlink(f"/proc/{entry}/cwd")
                if where != self.state and not where.startswith(self.state + "/"):
                    continue
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                    head, _, rest = file.read().rpartition(")")
                with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                    command = file.read().replace("\0", " ")
            except OSError:
                continue
            fields = rest.split()
            name = self.role(head.partition("(")[2], command)
            if name:
                seconds = (int(fields[11]) + int(fields[12])) / TICKS
                found.append(self.Process(int(entry), name, seconds))
        return found

    @staticmethod
    def role(name, command):
        if name.startswith("outcry-"):
            return name.removeprefix("outcry-")
        if name == "outcry":
            return None if " load " in command else "supervisor"
        if name.startswith("redis"):
            return "redis"
        return name if name in ("nginx", "postgres") else None

    def memory(self):
        """Bytes by role; what several processes share is divided among them."""
        sums = collections.Counter()
        for process in self.processes():
            try:
                with open(f"/proc/{process.pid}/smaps_rollup", encoding="utf-8") as file:
                    text = file.read()
            except OSError:
                continue
            sums[process.name] += 1024 * int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
        return dict(sums)


class EchoStack(Stack):
    """nginx and workers that answer every request with a constant: no engine, no database."""

    is_echo = True

    def database_figures(self):
        return {}

    def sessions(self):
        return {}

    def up_options(self):
        programs = os.path.join(self.folder, "programs")
        os.makedirs(os.path.join(programs, "nginx"), exist_ok=True)
        for name in ("outcry.conf.template", "html"):
            link = os.path.join(programs, "nginx", name)
            if not os.path.islink(link):
                os.symlink(os.path.join(TOP, "nginx", name), link)
        self.script(programs, "outcry-worker", f'exec "{PROGRAMS}/outcry-worker" --echo')
        for name in ("outcry-engine", "outcry-feed"):
            self.script(programs, name, "exec sleep 100000")
        return ["--programs", programs]

    @staticmethod
    def script(folder, name, line):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{line}\n")
        os.chmod(path, 0o755)

    def settings(self, workers):
        return super().settings(workers) | {"OUTCRY_DATABASE": "none", "OUTCRY_REDIS": "none:1"}
