// Light or dark: as the system says, or as the person chose.

import { find } from "./dom.js";

const key = "outcry.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];

export const onTheme = (listener) => listeners.push(listener);

/** A colour of the theme that is shown now, by the name of its custom property. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function show() {
  const chosen = localStorage.getItem(key);
  const theme = chosen ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  find("theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"}`);
  for (const listener of listeners) listener(theme);
}

export function switchTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem(key, next);
  show();
}

export function startTheme() {
  system.addEventListener("change", show);
  find("theme").onclick = switchTheme;
  show();
}
