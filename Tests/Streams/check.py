"""The streams of a real exchange against the exchange itself, while its parts are killed.

Clients that know only the protocol follow the book, the tape, candles and their account; at the
end and at every pause what they hold must be what the API and the tables say.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from cluster import Cluster
from driver import Account, Driver
from followers import AccountFollower, BookFollower, LatestFollower, digest
from sleeper import Sleeper
from websocket import Refused, WebSocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Chaos"))
from ports import free_port  # noqa: E402
from stack import Stack  # noqa: E402

SYMBOL = "BTC-USD"
INTERVALS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}


class Check:
    def __init__(self, options):
        self.options = options
        self.problems = []
        self.folder = tempfile.mkdtemp(prefix="outcry-streams-")
        self.stack = Stack(
            os.path.abspath(options.programs), os.path.join(self.folder, "state"),
            free_port())
        self.cluster = None
        if options.cluster:
            self.cluster = Cluster(os.path.join(self.folder, "redis"))
            self.stack.environment["OUTCRY_REDIS"] = self.cluster.addresses
        self.samples = []
        self.sampling = threading.Event()

    def problem(self, text):
        self.problems.append(text)
        print(f"PROBLEM: {text}", flush=True)

    def run(self):
        if self.cluster:
            self.cluster.up()
        self.stack.up()
        port = self.stack.port
        self.refusals(port)
        accounts = [Account(port, f"streams-{index}") for index in range(3)]
        # The same by both ways of a stream: WebSocket, and server-sent events.
        self.books = [BookFollower(port, SYMBOL, self.stack.book, entrance)
                      for entrance in ("/stream", "/events")]
        self.accounts = [AccountFollower(port, account.token) for account in accounts]
        self.accounts.append(AccountFollower(port, accounts[0].token, "/events"))
        self.latest = LatestFollower(
            port, [f"candles.{name}.{SYMBOL}" for name in INTERVALS] + [f"ticker.{SYMBOL}"])
        drivers = [
            Driver(port, account, SYMBOL, f"{self.options.seed}/{index}")
            for index, account in enumerate(accounts[:2])]
        self.sleeper = Sleeper(
            port, os.path.join(self.stack.folder, "run", "nginx", "publish.sock"))
        for thread in [*self.books, self.latest, *self.accounts, *drivers]:
            thread.start()
        self.wait(lambda: all(follower.readies for follower in self.accounts), "account streams")
        self.sampling.set()
        sampler = threading.Thread(target=self.sample, daemon=True)
        sampler.start()
        redis = ["master dies", "master hangs", "feed's node hangs"] if self.cluster else ["redis"]
        phases = ["", "feed", *redis, "nginx"] + (["engine"] if self.options.engine else [])
        for victim in phases:
            self.phase(drivers, victim, self.options.commands // len(phases))
        self.sampling.clear()
        sampler.join()
        for driver in drivers:
            driver.stop()
        self.wait(self.latest_is_right, "the newest candles and ticker")
        for follower in [*self.books, self.latest, *self.accounts]:
            follower.stop()
        self.judge(accounts, drivers)

    def phase(self, drivers, victim, commands):
        half = commands // len(drivers) // 2
        for driver in drivers:
            driver.order(half)
        restore = None
        if victim:
            quarter = sum(driver.wanted for driver in drivers) - commands // 4
            self.wait(lambda: sum(driver.sent for driver in drivers) >= quarter, "the first orders")
            restore = self.strike(victim)
            print(f"killed {victim}" if restore is None else victim, flush=True)
        # However fast the first half is done: something happens after the blow.
        for driver in drivers:
            driver.order(half)
        if restore:
            self.trade_meanwhile(drivers, victim)
            restore()
        self.wait(lambda: all(driver.is_idle() for driver in drivers), "the commands", 600)
        self.wait(self.stack.is_ready, "the exchange")
        # What is told while nobody is there is told to nobody, and nothing may follow it.
        followers = [*self.books, self.latest, *self.accounts]
        self.wait(lambda: all(one.isConnected for one in followers), "the followers' connections")
        self.wait(self.books_are_right, f"the right books after {victim or 'the start'}")
        print(
            f"{sum(driver.sent for driver in drivers)} commands, book at {self.books[0].position}, "
            f"{len(self.samples)} samples, {[book.fetches for book in self.books]} snapshots taken",
            flush=True)

    def books_are_right(self):
        """A command whose answer got lost may still be under way when nobody sends any more."""
        wanted = self.stack.book(SYMBOL)
        wanted_digest = digest({side: dict(wanted[side]) for side in ("bids", "asks")})
        return all(book.position is not None and digest(book.sides) == wanted_digest
                   for book in self.books)

    def latest_is_right(self):
        """The newest of what is streamed once in a while has arrived."""
        def asked(path):
            return json.loads(self.stack.get(path)[1])

        streamed = self.latest.newest
        for name in INTERVALS:
            candles = asked(f"/api/candles/{SYMBOL}?interval={name}&limit=1").get("candles")
            heard = streamed.get(f"candles.{name}.{SYMBOL}", {})
            if candles and any(heard.get(field) != candles[0][field]
                               for field in ("time", "trades")):
                return False
        ticker = asked(f"/api/ticker/{SYMBOL}")
        return all(streamed.get(f"ticker.{SYMBOL}", {}).get(field) == ticker.get(field)
                   for field in ("trades", "bid", "ask"))

    def strike(self, victim):
        """What undoes it, if it has to be undone."""
        if victim.startswith(("master", "feed's")):
            cluster, name = self.cluster, f"{{{SYMBOL}}}:book"
            cluster.wait("a whole cluster", cluster.is_whole)
            find = (cluster.entrance if victim.startswith("feed's")
                    else lambda: cluster.master_of(name))
            cluster.wait("the node", lambda: find() is not None)
            node = find()
            if victim == "master dies":
                cluster.kill(node)
                return lambda: cluster.start(node)
            cluster.hang(node)
            return lambda: cluster.resume(node)
        pid = (self.stack.engines()[SYMBOL] if victim == "engine"
               else self.stack.programs()[victim][0])
        os.kill(pid, signal.SIGKILL)
        return None

    def trade_meanwhile(self, drivers, victim):
        """Until the streams tell of what happened since."""
        start = time.monotonic()
        struck = self.stack.book(SYMBOL)["sequence"]

        def tells():
            for driver in drivers:
                driver.order(20)
            time.sleep(0.05)
            return all((book.tape.end or 0) > struck for book in self.books)

        self.wait(tells, f"the streams when {victim}", 30)
        print(f"{victim}: streams go on after {time.monotonic() - start:.1f} s", flush=True)

    def wait(self, condition, what, seconds=60):
        if self.stack.wait(condition, seconds) is None:
            self.problem(f"waited {seconds} s in vain for {what}")

    def sample(self):
        pause = random.Random(self.options.seed)
        while self.sampling.is_set():
            book = self.stack.book(SYMBOL)
            if book:
                sides = {side: dict(book[side]) for side in ("bids", "asks")}
                self.samples.append((book["sequence"], digest(sides)))
            time.sleep(pause.uniform(0.002, 0.02))

    def refusals(self, port):
        for path, status in [
                ("/stream?streams=trades.NOPE", 404), ("/stream?streams=x.BTC-USD", 400),
                ("/stream", 400), ("/stream?streams=account.1", 400), ("/stream/account", 401),
                ("/stream/account?token=" + "x" * 64, 401), ("/streams/socket", 404),
                ("/streams/account/socket", 404), ("/publish/all", 404), ("/listeners", 404)]:
            try:
                WebSocket(port, path).close()
                self.problem(f"{path} was not refused")
            except Refused as refused:
                if refused.status != status or b'"error"' not in refused.body:
                    self.problem(f"{path} was refused with {refused}")

    # -- What they hold against what is so --------------------------------------------------

    def judge(self, accounts, drivers):
        for fault in self.sleeper.faults():
            self.problem(fault)
        trades = self.query(
            "select trade_id, sequence, time, price, quantity, taker_account, maker_account,"
            " taker_order_id, maker_order_id from trades where symbol_id = 1 order by trade_id")
        for book in self.books:
            self.judge_book(book)
            self.judge_tape(book.tape, trades)
        for account, follower in zip([*accounts, accounts[0]], self.accounts):
            self.judge_account(account, follower, trades)
        self.judge_candles(trades)
        result = self.stack.run("verify")
        if result.returncode != 0:
            self.problem(f"verify: {result.stdout}")
        self.judge_log(accounts)
        for follower in [*self.books, self.latest, *self.accounts]:
            for fault in follower.faults[:5]:
                self.problem(fault)
        errors = [driver.errors for driver in drivers]
        print(f"{len(trades)} trades; driver errors {errors}")

    def judge_book(self, book):
        """What the client held at a sequence against what the API showed for the same one."""
        history = book.history
        held = dict(history)
        compared = different = 0
        for sequence, found in self.samples:
            if sequence in held:
                compared += 1
                different += held[sequence] != found
        print(f"books by {book.path.partition('?')[0]}: {compared} of {len(self.samples)} samples "
              f"compared, {different} different; {len(history)} changes, {book.gaps} gaps, "
              f"{book.connections} connections")
        if different:
            self.problem(f"{different} of {compared} books were not the engine's")
        # A stream tells of some states only, and of none while a cluster has no master.
        if compared < 20:
            self.problem("too few books could be compared")

    def judge_tape(self, tape, trades):
        holes = tape.holes()
        if holes:
            self.problem(f"holes in the tape that no gap told of: {holes[:5]}")
        heard = [trade for piece in tape.pieces for trade in piece]
        known = {trade[0] for trade in trades}
        if len(set(heard)) != len(heard):
            self.problem("trades heard twice")
        if not set(heard) <= known:
            self.problem("trades heard that are not in the table")
        print(f"tape: {len(heard)} of {len(trades)} heard in {len(tape.pieces)} pieces")
        # Without a master for seconds, in several phases, much is never told.
        if len(heard) < len(trades) // (10 if self.cluster else 2):
            self.problem("too few of the trades were heard")

    def judge_account(self, account, follower, trades):
        own = {order for order, in self.query(
            f"select order_id from orders where account = {account.id}")}
        foreign = [event for _, event in follower.events if event["orderId"] not in own]
        if foreign:
            self.problem(f"account {account.id} heard of another's order: {foreign[0]}")
        told = [(event["tradeId"], event["orderId"]) for _, event in follower.events
                if event["event"] == "trade"]
        if len(set(told)) != len(told):
            self.problem(f"account {account.id}: a fill was told twice")
        covered = [(first, last) for _, first, last in follower.covered]
        missing = 0
        for trade, sequence, _, _, _, taker, maker, taker_order, maker_order in trades:
            if not any(first <= sequence <= last for first, last in covered):
                continue
            for owner, order in ((taker, taker_order), (maker, maker_order)):
                if owner == account.id and (trade, order) not in set_of(told):
                    missing += 1
        if missing:
            self.problem(f"account {account.id}: {missing} fills missing without a gap")
        print(f"account {account.id}: {len(follower.events)} events, {len(told)} fills, "
              f"{follower.gaps} gaps, {follower.connections} connections")

    def judge_candles(self, trades):
        for name, seconds in INTERVALS.items():
            expected = {}
            for _, _, moment, price, quantity, *_ in trades:
                start = moment - moment % (seconds * 1_000_000)
                candle = expected.setdefault(start, [price, price, price, price, 0, 0])
                candle[1] = max(candle[1], price)
                candle[2] = min(candle[2], price)
                candle[3] = price
                candle[4] += quantity
                candle[5] += 1
            status, answer = self.stack.get(f"/api/candles/{SYMBOL}?interval={name}&limit=1000")
            found = json.loads(answer)["candles"] if status == 200 else []
            newest = sorted(expected, reverse=True)[:1000]
            if [candle["time"] for candle in found] != newest:
                self.problem(f"candles {name}: other times than the trades")
                continue
            for candle in found:
                if numbers(candle) != expected[candle["time"]]:
                    self.problem(f"candles {name}: {candle} is not {expected[candle['time']]}")
                    break
            streamed = self.latest.newest.get(f"candles.{name}.{SYMBOL}")
            if streamed is None or numbers(streamed) != expected[newest[0]]:
                self.problem(f"candles.{name}: {streamed} is not {expected[newest[0]]}")
        ticker = json.loads(self.stack.get(f"/api/ticker/{SYMBOL}")[1])
        streamed = self.latest.newest.get(f"ticker.{SYMBOL}", {})
        for field in ("last", "bid", "ask", "open", "high", "low", "volume", "trades", "change"):
            if ticker.get(field) != streamed.get(field):
                self.problem(f"ticker: {field} {streamed.get(field)} is not {ticker.get(field)}")
        if ticker.get("trades") != len(trades):
            self.problem(f"ticker: {ticker.get('trades')} trades, not {len(trades)}")

    def judge_log(self, accounts):
        time.sleep(1.5)  # the access log is written once a second
        for folder in ("log", "nginx"):
            place = os.path.join(self.stack.folder, folder)
            for name in os.listdir(place):
                if not name.endswith(".log"):
                    continue
                with open(os.path.join(place, name), errors="replace") as file:
                    text = file.read()
                if any(account.token in text for account in accounts):
                    self.problem(f"a token stands in {folder}/{name}")

    def query(self, text):
        result = subprocess.run(
            ["psql", self.stack.database, "-XAtqF,", "-c", text], stdout=subprocess.PIPE,
            check=True, text=True, env=self.stack.environment)
        return [tuple(map(int, line.split(","))) for line in result.stdout.splitlines()]


def set_of(told, cache={}):
    """The same list is asked thousands of times."""
    if cache.get("list") is not told:
        cache["list"], cache["set"] = told, set(told)
    return cache["set"]


def numbers(candle):
    prices = [int(candle[name].replace(".", "")) for name in ("open", "high", "low", "close")]
    return prices + [int(candle["volume"].replace(".", "")), candle["trades"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, help="folder of the built programs")
    parser.add_argument("--commands", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--engine", action="store_true", help="kill an engine too")
    parser.add_argument("--cluster", action="store_true", help="with a Redis Cluster of six nodes")
    parser.add_argument("--keep", action="store_true", help="keep the exchange's folder")
    check = Check(parser.parse_args())
    print(f"seed {check.options.seed}, {check.options.commands} commands", flush=True)
    start = time.monotonic()
    try:
        check.run()
    finally:
        check.stack.down()
        if check.cluster:
            check.cluster.down()
        if not check.options.keep:
            shutil.rmtree(check.folder, ignore_errors=True)
    print(f"{'FAILED' if check.problems else 'passed'} in {time.monotonic() - start:.0f} s")
    sys.exit(1 if check.problems else 0)


if __name__ == "__main__":
    main()
