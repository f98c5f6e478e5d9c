// One incident: what was told of it, by which channels, and what became of each delivery.

import {SEVERITY_TONES} from "./alerts.js";
import {ask, segment} from "./api.js";
import {make, makeBadge, makeFacts} from "./dom.js";
import {count, moment, plural, span, words} from "./format.js";
import {Sheet} from "./sheet.js";

const STATES = {done: ["ok", "delivered"], waiting: ["warn", "waiting"], refused: ["bad", "refused"], dead: ["bad", "dead letter"]};
let sheet = null;

const at = (ns) => moment(ns / 1e6);
const because = (message) => (message ? `: ${message}` : "");

const stateOf = (state) => STATES[state] ?? ["off", words(state)];

function makeState(state) {
  const badge = makeBadge();
  badge.set(...stateOf(state));
  return badge.node;
}

function makeDelivery(delivery) {
  const {channel, state, attempts, tried, due, message} = delivery;
  const when = [
    attempts > 0 ? `${plural(attempts, "attempt")}, the last at ${at(tried)}` : "not tried yet",
    (state === "waiting" || state === "refused") && due > 0 ? `next at ${at(due)}` : "",
  ].filter(Boolean).join("; ");
  const recipients = Object.entries(delivery.recipients ?? {});
  return make("li", {},
    make("span", {}, channel), makeState(state),
    make("div", {}, `${when}${because(message)}`, recipients.length === 0 ? "" : make("ul", {},
      ...recipients.map(([address, one]) => make("li", {}, `${address} ${stateOf(one.state)[1]}${because(one.message)}`)))));
}

function makeNotice(notice) {
  const badge = makeBadge();
  badge.set(SEVERITY_TONES[notice.severity] ?? "off", notice.severity);
  return make("section", {},
    make("h3", {}, notice.title),
    make("p", {}, badge.node, ` ${words(notice.kind)}, `, make("time", {datetime: new Date(notice.at / 1e6).toISOString()},
      at(notice.at)), `, notice ${notice.id}`),
    notice.deliveries.length === 0 ? make("p", {class: "muted"}, "No channel was to tell it.")
      : make("ul", {class: "timeline"}, ...notice.deliveries.map(makeDelivery)));
}

function makeIncident(incident) {
  const {resolved, opened, acked, inhibited_by: held} = incident;
  return make("section", {},
    make("h3", {}, incident.title),
    makeFacts([
      ["Incident", incident.incident], ["Rule", incident.rule], ["Since", at(opened)],
      ["Resolved", resolved > 0 && `${at(resolved)}, after ${span((resolved - opened) / 1e9)}`],
      ["Events", count(incident.events)], ["Contacts deferred", incident.deferred > 0 && count(incident.deferred)],
      ["Contacts set aside", incident.set_aside > 0 && count(incident.set_aside)],
      ["Held back by", held && make("a", {href: `#incident/${encodeURIComponent(held.id)}`}, held.title)],
      ["Acknowledged", acked > 0 && `${at(acked)} by ${incident.acked_by}${because(incident.acked_why)}`],
    ]));
}

async function load(id) {
  const answer = await ask("GET", `api/v1/alerts/${segment(id)}`);
  const earlier = answer.left_out > 0 ? [make("p", {class: "muted"}, `${plural(answer.left_out, "earlier notice")} left out.`)] : [];
  return [...answer.incidents.map(makeIncident), ...earlier, ...answer.notices.map(makeNotice)];
}

// Something was delivered, or not.
export const delivered = () => sheet.reloadSoon();

export function startIncidents() {
  sheet = new Sheet("incident", (id) => `Incident ${id}`, load);
}
