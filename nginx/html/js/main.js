// The page, put together.

import { Account } from "./account.js";
import { AmendDialog } from "./amend.js";
import { Candles } from "./candles.js";
import { DepthChart } from "./depth.js";
import { find, onFrame, setText, toast } from "./dom.js";
import { startKeys } from "./keys.js";
import { Ladder } from "./ladder.js";
import { Market } from "./market.js";
import { Session } from "./session.js";
import { Status } from "./status.js";
import { Headline, SymbolList } from "./symbols.js";
import { Tables } from "./tables.js";
import { Tape } from "./tape.js";
import { startTheme } from "./theme.js";
import { Ticket } from "./ticket.js";

startTheme();
const market = new Market();
const session = new Session();
const account = new Account(session);
const symbols = new SymbolList(market);
const headline = new Headline(market);
const ladder = new Ladder(market, headline);
const candles = new Candles(market);
const ticket = new Ticket(market, session);
new Tape(market);
new DepthChart(market);
new Status(market);
new Tables(market, account, session, new AmendDialog(account));

ladder.on("pick", (price) => {
  ticket.setPrice(price);
  if (matchMedia("(max-width: 759px)").matches) showView("trade");
});
ticket.on("placed", (order) => account.take(order));

const showOwn = () => onFrame(() => {
  const here = account.open.filter((order) => order.symbol === market.current?.name);
  ladder.showOwn(here.filter((order) => order.price && order.status !== "pending_trigger"));
  candles.showOwn(here);
});
account.on("changed", showOwn);

market.on("select", ({ name }) => {
  history.replaceState(null, "", `#${name}`);
  showOwn();
});
addEventListener("hashchange", () => market.select(decodeURIComponent(location.hash.slice(1))));

// On a phone one part is shown at a time.
function showView(view) {
  find("desk").dataset.view = view;
  for (const button of find("views").children) {
    button.setAttribute("aria-pressed", String(button.value === view));
  }
}
for (const button of find("views").children) button.onclick = () => showView(button.value);
find("pair-button").onclick = () => {
  showView("markets");
  if (!matchMedia("(max-width: 759px)").matches) find("search").focus();
};
document.body.addEventListener("outcry:picked", () => showView("chart"));
showView("chart");

session.on("changed", () => {
  find("log-in").hidden = session.isOpen;
  find("who").hidden = !session.isOpen;
  setText(find("who-name"), session.name ?? "");
});
find("log-in").onclick = () => session.ask();
find("log-out").onclick = () => session.logOut();
find("help-button").onclick = () => find("help").showModal();
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]").onclick = () => dialog.close();
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
startKeys({ market, ticket, symbols, candles, showView });

async function start(attempt = 0) {
  try {
    await market.start(decodeURIComponent(location.hash.slice(1)));
  } catch {
    if (attempt === 0) toast("The exchange does not answer. Trying again…", "bad");
    setTimeout(() => start(attempt + 1), 2000);
  }
}
start();
session.start();
