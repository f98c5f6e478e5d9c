// What is known, in one place, and who draws it. A change only notes its area; all that changed is drawn once, in the
// next frame, however many events there were.

export const state = {
  session: null,   // {role, name, csrf}
  link: {phase: "connecting", since: Date.now(), retryAt: 0, why: ""},
  process: new Map(), breaker: new Map(), provider: new Map(), mark: new Map(), fallback: new Map(),
  broker: null, campaigns: null, alerts: null, silences: [],
  overviewAt: 0,   // when the last overview came, by our clock; 0: none did
  overviewWhy: "", // why there is none
  brokerSeen: 0,   // when the broker was last known to answer
  skew: 0,         // the console's clock less ours
  skews: [],       // what the latest overviews showed of it
};

export const AREAS = ["process", "breaker", "provider", "mark", "fallback"];

const drawers = [];
const dirty = new Set();
let frame = 0;

// draw(areas, function): it is called in the first frame after one of these areas changed.
export function draw(areas, drawer) {
  drawers.push({areas, drawer});
}

export function changed(...areas) {
  for (const area of areas) dirty.add(area);
  if (frame === 0) frame = requestAnimationFrame(flush);
}

function flush() {
  frame = 0;
  const now = new Set(dirty);
  dirty.clear();
  for (const {areas, drawer} of drawers)
    if (areas.some((area) => now.has(area))) drawer();
}

export const now = () => Date.now() + state.skew;

// How long ago a time of the bus was, in seconds.
export const ago = (ns) => now() / 1000 - ns / 1e9;

// What an answer says of the console's clock. It was made some time before it came, so the largest is the nearest.
export function noteClock(ns) {
  state.skews = [...state.skews.slice(-19), ns / 1e6 - Date.now()];
  state.skew = Math.max(...state.skews);
}

// A retained value; null: it is gone.
export function setValue(key, value) {
  const slash = key.indexOf("/");
  const area = key.slice(0, slash), name = key.slice(slash + 1);
  if (!AREAS.includes(area)) return;
  if (value === null) state[area].delete(name);
  else state[area].set(name, value);
  changed(area);
}

export function setValues(values) {
  for (const area of AREAS) state[area] = new Map(Object.entries(values[area] ?? {}));
  changed(...AREAS);
}

export const byName = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
