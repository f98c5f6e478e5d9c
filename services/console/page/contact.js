// One contact's timeline: what each process had to do with it, in order, with the time since its beginning.

import {mayAct, retryContacts} from "./actions.js";
import {ask, segment} from "./api.js";
import {byId, make, makeBadge, makeFacts} from "./dom.js";
import {moment, plural, span, took, words} from "./format.js";
import {SEVERITY_TONES} from "./alerts.js";
import {sentenceOf} from "./event_rows.js";
import {followAddress, Sheet} from "./sheet.js";

const TONES = {running: "ok", deferred: "warn", done: "ok", set_aside: "bad"};

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

function factsOf(contact) {
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
  return makeFacts(facts);
}

function makeContact(contact) {
  const again = make("button", {type: "button",
    on: {click: () => retryContacts(contact.campaign, {}, contact.contact)}}, "Try again …");
  return make("section", {},
    make("h3", {}, contact.name ? `${contact.name} (${contact.contact})` : contact.contact),
    factsOf(contact),
    contact.whole ? "" : make("p", {class: "muted"}, "The journal no longer has its beginning."),
    contact.state === "set_aside" && mayAct() ? again : "",
    make("ol", {class: "timeline"}, ...contact.timeline.map(makeItem)));
}

let sheet = null;

// An event of the contact that is looked at: its timeline is longer now.
export function touched(contact) {
  if (contact === sheet.shown) sheet.reloadSoon();
}

export function startContacts() {
  sheet = new Sheet("contact", (id) => `Contact ${id}`, async (id) =>
    (await ask("GET", `api/v1/contacts/${segment(id)}/timeline`)).contacts.map(makeContact));
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("find-contact").value.trim();
    if (id) location.hash = `contact/${encodeURIComponent(id)}`;
    followAddress(); // the address may be the same as before
  });
}
