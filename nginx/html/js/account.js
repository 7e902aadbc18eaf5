// The person's own orders, fills and positions: read by REST, and read again when the private
// stream says that something happened. What the exchange answered to a call is shown at once.

import { call, callPatiently, get } from "./api.js";
import { Emitter, toast } from "./dom.js";
import { grouped, trimmed } from "./decimal.js";
import { Stream } from "./stream.js";

const openStatus = ["open", "partially_filled", "pending_trigger"];
/** Events of one moment are answered with one reading. */
const gather = 60;

/** Events: changed. */
export class Account extends Emitter {
  open = [];
  history = [];
  fills = [];
  positions = [];
  isLoaded = false;

  constructor(session) {
    super();
    this.session = session;
    session.on("changed", () => this.follow());
  }

  follow() {
    this.stream?.stop();
    this.stream = null;
    Object.assign(this, { open: [], history: [], fills: [], positions: [], isLoaded: false });
    this.emit("changed");
    if (!this.session.isOpen) return;
    const path = `/stream/account?token=${encodeURIComponent(this.session.token)}`;
    this.stream = new Stream(path, {
      opened: () => this.refresh(),
      closed: () => this.refresh(),
      // Every few seconds it only says that it is there.
      message: ({ data }) => { if (!data.alive) this.refresh(); },
    });
    this.refresh();
  }

  refresh() {
    this.isAsked = true;
    if (this.isReading || this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.read();
    }, this.isLoaded ? gather : 0);
  }

  async read() {
    const { token } = this.session;
    if (!token) return;
    this.isAsked = false;
    this.isReading = true;
    try {
      const [open, history, fills, account] = await Promise.all([
        get("/api/orders?status=open&limit=500"), get("/api/orders?status=closed&limit=100"),
        get("/api/fills?limit=100"), get("/api/account").catch(() => null),
      ]);
      if (token !== this.session.token) return;
      this.announce(fills.fills);
      this.open = open.orders;
      this.history = history.orders;
      this.fills = fills.fills;
      // One whose quantity is zero is none. Where they cannot be read the old ones stay.
      this.positions = account?.positions.filter(({ quantity }) => /[1-9]/.test(quantity))
        ?? this.positions;
      this.isLoaded = true;
      this.emit("changed");
    } catch (error) {
      if (error.status === 401 && token === this.session.token) {
        this.session.close("Your session has ended. Log in again.");
      } else {
        setTimeout(() => this.refresh(), 2000);
      }
    } finally {
      this.isReading = false;
      if (this.isAsked && this.session.isOpen) this.refresh();
    }
  }

  /** Fills of orders that waited in the book: nobody was looking at them. */
  announce(fills) {
    if (!this.isLoaded) return;
    const known = new Set(this.fills.map((fill) => `${fill.symbol} ${fill.tradeId}`));
    const fresh = fills.filter(
      (fill) => fill.liquidity === "maker" && !known.has(`${fill.symbol} ${fill.tradeId}`));
    for (const fill of fresh.slice(0, 3)) {
      const verb = fill.side === "buy" ? "Bought" : "Sold";
      toast(`${verb} ${trimmed(fill.quantity)} ${fill.symbol} at ${grouped(fill.price)}`, "good");
    }
  }

  /** An order as a call has just answered it. */
  take(order) {
    const rest = this.open.filter((other) => other.orderId !== order.orderId);
    this.open = openStatus.includes(order.status)
      ? [order, ...rest].sort((a, b) => b.createdAt - a.createdAt) : rest;
    this.emit("changed");
    this.refresh();
  }

  async cancel(order) {
    try {
      this.take(await callPatiently("DELETE", `/api/orders/${order.orderId}`));
    } catch (error) {
      toast(`Not cancelled: ${error.message}`, "bad");
      this.refresh();
    }
  }

  async cancelAll(symbol) {
    try {
      await callPatiently("DELETE", symbol ? `/api/orders?symbol=${symbol}` : "/api/orders");
    } catch (error) {
      toast(`Not cancelled: ${error.message}`, "bad");
    }
    this.refresh();
  }

  /** Throws what the exchange objects to. */
  async amend(order, changes) {
    this.take(await call("PATCH", `/api/orders/${order.orderId}`, changes));
  }
}
