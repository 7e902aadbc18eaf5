// Keeps a book equal to the engine's: snapshot by REST, differences by stream, in either order.
// While it is not sure of the book it says "stale", and nobody is shown a wrong one as a right one.

import { Book } from "./book.js";

const depth = 1000;
/** The board holds this many levels a side, and so does a snapshot in the stream. */
const streamDepth = 1024;
/** Differences kept while the snapshot is on its way. */
const patience = 5000;

export class BookSync {
  /**
   * `fetchSnapshot(depth)` answers with the JSON of `GET /api/book`; `changed()` is called after
   * every change of the book or of `state`; `later(task, ms)` exists for tests.
   */
  constructor({ priceDigits, quantityDigits, fetchSnapshot, changed, later = setTimeout }) {
    this.book = new Book(priceDigits, quantityDigits);
    this.fetchSnapshot = fetchSnapshot;
    this.changed = changed;
    this.later = later;
    /** "empty" until the first snapshot, then "live" or "stale". */
    this.state = "empty";
    this.waiting = [];
    this.isFetching = false;
    this.isRefilling = false;
    this.isStopped = false;
    this.tries = 0;
    /** Counts the moments from which on an older snapshot does not do. */
    this.losses = 0;
  }

  /** The stream is (again) connected: what came meanwhile is missing. */
  connected() {
    this.waiting = [];
    this.loseTrack();
  }

  disconnected() {
    this.markStale();
  }

  stop() {
    this.isStopped = true;
  }

  take(message) {
    if (message.snapshot) return this.takeSnapshot(message, streamDepth);
    if (message.gap) return this.loseTrack();
    if (this.state !== "live") {
      this.waiting.push(message);
      if (this.waiting.length > patience) this.waiting.shift();
      return this.resync();
    }
    const outcome = this.book.apply(message);
    if (outcome === "gap") {
      this.waiting = [message];
      return this.loseTrack();
    }
    if (this.isFetching) this.waiting.push(message);
    if (outcome === "applied") {
      this.changed();
      if (this.book.isNearHorizon) this.refill();
    }
  }

  /** The book stays live meanwhile, and its differences wait for the snapshot too. */
  refill() {
    if (this.isRefilling) return;
    this.isRefilling = true;
    this.later(() => { this.isRefilling = false; }, 1000);
    this.resync();
  }

  /** Something may be missing: only what is asked for from now on is believed. */
  loseTrack() {
    this.losses += 1;
    this.markStale();
    this.resync();
  }

  markStale() {
    if (this.state === "live") this.state = "stale";
    this.changed();
  }

  async resync() {
    if (this.isFetching || this.isStopped) return;
    this.isFetching = true;
    if (this.state === "live") this.waiting = [];
    const { losses } = this;
    let snapshot = null;
    try {
      snapshot = await this.fetchSnapshot(depth);
    } catch {
      // The exchange is away: asked again below, more slowly each time.
    }
    this.isFetching = false;
    if (this.isStopped) return;
    if (snapshot && losses !== this.losses && this.state !== "live") return this.resync();
    if (!snapshot || !this.takeSnapshot(snapshot, depth)) {
      this.tries += 1;
      this.later(() => this.resync(), Math.min(5000, 50 * 2 ** this.tries));
    }
  }

  /** False when the differences that wait begin behind the snapshot: a newer one is needed. */
  takeSnapshot(snapshot, limit) {
    const next = new Book(this.book.priceDigits, this.book.quantityDigits);
    next.load(snapshot, limit);
    for (const difference of this.waiting) {
      if (next.apply(difference) === "gap") return false;
    }
    // A snapshot must not undo newer news of a book that is right.
    if (this.state === "live" && next.sequence < this.book.sequence) return true;
    this.waiting = [];
    this.book = next;
    this.state = "live";
    this.tries = 0;
    this.changed();
    return true;
  }
}
