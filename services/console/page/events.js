// The newest events that fit the filters: taken from the journal when the filters change, from the stream as they
// happen. Bounded: what falls off the view is counted.

import {ask, segment} from "./api.js";
import {byId, make, setAttribute, setHidden, setText} from "./dom.js";
import {count, plural} from "./format.js";
import {EventRows} from "./event_rows.js";
import {byName, changed, draw, state} from "./store.js";

export const MOST = 500;      // are shown
const HISTORY = 200;          // are fetched
const DRAWN_EVERY_MS = 150;   // nobody reads faster
const DRAWING_SHARE = 0.2;    // of the time at most, so that the rest of the page goes on
const RATE_S = 5;
const RANKS = {info: 0, warning: 1, error: 2, critical: 3};

let filter = {severity: "", service: "", contact: "", text: ""};
let fresh = [];       // fit, and are not drawn yet
let held = null;      // while it is paused: those that came since
let over = 0;         // fit, and are no longer shown
let newest = 0;       // journal number of the latest one
let question = 0;     // which history is the latest that was asked for
let why = "";
let rows = null, drawAt = 0, timer = 0;
const seconds = new Map(); // second: events in it

function fits(event) {
  if (filter.severity && (RANKS[event.severity] ?? 0) < RANKS[filter.severity]) return false;
  if (filter.service && event.service !== filter.service) return false;
  if (filter.contact && event.contact !== filter.contact) return false;
  return !filter.text || wordsOf(event).includes(filter.text);
}

const wordsOf = (event) =>
  [event.topic, event.severity, event.text, event.contact, event.campaign, JSON.stringify(event.data ?? "")]
    .join(" ").toLowerCase();

function keep(event) {
  const list = held ?? fresh;
  list.push(event);
  if (list.length > 2 * MOST) over += list.splice(0, list.length - MOST).length;
}

// One event of the stream.
export function happened(event) {
  const second = Math.floor(Date.now() / 1000);
  seconds.set(second, (seconds.get(second) ?? 0) + 1);
  if (event.n !== undefined) {
    if (event.n <= newest) return; // the history had it
    newest = event.n;
  }
  if (!fits(event)) return;
  keep(event);
  changed("events");
}

// Events that nobody can tell any more.
export function missed({from, to, why: reason}) {
  if (reason === "replaced") newest = 0;
  keep({type: "gap", topic: "gap", severity: "warning", ts: new Date().toISOString(),
    text: reason === "replaced" ? "The journal is another one than before: events in between may be missing"
      : `Events ${count(from)} to ${count(to)} are missing here: the journal no longer has them`});
  changed("events");
}

// Events a second, over the last five whole ones.
export function eventRate() {
  const current = Math.floor(Date.now() / 1000);
  let sum = 0;
  for (const [second, many] of seconds)
    if (second < current - RATE_S) seconds.delete(second);
    else if (second < current) sum += many;
  return sum / RATE_S;
}

// The newest of the journal that fit, in place of all that is shown.
export async function loadHistory() {
  const mine = ++question;
  const query = Object.entries(filter).filter(([key, value]) => value && key !== "text")
    .map(([key, value]) => `&${key}=${segment(value)}`).join("");
  try {
    const page = await ask("GET", `api/v1/events?limit=${filter.text ? 1000 : HISTORY}${query}`);
    if (mine !== question) return;
    const last = page.events.at(-1)?.n ?? 0;
    // What came while it was asked for stands in the queue already.
    const later = (held ?? fresh).filter((event) => event.n === undefined || event.n > last);
    clear();
    for (const event of [...page.events.filter(fits), ...later]) keep(event);
    newest = Math.max(newest, page.last ?? last);
    why = "";
  } catch (error) {
    why = `Earlier events: ${error.message}`;
  }
  changed("events");
}

function clear() {
  fresh = [];
  over = 0;
  if (held) held = [];
  rows.clear();
}

function drawEvents() {
  const wait = drawAt - performance.now();
  if (wait > 0) {
    timer ||= setTimeout(() => {
      timer = 0;
      changed("events");
    }, wait);
    return;
  }
  const began = performance.now();
  over += rows.add(fresh);
  fresh = [];
  // What laying out and painting took is known when the next task has its turn.
  setTimeout(() => {
    const took = performance.now() - began;
    drawAt = began + Math.max(DRAWN_EVERY_MS, took / DRAWING_SHARE);
  });
  const text = over > 0
    ? `The newest ${count(rows.size)} that fit; ${count(over)} older ones fell off` : plural(rows.size, "event");
  setText(byId("events-note"), [why, text].filter(Boolean).join(". "));
  setHidden(byId("held"), held === null);
  if (!held) return;
  const more = held.length >= MOST ? " and more" : "";
  setText(byId("held"), `Paused. ${plural(held.length, "new event")}${more} held back`);
}

function setPaused(paused) {
  if (!paused && held) {
    fresh = fresh.concat(held);
    held = null;
  } else if (paused) {
    held = held ?? [];
  }
  setAttribute(byId("pause"), "aria-pressed", paused);
  setText(byId("pause"), paused ? "Go on" : "Pause");
  changed("events");
}

function readFilter() {
  const values = Object.fromEntries(new FormData(byId("filters")));
  const next = {severity: values.severity, service: values.service, contact: values.contact.trim(),
    text: values.text.trim().toLowerCase()};
  if (JSON.stringify(next) === JSON.stringify(filter)) return;
  filter = next;
  clear();
  loadHistory();
}

function offerProviders() {
  const select = byId("filters").elements.service;
  const known = new Set([...select.options].map((option) => option.value));
  for (const [name] of byName(state.breaker))
    if (!known.has(name)) select.append(make("option", {value: name}, name));
}

export function startEvents() {
  rows = new EventRows(byId("events-scroll"), MOST);
  const form = byId("filters");
  let typing = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", readFilter);
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(readFilter, 300);
  });
  form.addEventListener("reset", () => setTimeout(readFilter));
  byId("pause").addEventListener("click", () => setPaused(held === null));
  draw(["events"], drawEvents);
  draw(["breaker"], offerProviders);
}
