// The whole set in one line, for whoever looks for a second.

import {byId, make, setAttribute, setText} from "./dom.js";
import {count, plural, rate} from "./format.js";
import {draw, state} from "./store.js";
import {eventRate} from "./events.js";

const TONES = {ok: 0, off: 0, warn: 1, bad: 2};
const tiles = new Map();

function tile(name, label, target) {
  const value = make("a", {href: target}), more = make("span", {class: "more"});
  byId("glance").append(make("div", {}, make("dt", {}, label), make("dd", {}, value, more)));
  tiles.set(name, {value, more});
}

function show(name, tone, value, more = "") {
  const part = tiles.get(name);
  setAttribute(part.value.closest("div"), "data-tone", TONES[tone] === undefined ? "off" : tone);
  setText(part.value, value);
  setText(part.more, more);
}

function breakers() {
  const all = [...state.breaker.values()], open = all.filter((one) => one.state !== "closed").length;
  show("breakers", open ? "bad" : "ok", open ? `${open} not closed` : "all closed", `of ${all.length}`);
}

function providers() {
  const all = [...state.provider.values()];
  const down = all.filter((one) => one.status === "down").length;
  const worse = all.filter((one) => one.status === "degraded").length;
  const text = [down && `${down} down`, worse && `${worse} degraded`].filter(Boolean).join(", ");
  show("providers", down ? "bad" : worse ? "warn" : "ok",
    text || (all.length ? "all up" : "none known"), `of ${all.length}`);
}

function alerts() {
  const open = state.alerts?.incidents.filter((one) => one.phase === "open");
  if (!open) return show("alerts", "warn", "unknown", "the alerter does not answer");
  const mine = open.filter((one) => one.acked > 0).length;
  show("alerts", open.length > mine ? "bad" : "ok",
    open.length ? `${open.length} open` : "none open", mine ? `${mine} acknowledged` : "");
}

function contacts() {
  if (!state.campaigns) return show("contacts", "warn", "unknown", "the orchestrator does not answer");
  const running = state.campaigns.filter((one) => !one.finished);
  const shown = running.length ? running : state.campaigns;
  const sum = (key) => shown.reduce((total, one) => total + (one[key] ?? 0), 0);
  show("contacts", sum("set_aside") ? "warn" : "ok", `${count(sum("done"))} of ${count(sum("total"))}`,
    sum("set_aside") ? `${count(sum("set_aside"))} set aside` : plural(running.length, "campaign") + " running");
}

function queues() {
  const waiting = (state.broker?.queues ?? []).reduce((total, queue) => total + queue.waiting, 0);
  const hand = (state.broker?.workers ?? []).reduce((total, worker) => total + worker.in_hand, 0);
  show("calls", "ok", `${count(hand)} in hand`, `${count(waiting)} wait`);
}

export function startGlance() {
  tile("alerts", "Alerts", "#alerts");
  tile("contacts", "Contacts done", "#campaigns");
  tile("breakers", "Circuit breakers", "#breakers");
  tile("providers", "Providers", "#providers");
  tile("calls", "Calls", "#gateways");
  tile("events", "Events", "#events");
  draw(["breaker"], breakers);
  draw(["provider"], providers);
  draw(["alerts"], alerts);
  draw(["campaigns"], contacts);
  draw(["broker"], queues);
  draw(["clock"], () => show("events", "ok", `${rate(eventRate())} a second`, ""));
}
