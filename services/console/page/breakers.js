// Circuit breakers: what holds calls back, why, and until when.

import {forceBreaker, mayAct} from "./actions.js";
import {byId, KeyedList, make, makeBadge, setAttribute, setHidden, setText} from "./dom.js";
import {moment, percent, plural, span} from "./format.js";
import {makeRateGraph} from "./graph.js";
import {slotsOf} from "./measures.js";
import {ago, byName, draw, now, state} from "./store.js";

const TONES = {closed: "ok", half_open: "warn", open: "bad"};
const NAMES = {closed: "CLOSED", half_open: "HALF OPEN", open: "OPEN"};

// What a person or its mode makes of it; "" if it decides for itself.
function heldText(value) {
  if (value.force && value.force !== "none") {
    const until = value.force_until ? ` until ${moment(value.force_until / 1e6, now())}` : " until it is reset";
    return `Forced ${value.force}${until} by ${value.force_who || "somebody"}: ${value.force_why || "no reason given"}`;
  }
  if (value.mode === "observe") return `Only observes; would be ${value.decided.replace("_", " ")}`;
  return value.mode === "disabled" ? "Disabled in the configuration" : "";
}

function countsText(value, figures, failures) {
  if (value.state === "half_open") return "One test request decides";
  if (value.state !== "closed" || !figures) return "";
  const parts = [];
  if (failures > 0) parts.push(`${plural(failures, "failure")} in a row`);
  if (figures.total > 0) parts.push(`${figures.failed} of ${figures.total} failed (${percent(figures.failure_rate)})`);
  if (figures.slow > 0) parts.push(`${figures.slow} of ${figures.timed} slow`);
  return parts.join(", ") || "No calls in its window";
}

function makeCountdown() {
  const text = make("span"), bar = make("progress", {"aria-hidden": "true"});
  const node = make("p", {class: "countdown"}, text, bar);
  return {
    node,
    update(value) {
      const open = value.state === "open" && value.force !== "open" && value.until > 0;
      setHidden(node, !open);
      if (!open) return;
      const left = Math.max(0, value.until / 1e9 - now() / 1000);
      const whole = Math.max(0.001, (value.until - value.since) / 1e9);
      setText(text, left > 0 ? `Test request in ${span(Math.round(left))}` : "The test request is due");
      setAttribute(bar, "max", whole.toFixed(1));
      setAttribute(bar, "value", Math.max(0, whole - left).toFixed(1));
    },
  };
}

function makeButtons(provider) {
  const make1 = (action, text) => make("button", {type: "button", "aria-label": `${text} ${provider} …`,
    on: {click: () => forceBreaker(provider, action)}}, `${text} …`);
  const open = make1("force-open", "Force open"), closed = make1("force-closed", "Force closed");
  const reset = make1("reset", "Reset");
  const node = make("div", {class: "buttons"}, open, closed, reset);
  return {
    node,
    update(value) {
      setHidden(node, !mayAct());
      setHidden(open, value.force === "open");
      setHidden(closed, value.force === "closed");
      setHidden(reset, (value.force ?? "none") === "none" && value.state === "closed");
    },
  };
}

function makeCard([provider]) {
  const badge = makeBadge(), graph = makeRateGraph(), countdown = makeCountdown(), buttons = makeButtons(provider);
  const [held, counts, error, ejected] = Array.from({length: 4}, () => make("p"));
  const since = make("span", {class: "muted"});
  const rate = make("span", {class: "figure"});
  const node = make("li", {class: "card", "data-breaker": provider},
    make("div", {class: "head"}, make("h3", {}, provider), make("span", {}, badge.node, since)),
    make("div", {class: "graph"}, graph.node, rate),
    countdown.node, counts, held, error, ejected, buttons.node);
  error.className = "quote";

  function update([, value]) {
    const more = (state.broker?.breakers ?? []).find((one) => one.service === provider) ?? {};
    badge.set(TONES[value.state] ?? "off", NAMES[value.state] ?? value.state);
    setAttribute(node, "data-tone", TONES[value.state] ?? "off");
    setText(since, `for ${span(ago(value.since))}`);
    countdown.update(value);
    fill(counts, countsText(value, more.figures, more.failures));
    fill(held, heldText(value));
    fill(error, value.state === "closed" ? "" : more.last_error ?? "");
    fill(ejected, (more.ejected ?? []).length ? `${plural(more.ejected.length, "gateway")} kept from it` : "");
    const shown = graph.show(slotsOf(provider, now()));
    setText(rate, shown.attempts ? `${percent(shown.failed / shown.attempts)} failed` : "no attempts");
    buttons.update(value);
  }
  return {node, update};
}

function fill(node, text) {
  setText(node, text);
  setHidden(node, !text);
}

export function startBreakers() {
  const cards = new KeyedList(byId("breakers-body"), ([provider]) => provider, makeCard);
  const worst = ([, value]) => ["open", "half_open", "closed"].indexOf(value.state);
  draw(["breaker", "broker", "clock"], () => cards.show(byName(state.breaker).sort((a, b) => worst(a) - worst(b))));
}
