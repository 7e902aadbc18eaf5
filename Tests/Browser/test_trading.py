"""What a person does on the page, and that the page shows it by itself."""

import unittest
from decimal import Decimal

from selenium.webdriver.common.keys import Keys

import page
from exchange import Trader, book, call
from page import attribute, click, fill, press, rows, text, wait

SYMBOL = "AAPL"


def open_orders():
    return rows("#rows tr[data-order]")


def shown_levels():
    return {side: {row[0]: row[1] for row in page.book()[side]} for side in ("bids", "asks")}


class Trading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.other = Trader()
        cls.other.ladder(SYMBOL, bid=19990, ask=20010, step=5, quantity="10")
        page.open_page(SYMBOL)
        page.script("window.isFirstLoad = true")
        page.sign_up()

    @classmethod
    def tearDownClass(cls):
        cls.other.cancel_all(SYMBOL)

    def setUp(self):
        click("#account-tabs [value=open]")
        click("#types [value=limit]")

    def tearDown(self):
        self.assertTrue(page.script("return window.isFirstLoad"), "the page was loaded again")
        self.assertEqual(page.errors(), [])
        self.assertEqual(page.foreign_requests(), [])

    def test_a_place(self):
        """A placed order stands in ladder and open orders without a reload"""
        page.place("buy", "199.50", "3")
        wait(lambda: len(open_orders()) == 1, what="the open order")
        row = open_orders()[0]
        self.assertEqual(row[:6], [SYMBOL, "Buy", "Limit · GTC", "199.50", "3", "0"])
        wait(lambda: shown_levels()["bids"].get("199.50") == "13", what="the level")
        wait(lambda: page.script(
            "return document.querySelector('.level.own')?.dataset.price") == "199.50",
            what="the mark at the own order")
        self.assertEqual(text("#open-count"), "1")

    def test_b_amend(self):
        """An amended order moves in the ladder"""
        click("#rows tr[data-order] .actions button:first-child")
        fill("#amend-price", "199.45")
        fill("#amend-quantity", "4" + Keys.ENTER)
        wait(lambda: open_orders()[0][3:5] == ["199.45", "4"], what="the amended row")
        wait(lambda: shown_levels()["bids"].get("199.45") == "14", what="the new level")
        self.assertEqual(shown_levels()["bids"].get("199.50"), "10")

    def test_c_traded_against(self):
        """Somebody else's order fills it: tape, candles, fills and position change"""
        candle = attribute("#candles", "data-trades")
        self.other.cancel_all(SYMBOL)
        self.other.place(SYMBOL, "sell", "199.45", "1")
        # First: it is shown for a few seconds only.
        wait(lambda: "Bought 1 AAPL at 199.45" in (text("#toasts") or ""), what="the message")
        wait(lambda: open_orders() and open_orders()[0][5] == "1", what="the filled quantity")
        wait(lambda: rows("#tape-rows li")[0][:2] == ["199.45", "1"], what="the tape")
        wait(lambda: attribute("#candles", "data-close") == "199.45", what="the candle")
        self.assertNotEqual(attribute("#candles", "data-trades"), candle)
        wait(lambda: text("#last") == "199.45", what="the last price")
        click("#account-tabs [value=fills]")
        wait(lambda: rows("#rows tr[data-trade]"), what="the fill")
        self.assertEqual(
            rows("#rows tr[data-trade]")[0][:5], [SYMBOL, "Buy", "199.45", "1", "Maker"])
        click("#account-tabs [value=positions]")
        wait(lambda: rows("#rows tr[data-position]"), what="the position")
        self.assertEqual(rows("#rows tr[data-position]")[0][:3], [SYMBOL, "1", "199.45"])
        wait(lambda: Decimal(text("#symbol-list [aria-selected=true] .last")) ==
             Decimal("199.45"), what="the list of symbols")
        click("#account-tabs [value=open]")

    def test_d_take(self):
        """A market order trades at once and says so"""
        self.other.place(SYMBOL, "sell", "200.10", "5")
        wait(lambda: shown_levels()["asks"].get("200.10") == "5", what="something to buy")
        click("#types [value=market]")
        fill("#quantity", "2")
        self.assertEqual(text("#total"), "≈ 400.20 USD")
        click("#submit")
        wait(lambda: "filled 2 at 200.10" in (text("#toasts") or ""), what="the message")
        wait(lambda: rows("#tape-rows li")[0][:2] == ["200.10", "2"], what="the tape")
        click("#types [value=limit]")

    def test_e_refused(self):
        """What the exchange refuses stands beside the field that it names"""
        page.place("buy", "199.505", "1")
        wait(lambda: "is not a multiple of 0.01" in text("#price-error"), what="the tick size")
        self.assertEqual(page.script("return document.activeElement.id"), "price")
        page.place("buy", "199.50", "1.5")
        wait(lambda: "is not a multiple of 1" in text("#quantity-error"), what="the lot size")
        self.assertEqual(text("#price-error"), "")
        click("#postOnly")
        page.place("buy", "200.10", "1")
        wait(lambda: "post-only" in text("#price-error"), what="would cross")
        page.screenshot("refused")
        click("#postOnly")
        fill("#quantity", "")
        click("#submit")
        wait(lambda: text("#quantity-error") == "Quantity is required", what="a missing field")
        click("#types [value=stop_limit]")
        fill("#stopPrice", "abc")
        fill("#quantity", "1")
        click("#submit")
        wait(lambda: "decimal number" in text("#stopPrice-error"), what="the stop price")
        click("#types [value=limit]")
        self.assertEqual(text("#form-error"), "")

    def test_f_kinds(self):
        """Stops, icebergs and dates go the whole way"""
        click("#types [value=stop_limit]")
        fill("#stopPrice", "210.00")
        page.place("buy", "211.00", "1")
        wait(lambda: any("Waits for stop" in row for row in open_orders()), what="the stop")
        click("#types [value=limit]")
        if attribute("#more", "open") is None:
            click("#more summary")
        fill("#displayQuantity", "2")
        page.place("buy", "190.00", "20")
        wait(lambda: shown_levels()["bids"].get("190.00") == "2", what="the tip of the iceberg")
        fill("#displayQuantity", "")
        page.script("document.getElementById('timeInForce').value = 'GTD';"
                    "document.getElementById('timeInForce').dispatchEvent("
                    "new Event('input', { bubbles: true }));"
                    "document.getElementById('expiresAt').value = '2099-01-01T00:00:00'")
        page.place("buy", "189.00", "1")
        wait(lambda: any("Limit · GTD" in row for row in open_orders()), what="the GTD order")
        page.script("document.getElementById('timeInForce').value = 'GTC';"
                    "document.getElementById('timeInForce').dispatchEvent("
                    "new Event('input', { bubbles: true }))")

    def test_g_cancel(self):
        """A cancelled order leaves ladder and open orders, and stands in the history"""
        before = len(open_orders())
        first = open_orders()[-1]
        click("#rows tr[data-order]:last-child .actions button:last-child")
        wait(lambda: len(open_orders()) == before - 1, what="one order less")
        wait(lambda: first[3] not in shown_levels()["bids"], what="the level to go")
        click("#cancel-all")
        wait(lambda: not open_orders(), what="no orders")
        self.assertEqual(text("#account-note"), "No open orders.")
        click("#account-tabs [value=history]")
        wait(lambda: sum("Cancelled" in row for row in open_orders()) == before,
             what="the history")
        click("#account-tabs [value=open]")

    def test_h_keys(self):
        """Keys reach ticket, ladder and windows"""
        press("s")
        self.assertEqual(page.script("return document.activeElement.id"), "quantity")
        self.assertEqual(attribute("#ticket", "data-side"), "sell")
        page.element("#quantity").send_keys(Keys.CONTROL + "a")
        page.element("#quantity").send_keys("7" + Keys.ARROW_UP + Keys.ESCAPE)
        self.assertEqual(page.element("#quantity").get_property("value"), "8")
        press("o")
        page.driver.switch_to.active_element.send_keys(Keys.ARROW_UP)
        price = page.script("return document.activeElement.dataset.price")
        page.driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.assertEqual(page.element("#price").get_property("value"), price)
        press("?")
        wait(lambda: attribute("#help", "open") is not None, what="the help")
        page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
        press("]")
        wait(lambda: text("#pair") != "AAPL/USD", what="the next symbol")
        press("[")
        wait(lambda: text("#pair") == "AAPL/USD", what="the one before")
        page.wait_live()

    def test_i_log_out(self):
        """After logging out nothing of the account is left, and the token is dead"""
        token = page.script("return JSON.parse(sessionStorage.getItem('outcry.session')).token")
        click("#log-out")
        wait(lambda: text("#account-note") == "Log in to see your orders.", what="the note")
        self.assertEqual(open_orders(), [])
        self.assertEqual(page.script("return sessionStorage.length"), 0)
        wait(lambda: call("GET", "/api/orders", token=token)[0] == 401, what="the token to end")
        self.assertEqual(text("#submit"), "Log in to trade")
