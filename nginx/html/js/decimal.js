// Decimal numbers as the API writes them: strings outside, whole units (BigInt) inside. Money never
// passes through a binary floating-point number here; `approximate` is for drawing only.

const shape = /^(\d*)(?:\.(\d*))?$/;

/** How many digits a step such as "0.01" has after the point. */
export function digitsOf(step) {
  const point = step.indexOf(".");
  return point < 0 ? 0 : step.length - point - 1;
}

/** Units of 10^-digits, or null when the text is no decimal or finer than that. */
export function toUnits(text, digits) {
  const negative = text.startsWith("-");
  const match = shape.exec(negative ? text.slice(1) : text);
  if (!match || (!match[1] && !match[2])) return null;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > digits) return null;
  const units = BigInt(match[1] + fraction.padEnd(digits, "0"));
  return negative ? -units : units;
}

/** The text of so many units, all digits written. */
export function fromUnits(units, digits) {
  const negative = units < 0n;
  const text = String(negative ? -units : units).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const sign = negative ? "-" : "";
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(-digits)}`;
}

/** "1234567.80" as "1,234,567.80". */
export function grouped(text) {
  const point = text.indexOf(".");
  const whole = point < 0 ? text : text.slice(0, point);
  const rest = point < 0 ? "" : text.slice(point);
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
}

/** Without zeros at the end of the fraction: "0.50000" as "0.5". */
export function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** a × b, exactly, in units of the sum of both digits. */
export function product(a, digitsA, b, digitsB) {
  return { units: a * b, digits: digitsA + digitsB };
}

/** The same number with fewer digits, rounded half away from zero. */
export function rounded(units, digits, wanted) {
  if (wanted >= digits) return units * 10n ** BigInt(wanted - digits);
  const divisor = 10n ** BigInt(digits - wanted);
  const half = units < 0n ? -divisor / 2n : divisor / 2n;
  return (units + half) / divisor;
}

/** part / whole in hundredths of a percent, rounded; null without a whole. */
export function basisPoints(part, whole) {
  if (whole === 0n) return null;
  const scaled = part * 100000n / whole;
  return rounded(scaled, 1, 0);
}

/** 1,234,567 as "1.23M": three figures and a letter. `units` may be of any number of digits. */
export function compact(units, digits) {
  const text = fromUnits(units, digits);
  const whole = text.split(".")[0].replace("-", "");
  const steps = [[13, 12, "T"], [10, 9, "B"], [7, 6, "M"], [5, 3, "K"]];
  for (const [length, power, letter] of steps) {
    if (whole.length < length) continue;
    const figures = whole.length - power;
    const wanted = Math.max(0, 3 - figures);
    const value = rounded(units, digits + power, wanted);
    return fromUnits(value, wanted) + letter;
  }
  const wanted = Math.min(digits, Math.max(0, 5 - whole.length));
  return grouped(fromUnits(rounded(units, digits, wanted), wanted));
}

/** Rounds towards zero (down) or away from it (up) to a multiple of the step. */
export function toMultiple(units, step, up) {
  const rest = units % step;
  if (rest === 0n) return units;
  return up ? units - rest + step : units - rest;
}

export function approximate(units, digits) {
  return Number(fromUnits(units, digits));
}
