"""What is measured. A scenario says which group it belongs to (a chart of the report), where it
stands on that chart's axis (`at`), and how the exchange has to be for it. What it `counts` is
compared with the constant's requests a second. `python3 suite.py --list` prints them all."""

ORDERS = {"profile": "orders", "options": ["--clients", "40"]}
READERS_BESIDE = ("orders", ["--rate", "1000", "--clients", "16"])


def scenario(name, group, at=None, workers=2, symbols=1, databases=1, subscribers=0, depth=0,
             **rest):
    return {
        "name": name, "group": group, "at": at, "workers": workers, "symbols": symbols,
        "databases": databases, "subscribers": subscribers, "depth": depth, **rest}


def kinds():
    """One of each kind of request, with two workers and one symbol."""
    return [
        scenario("orders", "kinds", **ORDERS),
        scenario("batch", "kinds", profile="batch", counts="orderRate",
                 options=["--clients", "8"]),
        scenario("book", "kinds", profile="book", echo="book", beside=READERS_BESIDE,
                 options=["--clients", "40"]),
        scenario("mixed", "kinds", profile="mixed",
                 options=["--closed", "--clients", "40", "--accounts", "2"]),
    ]


def workers():
    return [scenario(f"workers-{count}", "workers", at=count, workers=count, **ORDERS)
            for count in (1, 2, 4, 8, 16)]


def subscribers():
    return [scenario(f"subscribers-{count}", "subscribers", at=count, subscribers=count, **ORDERS)
            for count in (0, 10, 100)]


def spread_over(symbols):
    return {**ORDERS, "options": [*ORDERS["options"], "--symbols", str(symbols), "--zipf", "0"]}


def symbols():
    return [scenario(f"symbols-{count}", "symbols", at=count, symbols=count, **spread_over(count))
            for count in (1, 2, 5, 20, 200)]


def databases():
    """The same six symbols on one database and on three."""
    return [scenario(f"databases-{count}", "databases", at=count, symbols=6, databases=count,
                     **spread_over(6))
            for count in (1, 3)]


def depth():
    return [scenario(f"depth-{orders}-{profile}", f"depth-{profile}", at=orders, depth=orders,
                     profile=profile, echo="book" if profile == "book" else "orders",
                     options=["--clients", "40"])
            for orders in (100, 10_000, 50_000) for profile in ("orders", "book")]


def latency():
    """Open loops: latency from the moment a request is due. With more clients than a worker lets
    wait for one symbol, what a stall delays would be refused."""
    clients = ["--clients", "128"]
    return [
        {"name": "half", "group": "latency", "profile": "exchange", "partOfSaturation": 0.5,
         "options": [*clients, "--seconds", "15"]},
        {"name": "exchange", "group": "latency", "profile": "exchange",
         "options": [*clients, "--seconds", "20", "--verify"]},
        {"name": "ramp", "group": "latency", "profile": "ramp",
         "options": [*clients, "--start", "2000", "--factor", "1.35", "--step", "4", "--limit",
                     "50ms"]},
    ]


QUICK = kinds
FULL = (kinds, workers, subscribers, latency, symbols, depth, databases)


def full():
    return [each for part in FULL for each in part()]
