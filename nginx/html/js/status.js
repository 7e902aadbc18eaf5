// The light in the corner: is what is shown live, and how far away is the exchange?

import { get } from "./api.js";
import { find, onFrame, setText } from "./dom.js";

const every = 4000;
const kept = 5;

export class Status {
  constructor(market) {
    this.market = market;
    this.times = [];
    this.isAway = false;
    this.label = find("status-text");
    this.light = find("status");
    market.on("book", () => onFrame(this.show));
    this.measure();
    addEventListener("online", () => this.measure());
    addEventListener("offline", () => { this.isAway = true; this.show(); });
  }

  /** A round trip to a worker and back; the median of the last ones is shown. */
  measure = async () => {
    clearTimeout(this.timer);
    const start = performance.now();
    try {
      await get("/health");
      this.times.push(performance.now() - start);
      if (this.times.length > kept) this.times.shift();
      this.isAway = false;
    } catch {
      this.isAway = true;
    }
    this.show();
    this.timer = setTimeout(this.measure, this.isAway ? 1000 : every);
    if (!this.isAway) this.audit();
  };

  show = () => {
    const state = this.market.isLive ? "live" : this.isAway ? "offline" : "connecting";
    this.light.dataset.state = state;
    const middle = [...this.times].sort((a, b) => a - b)[this.times.length >> 1] ?? 0;
    const latency = middle < 10 ? middle.toFixed(1) : Math.round(middle);
    const words = { connecting: "Connecting…", offline: "Offline" };
    setText(this.label, words[state] ?? `Live · ${latency} ms`);
    this.light.title = state === "live"
      ? `Round trip to the exchange: ${latency} ms`
      : "The market is not live; what is shown may be old";
  };

  /**
   * A stream that looks open can be dead. When it has been silent, the top of the book is compared
   * with the exchange's own, twice: what differs both times is not just late.
   */
  async audit() {
    const { sync, symbolStream, current } = this.market;
    if (!sync || sync.state !== "live") return;
    const isSilent = () => performance.now() - symbolStream.lastMessage > every;
    if (!isSilent() || !(await this.differs(sync, current))) return;
    await new Promise((done) => { setTimeout(done, 1000); });
    if (!isSilent() || sync.isStopped || !(await this.differs(sync, current))) return;
    symbolStream.restart();
  }

  async differs(sync, symbol) {
    try {
      const top = await get(`/api/book/${symbol.name}?depth=10`);
      if (top.sequence <= sync.book.sequence) return false;
      const same = (pairs, side) => sync.book.levels(pairs).every(
        ([price, quantity], index) =>
          side.prices[index] === price && side.quantities[index] === quantity);
      const isSame = same(top.bids, sync.book.bids) && same(top.asks, sync.book.asks)
        && (top.bids.length === 10 || top.bids.length === sync.book.bids.prices.length)
        && (top.asks.length === 10 || top.asks.length === sync.book.asks.prices.length);
      return !isSame;
    } catch {
      return false;
    }
  }
}
