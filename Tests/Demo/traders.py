"""The simulated people. Prices and quantities are whole ticks and lots in here; `Instrument` turns
them into the API's decimal strings."""

import asyncio
import math
from decimal import Decimal

from client import Refused

# Where a symbol begins that nobody has traded yet.
BEGINNINGS = {
    "BTC-USD": "68420", "ETH-USD": "3560", "AAPL": "232.50", "GOOG": "178.30", "MSFT": "428.10",
}
LEVELS = 28


class Instrument:
    """A symbol's rules, and the price that everybody believes in: a random walk whose steps are
    sometimes small and sometimes large, as on real days."""

    def __init__(self, rules, chance):
        self.name = rules["symbol"]
        self.tick = Decimal(rules["tickSize"])
        self.lot = Decimal(rules["lotSize"])
        self.chance = chance
        self.mood = 0.0
        self.heat = 1.0
        self.fair = 0.0
        self.anchor = 0.0

    def begin(self, last):
        start = Decimal(last or BEGINNINGS.get(self.name, "100"))
        self.fair = self.anchor = float(start / self.tick)
        # One ordinary order is worth about 4,000 of the quote currency.
        self.size = max(1.0, float(4000 / start / self.lot))
        # Distance between two price levels of a maker.
        self.step = max(1, round(self.fair * 0.00006))

    def walk(self, seconds):
        """Moves the believed price on. Without the pull to the anchor it would leave the band that
        the exchange allows around its reference price."""
        chance = self.chance
        self.heat += (1 - self.heat) * 0.02 * seconds + 0.25 * chance.gauss(0, 1) * seconds**0.5
        self.heat = min(3.0, max(0.3, self.heat))
        self.mood += -0.05 * self.mood * seconds + 0.35 * chance.gauss(0, 1) * seconds**0.5
        drift = 0.000012 * self.mood + 0.004 * math.log(self.anchor / self.fair)
        noise = 0.00009 * self.heat * chance.gauss(0, 1) * seconds**0.5
        self.fair *= math.exp(drift * seconds + noise)
        self.anchor *= math.exp(0.00004 * chance.gauss(0, 1) * seconds**0.5)

    def price(self, ticks):
        return format(max(1, int(ticks)) * self.tick, "f")

    def quantity(self, lots):
        return format(max(1, int(lots)) * self.lot, "f")

    def some(self, scale=1.0):
        """A quantity: mostly small, now and then large."""
        return self.size * scale * self.chance.lognormvariate(-0.6, 0.9)


class Maker:
    """Keeps a ladder of orders on both sides of the believed price, thicker further away, and moves
    what has come to stand wrongly."""

    def __init__(self, client, instrument):
        self.client = client
        self.instrument = instrument
        self.orders = {}

    def wanted(self):
        """Places of the ladder: (side, price in steps)."""
        step = self.instrument.step
        middle = self.instrument.fair / step
        half = 0.6 + 0.5 * self.instrument.heat
        bid = math.floor(middle - half)
        ask = math.ceil(middle + half)
        places = []
        for level in range(LEVELS):
            # Close together near the middle, further apart behind.
            gap = level + (level * level) // 12
            places += [("buy", bid - gap), ("sell", ask + gap)]
        return places

    async def act(self):
        """Cancels what crosses the believed price or is far behind; fills the holes."""
        if self.orders:
            await self.forget_filled()
        wanted = set(self.wanted())
        best = {
            "buy": max(place for side, place in wanted if side == "buy"),
            "sell": min(place for side, place in wanted if side == "sell"),
        }
        for (side, place), order in list(self.orders.items()):
            wrong = place > best["buy"] if side == "buy" else place < best["sell"]
            far = abs(place - best[side]) > 130
            if wrong or far:
                del self.orders[(side, place)]
                await self.cancel(order)
        missing = [place for place in wanted if place not in self.orders]
        self.instrument.chance.shuffle(missing)
        # The inside first, and not all at once: a ladder grows back over several turns.
        missing.sort(key=lambda item: abs(item[1] - best[item[0]]) > 6)
        await self.place(missing[:60 if not self.orders else 10])

    async def place(self, places):
        if not places:
            return
        instrument = self.instrument
        middle = instrument.fair / instrument.step
        orders = []
        for side, place in places:
            away = abs(place - middle)
            lots = instrument.some(0.9 + away * 0.09)
            # Not all at round places.
            ticks = place * instrument.step + instrument.chance.randrange(instrument.step)
            orders.append({
                "symbol": instrument.name, "side": side, "type": "limit", "postOnly": True,
                "price": instrument.price(ticks),
                "quantity": instrument.quantity(lots), "clientOrderId": self.client.fresh_id(),
            })
        answer = await self.client.call("POST", "/api/orders/batch", {"orders": orders})
        for place, result in zip(places, answer["results"]):
            if "orderId" in result:
                self.orders[place] = result["orderId"]

    async def cancel(self, order):
        try:
            await self.client.call("DELETE", f"/api/orders/{order}")
        except Refused as refusal:
            if refusal.status != 404:
                raise

    async def forget_filled(self):
        """Which orders are still open; what was filled leaves a hole to fill."""
        name = self.instrument.name
        answer = await self.client.call("GET", f"/api/orders?symbol={name}&status=open&limit=1000")
        still = {order["orderId"] for order in answer["orders"]}
        self.orders = {place: order for place, order in self.orders.items() if order in still}


class Crowd:
    """Takers that follow the mood, and people who leave an order behind and change their minds."""

    def __init__(self, client, instrument):
        self.client = client
        self.instrument = instrument
        self.left = []

    async def act(self):
        chance = self.instrument.chance
        try:
            if chance.random() < 0.72:
                await self.take()
            elif len(self.left) > 12:
                await self.client.call("DELETE", f"/api/orders/{self.left.pop(0)}")
            else:
                await self.leave()
        except Refused as refusal:
            # Nothing to trade with, too far from the market, filled before it was cancelled: so
            # it goes with people. What does not pass with time is told.
            if refusal.status not in (404, 422):
                raise

    def side(self):
        lean = 0.5 + max(-0.3, min(0.3, 0.22 * self.instrument.mood))
        return "buy" if self.instrument.chance.random() < lean else "sell"

    async def take(self):
        instrument = self.instrument
        await self.client.call("POST", "/api/orders", {
            "symbol": instrument.name, "side": self.side(), "type": "market",
            "quantity": instrument.quantity(instrument.some(0.55)),
            "clientOrderId": self.client.fresh_id(),
        })

    async def leave(self):
        instrument = self.instrument
        side = self.side()
        away = instrument.step * (1 + instrument.chance.expovariate(1 / 9))
        ticks = instrument.fair + (-away if side == "buy" else away)
        answer = await self.client.call("POST", "/api/orders", {
            "symbol": instrument.name, "side": side, "type": "limit",
            "price": instrument.price(ticks), "quantity": instrument.quantity(instrument.some()),
            "clientOrderId": self.client.fresh_id(),
        })
        if answer["status"] in ("open", "partially_filled"):
            self.left.append(answer["orderId"])


async def at_rate(act, per_second, chance, stop):
    """Calls `act` at random moments, so often on average, until `stop` is set."""
    while not stop.is_set():
        pause = chance.expovariate(per_second)
        try:
            await asyncio.wait_for(stop.wait(), pause)
            return
        except asyncio.TimeoutError:
            pass
        await act()
