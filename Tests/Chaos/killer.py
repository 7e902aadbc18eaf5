"""Who is killed when: a schedule that its seed decides, and the log of what became of it."""

import json
import os
import random
import signal
import time

# How often each is chosen. PostgreSQL takes the longest to come back.
KINDS = {
    "engine": 6, "worker": 4, "nginx worker": 2, "pool master": 2, "engine manager": 2, "redis": 1,
    "feed": 1, "postgres": 2,
}
# Long enough on a busy machine; an exchange that takes longer counts as not recovered.
RECOVERY_SECONDS = 45


class Killer:
    def __init__(self, stack, seed, kinds, log):
        self.stack = stack
        self.random = random.Random(f"{seed}/kills")
        self.kinds = kinds
        self.log = open(log, "w")
        self.kills = []
        self.rounds = []

    def round(self):
        """Kills one, now and then two, and waits until all is well again. The second dies at the
        same moment or while the first is still missed."""
        weights = [KINDS[kind] for kind in self.kinds]
        chosen = self.random.choices(self.kinds, weights)
        if self.random.random() < 0.25:
            chosen += self.random.choices(self.kinds, weights)
        killed = []
        for kind in chosen:
            if killed and self.random.random() < 0.6:
                time.sleep(self.random.uniform(0, 0.3))
            victim = self.victim(kind)
            if victim and victim["pid"] not in [other["pid"] for other in killed]:
                self.kill(victim, killed)
        if killed:
            self.recover(killed)

    def kill(self, victim, killed):
        if victim["kind"] == "postgres":
            self.stack.note_database_segments()
        # Before, not after: a client may hear of it sooner than we get to run again.
        victim["time"] = time.monotonic()
        try:
            os.kill(victim["pid"], signal.SIGKILL)
        except ProcessLookupError:
            return
        killed.append(victim)

    def victim(self, kind):
        if kind == "engine":
            engines = sorted(self.stack.engines().items())
            if not engines:
                return None
            symbol, pid = self.random.choice(engines)
            return {"kind": kind, "pid": pid, "symbol": symbol}
        if kind in ("worker", "nginx worker"):
            pids = self.stack.children_of("nginx" if kind == "nginx worker" else "worker")
            return {"kind": kind, "pid": self.random.choice(pids)} if pids else None
        program = {"pool master": "worker", "engine manager": "engine"}.get(kind, kind)
        pid = self.stack.programs()[program][0]
        return {"kind": kind, "pid": pid} if pid else None

    def recover(self, killed):
        gone = {victim["pid"] for victim in killed}
        if any(victim["kind"] == "postgres" for victim in killed):
            took = self.stack.wait(self.stack.database_answers, RECOVERY_SECONDS)
            for victim in killed:
                if victim["kind"] == "postgres":
                    victim["databaseBack"] = None if took is None else time.monotonic()
        took = self.stack.wait(lambda: self.is_well_without(gone), RECOVERY_SECONDS)
        for victim in killed:
            victim["alone"] = len(killed) == 1
            victim["recovered"] = None if took is None else time.monotonic() - victim["time"]
            self.log.write(json.dumps(victim) + "\n")
            self.kills.append(victim)
        self.log.flush()
        self.rounds.append(killed)

    def is_well_without(self, gone):
        """Everything answers, and not because the dead were not noticed yet."""
        pids = {pid for pid, _ in self.stack.programs().values()}
        pids |= set(self.stack.engines().values())
        for program in ("worker", "nginx"):
            pids |= set(self.stack.children_of(program))
        return (
            not pids & gone and len(self.stack.engines()) == self.stack.engine_count
            and self.stack.is_ready())

    def rest(self):
        """Some work has to get done between two kills."""
        time.sleep(self.random.uniform(0.3, 2.5))
