// The depth chart: cumulative quantity by price around the middle, on a canvas.

import { approximate, fromUnits, grouped } from "./decimal.js";
import { find, onFrame } from "./dom.js";
import { colour, onTheme } from "./theme.js";

const levels = 400;
/** Of the middle price, to both sides, at most. */
const reach = 0.02;

export class DepthChart {
  constructor(market) {
    this.market = market;
    this.canvas = find("depth-canvas");
    this.pointer = null;
    market.on("book", () => onFrame(this.draw));
    market.on("select", () => onFrame(this.draw));
    onTheme(() => onFrame(this.draw));
    new ResizeObserver(() => onFrame(this.draw)).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (event) => {
      this.pointer = event.offsetX;
      onFrame(this.draw);
    });
    this.canvas.addEventListener("pointerleave", () => {
      this.pointer = null;
      onFrame(this.draw);
    });
  }

  /** The curves as drawable numbers, or null when a side is empty. */
  curves() {
    const { sync, current } = this.market;
    if (!sync) return null;
    const side = (half) => half.grouped(current.tick, levels).map(([price, , total]) => ({
      price: approximate(price, current.priceDigits),
      total: approximate(total, current.quantityDigits),
      exact: [price, total],
    }));
    const bids = side(sync.book.bids);
    const asks = side(sync.book.asks);
    if (bids.length === 0 || asks.length === 0) return null;
    const middle = (bids[0].price + asks[0].price) / 2;
    const far = Math.max(middle - bids.at(-1).price, asks.at(-1).price - middle);
    const near = Math.max(asks[0].price - middle, middle * 1e-5);
    const span = Math.max(Math.min(far, middle * reach), near * 4);
    const inside = (point) => Math.abs(point.price - middle) <= span;
    return { bids: bids.filter(inside), asks: asks.filter(inside), middle, span };
  }

  draw = () => {
    const { canvas } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    // Setting a size clears the canvas and costs memory, also when it is the same.
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const curves = this.curves();
    find("depth-note").hidden = curves !== null;
    if (!curves) return;
    const bottom = height - 18;
    const most = Math.max(curves.bids.at(-1)?.total ?? 0, curves.asks.at(-1)?.total ?? 0) * 1.12;
    const place = {
      x: (price) => width / 2 + (price - curves.middle) / curves.span * (width / 2),
      y: (total) => bottom - total / most * (bottom - 6),
      width, bottom,
    };
    this.grid(pen, place);
    this.area(pen, place, curves.bids, 0, "up");
    this.area(pen, place, curves.asks, width, "down");
    this.labels(pen, place, curves);
    if (this.pointer !== null) this.cross(pen, place, curves);
    pen.canvas.style.opacity = this.market.sync.state === "live" ? "1" : "0.4";
  };

  grid(pen, { width, bottom }) {
    pen.strokeStyle = colour("grid");
    pen.lineWidth = 1;
    pen.beginPath();
    for (let part = 1; part < 4; part += 1) {
      const y = Math.round(bottom * part / 4) + 0.5;
      pen.moveTo(0, y);
      pen.lineTo(width, y);
    }
    pen.stroke();
  }

  area(pen, { x, y, bottom }, points, edge, name) {
    if (points.length === 0) return;
    const line = colour(name);
    pen.beginPath();
    pen.moveTo(x(points[0].price), bottom);
    for (let index = 0; index < points.length; index += 1) {
      pen.lineTo(x(points[index].price), y(points[index - 1]?.total ?? 0));
      pen.lineTo(x(points[index].price), y(points[index].total));
    }
    pen.lineTo(edge, y(points.at(-1).total));
    pen.strokeStyle = line;
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    pen.stroke();
    pen.lineTo(edge, bottom);
    pen.closePath();
    const fill = pen.createLinearGradient(0, 0, 0, bottom);
    fill.addColorStop(0, `${line}40`);
    fill.addColorStop(1, `${line}0d`);
    pen.fillStyle = fill;
    pen.fill();
  }

  labels(pen, { width, bottom }, { middle, span }) {
    const { priceDigits } = this.market.current;
    pen.font = `10.5px ${getComputedStyle(document.body).fontFamily}`;
    pen.fillStyle = colour("muted");
    pen.textBaseline = "top";
    const text = (price) => grouped(price.toFixed(priceDigits));
    pen.textAlign = "left";
    pen.fillText(text(middle - span), 8, bottom + 5);
    pen.textAlign = "center";
    pen.fillText(text(middle), width / 2, bottom + 5);
    pen.textAlign = "right";
    pen.fillText(text(middle + span), width - 8, bottom + 5);
  }

  cross(pen, { x, y, width, bottom }, curves) {
    const isBid = this.pointer < width / 2;
    const points = isBid ? curves.bids : curves.asks;
    const reached = points.filter(
      (point) => (isBid ? x(point.price) >= this.pointer : x(point.price) <= this.pointer));
    const point = reached.at(-1);
    if (!point) return;
    const line = colour(isBid ? "up" : "down");
    pen.strokeStyle = colour("faint");
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.moveTo(this.pointer, 0);
    pen.lineTo(this.pointer, bottom);
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = line;
    pen.beginPath();
    pen.arc(this.pointer, y(point.total), 3, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = colour("text");
    pen.textBaseline = "top";
    pen.textAlign = isBid ? "left" : "right";
    const edge = isBid ? 8 : width - 8;
    const { base, priceDigits, quantityDigits } = this.market.current;
    const [price, total] = point.exact;
    pen.fillText(`${grouped(fromUnits(total, quantityDigits))} ${base}`, edge, 4);
    pen.fillText(`to ${grouped(fromUnits(price, priceDigits))}`, edge, 18);
  }
}
