"""Calls operations by the names they have in the description; every answer is held against it."""

import hashlib
import hmac
import http.client
import json
import time


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        # A stream has no end to read to.
        kind = response.headers.get("Content-Type", "")
        self.body = b"" if kind.startswith("text/event-stream") else response.read()

    def header(self, name):
        return self.headers.get(name)

    def __getitem__(self, name):
        return json.loads(self.body)[name]

    def code(self):
        return self["error"]["code"] if self.status >= 400 else None


class Exchange:
    """All calls go through here, whoever makes them."""

    def __init__(self, port, description):
        self.port = port
        self.description = description
        self.problems = []

    def call(self, name, expected, body=None, headers=None, query="", **path):
        operation = self.description.operations[name]
        target = operation.path.format(**path) + query
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(operation.method, target, body, headers or {})
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        problem = self.description.note(name, answer)
        expected = expected if isinstance(expected, tuple) else (expected,)
        if problem is None and answer.status not in expected:
            problem = f"{answer.status} instead of {expected}: {answer.body[:200]!r}"
        if problem is not None:
            self.problems.append(f"{operation.method} {target}: {problem}")
        return answer


class Account:
    """Somebody with a token."""

    def __init__(self, exchange, name, password="correct horse"):
        self.exchange = exchange
        self.login = {"name": name, "password": password}
        answer = exchange.call("register", 201, self.login)
        self.token = answer["token"]
        self.key = Key(exchange, answer["apiKey"], answer["apiSecret"])

    def fresh_token(self):
        return self.exchange.call("login", 200, self.login)["token"]

    def call(self, name, expected=200, body=None, token=None, again=None, **rest):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if again:
            headers["Idempotency-Key"] = again
        return self.exchange.call(name, expected, body, headers, **rest)

    def place(self, expected=201, **order):
        order.setdefault("symbol", "AAPL")
        order.setdefault("type", "limit")
        return self.call("placeOrder", expected, order)

    def buy(self, quantity, price, **more):
        return self.place(side="buy", quantity=str(quantity), price=str(price), **more)

    def sell(self, quantity, price, **more):
        return self.place(side="sell", quantity=str(quantity), price=str(price), **more)


class Key:
    """Somebody who signs."""

    def __init__(self, exchange, key, secret):
        self.exchange = exchange
        self.key = key
        self.secret = secret

    def call(self, name, expected=200, body="", query="", **path):
        operation = self.exchange.description.operations[name]
        target = operation.path.format(**path) + query
        body = json.dumps(body) if isinstance(body, dict) else body
        now = str(int(time.time() * 1000))
        text = now + operation.method + target + body
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {"X-API-Key": self.key, "X-Timestamp": now, "X-Signature": signature}
        return self.exchange.call(name, expected, body or None, headers, query, **path)
