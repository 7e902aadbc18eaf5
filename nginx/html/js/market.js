// What the public may know: symbols, tickers, and of the chosen symbol its book, trades and
// candles. One connection for all tickers, one for book and trades, one for candles.

import { get } from "./api.js";
import { digitsOf, toUnits } from "./decimal.js";
import { Emitter } from "./dom.js";
import { Stream } from "./stream.js";
import { BookSync } from "./sync.js";

const tradesKept = 200;
/** The exchange takes so many in one connection. */
const streamsInOne = 100;
/** On this channel, which every connection hears, it says that something may be missing. */
const everybody = "all";
const path = (streams) => `/stream?streams=${streams.map(encodeURIComponent).join("/")}`;

/** Events: symbols, ticker, select, book, trades, candle, candles, candles-away. */
export class Market extends Emitter {
  symbols = new Map();
  tickers = new Map();
  current = null;
  sync = null;
  /** Newest first. */
  trades = [];
  interval = "1m";

  async start(wanted) {
    const answer = await get("/api/symbols");
    for (const rules of answer.symbols) this.symbols.set(rules.symbol, new SymbolInfo(rules));
    this.emit("symbols");
    const first = this.symbols.get(wanted) ?? this.symbols.values().next().value;
    if (first) this.select(first.name);
    this.followTickers();
  }

  // -- Tickers --------------------------------------------------------------------------------

  followTickers() {
    const names = [...this.symbols.keys()].map((name) => `ticker.${name}`);
    for (let first = 0; first < names.length; first += streamsInOne) {
      new Stream(path(names.slice(first, first + streamsInOne)), {
        opened: () => this.loadTickers(),
        message: ({ stream, data }) => {
          if (stream === everybody) this.loadTickers();
          else this.takeTicker(data);
        },
      });
    }
  }

  async loadTickers() {
    try {
      const answer = await get("/api/ticker");
      for (const ticker of answer.tickers) this.takeTicker(ticker);
    } catch {
      // The stream says it all again with the next change.
    }
  }

  takeTicker(ticker) {
    const known = this.tickers.get(ticker.symbol);
    if (known && known.sequence > ticker.sequence) return;
    this.tickers.set(ticker.symbol, ticker);
    this.emit("ticker", ticker.symbol);
  }

  // -- The chosen symbol ----------------------------------------------------------------------

  get isLive() {
    return this.sync?.state === "live" && this.symbolStream?.socket?.readyState === 1;
  }

  select(name) {
    const symbol = this.symbols.get(name);
    if (!symbol || symbol === this.current) return;
    this.current = symbol;
    this.symbolStream?.stop();
    this.sync?.stop();
    this.trades = [];
    this.tradesSequence = null;
    const sync = new BookSync({
      priceDigits: symbol.priceDigits, quantityDigits: symbol.quantityDigits,
      fetchSnapshot: (depth) => get(`/api/book/${name}?depth=${depth}`),
      changed: () => this.emit("book"),
    });
    this.sync = sync;
    this.symbolStream = new Stream(path([`trades.${name}`, `book.${name}`]), {
      opened: () => {
        sync.connected();
        this.tradesSequence = null;
        this.loadTrades(symbol);
      },
      closed: () => sync.disconnected(),
      message: ({ stream, data }) => {
        if (stream.startsWith("book.")) {
          sync.take(data);
        } else if (stream === everybody) {
          sync.loseTrack();
          this.loadTrades(symbol);
        } else {
          this.takeTrades(symbol, data);
        }
      },
    });
    this.emit("select", symbol);
    this.followCandles(this.interval);
  }

  async loadTrades(symbol) {
    try {
      const answer = await get(`/api/trades/${symbol.name}?limit=100`);
      if (symbol === this.current) this.addTrades(answer.trades);
    } catch {
      // The next connection asks again.
    }
  }

  takeTrades(symbol, data) {
    if (symbol !== this.current) return;
    const isHole = this.tradesSequence !== null && data.firstSequence > this.tradesSequence + 1;
    if (data.gap || isHole) this.loadTrades(symbol);
    this.tradesSequence = data.lastSequence;
    this.addTrades(data.trades ?? []);
  }

  /** In any order, and some of them known already. */
  addTrades(list) {
    const known = new Set(this.trades.map((trade) => trade.tradeId));
    const fresh = list.filter((trade) => !known.has(trade.tradeId));
    if (fresh.length === 0) return;
    this.trades = [...fresh, ...this.trades]
      .sort((a, b) => b.tradeId - a.tradeId).slice(0, tradesKept);
    this.emit("trades", fresh);
  }

  // -- Candles --------------------------------------------------------------------------------

  followCandles(interval) {
    const { name } = this.current;
    this.interval = interval;
    this.candleStream?.stop();
    this.emit("candles", null);
    const load = async () => {
      try {
        const answer = await get(`/api/candles/${name}?interval=${interval}&limit=1000`);
        if (name === this.current.name && interval === this.interval) {
          this.emit("candles", answer.candles);
        }
      } catch (error) {
        this.emit("candles-away", error);
      }
    };
    this.candleStream = new Stream(path([`candles.${interval}.${name}`]), {
      opened: load,
      message: ({ stream, data }) => {
        if (stream === everybody || data.gap) load();
        else this.emit("candle", data);
      },
    });
  }

  async loadOlderCandles(before) {
    const { name } = this.current;
    const answer = await get(
      `/api/candles/${name}?interval=${this.interval}&limit=1000&before=${before}`);
    return answer.candles;
  }
}

/** The rules of a symbol, in units. */
export class SymbolInfo {
  constructor(rules) {
    this.rules = rules;
    this.name = rules.symbol;
    this.base = rules.base;
    this.quote = rules.quote;
    this.state = rules.state;
    this.priceDigits = digitsOf(rules.tickSize);
    this.quantityDigits = digitsOf(rules.lotSize);
    this.tick = toUnits(rules.tickSize, this.priceDigits);
    this.lot = toUnits(rules.lotSize, this.quantityDigits);
  }
}
