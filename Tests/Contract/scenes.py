"""Everything that the description says can happen while the exchange works."""

import json
import threading
import time

from client import Account, Key

EXAMPLES = {"symbol": "AAPL", "orderId": 1 << 40 | 999_999_999, "key": "0" * 32}
MICROSECONDS = 1_000_000


class Scenes:
    def __init__(self, exchange, admin_key):
        self.exchange = exchange
        self.operations = exchange.description.operations
        self.admin = {"X-Admin-Key": admin_key}
        self.alice = Account(exchange, "alice")
        self.bob = Account(exchange, "bob")

    def play(self):
        self.accounts()
        self.keys()
        self.kinds_of_orders()
        self.ends_of_orders()
        self.fills()
        self.repeated_orders()
        self.batches()
        self.history()
        self.symbols()
        self.markets()
        self.streams()
        self.service()
        self.refusals()

    def control(self, name, expected=200, symbol="AAPL", body=None):
        return self.exchange.call(name, expected, body, self.admin, symbol=symbol)

    # -- Accounts -------------------------------------------------------------------------------

    def accounts(self):
        exchange, login = self.exchange, self.alice.login
        exchange.call("register", 409, login)
        exchange.call("register", 400, {**login, "name": "a b"})
        exchange.call("login", 200, login)
        exchange.call("login", 401, {**login, "password": "wrong horse"})
        self.alice.call("logout", 204, token=self.alice.fresh_token())
        self.alice.key.call("logout", 400)
        self.alice.call("getAccount")

    def keys(self):
        made = self.alice.call("createKey", 201, {"permission": "read_only"})
        self.reader = Key(self.exchange, made["apiKey"], made["apiSecret"])
        made = self.alice.call("createKey", 201, {"permission": "trading"})
        self.alice.call("listKeys")
        self.alice.call("deleteKey", 204, key=made["apiKey"])
        self.alice.call("deleteKey", 404, key=made["apiKey"])
        crowd = Account(self.exchange, "crowd")
        for _ in range(99):
            crowd.call("createKey", 201, {"permission": "read_only"})
        crowd.call("createKey", 422, {"permission": "read_only"})
        self.reader.call("getAccount")

    # -- Orders ---------------------------------------------------------------------------------

    def kinds_of_orders(self):
        alice, bob = self.alice, self.bob
        soon = int(time.time() * MICROSECONDS) + 3600 * MICROSECONDS
        bob.sell(100, 200, displayQuantity="10")
        bob.sell(5, 201, postOnly=True)
        alice.buy(10, 200, timeInForce="FOK")
        alice.buy(10, 150, timeInForce="GTD", expiresAt=soon)
        bob.sell(1, 150)
        alice.buy(30, 200, timeInForce="GTC")
        bob.sell(3, 199)
        alice.buy(5, 199)
        alice.buy(10, 149, selfTradePrevention="none")
        alice.buy(10, 148, selfTradePrevention="cancel_both")
        alice.place(side="buy", type="market", quantity=1)
        alice.place(side="buy", type="market", quoteQuantity="450.00")
        alice.place(side="sell", type="stop", quantity=1, stopPrice="100")
        alice.place(side="sell", type="stop_limit", quantity=1, stopPrice="100", price="99",
                    timeInForce="IOC")
        first = alice.buy(10, 147)
        alice.call("getOrder", orderId=first["orderId"])
        alice.call("amendOrder", body={"quantity": "5"}, orderId=first["orderId"])
        alice.call("amendOrder", body={"price": "146"}, orderId=first["orderId"])
        alice.call("amendOrder", 422, {"price": "146.005"}, orderId=first["orderId"])
        alice.call("cancelOrder", orderId=first["orderId"])
        alice.call("cancelOrder", 404, orderId=first["orderId"])
        alice.call("cancelOrders", query="?symbol=AAPL")
        bob.call("cancelOrders")
        alice.place(404, symbol="NO-SUCH", side="buy", quantity=1, price=1)
        alice.place(422, side="buy", type="market", quantity=1)

    def ends_of_orders(self):
        """Each reason for which an order may end."""
        alice, bob = self.alice, self.bob
        soon = int(time.time() * MICROSECONDS) + MICROSECONDS
        expiring = alice.buy(1, 10, symbol="MSFT", timeInForce="GTD", expiresAt=soon)
        bob.sell(3, 100)
        alice.buy(5, 100, timeInForce="IOC")
        bob.sell(3, 100)
        alice.place(side="buy", type="market", quantity=5)
        bob.sell(3, 100)
        alice.place(side="buy", type="market", quoteQuantity="250")
        bob.call("cancelOrders")
        bob.sell(1, 100)
        alice.sell(1, 101)
        alice.buy(5, 101, selfTradePrevention="cancel_taker")
        alice.sell(1, 101)
        alice.buy(1, 101, selfTradePrevention="cancel_maker")
        self.control("changeLimits", body={"slippageBasisPoints": 100})
        self.everybody_leaves()
        bob.sell(1, 100)
        bob.sell(1, 200)
        alice.place(side="buy", type="market", quantity=2)
        self.control("changeLimits", body={"slippageBasisPoints": None})
        self.everybody_leaves()
        # A stop that acts when its price is reached, and cannot be filled whole then.
        stop = alice.place(side="buy", type="stop", quantity=5, stopPrice="300",
                           timeInForce="FOK")
        bob.sell(1, 300)
        alice.buy(1, 300)
        alice.call("getOrder", orderId=stop["orderId"])
        self.everybody_leaves()
        self.until(lambda: alice.call(
            "getOrder", orderId=expiring["orderId"])["status"] == "expired")

    def everybody_leaves(self):
        for account in (self.alice, self.bob):
            account.call("cancelOrders", query="?symbol=AAPL")

    @staticmethod
    def until(condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("something that had to happen did not")
            time.sleep(0.05)

    def fills(self):
        """More of them than an answer has room for."""
        order = {"symbol": "AAPL", "side": "sell", "type": "limit", "quantity": 1, "price": 50}
        self.bob.call("placeOrders", body={"orders": [order] * 1000})
        self.alice.buy(1000, 50, clientOrderId="many")
        self.alice.buy(1000, 50, clientOrderId="many")

    def repeated_orders(self):
        self.alice.buy(1, 40, clientOrderId="once")
        self.alice.buy(1, 40, clientOrderId="once")
        self.alice.place(409, side="buy", quantity=2, price="40", clientOrderId="once")
        order = {"orderId": self.alice.buy(3, 39)["orderId"], "again": "same"}
        for status in (200, 200):
            self.alice.call("amendOrder", status, {"quantity": "2"}, **order)
        self.alice.call("amendOrder", 409, {"quantity": "1"}, **order)
        self.alice.call("cancelOrder", 409, **order)
        self.alice.call("cancelOrders", 409, again="same", query="?symbol=AAPL")
        for _ in range(2):
            self.alice.call("cancelOrders", again="leave", query="?symbol=MSFT")

    def batches(self):
        order = {"symbol": "AAPL", "side": "buy", "type": "limit", "quantity": 1, "price": 30}
        orders = [order, {**order, "symbol": "MSFT"}, {**order, "price": "0.001"},
                  {**order, "symbol": "NO-SUCH"}, {**order, "colour": "red"}]
        answer = self.alice.call("placeOrders", body={"orders": orders})
        if [list(result)[0] for result in answer["results"]] != ["orderId"] * 2 + ["error"] * 3:
            self.exchange.problems.append(f"a batch is answered {answer.body!r}")

    def history(self):
        self.bob.sell(1, 30)
        for name, list_name in (("listOrders", "orders"), ("listFills", "fills")):
            page = self.alice.call(name, query="?limit=2")
            self.alice.call(name, query=f"?limit=2&before={page['next']}")
            self.alice.call(name, query="?symbol=AAPL")
            self.alice.call(name, 404, query="?symbol=NO-SUCH")
            if len(page[list_name]) != 2:
                self.exchange.problems.append(f"{name} does not keep to its limit")
        self.alice.call("listOrders", query="?status=open")
        self.alice.call("listOrders", query="?status=closed&clientOrderId=many")
        page = self.exchange.call("listTrades", 200, query="?limit=2", symbol="AAPL")
        self.exchange.call(
            "listTrades", 200, query=f"?limit=2&before={page['next']}", symbol="AAPL")
        self.alice.call("getAccount")
        self.bob.call("listFills", query="?symbol=AAPL&limit=1000")
        self.exchange.call("listTrades", 200, query="?limit=1000", symbol="AAPL")
        self.bob.call("listOrders", query="?symbol=AAPL&limit=100&status=closed")

    # -- Markets --------------------------------------------------------------------------------

    def symbols(self):
        symbol = {"symbol": "SOL-USD", "base": "SOL", "quote": "USD", "tickSize": "0.01",
                  "lotSize": "0.001"}
        self.exchange.call("addSymbol", 201, symbol, self.admin)
        self.exchange.call("addSymbol", 409, symbol, self.admin)
        self.exchange.call("addSymbol", 422, {**symbol, "maxPrice": "0.001"}, self.admin)
        self.control("changeLimits", 422, body={"maxPrice": "0.001"})
        self.control("changeLimits", body={"minNotional": "1", "maxNotional": "1000000"})
        self.control("changeLimits", body={"minNotional": None, "maxNotional": 0})
        # Between an engine's start and its first word the symbol is there and has no book.
        for number in range(5):
            if self.born({**symbol, "symbol": f"NEW-{number}"}):
                return
        self.exchange.problems.append("a symbol was never seen without a book")

    def born(self, symbol):
        """Adds the symbol and looks at it all the time until it trades."""
        name = symbol["symbol"]
        adding = threading.Thread(
            target=self.exchange.call, args=("addSymbol", 201, symbol, self.admin))
        adding.start()
        seen = set()
        while adding.is_alive():
            state = self.exchange.call("getSymbol", (200, 404), symbol=name)
            if state.status == 200 and state["state"] is None:
                seen.add("state")
            if self.exchange.call("getBook", (200, 404, 503), symbol=name).status == 503:
                seen.add("book")
        adding.join()
        return seen == {"state", "book"}

    def markets(self):
        for name in ("haltSymbol", "restrictSymbol", "resumeSymbol", "cancelSymbol"):
            self.control(name)
            self.exchange.call("getSymbol", 200, symbol="AAPL")
        self.bob.sell(1, 500)
        self.alice.buy(1, 20)
        self.exchange.call("listSymbols", 200)
        self.exchange.call("getBook", 200, query="?depth=5", symbol="AAPL")
        for interval in ("1s", "1m", "5m", "15m", "1h", "1d"):
            self.exchange.call(
                "listCandles", 200, query=f"?interval={interval}&limit=1", symbol="AAPL")
        self.exchange.call("listTickers", 200)
        self.exchange.call("getTicker", 200, symbol="AAPL")

    def streams(self):
        socket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        events = {"Accept": "text/event-stream"}
        token = {"Authorization": f"Bearer {self.alice.token}"}
        kinds = (("streamSocket", socket, 426), ("streamEvents", events, 406))
        for name, headers, without in kinds:
            expected = 101 if headers is socket else 200
            account = name.replace("stream", "streamAccount")
            self.exchange.call(name, expected, None, headers, "?streams=trades.AAPL/book.AAPL")
            self.exchange.call(name, without, query="?streams=trades.AAPL")
            self.exchange.call(name, 400, None, headers, "?streams=nonsense")
            self.exchange.call(name, 404, None, headers, "?streams=trades.NO-SUCH")
            self.exchange.call(account, expected, None, {**headers, **token})
            self.exchange.call(account, expected, None, headers, f"?token={self.alice.token}")
            self.exchange.call(account, without, None, token)
            self.exchange.call(account, 401, None, headers)
            self.exchange.call(account, 400, None, {**headers, **token}, "?nonsense=1")
            self.exchange.call(
                account, 404, None, {**headers, **token}, "?streams=trades.NO-SUCH")

    def service(self):
        for name in ("health", "ready", "metrics", "describe"):
            self.exchange.call(name, 200)

    # -- What every call refuses ----------------------------------------------------------------

    def refusals(self):
        large = json.dumps({"name": "x" * (1 << 20)})
        for name, operation in self.operations.items():
            path = {word: EXAMPLES[word] for word in EXAMPLES if "{" + word in operation.path}
            if name.startswith("stream"):
                continue
            if operation.security:
                self.exchange.call(name, 401, **path)
                self.exchange.call(name, 401, headers={"X-Admin-Key": "x"}, **path)
            if operation.has_body:
                self.exchange.call(name, 413, large, self.headers(operation), **path)
            if "403" in operation.responses:
                self.reader.call(name, 403, self.body(operation), **path)
            if "400" in operation.responses:
                self.bad_request(name, operation, path)
            if "404" in operation.responses and path:
                self.unknown(name, operation, path)
        self.alice.call("cancelOrders", 404, query="?symbol=NO-SUCH")

    def headers(self, operation):
        if "admin" in operation.security:
            return self.admin
        return {"Authorization": f"Bearer {self.alice.token}"} if operation.security else {}

    @staticmethod
    def body(operation):
        return "{}" if operation.has_body else ""

    def bad_request(self, name, operation, path):
        if operation.has_body or operation.method == "POST":
            body, query = "{", ""
        else:
            body, query = None, "?nonsense=1"
        if name != "logout":
            self.exchange.call(name, 400, body, self.headers(operation), query, **path)

    def unknown(self, name, operation, path):
        if "symbol" in path:
            path = {**path, "symbol": "NO-SUCH"}
        body = '{"price":"1"}' if operation.has_body else None
        self.exchange.call(name, 404, body, self.headers(operation), **path)
