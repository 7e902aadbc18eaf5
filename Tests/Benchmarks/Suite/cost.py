"""What an exchange costs between two moments: processor time by role, WAL and commits."""

import collections
import os
import re
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Cost:
    def __init__(self, stack):
        self.stack = stack
        self.before = {p.pid: p for p in stack.processes()}
        self.database = stack.database_figures()
        self.machine = self.machine_seconds()

    @staticmethod
    def machine_seconds():
        """Seconds of all processors: busy, idle, and taken by other guests of the host."""
        with open("/proc/stat", encoding="utf-8") as file:
            user, nice, system, idle, iowait, irq, softirq, steal = map(
                int, file.readline().split()[1:9])
        return {
            "busy": (user + nice + system + irq + softirq) / TICKS,
            "idle": (idle + iowait) / TICKS, "stolen": steal / TICKS}

    def end(self, result):
        """`result` is what the load generator says about the time between."""
        sessions = self.stack.sessions()
        seconds = collections.Counter()
        for process in self.stack.processes():
            name = process.name
            if name == "postgres":
                name = "postgres " + self.session(sessions.get(process.pid, ""))
            earlier = self.before.get(process.pid)
            seconds[name] += process.seconds - (earlier.seconds if earlier else 0)
        seconds["load"] = result["generator"]["processorSeconds"]
        now = self.machine_seconds()
        passed = {k: round(now[k] - self.machine[k], 2) for k in now}
        found = {
            "requests": result["answered"], "orders": result["orders"],
            "processorSeconds": {k: v for k, v in seconds.items() if v >= 0.005},
            "machineSeconds": passed,
            # What neither the exchange nor the generator used, the guest's interrupts included.
            "others": passed["busy"] - sum(seconds.values())}
        if self.database:
            # The server gathers its statistics about once a second.
            time.sleep(1.1)
            after = self.stack.database_figures()
            found |= {name: value - self.database[name] for name, value in after.items()}
        return found

    @staticmethod
    def session(name):
        """`outcry-engine BTC-USD` and the like, without the symbol."""
        return re.sub(r" [A-Z0-9.-]+$", "", name.removeprefix("outcry-")) or "server"
