// The panel at the bottom: open orders, history, fills and positions of the person.

import { basisPoints, fromUnits, grouped, rounded, toUnits, trimmed } from "./decimal.js";
import { dateText, find, make, onFrame, setText } from "./dom.js";

const statusWords = {
  open: "Open", partially_filled: "Partly filled", filled: "Filled", cancelled: "Cancelled",
  expired: "Expired", pending_trigger: "Waits for stop",
};
const typeWords = { limit: "Limit", market: "Market", stop: "Stop", stop_limit: "Stop limit" };
const word = (text) => text.replaceAll("_", " ");

const number = (text) => make("td", { class: "number" }, text);

function side(order) {
  return order.side === "buy"
    ? make("td", { class: "up" }, "Buy") : make("td", { class: "down" }, "Sell");
}

function price(order) {
  const parts = [];
  if (order.stopPrice) parts.push(`stop ${grouped(order.stopPrice)}`);
  if (order.price) parts.push(grouped(order.price));
  return parts.join(" → ") || "market";
}

function kind(order) {
  const words = [typeWords[order.type], order.timeInForce];
  if (order.postOnly) words.push("post-only");
  if (order.displayQuantity) words.push("iceberg");
  return words.join(" · ");
}

function amount(order) {
  if (order.quantity) return trimmed(order.quantity);
  return `${trimmed(order.quoteQuantity)} (quote)`;
}

export class Tables {
  constructor(market, account, session, amend) {
    Object.assign(this, { market, account, session, amend });
    this.tab = "open";
    this.rows = new Map();
    this.body = find("rows");
    for (const button of find("account-tabs").children) {
      button.onclick = () => this.choose(button.value);
    }
    find("only-symbol").onchange = () => onFrame(this.show);
    find("cancel-all").onclick = () => this.cancelAll();
    account.on("changed", () => onFrame(this.show));
    session.on("changed", () => onFrame(this.show));
    market.on("select", () => onFrame(this.show));
    market.on("ticker", () => { if (this.tab === "positions") onFrame(this.show); });
  }

  choose(tab) {
    this.tab = tab;
    onFrame(this.show);
  }

  cancelAll() {
    const symbol = find("only-symbol").checked ? this.market.current.name : null;
    this.account.cancelAll(symbol);
  }

  mine(list) {
    if (!find("only-symbol").checked) return list;
    return list.filter((item) => item.symbol === this.market.current?.name);
  }

  show = () => {
    const { account } = this;
    const lists = { open: account.open, history: account.history, fills: account.fills,
      positions: account.positions };
    for (const button of find("account-tabs").children) {
      button.setAttribute("aria-selected", String(button.value === this.tab));
    }
    setText(find("open-count"), account.open.length ? String(account.open.length) : "");
    const list = this.mine(lists[this.tab]);
    find("cancel-all").hidden = this.tab !== "open" || list.length === 0;
    const view = views[this.tab];
    const head = find("head");
    if (head.dataset.tab !== this.tab) {
      head.dataset.tab = this.tab;
      head.replaceChildren(...view.columns.map((name) => make("th",
        { scope: "col", class: view.numbers.includes(name) ? "number" : "" }, name)));
      this.rows.clear();
      this.body.replaceChildren();
    }
    this.fill(list, view);
    const note = find("account-note");
    note.hidden = list.length > 0;
    setText(note, !this.session.isOpen ? "Log in to see your orders."
      : account.isLoaded ? view.none : "Loading…");
  };

  /** Rows are kept by what they show: only what changed is made again. */
  fill(list, view) {
    const next = new Map();
    for (const item of list) {
      const key = view.key(item, this);
      const row = this.rows.get(key) ?? labelled(view.row(item, this), view.columns);
      next.set(key, row);
    }
    this.rows = next;
    const rows = [...next.values()];
    for (let index = 0; index < rows.length; index += 1) {
      if (this.body.children[index] !== rows[index]) {
        this.body.insertBefore(rows[index], this.body.children[index] ?? null);
      }
    }
    while (this.body.children.length > rows.length) this.body.lastChild.remove();
  }

  actions(order) {
    const label = `${order.side} ${amount(order)} ${order.symbol} at ${price(order)}`;
    const amend = make("button",
      { type: "button", class: "small", "aria-label": `Amend ${label}` }, "Amend");
    amend.onclick = () => this.amend.open(order);
    const cancel = make("button",
      { type: "button", class: "small", "aria-label": `Cancel ${label}` }, "Cancel");
    cancel.onclick = () => {
      cancel.disabled = true;
      this.account.cancel(order).finally(() => { cancel.disabled = false; });
    };
    return make("td", { class: "actions" }, amend, cancel);
  }

