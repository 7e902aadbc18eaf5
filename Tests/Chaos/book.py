"""A plain order book, by price and then by time, for the kinds of orders that the clients use.

It says what the journal's commands must have led to: the state of every order after every command
that touched it, the trades, and the book that is left.
"""

from collections import namedtuple

from journal import AMEND, CANCEL, CONFIGURE, EPOCH, PLACE

BUY, SELL = 1, 2
LIMIT, MARKET = 1, 2
GTC, IOC = 1, 2
CANCEL_TAKER = 1
POST_ONLY = 1

OPEN, PARTIAL, FILLED, CANCELLED = 1, 2, 3, 4
STATUS_WORDS = {OPEN: "open", PARTIAL: "partially_filled", FILLED: "filled",
                CANCELLED: "cancelled"}
NONE, REQUESTED, IMMEDIATE, NO_LIQUIDITY, SELF_TRADE = 0, 1, 3, 4, 7


Trade = namedtuple(
    "Trade", "number sequence price quantity taker maker taker_account maker_account side")


class Impossible(Exception):
    """The journal holds a command that had to be refused, or one that no client sends."""


class Order:
    __slots__ = (
        "id", "account", "side", "type", "time_in_force", "flags", "key", "price", "quantity",
        "filled", "remaining", "cancelled", "quote", "status", "reason", "created", "sequence")

    def __init__(self, command):
        self.id, self.account, self.side = command.order, command.account, command.side
        self.type, self.time_in_force = command.type, command.time_in_force
        self.flags, self.key = command.flags, command.key
        self.price, self.quantity = command.price, command.quantity
        self.filled, self.remaining, self.cancelled, self.quote = 0, command.quantity, 0, 0
        self.status, self.reason = OPEN, NONE
        self.created = self.sequence = command.sequence

    @property
    def is_open(self):
        return self.status in (OPEN, PARTIAL)

    def end(self, reason):
        self.cancelled, self.remaining = self.remaining, 0
        self.status, self.reason = CANCELLED, reason

    def fill(self, quantity, price, sequence):
        self.filled += quantity
        self.remaining -= quantity
        self.quote += quantity * price
        self.status = PARTIAL if self.remaining else FILLED
        self.sequence = sequence


class Book:
    def __init__(self, symbol):
        self.symbol = symbol
        self.orders = {}
        # Price to the orders that wait there, oldest first.
        self.sides = {BUY: {}, SELL: {}}
        self.trades = []
        # After each command: the order it was about, as the answer must show it.
        self.outcomes = [None]

    def apply(self, command):
        first = len(self.trades)
        act = {PLACE: self.place, CANCEL: self.cancel, AMEND: self.amend}.get(command.kind)
        if act is None:
            if command.kind not in (EPOCH, CONFIGURE):
                raise Impossible(f"kind {command.kind}")
            self.outcomes.append(None)
            return
        order = act(command)
        order.sequence = command.sequence
        self.outcomes.append(
            (order.status, order.price, order.quantity, order.filled, order.remaining,
             self.trades[first:]))

    def place(self, command):
        if command.type not in (LIMIT, MARKET) or command.prevention != CANCEL_TAKER:
            raise Impossible("a kind of order that no client sends")
        order = Order(command)
        self.orders[order.id] = order
        crosses = self.crosses(order)
        if command.flags & POST_ONLY and crosses:
            raise Impossible("a post-only order that trades")
        if command.type == MARKET and not self.best(SELL if order.side == BUY else BUY):
            raise Impossible("a market order without a market")
        self.take_and_rest(order, command.sequence)
        return order

    def cancel(self, command):
        order = self.known(command)
        self.leave(order)
        order.end(REQUESTED)
        return order

    def amend(self, command):
        order = self.known(command)
        price = command.price or order.price
        quantity = command.quantity or order.quantity
        if (price, quantity) == (order.price, order.quantity) or quantity <= order.filled:
            raise Impossible("an amend that changes nothing, or too much")
        keeps_place = price == order.price and quantity < order.quantity
        if not keeps_place:
            self.leave(order)
        order.price, order.quantity = price, quantity
        order.remaining = quantity - order.filled
        if not keeps_place:
            self.take_and_rest(order, command.sequence)
        return order

    # -- Parts ------------------------------------------------------------------------------

    def known(self, command):
        order = self.orders.get(command.order)
        if order is None or not order.is_open or order.account != command.account:
            raise Impossible("about an order that is not open, or another account's")
        return order

    def best(self, side):
        """The best price, or None; prices are never 0."""
        prices = self.sides[side]
        if not prices:
            return None
        return max(prices) if side == BUY else min(prices)

    def accepts(self, order, price):
        if order.type == MARKET:
            return True
        return price <= order.price if order.side == BUY else price >= order.price

    def crosses(self, order):
        price = self.best(SELL if order.side == BUY else BUY)
        return price is not None and self.accepts(order, price)

    def leave(self, order):
        level = self.sides[order.side][order.price]
        del level[order.id]
        if not level:
            del self.sides[order.side][order.price]

    def take_and_rest(self, order, sequence):
        reason = self.take(order, sequence)
        if order.remaining == 0:
            return
        if reason == NONE and order.time_in_force == IOC:
            reason = IMMEDIATE
        if reason != NONE:
            return order.end(reason)
        self.sides[order.side].setdefault(order.price, {})[order.id] = order

    def take(self, taker, sequence):
        other = SELL if taker.side == BUY else BUY
        traded = False
        while taker.remaining:
            price = self.best(other)
            if price is None:
                return NO_LIQUIDITY if taker.type == MARKET else NONE
            if not self.accepts(taker, price):
                return NONE
            maker = next(iter(self.sides[other][price].values()))
            if maker.account == taker.account:
                if not traded:
                    raise Impossible("an order that would only meet its own account's")
                return SELF_TRADE
            traded = True
            quantity = min(taker.remaining, maker.remaining)
            self.trades.append(Trade(
                len(self.trades) + 1, sequence, price, quantity, taker.id, maker.id,
                taker.account, maker.account, taker.side))
            taker.fill(quantity, price, sequence)
            maker.fill(quantity, price, sequence)
            if not maker.remaining:
                self.leave(maker)
        return NONE

    def depth(self, side):
        prices = sorted(self.sides[side], reverse=side == BUY)
        return [
            (price, sum(order.remaining for order in self.sides[side][price].values()))
            for price in prices]
