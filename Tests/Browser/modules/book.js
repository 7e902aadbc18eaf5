const { Book } = await import("/js/book.js");

const make = (limit = 1000) => {
  const book = new Book(2, 3);
  book.load({
    sequence: 10, time: 5, bids: [["9.99", "1"], ["9.98", "2"]], asks: [["10.01", "3.5"]],
  }, limit);
  return book;
};
const difference = (first, last, bids = [], asks = []) =>
  ({ firstSequence: first, lastSequence: last, time: last, bids, asks });

let book = make();
same(book.bids.prices, [999n, 998n], "bids, best first");
same(book.asks.quantities, [3500n], "quantities in units");
same(book.apply(difference(9, 10, [["9.99", "0"]])), "old", "what it has already");
same(book.bids.prices, [999n, 998n], "unchanged by what is old");
same(book.apply(difference(12, 13, [["9.99", "0"]])), "gap", "a missing sequence");
same([book.sequence, book.bids.prices], [10, [999n, 998n]], "unchanged by a gap");
same(book.apply(difference(8, 12, [["9.99", "0"], ["10.00", "7"]])), "applied", "an overlap");
same([book.bids.prices, book.sequence, book.time], [[1000n, 998n], 12, 12], "after it");
book.apply(difference(13, 13, [["9.90", "0"]], [["10.05", "1"], ["10.02", "1"], ["10.01", "1"]]));
same([book.asks.prices, book.asks.quantities], [[1001n, 1002n, 1005n], [1000n, 1000n, 1000n]],
  "asks, best first");
same(book.isEmpty, false, "not empty");

same(book.bids.grouped(1n, 1), [[1000n, 7000n, 7000n]], "as many rows as wanted");
book.apply(difference(14, 14, [["9.99", "1"], ["9.91", "1"], ["9.89", "1"]]));
same(book.bids.grouped(10n, 9), [[1000n, 7000n, 7000n], [990n, 4000n, 11000n],
  [980n, 1000n, 12000n]], "bids grouped downwards, with totals");
same(book.asks.grouped(10n, 9), [[1010n, 3000n, 3000n]], "asks grouped upwards");

// A snapshot that is full ends somewhere; beyond that nothing is known.
book = make(2);
same([book.bids.horizon, book.asks.horizon], [998n, null], "the horizon");
same(book.isNearHorizon, true, "near it");
book.apply(difference(11, 11, [["9.97", "5"], ["9.98", "5"]]));
same(book.bids.prices, [999n, 998n], "nothing behind the horizon");
same(book.bids.quantities[1], 5000n, "the horizon itself");
