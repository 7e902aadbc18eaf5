"""Clients that know only what Engine/Feed/README.md says: each follows its recipe there."""

import json
import threading
import time

from eventsource import EventSource
from websocket import Closed, Refused, WebSocket


class Follower(threading.Thread):
    """Keeps a connection, however often it ends, and hands on what comes."""

    def __init__(self, port, path, token=None):
        super().__init__(daemon=True)
        self.port, self.path, self.token = port, path, token
        self.stopping = False
        self.connections = 0
        self.isConnected = False
        self.gaps = 0
        self.faults = []
        self.lastHeard = 0

    def run(self):
        while not self.stopping:
            try:
                transport = EventSource if self.path.startswith("/events") else WebSocket
                socket = transport(self.port, self.path, self.token)
            except (Closed, Refused):
                time.sleep(0.1)
                continue
            self.connections += 1
            self.isConnected = True
            try:
                self.connected()
                while not self.stopping:
                    text = socket.message(0.5)
                    if text is not None:
                        self.lastHeard = time.monotonic()
                        message = json.loads(text)
                        self.message(message["stream"], message["data"])
                    else:
                        self.quiet()
            except Closed:
                continue
            finally:
                self.isConnected = False
                socket.close()

    def connected(self):
        pass

    def quiet(self):
        pass

    def stop(self):
        self.stopping = True
        self.join(10)


class BookFollower(Follower):
    """The recipe "A book that is never wrong"; remembers what the book was at every position."""

    def __init__(self, port, symbol, fetch, entrance="/stream"):
        super().__init__(port, f"{entrance}?streams=book.{symbol}/trades.{symbol}")
        self.symbol, self.fetch = symbol, fetch
        self.position = None
        self.sides = {"bids": {}, "asks": {}}
        # (position, digest): what the book was at each of them.
        self.history = []
        self.tape = Tape(self)
        self.fetches = 0

    def connected(self):
        self.position = None
        self.tape.connected()

    def quiet(self):
        # Without a first message there is nothing to tell a stale snapshot by, but also no change.
        if self.position is None:
            self.take_snapshot()

    def message(self, stream, data):
        if stream == "all":
            self.position = None
            self.tape.gap()
        elif stream.startswith("trades."):
            self.tape.message(data)
        elif stream.startswith("book."):
            self.book(data)

    def book(self, data):
        if data.get("gap"):
            self.gaps += 1
            self.position = None
        elif data.get("snapshot"):
            self.replace(data)
        else:
            if self.position is None or data["firstSequence"] > self.position + 1:
                self.gaps += self.position is not None
                self.take_snapshot()
            if self.position is None or data["lastSequence"] <= self.position:
                return
            if data["firstSequence"] > self.position + 1:
                # The snapshot is older than the stream: not even possible.
                self.faults.append(f"book: snapshot {self.position} before {data}")
                self.position = None
                return
            for side in ("bids", "asks"):
                for price, quantity in data[side]:
                    if quantity == "0":
                        self.sides[side].pop(price, None)
                    else:
                        self.sides[side][price] = quantity
            self.position = data["lastSequence"]
            self.remember()

    def take_snapshot(self):
        book = self.fetch(self.symbol)
        if book is not None:
            self.fetches += 1
            self.replace(book)

    def replace(self, book):
        for side in ("bids", "asks"):
            self.sides[side] = {price: quantity for price, quantity in book[side]}
        self.position = book["sequence"]
        self.remember()

    def remember(self):
        self.history.append((self.position, digest(self.sides)))


class Tape:
    """The recipe "A tape without holes", without filling them: it knows where they are."""

    def __init__(self, follower):
        self.follower = follower
        self.end = None
        # What came in one piece: [first trade id expected or None, ids].
        self.pieces = []

    def connected(self):
        self.gap()

    def gap(self):
        self.end = None
        self.pieces.append([])

    def message(self, data):
        if data.get("gap"):
            return self.gap()
        if self.end is not None and data["firstSequence"] > self.end + 1:
            self.follower.gaps += 1
            self.gap()
        if self.end is not None and data["lastSequence"] <= self.end and data["trades"]:
            self.follower.faults.append(f"trades told twice: {data['trades'][0]}")
        self.end = max(self.end or 0, data["lastSequence"])
        self.pieces[-1] += [trade["tradeId"] for trade in data["trades"]]

    def holes(self):
        """Ids that are missing inside a piece, or out of order."""
        return [
            (before, after) for piece in self.pieces for before, after in zip(piece, piece[1:])
            if after != before + 1]


class AccountFollower(Follower):
    """Every event of one account, and from where to where nothing can be missing."""

    def __init__(self, port, token, entrance="/stream"):
        super().__init__(port, f"{entrance}/account?token={token}")
        self.ends = {}
        self.events = []
        # [symbol, first, last] of stretches without a gap.
        self.covered = []
        self.readies = 0

    def connected(self):
        self.ends = {}

    def message(self, stream, data):
        if stream == "all" or data.get("gap"):
            self.gaps += 1
            self.ends = {}
        elif data.get("ready"):
            self.readies += 1
            for symbol, sequence in data["sequences"].items():
                if symbol not in self.ends:
                    self.begin(symbol, sequence + 1)
        elif data.get("events"):
            self.take(data)

    def begin(self, symbol, first):
        self.covered.append([symbol, first, first - 1])
        self.ends[symbol] = len(self.covered) - 1

    def take(self, data):
        symbol, first, last = data["symbol"], data["firstSequence"], data["lastSequence"]
        if symbol not in self.ends:
            self.begin(symbol, first)
        stretch = self.covered[self.ends[symbol]]
        if first > stretch[2] + 1:
            self.gaps += 1
            self.begin(symbol, first)
            stretch = self.covered[self.ends[symbol]]
        if last <= stretch[2]:
            self.faults.append(f"account: told twice: {data}")
        for event in data["events"]:
            if not first <= event["sequence"] <= last:
                self.faults.append(f"account: outside its message: {event}")
        stretch[2] = max(stretch[2], last)
        self.events += [(symbol, event) for event in data["events"]]


class LatestFollower(Follower):
    """The newest state of candles and tickers."""

    def __init__(self, port, streams):
        super().__init__(port, f"/stream?streams={'/'.join(streams)}")
        self.newest = {}

    def message(self, stream, data):
        if not data.get("gap"):
            self.newest[stream] = data


def digest(sides):
    return hash((frozenset(sides["bids"].items()), frozenset(sides["asks"].items())))
