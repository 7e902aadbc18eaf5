"""Orders by wrk, the same that `make bench` sends, and what became of them."""

import os
import re
import signal
import subprocess

from docker import TOP, Failed
from stack import eventually


class Load:
    def __init__(self, stack, connections=32, symbols=("BTC-USD",)):
        self.stack = stack
        self.connections = connections
        self.symbols = ",".join(symbols)
        # All requests of the run come from here; limits by account are not what is tested.
        self.buyer = stack.register("buyer")
        self.seller = stack.register("seller")

    def start(self, seconds=600):
        """Goes on until `stop`, or so long."""
        environment = dict(
            os.environ, BENCH_SYMBOLS=self.symbols, BENCH_BUYER=self.buyer,
            BENCH_SELLER=self.seller)
        self.process = subprocess.Popen(
            ["wrk", "-t2", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "20s", "-s",
             os.path.join(TOP, "Tests", "Benchmarks", "Spine", "orders.lua"),
             f"http://{self.stack.address}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.stack.processes.append(self.process)

    def answers(self, count):
        """Waits until so many more requests are answered."""
        start = self._answered()
        eventually(f"{count} more requests are answered", 60,
                   lambda: self._answered() >= start + count)
        if self.process.poll() is not None:
            raise Failed("the load is over already")

    def _answered(self):
        """By workers of all shards, as they tell it."""
        found = 0
        for path in self.stack.metrics:
            text = self.stack.text(path)
            found += sum(map(int, re.findall(
                r"^outcry_http_requests_total\{.*\} (\d+)$", text, re.M)))
        return found

    def stop(self):
        # It stops as if its time were over, and says what it says then.
        self.process.send_signal(signal.SIGINT)
        return self.result()

    def result(self):
        output, errors = self.process.communicate()
        for line in output.splitlines():
            if line.startswith("RESULT"):
                return Result(*map(int, line.split()[1:]))
        raise Failed(f"wrk says nothing:\n{output}{errors}")

    def run(self, seconds):
        self.start(seconds)
        return self.result()


class Result:
    def __init__(self, rate, p50, p90, p99, longest, refused, broken):
        self.rate = rate
        self.p50 = p50 / 1000
        self.p99 = p99 / 1000
        self.longest = longest / 1000
        self.refused = refused
        self.broken = broken

    def __str__(self):
        return (f"{self.rate:6,} orders/s, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms, longest "
                f"{self.longest:,.0f} ms, {self.refused} refused, {self.broken} broken")

    def require_no_failure(self):
        if self.refused or self.broken:
            raise Failed(f"requests failed: {self}")
