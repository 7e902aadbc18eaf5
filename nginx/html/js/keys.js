// Keyboard shortcuts. Single keys work while nobody is typing; `?` lists them.

import { find } from "./dom.js";
import { switchTheme } from "./theme.js";

export function startKeys({ market, ticket, symbols, candles, showView }) {
  const focus = (view, node) => {
    showView(view);
    node.focus();
    node.select?.();
  };
  const ticketField = (name) => focus("trade", find("ticket-form").elements.namedItem(name));
  const amountField = () =>
    ticketField(find("field-quantity").hidden ? "quoteQuantity" : "quantity");
  const priceField = () =>
    ticketField(find("field-price").hidden ? "stopPrice" : "price");
  const keys = {
    "?": () => find("help").showModal(),
    "/": () => focus("markets", find("search")),
    b: () => { ticket.setSide("buy"); amountField(); },
    s: () => { ticket.setSide("sell"); amountField(); },
    p: priceField,
    q: amountField,
    l: () => ticket.setType("limit"),
    m: () => ticket.setType("market"),
    o: () => focus("book", find("ladder")),
    t: switchTheme,
    "[": () => symbols.step(-1),
    "]": () => symbols.step(1),
  };
  for (const [index, interval] of ["1s", "1m", "5m", "15m", "1h", "1d"].entries()) {
    keys[String(index + 1)] = () => candles.choose(interval);
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (event.key === "Escape" && isTyping) event.target.blur?.();
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys[event.key];
    if (!action || !market.current) return;
    event.preventDefault();
    action();
  });
}
