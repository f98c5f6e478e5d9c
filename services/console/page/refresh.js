// The overview, asked for again and again: it has what is no retained value (queues, campaigns, alerts), and its answer
// shows that the console and the broker are there.

import {ask} from "./api.js";
import {changed, noteClock, setValues, state} from "./store.js";

const EVERY_MS = 2000;
const HIDDEN_EVERY_MS = 15000;
const SOON_MS = 400;

let timer = 0, running = false, asked = false, stopped = true;

export async function refreshNow() {
  const all = await ask("GET", "api/v1/overview");
  const fresh = {broker: all.broker, campaigns: all.campaigns, alerts: all.alerts, silences: all.silences ?? []};
  Object.assign(state, fresh, {overviewAt: Date.now(), overviewWhy: ""});
  noteClock(all.at);
  if (all.broker) state.brokerSeen = Date.now();
  // Retained values come sooner by the stream, in order; while it is away an overview is better than nothing.
  if (state.link.phase !== "live") setValues(all);
  changed("broker", "campaigns", "alerts", "link", "clock");
  return all;
}

async function turn() {
  if (running) {
    asked = true;
    return;
  }
  clearTimeout(timer);
  running = true;
  asked = false;
  try {
    await refreshNow();
  } catch (error) {
    state.overviewWhy = error.message;
    changed("link");
  }
  running = false;
  if (stopped) return;
  timer = setTimeout(turn, asked ? SOON_MS : document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
}

export function startRefreshing() {
  stopped = false;
  timer = setTimeout(turn, EVERY_MS);
}

export function stopRefreshing() {
  stopped = true;
  clearTimeout(timer);
}

// Something happened that the next overview will tell of.
export function refreshSoon() {
  if (stopped || asked) return;
  asked = true;
  clearTimeout(timer);
  timer = setTimeout(turn, SOON_MS);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refreshSoon();
});
