"""The ladder is the exchange's book or says that it may not be: under load and without nginx."""

import os
import random
import signal
import threading
import unittest

import exchange
import page
from exchange import Trader, call, wait

SYMBOL = "GOOG"


def totals(levels):
    """Rows as the ladder shows them: price, size, total."""
    rows = []
    total = 0
    for price, quantity in levels:
        total += int(quantity)
        rows.append([price, quantity, str(total)])
    return rows


def is_right():
    """The ladder and the exchange's book, when both are of one sequence; None when they are not."""
    wanted = exchange.book(SYMBOL)
    shown = page.book()
    if shown["state"] != "live" or not wanted or shown["sequence"] != wanted["sequence"]:
        return None
    for side in ("bids", "asks"):
        rows = totals(wanted[side])[: max(1, len(shown[side]))]
        if rows != shown[side]:
            raise AssertionError(f"sequence {shown['sequence']}: {shown[side]} is not {rows}")
    return True


class Crowd:
    """Places and cancels at random, in a thread, until it is told to stop."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.trader = Trader()
        self.rest = Trader()
        self.stop = threading.Event()
        self.placed = 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(30)
        self.trader.cancel_all(SYMBOL)
        self.rest.cancel_all(SYMBOL)

    def orders(self):
        for _ in range(20):
            side = self.random.choice(("buy", "sell"))
            away = self.random.randint(-4, 30)
            price = 17000 + (-away if side == "buy" else away)
            yield {"symbol": SYMBOL, "side": side, "type": "limit",
                   "price": f"{price // 100}.{price % 100:02}",
                   "quantity": str(self.random.randint(1, 40))}

    def run(self):
        while not self.stop.is_set():
            for trader in (self.trader, self.rest):
                body = {"orders": list(self.orders())}
                status, _ = call("POST", "/api/orders/batch", body, trader.token)
                self.placed += 20 if status == 200 else 0
            if self.random.random() < 0.2:
                call("DELETE", f"/api/orders?symbol={SYMBOL}", token=self.trader.token)
            self.stop.wait(0.15)


# Sockets that a test can make deaf: as a connection is whose other end has vanished.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "deaf.js")) as script:
    DEAFENABLE = script.read()


class Book(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.patch = page.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": DEAFENABLE})["identifier"]
        page.open_page(SYMBOL)
        page.script("window.isFirstLoad = true")

    @classmethod
    def tearDownClass(cls):
        page.driver.execute_cdp_cmd(
            "Page.removeScriptToEvaluateOnNewDocument", {"identifier": cls.patch})

    def test_a_under_load(self):
        """Thousands of trades a minute: the page stays smooth and small, and ends up right"""
        calm = self.slow_frame(lambda: wait(lambda: self.frames() > 100, what="frames"))
        with Crowd(3) as crowd:
            slow = self.slow_frame(
                lambda: wait(lambda: crowd.placed > 1500, 120, "1,500 orders"))
            wait(lambda: page.script(
                "return document.querySelectorAll('#tape-rows li').length") == 60, what="the tape")
        wait(is_right, what="the right book")
        nodes = page.script("return document.querySelectorAll('*').length")
        print(f"95th percentile of frames {slow:.0f} ms, before {calm:.0f}, {nodes} elements ... ",
              end="")
        self.assertLess(nodes, 1500)
        # Where the machine draws even a calm page haltingly, a few times that.
        self.assertLess(slow, max(120, 4 * calm))
        self.assertEqual(page.errors(), [])

    @staticmethod
    def frames():
        return page.script("return window.frameTimes.length")

    @staticmethod
    def slow_frame(meanwhile):
        """How long all frames but one in twenty last at most, in milliseconds."""
        page.script("""
          const frames = [];
          let last = performance.now();
          window.frameTimes = frames;
          window.watching = true;
          const watch = (now) => {
            frames.push(now - last);
            last = now;
            if (window.watching) requestAnimationFrame(watch);
          };
          requestAnimationFrame(watch);""")
        meanwhile()
        frames = sorted(page.script("window.watching = false; return window.frameTimes"))
        return frames[int(len(frames) * 0.95)]

    def test_b_without_nginx(self):
        """nginx is killed and comes back: no reload, never a wrong book, then the right one"""
        page.script("""
          window.seen = new Set();
          new MutationObserver(() => {
            const state = document.getElementById("book").dataset.state;
            window.seen.add(state);
            if (state === "stale") window.note = document.getElementById("book-note").innerText;
          }).observe(document.getElementById("book"), { attributes: true });""")
        with Crowd(4) as crowd:
            wait(lambda: crowd.placed > 100, 60, "some orders")
            before = crowd.placed
            os.kill(exchange.processes()["nginx"], signal.SIGKILL)
            # It may be over before anybody looks.
            wait(lambda: "Reconnecting" in (page.script("return window.note") or ""),
                 what="the page to see it")
            wait(lambda: crowd.placed > before + 100, 60, "the market to go on")
            page.wait_live()
            self.assertEqual(page.script("return [...window.seen].sort()"), ["live", "stale"])
        wait(is_right, what="the right book")
        self.assertTrue(page.script("return window.isFirstLoad"), "the page was loaded again")
        # That the exchange was away for a moment is said by the browser itself.
        page.drain_logs()

    def test_c_silent_stream(self):
        """A stream that looks open and says nothing is found out"""
        other = Trader()
        other.ladder(SYMBOL, bid=16900, ask=17100, step=3)
        wait(is_right, what="the right book")
        page.script("for (const socket of window.sockets) socket.isDeaf = true")
        other.cancel_all(SYMBOL)
        wait(is_right, 60, "the right book")
        self.assertTrue(page.script("return window.isFirstLoad"), "the page was loaded again")
        self.assertEqual(page.errors(), [])
