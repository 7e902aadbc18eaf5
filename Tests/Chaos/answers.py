"""What the clients were told, read from their logs and held against the journal and its replay."""

import glob
import heapq
import json
import os
from collections import Counter

from book import STATUS_WORDS
from journal import AMEND, CANCEL, CLIENT_KEY, PLACE

UNAVAILABLE = (502, 503, 504)
# After PostgreSQL answers again the exchange may need this long to serve everybody.
AFTERMATH = 3.0
# Between a kill and what a client sees of it.
NOTICE = 0.5
# Refusals that are right answers to what the clients ask.
REFUSALS = {
    "place": {(422, "no_liquidity"), (422, "self_trade"), (422, "would_cross")},
    "cancel": {(404, "unknown_order")},
    "amend": {
        (404, "unknown_order"), (422, "nothing_to_change"), (422, "quantity_range"),
        (422, "would_cross"), (422, "self_trade")},
}


class Request:
    """One thing a client wanted, with all its attempts."""

    __slots__ = ("id", "what", "account", "symbol", "request", "order", "sent", "answered",
                 "status", "answer", "attempts")

    def __init__(self, lines):
        first, last = lines[0], lines[-1]
        for name in ("id", "what", "account", "symbol", "request", "order"):
            setattr(self, name, first[name])
        self.sent, self.answered = first["sent"], last["answered"]
        self.status, self.answer = last.get("status"), last.get("answer")
        self.attempts = [line.get("status") for line in lines]

    @property
    def is_done(self):
        return self.status in (200, 201)

    def __str__(self):
        return f"{self.what} {self.id} ({self.symbol})"


def touches(windows, line):
    return any(
        line["sent"] <= (end or float("inf")) + AFTERMATH and line["answered"] >= start
        for start, end in windows)


class Log:
    """All requests, and what went wrong on the way to their answers."""

    def __init__(self, folder, kills, stalls, violations):
        self.requests = []
        self.counts = Counter()
        self.violations = violations
        self.outages = [
            (kill["time"], kill["databaseBack"]) for kill in kills if kill["kind"] == "postgres"]
        self.stalls = [(stall["from"], stall["to"]) for stall in stalls]
        self.nginx_kills = [kill["time"] for kill in kills if kill["kind"] == "nginx worker"]
        for name in sorted(glob.glob(os.path.join(folder, "client-*.log"))):
            self.read(name)

    def read(self, name):
        attempts = []
        # A connection hears of its end when it is next used.
        quiet_since = 0.0
        with open(name) as file:
            for text in file:
                line = json.loads(text)
                if attempts and attempts[0]["id"] != line["id"]:
                    self.finish(attempts)
                    attempts = []
                attempts.append(line)
                self.judge_attempt(line, quiet_since)
                quiet_since = line["answered"]
        if attempts:
            self.finish(attempts)

    def judge_attempt(self, line, quiet_since):
        self.counts["attempts"] += 1
        who = f"{line['what']} {line['id']} attempt {line['attempt']} at {line['sent']:.3f}"
        if "cut" in line:
            self.counts["connections cut"] += 1
            is_explained = line["cut"] in ("ConnectionResetError", "BrokenPipeError") and any(
                quiet_since - NOTICE <= kill <= line["answered"] for kill in self.nginx_kills)
            if not is_explained:
                self.violations.add("connection lost", f"{who}: {line['cut']}")
        elif line["status"] in UNAVAILABLE:
            self.counts[f"answers {line['status']}"] += 1
            if touches(self.outages, line):
                return
            if touches(self.stalls, line):
                self.counts["of these while the machine stood still"] += 1
            else:
                self.violations.add("failed request", f"{who}: {line['status']} {line['answer']}")

    def finish(self, lines):
        request = Request(lines)
        self.requests.append(request)
        self.counts["requests"] += 1
        if len(lines) > 1:
            self.counts["sent again"] += 1
        if request.status is None or request.status in UNAVAILABLE:
            self.violations.add("no answer", f"{request}: {request.status} after {len(lines)}")
        elif request.is_done:
            self.counts[f"acknowledged {request.what}"] += 1
            if request.answer.get("duplicate"):
                self.counts["duplicates"] += 1
                if set(request.attempts[:-1]) == {503}:
                    self.violations.add(
                        "untrue 503", f"{request}: done although 503 said that nothing was")
        else:
            self.counts["refused"] += 1
            code = (request.answer or {}).get("error", {}).get("code")
            if (request.status, code) not in REFUSALS[request.what]:
                self.violations.add("wrong answer", f"{request}: {request.status} {code}")


