"""How it looks: pictures for people, and what can be measured of good looks."""

import unittest

from selenium.webdriver.common.keys import Keys

import page
from exchange import Trader, wait
from page import attribute, click, text

SYMBOL = "BTC-USD"


class Looks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.other = Trader()
        cls.other.place_many([
            {"symbol": SYMBOL, "side": side, "type": "limit",
             "price": f"{68400 + sign * (3 + 7 * level + level * level)}.{(level * 37) % 100:02}",
             "quantity": f"0.{(level * 7919 + 313) % 9000 + 500:05}"}
            for side, sign in (("buy", -1), ("sell", 1)) for level in range(40)])
        page.open_page(SYMBOL)
        page.sign_up()
        for price, quantity in (("68377.00", "0.25"), ("68301.00", "0.1")):
            page.place("buy", price, quantity)
            wait(lambda: text("#submit") and attribute("#submit", "aria-busy") is None)
        taker = Trader()
        for count in range(12):
            side, price = (("buy", "68420.00"), ("sell", "68380.00"))[count % 2]
            taker.place(SYMBOL, side, price, f"0.0{count + 10}", timeInForce="IOC")
        wait(lambda: not text("#toasts"), what="the messages to go")

    @classmethod
    def tearDownClass(cls):
        cls.other.cancel_all(SYMBOL)
        page.look()

    def tearDown(self):
        self.assertEqual(page.errors(), [])
        self.assertEqual(page.foreign_requests(), [])

    def fits(self, what):
        """Nothing sticks out to the right, and no text of a button or label is cut off."""
        wide = page.script(
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth")
        self.assertFalse(wide, f"{what} scrolls sideways")
        cut = page.script("""
          return [...document.querySelectorAll("button, label, h2, th, dd, .number")].filter(
            (node) => node.offsetParent && node.scrollWidth > node.clientWidth + 1
              && getComputedStyle(node).display !== "inline" && !node.closest(".legend, .scroll")
              && getComputedStyle(node).clipPath === "none")
            .map((node) => node.id || node.className || node.innerText);""")
        self.assertEqual(cut, [], what)

    def test_desk(self):
        """On a desk, dark and light"""
        for theme in ("dark", "light"):
            page.look(page.DESK, theme)
            wait(lambda: attribute("html", "data-theme") == theme)
            page.wait_live()
            self.fits(theme)
            page.screenshot(theme)

    def test_tablet(self):
        """On a tablet"""
        page.look((900, 1200), "dark")
        self.fits("tablet")
        page.screenshot("tablet")

    def test_phone(self):
        """On a phone's width, each part by itself"""
        for theme in ("dark", "light"):
            page.look(page.PHONE, theme)
            for view in ("chart", "book", "trade", "account", "markets"):
                click(f"#views [value={view}]")
                self.fits(f"phone, {view}")
                page.screenshot(f"phone-{theme}-{view}")
        page.look()

    def test_contrast(self):
        """Text stands out from what is behind it, in both themes"""
        for theme in ("dark", "light"):
            page.look(page.DESK, theme)
            wait(lambda: attribute("html", "data-theme") == theme)
            for name, behind, least in (
                    ("text", "panel", 7), ("muted", "panel", 4.5), ("up", "panel", 4.5),
                    ("down", "panel", 4.5), ("accent", "panel", 4.5), ("on-side", "up", 4.5),
                    ("on-side", "down", 4.5), ("on-accent", "accent", 4.5),
                    ("faint", "panel", 3), ("text", "raised", 7)):
                with self.subTest(theme=theme, text=name, on=behind):
                    self.assertGreaterEqual(contrast(name, behind), least)

    def test_windows(self):
        """Windows open, hold the focus, and close with Escape"""
        page.look()
        for opener, window in (("#help-button", "help"),):
            click(opener)
            wait(lambda: attribute(f"#{window}", "open") is not None)
            page.screenshot(window)
            page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
            wait(lambda: attribute(f"#{window}", "open") is None)

    def test_theme_switch(self):
        """A chosen theme stays chosen"""
        page.look(page.DESK, "dark")
        wait(lambda: attribute("html", "data-theme") == "dark")
        click("#theme")
        self.assertEqual(attribute("html", "data-theme"), "light")
        page.driver.refresh()
        wait(lambda: attribute("html", "data-theme") == "light")
        click("#theme")
        page.wait_live()

    def test_names(self):
        """Everything that can be pressed or filled in has a name"""
        nameless = page.script("""
          return [...document.querySelectorAll("button, input, select, a")].filter((node) => {
            const name = node.getAttribute("aria-label") || node.innerText?.trim()
              || [...(node.labels ?? [])].map((label) => label.textContent.trim()).join("")
              || node.textContent.trim();
            return !name && !node.matches(".level");
          }).map((node) => node.outerHTML);""")
        self.assertEqual(nameless, [])


def contrast(name, behind):
    """The ratio of the WCAG, of two of the page's colours, which are #rrggbb."""
    def luminance(colour):
        value = page.script("return getComputedStyle(document.documentElement)"
                            ".getPropertyValue(arguments[0]).trim()", f"--{colour}")
        parts = [int(value[place:place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    light, dark = sorted((luminance(name), luminance(behind)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
