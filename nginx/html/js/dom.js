// The little that is needed of a framework: finding, making and changing elements, once a frame.

export const find = (id) => document.getElementById(id);

/** make("td", { class: "number" }, "text", child…) */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Touches the document only when something is different. */
export function setText(node, text) {
  if (node.lastShown === text) return;
  node.lastShown = text;
  node.textContent = text;
}

export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

const jobs = new Set();
let isAsked = false;

/** Runs the job before the next paint, once, however often it was asked for. */
export function onFrame(job) {
  jobs.add(job);
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    const now = [...jobs];
    jobs.clear();
    for (const each of now) each();
  });
}

/** What others may listen to. */
export class Emitter {
  #listeners = new Map();

  on(type, listener) {
    const list = this.#listeners.get(type) ?? [];
    list.push(listener);
    this.#listeners.set(type, list);
    return this;
  }

  emit(type, value) {
    for (const listener of this.#listeners.get(type) ?? []) listener(value);
  }
}

/** A message in the corner that goes by itself. */
export function toast(text, kind = "") {
  const node = make("div", { class: `toast ${kind}` }, text);
  const box = find("toasts");
  box.append(node);
  while (box.children.length > 4) box.firstChild.remove();
  setTimeout(() => node.remove(), 4000);
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const calendar = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23",
});

/** Microseconds since 1970 as the time of day, or with the date. */
export const timeText = (micros) => clock.format(micros / 1000);
export const dateText = (micros) => calendar.format(micros / 1000);
