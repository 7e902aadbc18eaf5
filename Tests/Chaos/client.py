#!/usr/bin/env python3
"""One client of the exchange: an account with several connections, each of which trades by itself.

Every attempt of every request is one line of JSON in the connection's log: what was asked, when it
was sent and answered (CLOCK_MONOTONIC, which all processes of the machine share) and the answer.
What broke or was answered 502, 503 or 504 is sent again until it has an answer, with the same key:
an order's clientOrderId, or the Idempotency-Key of a cancel or an amend. Ends when the stop file
appears.
"""

import argparse
import json
import os
import random
import threading
import time

from connection import Connection, Cut

SYMBOLS = {"BTC-USD": (70000_00, 2, 5), "ETH-USD": (3500_00, 2, 5), "AAPL": (200_00, 2, 0)}
UNAVAILABLE = (502, 503, 504)
# Longer than any recovery may take; a request that is not through by then has failed.
PATIENCE = 60


def decimal(units, digits):
    if digits == 0:
        return str(units)
    return f"{units // 10**digits}.{units % 10**digits:0{digits}d}"


class Trader(threading.Thread):
    """One connection. It sends its next request when the last one is answered for good."""

    def __init__(self, options, account, token, number):
        super().__init__()
        self.options = options
        self.account = account
        self.token = token
        self.number = number
        self.random = random.Random(f"{options.seed}/{options.number}/{number}")
        self.connection = Connection(options.port)
        self.log = open(
            os.path.join(options.logs, f"client-{options.number}-{number}.log"), "w")
        self.count = 0
        self.open = []

    def run(self):
        while not os.path.exists(self.options.stop):
            self.act()
            time.sleep(self.random.expovariate(1 / self.options.pause))
        self.log.close()

    def act(self):
        choice = self.random.random()
        if choice < 0.22 and self.open:
            self.cancel(self.open.pop(self.random.randrange(len(self.open))))
        elif choice < 0.37 and self.open:
            self.amend(self.random.choice(self.open))
        else:
            self.place()

    # -- The three things it asks for -------------------------------------------------------

    def place(self):
        symbol = self.random.choice(list(SYMBOLS))
        middle, price_digits, lot_digits = SYMBOLS[symbol]
        side = self.random.choice(["buy", "sell"])
        order = {
            "symbol": symbol, "side": side,
            "quantity": decimal(self.random.randint(1, 50), lot_digits),
            "clientOrderId": self.next_id(),
        }
        kind = self.random.random()
        if kind < 0.15:
            order["type"] = "market"
        else:
            # Mostly just outside the touch, at times through it: a book that grows and trades.
            away = self.random.randint(-8, 40) * (1 if side == "sell" else -1)
            order["type"] = "limit"
            order["price"] = decimal(middle + away, price_digits)
            if kind < 0.25:
                order["timeInForce"] = "IOC"
            elif kind < 0.32:
                order["postOnly"] = True
        status, answer = self.ask("place", "POST", "/api/orders", order, symbol)
        if status == 201 and answer["status"] in ("open", "partially_filled"):
            self.open.append((answer["orderId"], symbol))
            if len(self.open) > 60:
                self.cancel(self.open.pop(0))

    def cancel(self, order):
        identifier, symbol = order
        self.ask("cancel", "DELETE", f"/api/orders/{identifier}", None, symbol, identifier)

    def amend(self, order):
        identifier, symbol = order
        middle, price_digits, lot_digits = SYMBOLS[symbol]
        change = {}
        if self.random.random() < 0.7:
            change["quantity"] = decimal(self.random.randint(1, 50), lot_digits)
        if not change or self.random.random() < 0.5:
            change["price"] = decimal(middle + self.random.randint(-40, 40), price_digits)
        status, _ = self.ask(
            "amend", "PATCH", f"/api/orders/{identifier}", change, symbol, identifier)
        if status == 404 and order in self.open:
            self.open.remove(order)

    def next_id(self):
        self.count += 1
        return f"{self.options.number}.{self.number}.{self.count}"

    # -- Asking until there is an answer ----------------------------------------------------

    def ask(self, what, method, path, request, symbol, order=None):
        body = json.dumps(request).encode() if request else b""
        identifier = request["clientOrderId"] if what == "place" else self.next_id()
        entry = {
            "id": identifier, "what": what, "account": self.account, "symbol": symbol,
            "request": request, "order": order}
        began = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            entry["attempt"] = attempt
            status, answer = self.attempt(entry, method, path, body)
            if status and status not in UNAVAILABLE:
                return status, answer
            if time.monotonic() - began > PATIENCE:
                return None, None
            if status:
                time.sleep(min(0.05 * attempt, 0.5))

    def attempt(self, entry, method, path, body):
        entry["sent"] = time.monotonic()
        status, answer = None, None
        try:
            key = None if entry["what"] == "place" else entry["id"]
            status, text = self.connection.request(method, path, self.token, body, key)
            answer = json.loads(text) if text else None
            outcome = {"status": status, "answer": answer}
        except Cut as cut:
            outcome = {"cut": cut.why, "received": cut.received}
        except ValueError as error:
            self.connection.close()
            outcome = {"cut": f"not an answer: {error}", "received": -1}
        outcome["answered"] = time.monotonic()
        self.log.write(json.dumps({**entry, **outcome}) + "\n")
        self.log.flush()
        return status, answer


def register(options):
    connection = Connection(options.port)
    account = {"name": f"chaos-{options.number}", "password": f"correct horse {options.seed}"}
    status, text = connection.request(
        "POST", "/api/register", body=json.dumps(account).encode())
    if status != 201:
        raise SystemExit(f"cannot register: {status} {text.decode()}")
    answer = json.loads(text)
    return answer["account"], answer["token"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.02, help="mean, between two requests")
    parser.add_argument("--logs", required=True)
    parser.add_argument("--stop", required=True, help="a file: end when it appears")
    options = parser.parse_args()
    account, token = register(options)
    traders = [Trader(options, account, token, n) for n in range(options.connections)]
    for trader in traders:
        trader.start()
    for trader in traders:
        trader.join()


if __name__ == "__main__":
    main()
