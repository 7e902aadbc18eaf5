// Candles and volume, drawn by TradingView's lightweight-charts, which nginx serves from /vendor/.
// The library wants floating-point numbers; they are drawn and nothing else.

import { fromUnits, grouped, toUnits } from "./decimal.js";
import { find, onFrame, setText } from "./dom.js";
import { colour, onTheme } from "./theme.js";

const intervals = ["1s", "1m", "5m", "15m", "1h", "1d"];
const mostKept = 20000;
const seconds = (candle) => Math.floor(candle.time / 1e6);

export class Candles {
  constructor(market) {
    this.market = market;
    this.box = find("candles");
    /** By time, so that a page that nobody looks at for hours keeps little. */
    this.pending = new Map();
    this.lines = [];
    this.buttons = [...find("intervals").children];
    for (const button of this.buttons) {
      button.onclick = () => this.choose(button.value);
    }
    if (!globalThis.LightweightCharts) {
      return this.say("The chart library is not installed; `make up` fetches it.");
    }
    this.build();
    onTheme(() => this.paint());
    market.on("select", () => this.chooseSymbol());
    market.on("candles", (candles) => this.load(candles));
    market.on("candles-away", (error) => {
      if (this.candles.size === 0) this.say(`No candles: ${error.message}`);
    });
    market.on("candle", (candle) => {
      this.pending.set(candle.time, candle);
      onFrame(this.update);
    });
  }

