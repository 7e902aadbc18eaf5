"""An exchange whose engines and workers run under callgrind, which counts every instruction and
every call of every function."""

import collections
import os
import re
import shutil
import signal
import subprocess

import measure
from stack import PROGRAMS, TOP, EchoStack, Stack

CLIENT = ("--clients", "1", "--timeout", "30")
ALLOCATORS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc")


class CountedStack(Stack):
    def up_options(self):
        programs, counted = (os.path.join(self.folder, n) for n in ("programs", "counted"))
        os.makedirs(os.path.join(programs, "nginx"))
        os.makedirs(counted)
        self.counts = os.path.join(self.folder, "counts")
        os.makedirs(self.counts)
        for name in ("outcry.conf.template", "html"):
            os.symlink(os.path.join(TOP, "nginx", name), os.path.join(programs, "nginx", name))
        for name in ("outcry-engine", "outcry-worker"):
            # Valgrind stumbles over what Swift writes for debuggers.
            subprocess.run(
                ["strip", "-o", os.path.join(counted, name), os.path.join(PROGRAMS, name)],
                check=True)
            EchoStack.script(
                programs, name,
                "exec valgrind --quiet --tool=callgrind --trace-children=yes"
                f' --callgrind-out-file="{self.counts}/%p" "{counted}/{name}" "$@"')
        EchoStack.script(programs, "outcry-feed", f'exec "{PROGRAMS}/outcry-feed" "$@"')
        return ["--programs", programs, "--wait", "120"]

    def counted_processes(self):
        """Role by process: workers that serve, and the engine that is traded on."""
        found = {}
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/cmdline", encoding="utf-8") as file:
                    words = file.read().split("\0")
            except OSError:
                continue
            if f"{self.folder}/counted/outcry-worker" in words and "--child" in words:
                found[int(entry)] = "worker"
            elif f"{self.folder}/counted/outcry-engine" in words and "BTC-USD" in words:
                found[int(entry)] = "engine"
        return found

    def control(self, *words):
        pids = [str(pid) for pid in self.counted_processes()]
        subprocess.run(["callgrind_control", *words, *pids], check=True, capture_output=True,
                       timeout=60)

    def an_order(self):
        """Instructions and allocations an order, by role: the difference between a longer and a
        shorter run leaves out what comes before the orders, passwords above all."""
        measure.load(self, "orders", 0.5, CLIENT)
        (less, fewer), (more, many) = self.run(1), self.run(5)
        return {f"{what} an order, {role}": (count - less[role, what]) / (many - fewer)
                for (role, what), count in sorted(more.items())}

    def run(self, seconds):
        """Counts of a run by role and kind, and its orders."""
        roles = self.counted_processes()
        self.control("--zero")
        before = set(os.listdir(self.counts))
        orders = measure.load(self, "orders", seconds, CLIENT)["orders"]
        self.control("--dump")
        found = collections.Counter()
        for name in set(os.listdir(self.counts)) - before:
            role = roles.get(int(name.split(".")[0]))
            if role:
                for what, count in read(os.path.join(self.counts, name)).items():
                    found[role, what] += count
        return found, orders

    def down(self):
        # What runs under valgrind goes by another name, which `outcry down` does not know.
        pids = list(self.counted_processes())
        self.outcry("down", check=False)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def read(path):
    """Instructions and calls of the allocator of one file of callgrind."""
    names, calls, callee, instructions = {}, 0, None, 0
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("cfn="):
                match = re.match(r"cfn=\((\d+)\)(?: (.*))?", line)
                if match[2]:
                    names[match[1]] = match[2]
                callee = names.get(match[1], "")
            elif line.startswith("fn="):
                match = re.match(r"fn=\((\d+)\)(?: (.*))?", line)
                if match[2]:
                    names[match[1]] = match[2]
            elif line.startswith("calls=") and callee in ALLOCATORS:
                calls += int(line[6:].split()[0])
            elif line.startswith(("totals:", "summary:")):
                instructions = int(line.split()[1])
    return {"instructions": instructions, "allocations": calls}
