"""The tables that PostgreSQL keeps for people, and the board, against the journal's replay."""

from collections import namedtuple

from book import BUY, CANCELLED, FILLED, SELL, Trade
from journal import CLIENT_KEY


class Symbol(namedtuple("Symbol", "id name price_digits lot_digits")):
    def price(self, text):
        return units(text, self.price_digits)

    def quantity(self, text):
        return units(text, self.lot_digits)


def units(text, digits):
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(digits, "0"))


def symbols(database):
    query = "select id, name, tick_digits, lot_digits from symbols order by id"
    return [Symbol(int(row[0]), row[1], int(row[2]), int(row[3])) for row in database.rows(query)]


class Tables:
    def __init__(self, database, symbol, book, violations):
        self.database = database
        self.symbol = symbol
        self.book = book
        self.violations = violations

    def fault(self, kind, text):
        self.violations.add(kind, f"{self.symbol.name}: {text}")

    def check(self, head, shown):
        self.check_position(head)
        self.check_trades()
        self.check_orders()
        self.check_board(shown, head)

    def check_position(self, head):
        query = f"select sequence from projections where symbol_id = {self.symbol.id}"
        found = [int(row[0]) for row in self.database.rows(query)]
        if found != [head]:
            self.fault("projection", f"the tables are at {found}, the journal at {head}")

    def check_trades(self):
        query = (
            "select trade_id, sequence, price, quantity, taker_order_id, maker_order_id,"
            " taker_account, maker_account, taker_side from trades"
            f" where symbol_id = {self.symbol.id} order by trade_id")
        stored = [Trade(*map(int, row)) for row in self.database.rows(query)]
        if len(stored) != len(self.book.trades):
            self.fault("projection", f"{len(stored)} trades, expected {len(self.book.trades)}")
        for found, expected in zip(stored, self.book.trades):
            if found != expected:
                self.fault("projection", f"{found}, expected {expected}")
        self.fills = {}
        for trade in stored:
            for order in (trade.taker, trade.maker):
                if order not in self.book.orders:
                    self.fault("fill without order", f"{trade}")
                quantity, quote = self.fills.get(order, (0, 0))
                self.fills[order] = (
                    quantity + trade.quantity, quote + trade.quantity * trade.price)

    def check_orders(self):
        query = (
            "select order_id, account, side, type, time_in_force, price, quantity, filled,"
            " remaining, filled_quote, status, reason, created_sequence, sequence,"
            " is_open, client_order_id from orders"
            f" where order_id >> 40 = {self.symbol.id} order by order_id")
        seen = set()
        for row in self.database.rows(query):
            values = [int(word) for word in row[:14]] + row[14:]
            seen.add(values[0])
            order = self.book.orders.get(values[0])
            if order is None:
                self.fault("projection", f"an order that nobody placed: {row}")
                continue
            expected = [
                order.id, order.account, order.side, order.type, order.time_in_force, order.price,
                order.quantity, order.filled, order.remaining, order.quote, order.status,
                order.reason, order.created, order.sequence, "t" if order.is_open else "f",
                order.key if order.flags & CLIENT_KEY else ""]
            if values != expected:
                self.fault("projection", f"order {values}, expected {expected}")
            self.check_conservation(order, values)
        for missing in sorted(self.book.orders.keys() - seen):
            self.fault("projection", f"order {missing} is not in the table")

    def check_conservation(self, order, values):
        """Quantity neither comes nor goes: by the table, by the trades and by the replay."""
        quantity, filled, remaining, quote, status = (
            values[6], values[7], values[8], values[9], values[10])
        cancelled = quantity - filled - remaining
        if (filled, quote) != self.fills.get(order.id, (0, 0)):
            self.fault("conservation", f"order {order.id}: fills {self.fills.get(order.id)}")
        if cancelled != order.cancelled or (cancelled > 0) != (status == CANCELLED) or (
                (status == FILLED) != (filled == quantity)):
            self.fault("conservation", f"order {order.id}: {values}")

    def check_board(self, shown, head):
        if shown is None:
            return self.fault("board", "was not answered")
        if shown["sequence"] != head:
            self.fault("board", f"shows {shown['sequence']}, the journal ends at {head}")
        for name, side in (("bids", BUY), ("asks", SELL)):
            levels = [
                (self.symbol.price(price), self.symbol.quantity(quantity))
                for price, quantity in shown[name]]
            if levels != self.book.depth(side):
                self.fault("board", f"{name} {levels}, expected {self.book.depth(side)}")