  build() {
    const { createChart, CrosshairMode } = globalThis.LightweightCharts;
    this.chart = createChart(this.box, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
      timeScale: {
        borderVisible: false, timeVisible: true, rightOffset: 4, barSpacing: 8, minBarSpacing: 1,
        tickMarkFormatter: (time, type) => tickText(time, type),
      },
      localization: { timeFormatter: (time) => momentText(time) },
    });
    this.volume = this.chart.addHistogramSeries({
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false,
      priceLineVisible: false,
    });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.series = this.chart.addCandlestickSeries({ borderVisible: false });
    this.chart.subscribeCrosshairMove((event) => this.showLegend(event));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < 10) this.loadOlder();
    });
    this.paint();
  }

  paint() {
    const text = colour("muted");
    const line = colour("grid");
    this.up = colour("up");
    this.down = colour("down");
    this.chart.applyOptions({
      layout: {
        background: { color: "transparent" }, textColor: text, fontSize: 11,
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: {
        vertLine: { color: colour("faint"), labelBackgroundColor: colour("label") },
        horzLine: { color: colour("faint"), labelBackgroundColor: colour("label") },
      },
    });
    this.series.applyOptions({
      upColor: this.up, downColor: this.down, wickUpColor: this.up, wickDownColor: this.down,
    });
    if (this.candles) this.draw();
    this.showOwn(this.own ?? []);
  }

  chooseSymbol() {
    const { priceDigits, tick } = this.market.current;
    this.series.applyOptions({
      priceFormat: {
        type: "custom", minMove: Number(fromUnits(tick, priceDigits)),
        formatter: (price) => grouped(price.toFixed(priceDigits)),
      },
    });
  }

  choose(interval) {
    this.isChosen = true;
    if (intervals.includes(interval)) this.market.followCandles(interval);
  }

  /** Null while they are on their way. Newest first, as the API gives them. */
  load(list) {
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.value === this.market.interval));
    }
    this.chart.applyOptions({ timeScale: { secondsVisible: this.market.interval === "1s" } });
    this.pending.clear();
    this.isComplete = list === null || list.length < 1000;
    this.candles = new Map();
    for (const candle of [...(list ?? [])].reverse()) this.candles.set(seconds(candle), candle);
    this.draw();
    // What was looked at stays in view when they are only read again.
    if (this.isNew && list !== null) this.chart.timeScale().resetTimeScale();
    this.isNew = list === null;
    if (list === null) return;
    this.say(list.length === 0 ? "No trades yet." : "");
    // A market of a few minutes has more to show in seconds.
    const isYoung = this.market.interval === "1m" && list.length < 30;
    if (isYoung && !this.isChosen) this.market.followCandles("1s");
  }

  draw() {
    const list = [...this.candles.values()].sort((a, b) => a.time - b.time);
    this.series.setData(list.map((candle) => this.bar(candle)));
    this.volume.setData(list.map((candle) => this.column(candle)));
    this.last = list.at(-1);
    this.showLegend(null);
  }

  update = () => {
    const pending = [...this.pending.values()];
    this.pending.clear();
    let isOutOfOrder = false;
    for (const candle of pending) {
      if (candle.symbol && candle.symbol !== this.market.current.name) continue;
      const time = seconds(candle);
      // Of two versions the one with more trades is the newer.
      if (this.candles.get(time)?.trades > candle.trades) continue;
      isOutOfOrder ||= this.last !== undefined && time < seconds(this.last);
      this.candles.set(time, candle);
      if (isOutOfOrder) continue;
      this.series.update(this.bar(candle));
      this.volume.update(this.column(candle));
      this.last = candle;
    }
    if (this.forgetOldest() || isOutOfOrder) this.draw();
    if (pending.length > 0) this.say("");
    this.showLegend(null);
  };

  /** A page that is open for days does not grow for days. */
  forgetOldest() {
    if (this.candles.size < mostKept) return false;
    const times = [...this.candles.keys()].sort((a, b) => a - b);
    for (const time of times.slice(0, mostKept / 4)) this.candles.delete(time);
    this.isComplete = false;
    return true;
  }

  async loadOlder() {
    if (this.isComplete || this.isLoading || this.candles.size === 0) return;
    this.isLoading = true;
    const { candles } = this;
    try {
      const oldest = Math.min(...[...candles.values()].map((candle) => candle.time));
      const older = await this.market.loadOlderCandles(oldest);
      if (candles !== this.candles) return;
      this.isComplete = older.length < 1000;
      for (const candle of older) this.candles.set(seconds(candle), candle);
      this.draw();
    } catch {
      // The next movement of the chart asks again.
    } finally {
      this.isLoading = false;
    }
  }

  bar(candle) {
    return {
      time: seconds(candle), open: Number(candle.open), high: Number(candle.high),
      low: Number(candle.low), close: Number(candle.close),
    };
  }

  column(candle) {
    const isUp = Number(candle.close) >= Number(candle.open);
    const color = `${isUp ? this.up : this.down}59`;
    return { time: seconds(candle), value: Number(candle.volume), color };
  }

  showLegend(event) {
    const at = event?.time === undefined ? this.last : this.candles.get(event.time);
    const legend = find("legend");
    if (!at) return setText(legend, "");
    const { priceDigits, quantityDigits } = this.market.current;
    const price = (text) => grouped(fromUnits(toUnits(text, priceDigits), priceDigits));
    const volume = grouped(fromUnits(toUnits(at.volume, quantityDigits), quantityDigits));
    setText(legend, `O ${price(at.open)}  H ${price(at.high)}  L ${price(at.low)}  `
      + `C ${price(at.close)}  V ${volume}`);
    legend.dataset.kind = Number(at.close) >= Number(at.open) ? "up" : "down";
    this.box.dataset.candles = this.candles.size;
    this.box.dataset.close = this.last?.close ?? "";
    this.box.dataset.trades = this.last?.trades ?? "";
  }

  /** The person's open orders as lines at their prices. */
  showOwn(orders) {
    if (!this.chart) return;
    this.own = orders;
    for (const line of this.lines) this.series.removePriceLine(line);
    this.lines = orders.map((order) => this.series.createPriceLine({
      price: Number(order.price ?? order.stopPrice), lineWidth: 1, lineStyle: 4,
      color: colour("accent"), axisLabelTextColor: colour("on-accent"), axisLabelVisible: true,
      title: order.side === "buy" ? "Buy" : "Sell",
    }));
  }

  say(text) {
    setText(find("candles-note"), text);
    find("candles-note").hidden = text === "";
  }
}

const formats = [
  { year: "numeric" }, { month: "short" }, { day: "numeric" },
  { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
].map((options) => new Intl.DateTimeFormat(undefined, options));
const moment = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23",
});

/** The time of the person, where the library would show UTC. */
const tickText = (time, type) => formats[type].format(time * 1000);
const momentText = (time) => moment.format(time * 1000);
