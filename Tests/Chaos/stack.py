"""The exchange under test: started and stopped with `outcry`, observed from outside."""

import json
import os
import re
import subprocess
import time

from connection import Connection, Cut


class Stack:
    def __init__(self, programs, folder, port):
        self.outcry = os.path.join(programs, "outcry")
        self.folder = folder
        self.port = port
        # Known when it is up.
        self.database = self.instance = ""
        self.engine_count = 0
        self.database_segments = set()
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        self.environment["OUTCRY_PORT"] = str(port)
        self.environment["OUTCRY_WORKERS"] = "3"
        # Engines are to begin from snapshots, not only from the journal's first command.
        self.environment["OUTCRY_SNAPSHOT_EVERY"] = "1000"

    def run(self, *words):
        return subprocess.run(
            [self.outcry, *words, "--state", self.folder], env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def up(self):
        result = self.run("up")
        if result.returncode != 0:
            raise SystemExit(f"the exchange does not start:\n{result.stdout}")
        self.learn()

    def down(self):
        return self.run("down")

    def learn(self):
        """What the tool decided by itself; asked once, while nothing is being killed."""
        self.database = self.setting("OUTCRY_DATABASE")
        self.instance = self.setting("OUTCRY_INSTANCE")
        self.engine_count = len(self.engines())

    def setting(self, name):
        with open(f"/proc/{self.programs()['engine'][0]}/environ", "rb") as file:
            for pair in file.read().decode().split("\0"):
                if pair.startswith(f"{name}="):
                    return pair.partition("=")[2]
        raise SystemExit(f"the manager's environment does not name {name}")

    # -- Processes --------------------------------------------------------------------------

    def programs(self):
        """What the supervisor runs: name to pid and readiness."""
        with open(os.path.join(self.folder, "processes")) as file:
            rows = [line.split() for line in file]
        return {row[0]: (int(row[1]), row[2] == "1") for row in rows}

    def engines(self):
        """Symbol to pid."""
        found = {}
        for pid in children(self.programs()["engine"][0]):
            words = command_line(pid)
            if "--symbol" in words:
                found[words[words.index("--symbol") + 1]] = pid
        return found

    def children_of(self, program):
        return children(self.programs()[program][0])

    # -- Health -----------------------------------------------------------------------------

    def is_ready(self):
        if not all(pid and ready for pid, ready in self.programs().values()):
            return False
        status, answer = self.get("/ready", timeout=3)
        return status == 200 and b'"engine ' in answer

    def wait(self, condition, seconds):
        """The seconds it took, or None when it did not come in time."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > seconds:
                return None
            time.sleep(0.05)
        return time.monotonic() - start

    def get(self, path, timeout=10):
        connection = Connection(self.port, timeout)
        try:
            return connection.request("GET", path)
        except Cut:
            return 0, b""
        finally:
            connection.close()

    def book(self, symbol):
        status, answer = self.get(f"/api/book/{symbol}?depth=1000")
        return json.loads(answer) if status == 200 else None

    def database_answers(self):
        probe = subprocess.run(
            ["psql", self.database, "-XAtqc", "select 1"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**self.environment, "PGCONNECT_TIMEOUT": "2"})
        return probe.returncode == 0

    def note_database_segments(self):
        """PostgreSQL's shared memory has random names; one that is killed cannot remove it."""
        try:
            with open(f"/proc/{self.programs()['postgres'][0]}/maps") as file:
                found = re.findall(r"/dev/shm/PostgreSQL\S+", file.read())
        except OSError:
            found = []
        self.database_segments |= set(found)

    # -- What must not be left --------------------------------------------------------------

    def leftovers(self):
        left = [f"/dev/shm/{name}" for name in os.listdir("/dev/shm")
                if name.startswith(f"outcry.{self.instance}.")]
        left += filter(os.path.exists, sorted(self.database_segments))
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                place = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if place == self.folder or place.startswith(self.folder + "/"):
                left.append(f"process {pid}: {' '.join(command_line(int(pid)))}")
        return left


def children(pid):
    """A child belongs to the thread that started it."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return sorted(found)


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode().split("\0")[:-1]
    except OSError:
        return []
