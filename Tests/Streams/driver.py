"""Random commands through the API, by several accounts at once."""

import json
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Chaos"))
from connection import Connection, Cut  # noqa: E402


class Account:
    def __init__(self, port, name):
        connection = Connection(port)
        body = json.dumps({"name": name, "password": "correct horse battery"}).encode()
        status, answer = connection.request("POST", "/api/register", body=body)
        connection.close()
        if status != 201:
            raise SystemExit(f"no account: {status} {answer!r}")
        found = json.loads(answer)
        self.id, self.token = found["account"], found["token"]


class Driver(threading.Thread):
    """One account's share of the commands, most of them in batches. An answer that got lost is
    no matter: what happened is asked of the exchange itself at the end."""

    def __init__(self, port, account, symbol, seed):
        super().__init__(daemon=True)
        self.connection = Connection(port, timeout=10)
        self.account, self.symbol = account, symbol
        self.random = random.Random(seed)
        self.open = []
        # Asked for, begun, and those of them that are over.
        self.wanted = self.sent = self.over = 0
        self.errors = {}
        self.goal = threading.Condition()
        self.ended = False

    def order(self, count):
        with self.goal:
            self.wanted += count
            self.goal.notify()

    def is_idle(self):
        return self.over >= self.wanted

    def stop(self):
        self.ended = True
        self.order(0)
        self.join(10)

    def run(self):
        while True:
            with self.goal:
                while self.is_idle() and not self.ended:
                    self.goal.wait()
                if self.ended:
                    return
            self.step()
            self.over = self.sent

    def step(self):
        kind = self.random.random()
        if kind < 0.002:
            self.sent += 1
            self.call("DELETE", f"/api/orders?symbol={self.symbol}")
            self.open.clear()
        elif kind < 0.7 and self.open:
            self.sent += 1
            index = self.random.randrange(len(self.open))
            order, self.open[index] = self.open[index], self.open[-1]
            self.open.pop()
            if kind < 0.6:
                self.call("DELETE", f"/api/orders/{order}")
            else:
                self.call("PATCH", f"/api/orders/{order}", {"price": self.price()})
                self.open.append(order)
        else:
            self.batch(min(self.random.choice([1, 2, 5, 20]), self.wanted - self.sent))

    def batch(self, count):
        self.sent += count
        answer = self.call("POST", "/api/orders/batch", {
            "orders": [self.random_order() for _ in range(count)]})
        for result in (answer or {}).get("results", []):
            if result.get("status") in ("open", "partially_filled", "pending_trigger"):
                self.open.append(result["orderId"])
        if len(self.open) > 400:
            self.open = self.open[-400:]

    def price(self):
        return f"{70000 + self.random.gauss(0, 0.4):.2f}"

    def random_order(self):
        order = {
            "symbol": self.symbol, "side": self.random.choice(["buy", "sell"]), "type": "limit",
            "quantity": f"{self.random.randint(1, 300) / 1000:.3f}", "price": self.price()}
        kind = self.random.random()
        if kind < 0.1:
            order["type"] = "market"
            del order["price"]
        elif kind < 0.2:
            order["timeInForce"] = "IOC"
        elif kind < 0.25:
            order["displayQuantity"] = "0.001"
        elif kind < 0.3:
            order["type"] = "stop_limit"
            order["stopPrice"] = self.price()
        if kind > 0.9:
            order["selfTradePrevention"] = "none"
        return order

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body else b""
        try:
            status, answer = self.connection.request(method, path, self.account.token, data)
        except Cut:
            self.errors["cut"] = self.errors.get("cut", 0) + 1
            return None
        if status >= 500 or status in (400, 401):
            self.errors[status] = self.errors.get(status, 0) + 1
        try:
            return json.loads(answer)
        except ValueError:
            return None
