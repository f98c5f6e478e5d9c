// One contact's timeline: what each process had to do with it, in order, with the time since its beginning.

import {mayAct, retryContacts} from "./actions.js";
import {ask, segment} from "./api.js";
import {byId, make, makeBadge, setText} from "./dom.js";
import {moment, plural, span, took, words} from "./format.js";
import {SEVERITY_TONES} from "./alerts.js";
import {sentenceOf} from "./event_rows.js";

const PREFIX = "#contact/";
const RELOAD_MS = 1000;
const TONES = {running: "ok", deferred: "warn", done: "ok", set_aside: "bad"};
let shown = "", timer = 0;

function attemptText(item) {
  const {attempt} = item;
  const result = [attempt.status || "no answer", words(attempt.class), attempt.message].filter(Boolean).join(", ");
  const waited = attempt.waited_ns > 0 ? ` after a wait of ${took(attempt.waited_ns)}` : "";
  return `Attempt ${item.number} of ${item.step} at ${attempt.provider}${waited}: ${result}; took ${took(attempt.took_ns)}`;
}

function makeItem(item) {
  const badge = makeBadge();
  const failed = item.attempt && item.attempt.class !== "ok";
  if (item.event) badge.set(SEVERITY_TONES[item.event.severity] ?? "off", item.event.type);
  else badge.set(failed ? "warn" : "ok", failed ? "attempt failed" : "attempt");
  const text = item.event ? sentenceOf(item.event) : attemptText(item);
  return make("li", {class: item.event?.contact || item.attempt ? "" : "aside"},
    make("time", {datetime: item.ts, title: item.ts},
      item.at_ns > 0 ? `+${took(item.at_ns)}` : "0 ms"), badge.node, make("span", {}, text));
}

function makeFacts(contact) {
  const badge = makeBadge();
  badge.set(TONES[contact.state] ?? "off", words(contact.state));
  const facts = [
    ["Number", contact.phone], ["Campaign", contact.campaign], ["State", badge.node],
    ["Outcome", words(contact.outcome)],
    ["Began", contact.began && moment(Date.parse(contact.began))],
    ["Took", contact.began && contact.ended && span((Date.parse(contact.ended) - Date.parse(contact.began)) / 1000)],
    ["Attempts", `${contact.attempts}, ${contact.failed} failed`],
    ["Waited for retries", took(contact.waited_ns)], ["Deferred", plural(contact.deferrals, "time")],
  ];
  return make("dl", {class: "facts"}, ...facts.filter(([, value]) => value)
    .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function makeContact(contact) {
  const again = make("button", {type: "button",
    on: {click: () => retryContacts(contact.campaign, {}, contact.contact)}}, "Try again …");
  return make("section", {},
    make("h3", {}, contact.name ? `${contact.name} (${contact.contact})` : contact.contact),
    makeFacts(contact),
    contact.whole ? "" : make("p", {class: "muted"}, "The journal no longer has its beginning."),
    contact.state === "set_aside" && mayAct() ? again : "",
    make("ol", {class: "timeline"}, ...contact.timeline.map(makeItem)));
}

async function load(id) {
  try {
    const answer = await ask("GET", `api/v1/contacts/${segment(id)}/timeline`);
    if (shown !== id) return;
    setText(byId("contact-error"), "");
    byId("contact-body").replaceChildren(...answer.contacts.map(makeContact));
  } catch (error) {
    if (shown === id) setText(byId("contact-error"), `${error.message}.`);
  }
}

// By the address, so that it can be sent to somebody.
export function followAddress() {
  if (!location.hash.startsWith(PREFIX)) return;
  let id;
  try {
    id = decodeURIComponent(location.hash.slice(PREFIX.length));
  } catch {
    return; // somebody's half an address
  }
  if (id === "") return;
  shown = id;
  setText(byId("contact-title"), `Contact ${id}`);
  setText(byId("contact-error"), "");
  byId("contact-body").replaceChildren(make("p", {class: "muted"}, "Loading …"));
  if (!byId("contact").open) byId("contact").showModal();
  load(id);
}

// An event of the contact that is looked at: its timeline is longer now.
export function touched(contact) {
  if (contact !== shown || timer !== 0) return;
  timer = setTimeout(() => {
    timer = 0;
    if (shown) load(shown);
  }, RELOAD_MS);
}

export function startContacts() {
  const dialog = byId("contact");
  byId("contact-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    shown = "";
    if (location.hash.startsWith(PREFIX)) history.replaceState(null, "", location.pathname + location.search);
  });
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("find-contact").value.trim();
    if (id) location.hash = `contact/${encodeURIComponent(id)}`;
    followAddress(); // the address may be the same as before
  });
  window.addEventListener("hashchange", followAddress);
}
