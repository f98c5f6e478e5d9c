// Light, dark, or as the system has it.

import {byId, setAttribute, setText} from "./dom.js";

const NAMES = ["system", "light", "dark"];
const KEY = "ringfence.theme";

function kept() {
  try {
    const name = localStorage.getItem(KEY);
    return NAMES.includes(name) ? name : "system";
  } catch {
    return "system"; // a browser that keeps nothing
  }
}

function set(name) {
  setAttribute(document.documentElement, "data-theme", name);
  setText(byId("theme"), `Theme: ${name}`);
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // It holds until the page is closed.
  }
}

export function startTheme() {
  set(kept());
  byId("theme").addEventListener("click", () =>
    set(NAMES[(NAMES.indexOf(document.documentElement.dataset.theme) + 1) % NAMES.length]));
}