  /** Net quantity × (last − average), as far as there is a last price. */
  profit(position) {
    const symbol = this.market.symbols.get(position.symbol);
    const last = this.market.tickers.get(position.symbol)?.last;
    if (!symbol || last == null || position.averagePrice == null) return null;
    const digits = symbol.priceDigits + 6;
    const average = toUnits(position.averagePrice, digits);
    const gain = (toUnits(last, digits) - average)
      * toUnits(position.quantity, symbol.quantityDigits);
    const units = rounded(gain, digits + symbol.quantityDigits, symbol.priceDigits);
    const isLong = !position.quantity.startsWith("-");
    const move = toUnits(last, digits) - average;
    const points = basisPoints(isLong ? move : -move, average) ?? 0n;
    const sign = units > 0n ? "+" : "";
    return {
      text: `${sign}${grouped(fromUnits(units, symbol.priceDigits))} ${symbol.quote}`
        + ` (${points > 0n ? "+" : ""}${fromUnits(points, 2)}%)`,
      kind: units > 0n ? "up" : units < 0n ? "down" : "",
    };
  }
}

/** Where the table is shown as cards each cell names its column. */
function labelled(row, columns) {
  for (const [index, cell] of [...row.children].entries()) cell.dataset.label = columns[index];
  return row;
}

const views = {
  open: {
    columns: ["Symbol", "Side", "Type", "Price", "Quantity", "Filled", "Status", "Placed", ""],
    numbers: ["Price", "Quantity", "Filled"],
    none: "No open orders.",
    key: (order) => JSON.stringify(order),
    row: (order, tables) => make("tr", { "data-order": order.orderId },
      make("td", { class: "name" }, order.symbol), side(order), make("td", {}, kind(order)),
      number(price(order)), number(amount(order)), number(trimmed(order.filledQuantity)),
      make("td", {}, statusWords[order.status]), make("td", {}, dateText(order.createdAt)),
      tables.actions(order)),
  },
  history: {
    columns: ["Symbol", "Side", "Type", "Price", "Quantity", "Filled", "Average", "Status",
      "Placed"],
    numbers: ["Price", "Quantity", "Filled", "Average"],
    none: "No orders yet.",
    key: (order) => JSON.stringify(order),
    row: (order) => make("tr", { "data-order": order.orderId },
      make("td", { class: "name" }, order.symbol), side(order), make("td", {}, kind(order)),
      number(price(order)), number(amount(order)), number(trimmed(order.filledQuantity)),
      number(order.averagePrice ? grouped(order.averagePrice) : "–"),
      make("td", { title: order.reason ? word(order.reason) : null }, statusWords[order.status]),
      make("td", {}, dateText(order.createdAt))),
  },
  fills: {
    columns: ["Symbol", "Side", "Price", "Quantity", "Liquidity", "Trade", "Order", "Time"],
    numbers: ["Price", "Quantity", "Trade", "Order"],
    none: "No fills yet.",
    key: (fill) => `${fill.symbol} ${fill.tradeId} ${fill.orderId}`,
    row: (fill) => make("tr", { "data-trade": fill.tradeId },
      make("td", { class: "name" }, fill.symbol), side(fill), number(grouped(fill.price)),
      number(trimmed(fill.quantity)),
      make("td", {}, fill.liquidity === "maker" ? "Maker" : "Taker"),
      number(String(fill.tradeId)), number(String(fill.orderId)),
      make("td", {}, dateText(fill.time))),
  },
  positions: {
    columns: ["Symbol", "Net quantity", "Average price", "Last", "Unrealised"],
    numbers: ["Net quantity", "Average price", "Last", "Unrealised"],
    none: "No positions.",
    key: (position, tables) =>
      `${JSON.stringify(position)} ${tables.market.tickers.get(position.symbol)?.last}`,
    row: (position, tables) => {
      const profit = tables.profit(position);
      const last = tables.market.tickers.get(position.symbol)?.last;
      return make("tr", { "data-position": position.symbol },
        make("td", { class: "name" }, position.symbol), number(trimmed(position.quantity)),
        number(position.averagePrice ? grouped(position.averagePrice) : "–"),
        number(last == null ? "–" : grouped(last)),
        make("td", { class: `number ${profit?.kind ?? ""}` }, profit?.text ?? "–"));
    },
  },
};
