// Incidents that people were told of, the channels that tell them, and silences.

import {acknowledge, endSilence, mayAct, silence} from "./actions.js";
import {byId, KeyedList, make, makeBadge, makeRow, makeTable, setHidden, setText} from "./dom.js";
import {count, moment, plural, span} from "./format.js";
import {ago, draw, now, state} from "./store.js";

const COLUMNS = [
  {label: "Severity", class: "plain"}, {label: "What", header: true, class: "long"}, {label: "For", class: "num"},
  {label: "Events", class: "num"}, {label: "Standing", class: "long"}, {label: "Actions", class: "act plain"},
];
const SILENCES = [
  {label: "Silenced", header: true, class: "long"}, {label: "Until"}, {label: "By"},
  {label: "Why", class: "long"}, {label: "Action", class: "act plain"},
];
export const SEVERITY_TONES = {info: "off", warning: "warn", error: "bad", critical: "bad"};

// A pattern of a silence (*, ?) against a whole text.
export function fits(pattern, text) {
  const source = pattern.replace(/[.+^${}()|\\[\]]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

// The silence that holds for an incident and ends last.
function silenceOf(incident) {
  const at = now() * 1e6;
  return state.silences
    .filter(({value}) => value.from <= at && value.until > at
      && Object.entries(value.match).every(([key, pattern]) => fits(pattern, String(incident[key] ?? ""))))
    .sort((a, b) => b.value.until - a.value.until)[0];
}

function standing(incident) {
  const hushed = silenceOf(incident);
  const parts = [];
  const why = incident.acked_why ? `: ${incident.acked_why}` : "";
  if (incident.acked > 0) parts.push(`acknowledged by ${incident.acked_by}${why}`);
  if (hushed) parts.push(`silenced until ${moment(hushed.value.until / 1e6, now())}`);
  if (incident.inhibited_by) parts.push(`held back by ${incident.inhibited_by.title}`);
  if (incident.phase === "pending") parts.push("not told yet");
  return parts.join("; ") || "open";
}

function makeIncident(incident) {
  const {node, cells} = makeRow(COLUMNS), badge = makeBadge();
  let latest = incident;
  const ack = make("button", {type: "button", on: {click: () => acknowledge(latest)}}, "Acknowledge …");
  const hush = make("button", {type: "button", on: {click: () => silence(latest.incident)}}, "Silence …");
  ack.setAttribute("aria-label", `Acknowledge ${incident.title} …`);
  hush.setAttribute("aria-label", `Silence ${incident.title} …`);
  const buttons = make("div", {class: "buttons"}, ack, hush);
  const more = make("a", {href: `#incident/${encodeURIComponent(incident.id)}`});
  cells[0].append(badge.node);
  cells[1].append(more);
  cells[5].append(buttons);
  return {
    node,
    update(item) {
      latest = item;
      badge.set(SEVERITY_TONES[item.severity] ?? "off", item.severity);
      setText(more, item.title);
      cells[1].title = item.incident;
      setText(cells[2], span(ago(item.opened)));
      setText(cells[3], count(item.events));
      setText(cells[4], standing(item));
      setHidden(ack, item.acked > 0 || item.phase !== "open");
      setHidden(buttons, !mayAct());
    },
  };
}

const matchText = (match) => Object.entries(match)
  .map(([key, pattern]) => (key === "incident" ? pattern : `${key}=${pattern}`)).join(", ");

function makeSilence(one) {
  const {node, cells} = makeRow(SILENCES), what = matchText(one.value.match);
  const end = make("button", {type: "button", "aria-label": `End the silence of ${what} …`,
    on: {click: () => endSilence(one.id, what)}}, "End …");
  setText(cells[0], what);
  cells[4].append(make("div", {class: "buttons"}, end));
  return {
    node,
    update({value}) {
      setText(cells[1], moment(value.until / 1e6, now()));
      setText(cells[2], value.by);
      setText(cells[3], value.why);
      setHidden(end, !mayAct());
    },
  };
}

function channelNotes(alerts) {
  return [
    ...alerts.down.map((row) => `Channel ${row.channel} is down since ${moment(row.since / 1e6, now())}: ${row.why ?? ""}`),
    ...alerts.waiting.map((row) => `${plural(row.count, "notice")} wait for channel ${row.channel}`),
    ...alerts.dead.map((row) => `${plural(row.count, "dead letter")} of channel ${row.channel}: see ringfence alert dead`),
  ];
}

export function startAlerts() {
  const incidents = makeTable(byId("alerts-body"), "Open incidents", COLUMNS);
  const silences = makeTable(byId("silences-body"), "Silences", SILENCES);
  const rows = new KeyedList(incidents.body, (item) => item.id, makeIncident);
  const silenceRows = new KeyedList(silences.body, (one) => one.id, makeSilence);
  const notes = new KeyedList(byId("channels"), (text) => text, (text) => ({node: make("li", {}, text), update() {}}));
  draw(["alerts", "clock"], () => {
    const alerts = state.alerts;
    const at = now() * 1e6, held = state.silences.filter(({value}) => value.until > at);
    setHidden(silences.table, held.length === 0);
    silenceRows.show(held);
    setText(byId("alerts-note"), !alerts ? "The alerter does not answer"
      : alerts.incidents.length === 0 ? "Nothing is wrong that anybody was told of"
        : plural(alerts.incidents.length, "incident") + (alerts.more ? " and more" : ""));
    if (!alerts) return;
    setHidden(incidents.table, alerts.incidents.length === 0);
    rows.show(alerts.incidents);
    notes.show(channelNotes(alerts));
  });
}
