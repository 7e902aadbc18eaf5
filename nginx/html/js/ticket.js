// The order ticket. The server decides what is right; what it says about a field stands beside that
// field. Nothing is rounded or corrected silently.

import { ApiError, callPatiently, freshId } from "./api.js";
import { fromUnits, grouped, product, rounded, toUnits, trimmed } from "./decimal.js";
import { Emitter, find, onFrame, setText, toast } from "./dom.js";

const fields = ["price", "stopPrice", "quantity", "quoteQuantity", "displayQuantity", "timeInForce",
  "expiresAt", "selfTradePrevention", "clientOrderId", "postOnly"];
/** Which of them each type of order has. */
const shown = {
  limit: ["price", "displayQuantity", "postOnly"],
  market: [],
  stop: ["stopPrice"],
  stop_limit: ["stopPrice", "price", "displayQuantity", "postOnly"],
};

/** Events: placed, with the order. */
export class Ticket extends Emitter {
  constructor(market, session) {
    super();
    this.market = market;
    this.session = session;
    this.form = find("ticket-form");
    this.side = "buy";
    this.type = "limit";
    this.bind();
    market.on("select", () => this.chooseSymbol());
    market.on("book", () => onFrame(this.showTotal));
    session.on("changed", () => this.show());
    this.show();
  }

