"""The page's pure modules, in the browser that runs them. Each file of modules/ is the body of an
async function that returns the cases that failed."""

import os
import unittest

import exchange
import page

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules")
COMMON = """
const failed = [];
const text = (value) => JSON.stringify(value, (key, part) =>
  typeof part === "bigint" ? `${part}n` : part);
const same = (got, wanted, what) => {
  if (text(got) !== text(wanted)) failed.push(`${what}: ${text(got)} is not ${text(wanted)}`);
};
"""


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        page.driver.get(exchange.address())

    def check(self, name):
        with open(os.path.join(FOLDER, f"{name}.js")) as file:
            failed = page.module(f"{COMMON}{file.read()}\nreturn failed;")
        self.assertEqual(failed, [])

    def test_decimals(self):
        """Decimals are counted exactly, whatever their size"""
        self.check("decimal")

    def test_book(self):
        """A book takes differences in order, tells gaps, and knows where its knowledge ends"""
        self.check("book")

    def test_sync(self):
        """A book is live only when snapshot and differences fit"""
        self.check("sync")

    def test_random_books(self):
        """Ten thousand random differences leave the book that a table of prices holds"""
        self.check("random")
