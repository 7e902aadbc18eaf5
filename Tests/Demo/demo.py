"""Makers and takers who trade by the public API, so that there is something to see."""

import argparse
import asyncio
import random
import signal
import sys
import time

from client import Client, Refused
from traders import Crowd, Instrument, Maker, at_rate

# How the activity is spread over the symbols: the first gets most of it.
SHARES = [8, 5, 3, 2, 2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--rate", type=float, default=60, help="requests a second, about; 60")
    parser.add_argument("--seed", type=int, default=1, help="of prices and decisions; 1")
    parser.add_argument("--symbols", default="", help="those alone, with commas; the first five")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many; 0: never")
    chosen = parser.parse_args()
    if chosen.rate <= 0:
        parser.error("--rate must be above zero")
    return chosen


class Demo:
    def __init__(self, chosen):
        self.chosen = chosen
        self.stop = asyncio.Event()
        self.clients = []
        self.tasks = []

    async def client(self, kind):
        client = Client(self.chosen.host, self.chosen.port)
        await client.register(kind)
        self.clients.append(client)
        return client

    async def instruments(self):
        public = Client(self.chosen.host, self.chosen.port)
        known = (await public.call("GET", "/api/symbols"))["symbols"]
        names = [name for name in self.chosen.symbols.split(",") if name]
        rules = {rule["symbol"]: rule for rule in known}
        unknown = [name for name in names if name not in rules]
        if unknown:
            raise SystemExit(f"no such symbol: {', '.join(unknown)}")
        order = names or sorted(rules, key=lambda name: "-" not in name)[:5]
        made = []
        for index, name in enumerate(order):
            instrument = Instrument(rules[name], random.Random(f"{self.chosen.seed} {name}"))
            trades = (await public.call("GET", f"/api/trades/{name}?limit=1"))["trades"]
            instrument.begin(trades[0]["price"] if trades else None)
            instrument.share = SHARES[min(index, len(SHARES) - 1)]
            made.append(instrument)
        public.close()
        return made

    async def begin(self, instrument, total):
        rate = self.chosen.rate * instrument.share / total
        maker = Maker(await self.client("maker"), instrument)
        crowd = Crowd(await self.client("crowd"), instrument)
        await maker.act()
        chance = instrument.chance
        walked = time.monotonic()

        async def quote():
            nonlocal walked
            now = time.monotonic()
            instrument.walk(min(1.0, now - walked))
            walked = now
            await maker.act()

        # A turn of the maker is three requests or so.
        for act, often in ((quote, rate * 0.16), (crowd.act, rate * 0.5)):
            self.tasks.append(asyncio.create_task(at_rate(act, often, chance, self.stop)))

    async def end(self):
        """Every order of ours leaves the books, whatever has happened."""
        self.stop.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for client in self.clients:
            try:
                await asyncio.wait_for(client.call("DELETE", "/api/orders"), 10)
                await asyncio.wait_for(client.call("POST", "/api/logout"), 10)
            except (Refused, ConnectionError, asyncio.TimeoutError) as error:
                print(f"could not clean up: {error}", file=sys.stderr)
            client.close()

    async def run(self):
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.stop.set)
        started = time.monotonic()
        try:
            instruments = await self.instruments()
            total = sum(instrument.share for instrument in instruments)
            await asyncio.gather(*(self.begin(each, total) for each in instruments))
            names = ", ".join(each.name for each in instruments)
            print(f"Trading {names}: http://{self.chosen.host}:{self.chosen.port}", flush=True)
            print("Ctrl-C stops and cancels.", flush=True)
            await self.wait()
        finally:
            await self.end()
        sent = sum(client.sent for client in self.clients)
        print(f"\n{sent} requests in {time.monotonic() - started:.0f} s; all orders cancelled.")

    async def wait(self):
        """Until it is over, or one of the traders has failed."""
        stopped = asyncio.create_task(self.stop.wait())
        limit = self.chosen.seconds or None
        done, _ = await asyncio.wait(
            [stopped, *self.tasks], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for task in done:
            task.result()


if __name__ == "__main__":
    asyncio.run(Demo(arguments()).run())
