"""What the description says of an exchange of which parts do not answer."""

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from functools import partial

from scenes import EXAMPLES

# Served from what the worker has in memory: these need nobody else.
SELF_SUFFICIENT = {"listSymbols", "getSymbol", "getBook", "health", "describe"}
CONTROLS = ("haltSymbol", "restrictSymbol", "resumeSymbol", "cancelSymbol")
BODIES = {
    "register": {"name": "nobody", "password": "correct horse"},
    "login": {"name": "alice", "password": "correct horse"},
    "createKey": {"permission": "trading"},
    "placeOrder": {"symbol": "AAPL", "side": "buy", "type": "limit", "quantity": 1, "price": 1},
    "placeOrders": {"orders": [{"symbol": "AAPL", "side": "buy", "type": "limit",
                                "quantity": 1, "price": 1}]},
    "amendOrder": {"price": "1"},
    "addSymbol": {"symbol": "LATE", "base": "LATE", "quote": "USD", "tickSize": 1, "lotSize": 1},
    "changeLimits": {"maxOpenOrders": 5},
}
# What changes something and is not answered 504 by an engine's silence.
ASKED_AGAIN = ("register", "login", "logout", "createKey", "deleteKey", "addSymbol", "placeOrders")
ANY_STATUS = tuple(range(100, 600))

STREAM_HEADERS = {
    "streamAccountSocket": {"Connection": "Upgrade", "Upgrade": "websocket"},
    "streamAccountEvents": {"Accept": "text/event-stream"},
}


