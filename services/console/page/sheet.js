// A dialog about one thing, by the address (#contact/ID, #incident/ID), so that it can be sent to somebody.

import {byId, make, setText} from "./dom.js";

const RELOAD_MS = 1000;
const sheets = [];

export class Sheet {
  // The elements `name`, `name`-title, -close, -error and -body; `titleOf(id)` is its heading, `fetch(id)` gives what
  // stands in it.
  constructor(name, titleOf, fetch) {
    Object.assign(this, {name, titleOf, fetch, prefix: `#${name}/`, shown: "", timer: 0});
    this.dialog = byId(name);
    byId(`${name}-close`).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.shown = "";
      if (location.hash.startsWith(this.prefix)) history.replaceState(null, "", location.pathname + location.search);
    });
    sheets.push(this);
  }

  async load(id) {
    try {
      const nodes = await this.fetch(id);
      if (this.shown !== id) return;
      setText(byId(`${this.name}-error`), "");
      byId(`${this.name}-body`).replaceChildren(...nodes);
    } catch (error) {
      if (this.shown === id) setText(byId(`${this.name}-error`), `${error.message}.`);
    }
  }

  // True: the address is of this one.
  follow() {
    if (!location.hash.startsWith(this.prefix)) return false;
    let id = "";
    try {
      id = decodeURIComponent(location.hash.slice(this.prefix.length));
    } catch {
      return true; // somebody's half an address
    }
    if (id === "") return true;
    this.shown = id;
    setText(byId(`${this.name}-title`), this.titleOf(id));
    setText(byId(`${this.name}-error`), "");
    byId(`${this.name}-body`).replaceChildren(make("p", {class: "muted"}, "Loading …"));
    if (!this.dialog.open) this.dialog.showModal();
    this.load(id);
    return true;
  }

  // What is shown may be more now.
  reloadSoon() {
    if (this.shown === "" || this.timer !== 0) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      if (this.shown) this.load(this.shown);
    }, RELOAD_MS);
  }
}

// The one that the address is of, and no other, is open.
export function followAddress() {
  for (const sheet of sheets)
    if (!sheet.follow() && sheet.dialog.open) sheet.dialog.close();
}

window.addEventListener("hashchange", followAddress);
