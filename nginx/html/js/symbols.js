// The list of symbols with last price and change, and the figures of the chosen one on top.

import { basisPoints, compact, fromUnits, grouped, toUnits, trimmed } from "./decimal.js";
import { find, make, onFrame, setClass, setText } from "./dom.js";

/** "+1.24%" and the class that colours it. */
export function changeOf(ticker, symbol) {
  if (ticker?.open == null || ticker.last == null) return { text: "–", kind: "" };
  const open = toUnits(ticker.open, symbol.priceDigits);
  const points = basisPoints(toUnits(ticker.last, symbol.priceDigits) - open, open);
  if (points === null) return { text: "–", kind: "" };
  const text = `${fromUnits(points < 0n ? -points : points, 2)}%`;
  if (points === 0n) return { text, kind: "" };
  return points > 0n ? { text: `+${text}`, kind: "up" } : { text: `−${text}`, kind: "down" };
}

export class SymbolList {
  constructor(market) {
    this.market = market;
    this.rows = new Map();
    this.dirty = new Set();
    this.search = find("search");
    this.search.addEventListener("input", () => this.filter());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.pickFirst();
      if (event.key === "Escape") this.clear();
    });
    market.on("symbols", () => this.build());
    market.on("select", () => this.mark());
    market.on("ticker", (name) => {
      this.dirty.add(name);
      onFrame(this.show);
    });
  }

  build() {
    const list = find("symbol-list");
    list.replaceChildren();
    for (const symbol of this.market.symbols.values()) {
      const cells = {
        last: make("span", { class: "last number" }, "–"),
        change: make("span", { class: "change number" }, "–"),
      };
      const name = make("span", { class: "name" },
        make("b", {}, symbol.base), make("small", {}, `/${symbol.quote}`));
      const row = make("button", { class: "symbol", type: "button", role: "option" },
        name, cells.last, cells.change);
      row.onclick = () => this.pick(symbol.name);
      this.rows.set(symbol.name, { row, ...cells });
      list.append(row);
    }
    this.mark();
  }

  pick(name) {
    this.market.select(name);
    this.clear();
    document.body.dispatchEvent(new CustomEvent("outcry:picked"));
  }

  clear() {
    this.search.value = "";
    this.search.blur();
    this.filter();
  }

  filter() {
    const wanted = this.search.value.trim().toUpperCase();
    for (const [name, { row }] of this.rows) row.hidden = !name.includes(wanted);
  }

  pickFirst() {
    for (const [name, { row }] of this.rows) if (!row.hidden) return this.pick(name);
  }

  /** The symbol before or after the chosen one. */
  step(by) {
    const names = [...this.rows.keys()];
    const index = names.indexOf(this.market.current?.name);
    this.market.select(names[(index + by + names.length) % names.length]);
  }

  mark() {
    const chosen = this.market.current?.name;
    for (const [name, { row }] of this.rows) {
      row.setAttribute("aria-selected", String(name === chosen));
      this.dirty.add(name);
    }
    onFrame(this.show);
  }

  show = () => {
    for (const name of this.dirty) {
      const symbol = this.market.symbols.get(name);
      const ticker = this.market.tickers.get(name);
      const cells = this.rows.get(name);
      if (!cells || !ticker) continue;
      setText(cells.last, ticker.last == null ? "–" : grouped(ticker.last));
      const change = changeOf(ticker, symbol);
      setText(cells.change, change.text);
      setClass(cells.change, `change number ${change.kind}`);
    }
    this.dirty.clear();
  };
}

/** What the exchange asks of an order in the chosen symbol. */
export function showRules({ rules, base, quote }) {
  const percent = (points) => points ? `±${fromUnits(BigInt(points), 2)}%` : null;
  const amount = (text, unit) => text == null ? null : `${grouped(trimmed(text))} ${unit}`;
  const rows = [
    ["Tick size", `${rules.tickSize} ${quote}`], ["Lot size", `${rules.lotSize} ${base}`],
    ["Least quantity", amount(rules.minQuantity, base)],
    ["Most quantity", amount(rules.maxQuantity, base)],
    ["Least value", amount(rules.minNotional, quote)],
    ["Price band", percent(rules.priceBandBasisPoints)],
    ["Open orders", rules.maxOpenOrders ? `up to ${grouped(String(rules.maxOpenOrders))}` : null],
  ];
  find("rules").replaceChildren(...rows.filter(([, text]) => text).map(([name, text]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}

/** The line of figures beside the symbol's name. */
export class Headline {
  constructor(market) {
    this.market = market;
    const update = () => onFrame(this.show);
    market.on("select", showRules).on("select", update).on("trades", update);
    market.on("ticker", (name) => { if (name === market.current?.name) update(); });
  }

  /** The tape is quicker than the ticker. */
  get last() {
    const ticker = this.market.tickers.get(this.market.current.name);
    return this.market.trades[0]?.price ?? ticker?.last ?? null;
  }

  show = () => {
    const symbol = this.market.current;
    if (!symbol) return;
    const ticker = this.market.tickers.get(symbol.name);
    const { last } = this;
    setText(find("pair"), `${symbol.base}/${symbol.quote}`);
    find("halted").hidden = symbol.state === "trading";
    setText(find("halted"), symbol.state === "cancel_only" ? "Cancel only" : "Halted");
    setText(find("last"), last === null ? "–" : grouped(last));
    const side = this.market.trades[0]?.side;
    setClass(find("last"), `number ${side === "buy" ? "up" : side === "sell" ? "down" : ""}`);
    const change = changeOf({ ...ticker, last }, symbol);
    setText(find("change"), change.text);
    setClass(find("change"), `number ${change.kind}`);
    setText(find("high"), ticker?.high == null ? "–" : grouped(ticker.high));
    setText(find("low"), ticker?.low == null ? "–" : grouped(ticker.low));
    const volume = ticker?.volume == null ? null : toUnits(ticker.volume, symbol.quantityDigits);
    setText(find("volume"),
      volume === null ? "–" : `${compact(volume, symbol.quantityDigits)} ${symbol.base}`);
    document.title = last === null ? `${symbol.name} · Outcry`
      : `${grouped(last)} ${symbol.name} · Outcry`;
  };
}