  bind() {
    for (const side of ["buy", "sell"]) find(`side-${side}`).onclick = () => this.setSide(side);
    for (const button of find("types").children) {
      button.onclick = () => this.setType(button.value);
    }
    this.form.addEventListener("input", (event) => {
      this.showError(event.target.name, "");
      this.showTotal();
      if (event.target.name === "timeInForce") this.show();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    for (const name of ["price", "stopPrice", "quantity", "displayQuantity"]) {
      this.input(name).addEventListener("keydown", (event) => this.nudge(name, event));
    }
    find("unit").onchange = () => this.show();
    find("more").open = innerHeight > 980 && innerWidth > 1279;
    for (const name of ["bid", "ask"]) {
      find(`take-${name}`).onclick = () => this.takeBest(name);
    }
  }

  input(name) {
    return this.form.elements.namedItem(name);
  }

  setSide(side) {
    this.side = side;
    this.show();
  }

  setType(type) {
    this.type = type;
    this.clearErrors();
    this.show();
  }

  setPrice(text) {
    const name = this.type === "stop" ? "stopPrice" : "price";
    if (this.type === "market") this.setType("limit");
    this.input(name).value = text;
    this.showError(name, "");
    this.showTotal();
  }

  takeBest(name) {
    const { sync, current } = this.market;
    const best = sync?.book[`${name}s`].prices[0];
    if (best !== undefined) this.setPrice(fromUnits(best, current.priceDigits));
  }

  /** Arrow keys move a number by its step, with Shift by ten. */
  nudge(name, event) {
    const by = { ArrowUp: 1n, ArrowDown: -1n }[event.key];
    const symbol = this.market.current;
    if (!by || !symbol) return;
    event.preventDefault();
    const isPrice = name.toLowerCase().includes("price");
    const digits = isPrice ? symbol.priceDigits : symbol.quantityDigits;
    const step = (isPrice ? symbol.tick : symbol.lot) * (event.shiftKey ? 10n : 1n);
    const units = toUnits(event.target.value.trim() || "0", digits);
    if (units === null) return;
    const next = units + by * step;
    event.target.value = fromUnits(next > 0n ? next : 0n, digits);
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  chooseSymbol() {
    const { base, quote } = this.market.current;
    for (const name of ["price", "stopPrice", "quantity", "quoteQuantity", "displayQuantity"]) {
      this.input(name).value = "";
    }
    for (const unit of this.form.querySelectorAll("[data-unit]")) {
      setText(unit, unit.dataset.unit === "base" ? base : quote);
    }
    find("unit").options[0].text = base;
    find("unit").options[1].text = quote;
    this.clearErrors();
    this.show();
  }

  // -- What is seen ---------------------------------------------------------------------------

  show() {
    const byQuote = this.type === "market" && find("unit").value === "quote";
    const visible = new Set([...shown[this.type], "timeInForce", "selfTradePrevention",
      "clientOrderId", byQuote ? "quoteQuantity" : "quantity"]);
    if (this.input("timeInForce").value === "GTD") visible.add("expiresAt");
    for (const name of fields) {
      find(`field-${name}`).hidden = !visible.has(name);
    }
    find("unit-choice").hidden = this.type !== "market";
    for (const side of ["buy", "sell"]) {
      find(`side-${side}`).setAttribute("aria-pressed", String(side === this.side));
    }
    for (const button of find("types").children) {
      button.setAttribute("aria-pressed", String(button.value === this.type));
    }
    find("ticket").dataset.side = this.side;
    const { base = "" } = this.market.current ?? {};
    const verb = this.side === "buy" ? "Buy" : "Sell";
    setText(find("submit"), this.session.isOpen ? `${verb} ${base}` : "Log in to trade");
    this.showTotal();
  }

  showTotal = () => {
    const symbol = this.market.current;
    if (!symbol) return;
    setText(find("total"), this.totalText(symbol) || "–");
  };

  /** price × quantity, or for a market order what the book would give now. */
  totalText(symbol) {
    const { priceDigits, quantityDigits } = symbol;
    const read = (name, digits) => toUnits(this.input(name).value.trim() || "x", digits);
    if (this.type === "market" && find("unit").value === "quote") return "";
    const quantity = read("quantity", quantityDigits);
    if (quantity === null) return "";
    let total;
    if (this.type === "market") {
      total = this.walk(quantity);
      if (total === null) return "More than the book holds";
    } else {
      const price = read(this.type === "stop" ? "stopPrice" : "price", priceDigits);
      if (price === null) return "";
      total = product(price, priceDigits, quantity, quantityDigits).units;
    }
    const units = rounded(total, priceDigits + quantityDigits, priceDigits);
    const about = this.type === "limit" ? "" : "≈ ";
    return `${about}${grouped(fromUnits(units, priceDigits))} ${symbol.quote}`;
  }

  walk(quantity) {
    const { book } = this.market.sync;
    const side = this.side === "buy" ? book.asks : book.bids;
    let rest = quantity;
    let total = 0n;
    for (let index = 0; index < side.prices.length && rest > 0n; index += 1) {
      const taken = rest < side.quantities[index] ? rest : side.quantities[index];
      total += taken * side.prices[index];
      rest -= taken;
    }
    return rest > 0n ? null : total;
  }

  // -- Placing --------------------------------------------------------------------------------

  order() {
    const order = { symbol: this.market.current.name, side: this.side, type: this.type };
    for (const name of fields) {
      if (find(`field-${name}`).hidden) continue;
      const input = this.input(name);
      if (name === "postOnly") {
        if (input.checked) order.postOnly = true;
      } else if (name === "expiresAt") {
        const time = new Date(input.value).getTime();
        if (!Number.isNaN(time)) order.expiresAt = time * 1000;
      } else if (input.value.trim() !== "") {
        order[name] = input.value.trim().replaceAll(",", "");
      }
    }
    // With an id of its own an order can be asked for again when its answer was lost.
    order.clientOrderId ??= freshId();
    return order;
  }

  async submit() {
    if (!this.session.isOpen) return this.session.ask("");
    if (this.isBusy) return;
    const order = this.order();
    this.clearErrors();
    this.isBusy = true;
    find("submit").setAttribute("aria-busy", "true");
    try {
      const placed = await callPatiently("POST", "/api/orders", order);
      toast(placedText(placed), placed.filledQuantity === placed.quantity ? "good" : "");
      this.input("clientOrderId").value = "";
      this.emit("placed", placed);
    } catch (error) {
      this.refuse(error);
    } finally {
      this.isBusy = false;
      find("submit").removeAttribute("aria-busy");
    }
  }

  refuse(error) {
    if (error.status === 401) return this.session.close("Your session has ended. Log in again.");
    const isField = fields.includes(error.field) && !find(`field-${error.field}`).hidden;
    const text = error instanceof ApiError ? sentence(error.message) : String(error);
    this.showError(isField ? error.field : "form", text);
    if (!isField) return;
    find(`field-${error.field}`).closest("details")?.setAttribute("open", "");
    this.input(error.field).focus();
  }

  clearErrors() {
    for (const name of [...fields, "form"]) this.showError(name, "");
  }

  showError(name, text) {
    const place = find(`${name}-error`);
    if (!place) return;
    setText(place, text);
    if (name !== "form") this.input(name).toggleAttribute("aria-invalid", text !== "");
  }
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function placedText(order) {
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${order.symbol}`;
  const filled = `${trimmed(order.filledQuantity)} at ${grouped(order.averagePrice ?? "")}`;
  switch (order.status) {
    case "filled": return `${what}: filled ${filled}`;
    case "partially_filled": return `${what}: filled ${filled}, the rest is open`;
    case "pending_trigger": return `${what}: waits for ${grouped(order.stopPrice)}`;
    case "open": return `${what}: open at ${grouped(order.price)}`;
    default:
      return order.averagePrice ? `${what}: filled ${filled}, the rest is cancelled`
        : `${what}: cancelled`;
  }
}
