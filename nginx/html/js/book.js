// One symbol's book: price levels in exact units, best first, with the sequence they stand for.

import { toUnits } from "./decimal.js";

/** One side, in arrays, best first: a ladder reads far more than it writes. */
export class Side {
  constructor(isBid) {
    this.isBid = isBid;
    this.prices = [];
    this.quantities = [];
    /** Beyond this price the snapshot did not reach, so nothing is known there. */
    this.horizon = null;
  }

  isBetter(a, b) {
    return this.isBid ? a > b : a < b;
  }

  /** The index of the price, or where it would stand. */
  find(price) {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBetter(this.prices[middle], price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  set(price, quantity) {
    if (this.horizon !== null && this.isBetter(this.horizon, price)) return;
    const index = this.find(price);
    const isThere = this.prices[index] === price;
    if (quantity === 0n) {
      if (!isThere) return;
      this.prices.splice(index, 1);
      this.quantities.splice(index, 1);
    } else if (isThere) {
      this.quantities[index] = quantity;
    } else {
      this.prices.splice(index, 0, price);
      this.quantities.splice(index, 0, quantity);
    }
  }

  load(levels, limit) {
    this.prices = levels.map(([price]) => price);
    this.quantities = levels.map(([, quantity]) => quantity);
    this.horizon = levels.length >= limit ? this.prices.at(-1) : null;
  }

  /** Levels of `step` each: [price, quantity, cumulative], best first. */
  grouped(step, count) {
    const rows = [];
    let total = 0n;
    for (let index = 0; index < this.prices.length; index += 1) {
      const price = this.prices[index];
      const rest = price % step;
      const group = rest === 0n ? price : this.isBid ? price - rest : price - rest + step;
      total += this.quantities[index];
      const last = rows.at(-1);
      if (last && last[0] === group) {
        last[1] += this.quantities[index];
        last[2] = total;
      } else {
        if (rows.length === count) break;
        rows.push([group, this.quantities[index], total]);
      }
    }
    return rows;
  }
}

export class Book {
  constructor(priceDigits, quantityDigits) {
    this.priceDigits = priceDigits;
    this.quantityDigits = quantityDigits;
    this.bids = new Side(true);
    this.asks = new Side(false);
    this.sequence = -1;
    this.time = 0;
  }

  get isEmpty() {
    return this.bids.prices.length === 0 && this.asks.prices.length === 0;
  }

  /** From `GET /api/book` or a snapshot in the stream; `limit` levels a side are all it holds. */
  load(snapshot, limit) {
    this.bids.load(this.levels(snapshot.bids), limit);
    this.asks.load(this.levels(snapshot.asks), limit);
    this.sequence = snapshot.sequence;
    this.time = snapshot.time ?? 0;
  }

  /**
   * "applied"; "old" when the book has it already; "gap" when something before it is missing, and
   * then the book is unchanged. A difference that overlaps the book's sequence is right to apply:
   * it says what each level shows at its end.
   */
  apply(difference) {
    if (difference.lastSequence <= this.sequence) return "old";
    if (difference.firstSequence > this.sequence + 1) return "gap";
    for (const [price, quantity] of this.levels(difference.bids)) this.bids.set(price, quantity);
    for (const [price, quantity] of this.levels(difference.asks)) this.asks.set(price, quantity);
    this.sequence = difference.lastSequence;
    this.time = difference.time ?? this.time;
    return "applied";
  }

  /** True when so much was taken from a side that its unknown part comes near. */
  get isNearHorizon() {
    return [this.bids, this.asks].some(
      (side) => side.horizon !== null && side.prices.length < 250);
  }

  levels(pairs) {
    return (pairs ?? []).map(([price, quantity]) => [
      toUnits(price, this.priceDigits), toUnits(quantity, this.quantityDigits),
    ]);
  }
}