class Judge:
    """The answers about one symbol against its journal."""

    def __init__(self, symbol, commands, book, violations):
        self.symbol = symbol
        self.commands = commands
        self.book = book
        self.violations = violations
        # An order's own key, or the one that a call came with; nginx's names begin with ~.
        self.by_key = {
            (c.account, c.key): c.sequence for c in commands if c.key and c.key[0] != "~"}
        self.amends = {}
        for command in commands:
            if command.kind == AMEND:
                self.amends.setdefault(command.order, []).append(command)

    def judge(self, requests):
        for request in requests:
            if request.is_done:
                sequence = self.journalled(request)
                if sequence:
                    self.check_content(request, sequence)
            else:
                self.check_refusal(request)
        self.check_history(requests)

    def lost(self, request, why):
        self.violations.add("acknowledged and lost", f"{request}: {why}: {request.answer}")

    def journalled(self, request):
        """The sequence of the command that was acknowledged; it must be there exactly once."""
        sequence = request.answer["sequence"]
        found = self.by_key.get((request.account, request.id))
        if found is None:
            return self.lost(request, "its key is not in the journal")
        order = self.symbol.id << 40 | found if request.what == "place" else request.order
        if found != sequence or request.answer["orderId"] != order:
            return self.lost(request, f"the journal has its key at {found}")
        return sequence

    def terms(self, request):
        return (self.symbol.price(request.request.get("price", "0")),
                self.symbol.quantity(request.request.get("quantity", "0")))

    def check_content(self, request, sequence):
        command = self.commands[sequence - 1]
        kind = {"place": PLACE, "cancel": CANCEL, "amend": AMEND}[request.what]
        flags = CLIENT_KEY if request.what == "place" else 0
        if (command.kind, command.flags & CLIENT_KEY) != (kind, flags) or (
                request.what != "place" and command.order != request.order) or (
                request.what != "cancel" and (command.price, command.quantity)
                != self.terms(request)):
            self.violations.add("wrong command", f"{request}: the journal has {command}")
        answer = request.answer
        status, price, quantity, filled, remaining, trades = self.book.outcomes[sequence]
        expected = (
            STATUS_WORDS[status], price, quantity, filled, remaining,
            [(t.number, t.price, t.quantity, t.maker) for t in trades])
        told = (
            answer["status"], self.symbol.price(answer.get("price", "0")),
            self.symbol.quantity(answer["quantity"]),
            self.symbol.quantity(answer["filledQuantity"]),
            self.symbol.quantity(answer["remainingQuantity"]),
            [(f["tradeId"], self.symbol.price(f["price"]), self.symbol.quantity(f["quantity"]),
              f["counterOrderId"]) for f in answer["fills"]])
        if told != expected:
            self.violations.add(
                "wrong answer", f"{request} at {sequence}: told {told}, was {expected}, {answer}")

    def check_refusal(self, request):
        """What was refused must not have happened; what was not open must have ended."""
        if (request.account, request.id) in self.by_key:
            self.violations.add("refused and executed", f"{request}: {request.answer}")
        if request.what == "place":
            return
        order = self.book.orders.get(request.order)
        code = (request.answer or {}).get("error", {}).get("code")
        if order is None:
            is_right = False
        elif code == "unknown_order":
            is_right = not order.is_open
        elif code == "nothing_to_change":
            is_right = self.has_been_so(request)
        elif code == "quantity_range":
            is_right = self.terms(request)[1] <= order.filled
        else:
            is_right = True
        if not is_right:
            self.violations.add("wrong answer", f"{request}: {code}, but that was never so")

    def has_been_so(self, request):
        """Whether the order has ever had the terms that an amend asked for."""
        price, quantity = self.terms(request)
        placed = request.order & (1 << 40) - 1
        changes = [placed, *(c.sequence for c in self.amends.get(request.order, []))]
        return any(
            price in (0, self.book.outcomes[sequence][1])
            and quantity in (0, self.book.outcomes[sequence][2]) for sequence in changes)

    def check_history(self, requests):
        """One serial history: who was answered before another asked has the smaller number."""
        done = sorted((r for r in requests if r.is_done), key=lambda request: request.sent)
        under_way = []
        highest, who = 0, None
        for index, request in enumerate(done):
            while under_way and under_way[0][0] < request.sent:
                _, _, earlier = heapq.heappop(under_way)
                if earlier.answer["sequence"] > highest:
                    highest, who = earlier.answer["sequence"], earlier
            if request.answer["sequence"] < highest:
                self.violations.add(
                    "not serial", f"{request}: {request.answer['sequence']} after {who} {highest}")
            heapq.heappush(under_way, (request.answered, index, request))
