// What the gateways measured of late, as it came: attempts and failures for the graphs, times for percentiles.

const SLOT_MS = 2000;
export const SLOTS = 60;
const KEPT_MS = SLOTS * SLOT_MS;

// The buckets of <ringfence/histogram.h>: the first time, in ns, that belongs to the next one.
const SHORTEST_BITS = 16, SUB_BITS = 5, SUBS = 1 << SUB_BITS;
function endOf(bucket) {
  const bits = Math.floor(bucket / SUBS) + SHORTEST_BITS;
  return (SUBS + (bucket % SUBS) + 1) * 2 ** (bits - SUB_BITS);
}

const kept = []; // {at, provider, gateway, attempts, failed, took}

export function measured(event, now) {
  const data = event.data ?? {};
  kept.push({at: now, provider: event.subject, gateway: event.origin ?? "", attempts: data.attempts ?? 0,
    failed: data.failed ?? 0, took: Array.isArray(data.took) ? data.took : []});
  forget(now);
}

export function forget(now) {
  let old = 0;
  while (old < kept.length && kept[old].at < now - KEPT_MS - SLOT_MS) old++;
  if (old > 0) kept.splice(0, old);
}

// The latest SLOTS slots of a provider, oldest first: {attempts, failed}. The one under way is left out.
export function slotsOf(provider, now) {
  const slots = Array.from({length: SLOTS}, () => ({attempts: 0, failed: 0}));
  const end = Math.floor(now / SLOT_MS);
  for (const one of kept) {
    const slot = SLOTS - (end - Math.floor(one.at / SLOT_MS));
    if (one.provider !== provider || slot < 0 || slot >= SLOTS) continue;
    slots[slot].attempts += one.attempts;
    slots[slot].failed += one.failed;
  }
  return slots;
}

// Percentiles of the attempts whose measure fits; null if there were none. {attempts, p50, p95}, in ns.
export function latency(fits) {
  const buckets = new Map();
  let attempts = 0;
  for (const one of kept) {
    if (!fits(one)) continue;
    for (let i = 0; i + 1 < one.took.length; i += 2) {
      buckets.set(one.took[i], (buckets.get(one.took[i]) ?? 0) + one.took[i + 1]);
      attempts += one.took[i + 1];
    }
  }
  if (attempts === 0) return null;
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const at = (share) => {
    let seen = 0;
    for (const [bucket, many] of sorted)
      if ((seen += many) >= share * attempts) return endOf(bucket);
    return endOf(sorted.at(-1)[0]);
  };
  return {attempts, p50: at(0.5), p95: at(0.95)};
}
