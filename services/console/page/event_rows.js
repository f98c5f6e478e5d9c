// The table of events, newest first. A row keeps its event while it is shown, so that nothing moves under a pointer or
// the focus; the element of the oldest one is used again for a new one.

import {make, makeBadge, makeRow, makeTable, setAttribute, setHidden, setText} from "./dom.js";
import {moment} from "./format.js";
import {SEVERITY_TONES} from "./alerts.js";

const COLUMNS = [
  {label: "Time", class: "time"}, {label: "Severity", class: "severity plain"}, {label: "Event", header: true, class: "type"},
  {label: "What happened", class: "text"},
];

// What happened. Whose it is stands beside it already, so the sentence need not begin with it.
export function sentenceOf(event) {
  const data = event.data ?? {};
  const text = event.text ?? data.message ?? data.why ?? data.last_error ?? "";
  const whose = `Contact ${event.contact}: `;
  return event.contact && text.startsWith(whose) ? text.slice(whose.length) : text;
}

function makeEvent() {
  const {node, cells} = makeRow(COLUMNS), badge = makeBadge();
  const time = make("time"), type = make("span"), text = make("span", {class: "sentence"});
  const contact = make("button", {type: "button", class: "link"});
  cells[0].append(time);
  cells[1].append(badge.node);
  cells[2].append(type);
  cells[3].append(text, contact);
  return {
    node,
    fill(event) {
      const ms = Date.parse(event.ts);
      setText(time, moment(ms));
      setAttribute(time, "datetime", event.ts);
      time.title = event.ts;
      badge.set(SEVERITY_TONES[event.severity] ?? "off", event.severity);
      setText(type, event.subject && event.subject !== event.contact ? `${event.type} ${event.subject}` : event.type);
      setText(text, sentenceOf(event));
      setHidden(contact, !event.contact);
      setText(contact, event.contact ?? "");
      contact.dataset.contact = event.contact ?? "";
    },
  };
}

export class EventRows {
  #parts = []; // newest first

  constructor(parent, most) {
    this.most = most;
    this.body = makeTable(parent, "Events, newest first", COLUMNS).body;
    this.body.addEventListener("click", (event) => {
      const id = event.target.closest("button")?.dataset.contact;
      if (id) location.hash = `contact/${encodeURIComponent(id)}`;
    });
  }

  get size() {
    return this.#parts.length;
  }

  // Events, oldest first. Gives how many are no longer shown, or never were.
  add(events) {
    if (events.length === 0) return 0;
    const shown = events.slice(-this.most);
    const leave = Math.max(0, this.#parts.length + shown.length - this.most);
    const free = this.#parts.splice(this.#parts.length - leave, leave);
    const parts = shown.map((event) => {
      const part = free.pop() ?? makeEvent();
      part.fill(event);
      return part;
    }).reverse();
    this.body.prepend(...parts.map((part) => part.node));
    this.#parts.unshift(...parts);
    return events.length - shown.length + leave;
  }

  clear() {
    this.#parts = [];
    this.body.replaceChildren();
  }
}
