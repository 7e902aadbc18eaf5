// The book as a ladder: asks above, bids below, bars that show the cumulative quantity. The rows
// are made once and rewritten; a click takes the price into the ticket.

import { basisPoints, fromUnits, grouped } from "./decimal.js";
import { Emitter, find, make, onFrame, setClass, setText, timeText } from "./dom.js";

const rowHeight = 21;
const multiples = [1n, 10n, 100n, 1000n, 10000n];

/** Events: pick, with the price as text. */
export class Ladder extends Emitter {
  constructor(market, headline) {
    super();
    this.market = market;
    this.headline = headline;
    this.box = find("ladder");
    this.asks = this.makeSide("asks");
    this.bids = this.makeSide("bids");
    this.group = find("group");
    this.multiple = 1n;
    this.own = new Map();
    this.group.onchange = () => {
      this.multiple = BigInt(this.group.value);
      onFrame(this.show);
    };
    market.on("select", () => this.chooseSymbol());
    market.on("book", () => onFrame(this.show));
    market.on("trades", () => onFrame(this.show));
    new ResizeObserver(() => this.fit()).observe(this.box);
    this.box.addEventListener("keydown", (event) => this.move(event));
  }

  makeSide(id) {
    const box = find(id);
    box.addEventListener("click", (event) => {
      const row = event.target.closest(".level");
      if (row?.dataset.price) this.emit("pick", row.dataset.price);
    });
    return { box, rows: [] };
  }

  chooseSymbol() {
    const symbol = this.market.current;
    this.multiple = 1n;
    this.group.replaceChildren(...multiples.map((multiple) =>
      make("option", { value: multiple },
        fromUnits(symbol.tick * multiple, symbol.priceDigits))));
    setText(find("ladder-price"), `Price (${symbol.quote})`);
    setText(find("ladder-size"), `Size (${symbol.base})`);
    onFrame(this.show);
  }

  /** As many rows a side as there is room for. */
  fit() {
    const middle = find("spread").offsetHeight;
    const count = Math.max(3, Math.floor((this.box.clientHeight - middle) / 2 / rowHeight));
    if (count === this.asks.rows.length) return;
    for (const side of [this.asks, this.bids]) {
      side.rows = Array.from({ length: count }, makeRow);
      side.box.replaceChildren(...side.rows.map((row) => row.node));
    }
    onFrame(this.show);
  }

  /** Prices at which the person has orders, by side, for the marks. */
  showOwn(orders) {
    this.own = new Map(orders.map((order) => [`${order.side} ${order.price}`, true]));
    onFrame(this.show);
  }

  show = () => {
    const { sync, current } = this.market;
    if (!sync || this.asks.rows.length === 0) return;
    const { book } = sync;
    const step = current.tick * this.multiple;
    const count = this.asks.rows.length;
    const asks = book.asks.grouped(step, count);
    const bids = book.bids.grouped(step, count);
    const askTotal = asks.at(-1)?.[2] ?? 0n;
    const bidTotal = bids.at(-1)?.[2] ?? 0n;
    const most = Number(askTotal > bidTotal ? askTotal : bidTotal) || 1;
    for (let index = 0; index < count; index += 1) {
      this.fill(this.asks.rows[count - 1 - index], asks[index], "sell", most);
      this.fill(this.bids.rows[index], bids[index], "buy", most);
    }
    this.showSpread(book);
    this.showState(sync);
  };

  fill(row, level, side, most) {
    const { current } = this.market;
    if (!level) return emptyRow(row);
    const price = fromUnits(level[0], current.priceDigits);
    if (row.price !== price) {
      row.price = price;
      row.node.dataset.price = price;
      setText(row.cells[0], grouped(price));
    }
    setText(row.cells[1], grouped(fromUnits(level[1], current.quantityDigits)));
    setText(row.cells[2], grouped(fromUnits(level[2], current.quantityDigits)));
    const width = Math.round(Number(level[2]) / most * 1000) / 1000;
    if (row.width !== width) {
      row.width = width;
      row.bar.style.transform = `scaleX(${width})`;
    }
    setClass(row.node, this.own.has(`${side} ${price}`) ? "level own" : "level");
  }

  showSpread(book) {
    const { current } = this.market;
    const last = this.headline.last;
    setText(find("ladder-last"), last === null ? "–" : grouped(last));
    setClass(find("ladder-last"), find("last").className);
    const ask = book.asks.prices[0];
    const bid = book.bids.prices[0];
    if (ask === undefined || bid === undefined) return setText(find("spread-text"), "");
    const points = basisPoints(ask - bid, bid) ?? 0n;
    const spread = grouped(fromUnits(ask - bid, current.priceDigits));
    setText(find("spread-text"), `Spread ${spread} · ${fromUnits(points, 2)}%`);
  }

  showState(sync) {
    const { book, state } = sync;
    const note = find("book-note");
    const isOld = state !== "live";
    this.box.classList.toggle("stale", isOld);
    note.hidden = !isOld && !book.isEmpty;
    if (state === "empty") setText(note, "Loading the book…");
    else if (isOld) setText(note, `Reconnecting · book of ${timeText(book.time)}`);
    else setText(note, "No orders yet. Yours can be the first.");
    find("book").dataset.state = state;
    find("book").dataset.sequence = book.sequence;
  }

  /** Arrow keys walk over the levels; Enter takes one, as buttons do. */
  move(event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const rows = [...this.asks.rows, ...this.bids.rows].map((row) => row.node);
    const index = rows.indexOf(document.activeElement);
    const start = index < 0 ? this.asks.rows.length - (by < 0 ? 1 : 0) : index + by;
    rows[Math.max(0, Math.min(rows.length - 1, start))].focus();
  }
}

function makeRow() {
  const cells = ["price", "size", "total"].map((name) =>
    make("span", { class: `${name} number` }));
  const bar = make("i", { class: "bar" });
  const node = make("button", { class: "level empty", type: "button", tabindex: "-1" },
    bar, ...cells);
  return { node, cells, bar, price: "", width: 0 };
}

function emptyRow(row) {
  if (row.price === "") return;
  row.price = "";
  row.width = 0;
  delete row.node.dataset.price;
  row.bar.style.transform = "scaleX(0)";
  for (const cell of row.cells) setText(cell, "");
  setClass(row.node, "level empty");
}
