// The tape: the newest trades on top. A bounded number of rows, moved and rewritten once a frame.

import { grouped } from "./decimal.js";
import { find, make, onFrame, setClass, setText, timeText } from "./dom.js";

const shown = 60;

export class Tape {
  constructor(market) {
    this.market = market;
    this.list = find("tape-rows");
    this.rows = Array.from({ length: shown }, () => {
      const cells = ["price", "size", "time"].map((name) =>
        make("span", { class: `${name} number` }));
      return { node: make("li", { class: "trade", hidden: true }, ...cells), cells, id: 0 };
    });
    this.list.replaceChildren(...this.rows.map((row) => row.node));
    market.on("trades", () => onFrame(this.show));
    market.on("select", () => {
      setText(find("tape-price"), `Price (${market.current.quote})`);
      setText(find("tape-size"), `Size (${market.current.base})`);
      onFrame(this.show);
    });
  }

  show = () => {
    const { trades } = this.market;
    const top = this.rows[0].id;
    const fresh = trades.findIndex((trade) => trade.tradeId === top);
    // So many rows come from the end to the top; what they and the others show is compared anyway.
    if (fresh > 0 && fresh < shown) {
      const moved = this.rows.splice(-fresh);
      this.rows.unshift(...moved);
      this.list.prepend(...moved.map((row) => row.node));
    }
    for (let index = 0; index < shown; index += 1) this.fill(this.rows[index], trades[index]);
    find("tape-note").hidden = trades.length > 0;
  };

  fill(row, trade) {
    if (row.id === (trade?.tradeId ?? 0)) return;
    row.id = trade?.tradeId ?? 0;
    row.node.hidden = !trade;
    if (!trade) return;
    setText(row.cells[0], grouped(trade.price));
    setText(row.cells[1], grouped(trade.quantity));
    setText(row.cells[2], timeText(trade.time));
    row.node.dataset.id = trade.tradeId;
    setClass(row.node, `trade ${trade.side}`);
  }
}