class Outages:
    def __init__(self, stack, scenes):
        self.stack = stack
        self.scenes = scenes
        self.exchange = scenes.exchange
        self.operations = scenes.operations

    def play(self):
        self.without_database()
        self.without_engine()
        self.without_history()
        self.with_stuck_commits()
        self.with_sleeping_workers()
        self.with_little_patience()

    # -- Nothing was done -----------------------------------------------------------------------

    def without_database(self):
        names = [name for name, operation in self.operations.items()
                 if "503" in operation.responses and name not in SELF_SUFFICIENT
                 and name not in CONTROLS]
        # A token that no worker has seen yet has to be looked up.
        tokens = {name: self.scenes.alice.fresh_token() for name in names}
        with self.closed_database():
            for name in names:
                self.call(name, 503, tokens[name])
            # Who is known already trades on: an order does not ask the worker's database.
            for _ in range(10):
                self.scenes.alice.buy(1, 1)

    @contextmanager
    def closed_database(self):
        self.sql("alter database outcry with allow_connections false")
        self.sql("select pg_terminate_backend(pid) from pg_stat_activity"
                 " where application_name = 'outcry-worker'")
        try:
            yield
        finally:
            self.sql("alter database outcry with allow_connections true")

    def without_engine(self):
        """Nobody takes the command out of the ring, so it is taken back."""
        engine = self.stack.engines()[EXAMPLES["symbol"]]
        with stopped([engine]):
            at_once([partial(self.call, name, 503) for name in CONTROLS])

    def without_history(self):
        """The tables do not follow: an answer with too many fills is cut short."""
        symbol = EXAMPLES["symbol"]
        alice, bob = self.scenes.alice, self.scenes.bob
        order = {"symbol": symbol, "side": "sell", "type": "limit", "quantity": 1, "price": 2}
        bob.call("placeOrders", body={"orders": [order] * 1000})
        with stopped(self.backends(f"outcry-projection {symbol}")):
            answer = alice.buy(1000, 2, clientOrderId="cut")
            if not answer["fills"]:
                self.exchange.problems.append("an answer was cut down to nothing")
            alice.place(504, side="buy", quantity="1000", price="2", clientOrderId="cut")
            alice.call("listFills", 503)

    # -- Too much ---------------------------------------------------------------------------------

    def with_little_patience(self):
        """One request a second from an address, whatever it asks."""
        self.reload("address_rate = 1\ntrusted_addresses = none\n")
        for name in self.operations:
            for _ in range(30):
                if self.call(name, ANY_STATUS).status == 429:
                    break
            else:
                self.exchange.problems.append(f"{name} may be asked without a limit")
        self.reload("")

    def reload(self, text):
        with open(os.path.join(self.stack.folder, "outcry.conf"), "w") as file:
            file.write(text)
        result = self.stack.run("reload")
        if result.returncode != 0:
            raise SystemExit(f"the settings are not read again:\n{result.stdout}")

    # -- Nobody knows ---------------------------------------------------------------------------

    def with_stuck_commits(self):
        """An engine has taken the command and waits for its commit. A call to each engine at a
        time, for what comes behind it stays in the ring and is taken back."""
        symbols = [row["symbol"] for row in self.exchange.call("listSymbols", 200)["symbols"]]
        names = [name for name, operation in self.operations.items()
                 if "504" in operation.responses and name not in ASKED_AGAIN]
        while names:
            calls = list(zip(names, symbols))
            names = names[len(calls):]
            ready = [self.prepare(name, symbol) for name, symbol in calls]
            with stopped(self.backends("outcry-engine %")):
                at_once(ready)
        for symbol in symbols:
            self.scenes.control("resumeSymbol", symbol=symbol)

    def with_sleeping_workers(self):
        """nginx loses patience and asks again; whoever it asks then cannot find out any more
        whether the first one did something."""
        self.reload("worker_stuck_seconds = 60\n")
        tokens = {name: self.scenes.alice.fresh_token() for name in ASKED_AGAIN}
        calls = [partial(self.call, name, 504, tokens[name]) for name in ASKED_AGAIN]
        before = self.timeouts()
        with self.closed_database():
            with stopped(self.stack.children_of("worker")):
                threads = begin(calls)
                if self.stack.wait(lambda: self.timeouts() == before + len(calls), 30) is None:
                    raise SystemExit("nginx waits for ever")
            for thread in threads:
                thread.join()

    def timeouts(self):
        with open(os.path.join(self.stack.folder, "log", "nginx.log")) as file:
            return file.read().count("upstream timed out")

    def prepare(self, name, symbol):
        """A call whose answer would be 200 or 201 if the commit came."""
        path = {"symbol": symbol} if "{symbol}" in self.operations[name].path else {}
        body = BODIES.get(name)
        if name == "placeOrder":
            body = {**body, "symbol": symbol}
        if "{orderId}" in self.operations[name].path:
            order = {**BODIES["placeOrder"], "symbol": symbol}
            path["orderId"] = self.scenes.alice.call("placeOrder", 201, order)["orderId"]
            body = {"price": "2"} if name == "amendOrder" else None
        headers = self.scenes.headers(self.operations[name])
        query = f"?symbol={symbol}" if name == "cancelOrders" else ""
        return lambda: self.exchange.call(name, 504, body, headers, query, **path)

    def backends(self, pattern):
        return [int(pid) for pid in self.sql(
            "select pid from pg_stat_activity where application_name like"
            f" '{pattern}'").split()]

    def call(self, name, expected, token=None):
        operation = self.operations[name]
        path = {word: EXAMPLES[word] for word in EXAMPLES if "{" + word in operation.path}
        headers = self.scenes.headers(operation)
        if token and "Authorization" in headers:
            headers = {"Authorization": f"Bearer {token}"}
        headers = {**headers, **STREAM_HEADERS.get(name, {})}
        query = f"?symbol={EXAMPLES['symbol']}" if name == "cancelOrders" else ""
        return self.exchange.call(name, expected, BODIES.get(name), headers, query, **path)

    def sql(self, statement):
        settings = self.stack.database.replace("dbname=outcry", "dbname=postgres")
        return subprocess.run(["psql", settings, "-XAtqc", statement], check=True,
                              stdout=subprocess.PIPE, text=True).stdout


def begin(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    return threads


def at_once(calls):
    """Each of them waits for a whole deadline."""
    for thread in begin(calls):
        thread.join()


@contextmanager
def stopped(processes):
    processes = list(processes)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
