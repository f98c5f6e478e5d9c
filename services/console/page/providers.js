// Providers: what the health monitor says of them, how often they were there, how fast they answer.

import {byId, KeyedList, make, makeBadge, makeRow, makeTable, setHidden, setText} from "./dom.js";
import {percent, span, took} from "./format.js";
import {makeParts} from "./graph.js";
import {ago, byName, draw, state} from "./store.js";

const TONES = {up: "ok", degraded: "warn", down: "bad", unknown: "off"};
export const WINDOWS = ["1h", "24h", "7d", "30d", "90d"];
const COLUMNS = [
  {label: "Provider", header: true}, {label: "Status"}, {label: "Availability", class: "share"}, {label: "p50, p99", class: "num"},
];

function makeAvailability() {
  const windows = WINDOWS.map((name) => {
    const parts = makeParts(["done"]), figure = make("span", {class: "figure"});
    return {name, parts, figure, node: make("span", {class: "window"}, make("span", {}, name), parts.node, figure)};
  });
  return {
    nodes: windows.map((one) => one.node),
    update(availability) {
      for (const one of windows) {
        const share = availability?.[one.name]?.share;
        one.parts.show([share ?? 0]);
        setText(one.figure, share === undefined ? "–" : percent(share));
      }
    },
  };
}

function creditText(forecast) {
  if (!forecast) return "";
  const left = `${forecast.left.toFixed(forecast.unit === "characters" ? 0 : 2)} ${forecast.unit} left`;
  return forecast.status === "short"
    ? `${left}: too little for about ${forecast.unserved} of ${forecast.contacts} contacts` : left;
}

function makeProvider([name]) {
  const {node, cells} = makeRow(COLUMNS), badge = makeBadge(), availability = makeAvailability();
  const since = make("span", {class: "muted"});
  setText(cells[0], name);
  const why = make("div", {class: "muted small"});
  const credit = make("div", {class: "small"});
  cells[1].append(badge.node, since, why, credit);
  cells[2].append(make("div", {class: "windows"}, ...availability.nodes));
  return {
    node,
    update([, value]) {
      badge.set(TONES[value.status] ?? "off", value.flapping ? `${value.status}, flapping` : value.status);
      setText(since, `for ${span(ago(value.since))}`);
      setText(why, value.why ?? "");
      setText(credit, creditText(value.forecast));
      availability.update(value.availability);
      const times = value.latency;
      setText(cells[3], times ? `${took(times.p50_ns)}, ${took(times.p99_ns)}` : "no calls");
    },
  };
}

function makeMark([name]) {
  const node = make("li");
  return {
    node,
    update([, mark]) {
      const why = mark.message || mark.class;
      setText(node, `${name} is marked unusable: ${why}, for ${span(ago(mark.since))}; cleared by: ${mark.clears}`);
    },
  };
}

export function startProviders() {
  const {table, body} = makeTable(byId("providers-body"), "Providers by name", COLUMNS);
  const rows = new KeyedList(body, ([name]) => name, makeProvider);
  const marks = new KeyedList(byId("marks"), ([name]) => name, makeMark);
  draw(["provider", "clock"], () => {
    setHidden(table, state.provider.size === 0);
    setText(byId("providers-note"), state.provider.size
      ? "Half of the calls of the last five minutes took p50 at most, 99 of 100 p99"
      : "The health monitor has said nothing yet");
    rows.show(byName(state.provider));
  });
  draw(["mark", "clock"], () => marks.show(byName(state.mark)));
}
