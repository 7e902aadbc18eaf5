"""The exchange the page belongs to, and people who trade on it without a page."""

import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "Tests", "Chaos"))
from ports import free_port  # noqa: E402

OUTCRY = os.path.join(TOP, ".build", "release", "outcry")

folder = ""
port = 0


def address():
    return f"http://127.0.0.1:{port}"


def start():
    global folder, port
    folder = tempfile.mkdtemp(prefix="outcry-browser-")
    port = free_port()
    result = run("up")
    if result.returncode != 0:
        raise SystemExit(f"the exchange does not start:\n{result.stdout}")


def stop():
    if not folder:
        return
    run("down")
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


def run(*words):
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
    environment["OUTCRY_PORT"] = str(port)
    return subprocess.run(
        [OUTCRY, *words, "--state", folder], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def processes():
    """What the supervisor runs: name to pid."""
    with open(os.path.join(folder, "processes")) as file:
        return {row.split()[0]: int(row.split()[1]) for row in file if row.strip()}


def wait(condition, seconds=30, what="it"):
    """The condition's value, once there is one. What is looked into may not be there yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (LookupError, TypeError, ArithmeticError):
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def call(method, path, body=None, token=None):
    """Status and JSON; status 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


def book(symbol, depth=1000):
    return call("GET", f"/api/book/{symbol}?depth={depth}")[1]


class Trader:
    """Somebody else, with an account and no page."""

    def __init__(self):
        name = f"other-{secrets.token_hex(4)}"
        status, answer = call(
            "POST", "/api/register", {"name": name, "password": secrets.token_hex(12)})
        assert status == 201, answer
        self.token = answer["token"]

    def place(self, symbol, side, price, quantity, **more):
        order = {"symbol": symbol, "side": side, "quantity": quantity, "type": "limit", **more}
        if price is not None:
            order["price"] = price
        status, answer = call("POST", "/api/orders", order, self.token)
        assert status == 201, answer
        return answer

    def place_many(self, orders):
        status, answer = call("POST", "/api/orders/batch", {"orders": orders}, self.token)
        assert status == 200, answer
        return answer["results"]

    def cancel(self, order_id):
        status, answer = call("DELETE", f"/api/orders/{order_id}", token=self.token)
        assert status == 200, answer

    def cancel_all(self, symbol):
        status, answer = call("DELETE", f"/api/orders?symbol={symbol}", token=self.token)
        assert status == 200, answer

    def ladder(self, symbol, bid, ask, step, levels=12, quantity="1"):
        """Orders on both sides; prices are whole hundredths."""
        def text(units):
            return f"{units // 100}.{units % 100:02}"
        return self.place_many([
            {"symbol": symbol, "side": side, "type": "limit", "quantity": quantity,
             "price": text(best + sign * step * level)}
            for side, best, sign in (("buy", bid, -1), ("sell", ask, 1))
            for level in range(levels)])
