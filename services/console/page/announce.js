// What a screen reader is told of by itself: changes of state that matter, at most one text in five seconds, so that a
// storm of events does not talk over everything. What a person just did is said at once, and shown.

import {byId, make, setText} from "./dom.js";

const EVERY_MS = 5000;
const SHOWN_MS = 8000;
let waiting = [], left = 0, timer = 0;

export function announce(text, shown = false) {
  if (shown) {
    say(text);
    show(text);
    return;
  }
  if (waiting.length < 3) waiting.push(text);
  else left++;
  if (timer === 0) {
    flush();
    timer = setTimeout(again, EVERY_MS);
  }
}

function again() {
  timer = 0;
  if (waiting.length === 0) return;
  flush();
  timer = setTimeout(again, EVERY_MS);
}

function flush() {
  say(waiting.join(". ") + (left > 0 ? `. And ${left} more changes` : ""));
  waiting = [];
  left = 0;
}

function say(text) {
  setText(byId("announce"), text);
}

function show(text) {
  const note = make("p", {class: "toast", "aria-hidden": "true"}, text);
  document.body.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
