// Small graphs as SVG; each says in words what it shows.

import {drawing, setAttribute} from "./dom.js";
import {SLOTS} from "./measures.js";
import {percent, plural} from "./format.js";

const HEIGHT = 36, LINE = 18.5, MOST = 17, STEP = 3, BAR = 2;

// Attempts over the last two minutes, a bar a slot: what was served above the line, what failed below it.
export function makeRateGraph() {
  const bars = Array.from({length: SLOTS}, (_, i) => [
    drawing("rect", {x: i * STEP, width: BAR, class: "served"}),
    drawing("rect", {x: i * STEP, width: BAR, class: "failed"})]);
  const node = drawing("svg", {class: "rate", role: "img", viewBox: `0 0 ${SLOTS * STEP} ${HEIGHT}`,
    preserveAspectRatio: "none"},
  drawing("path", {class: "axis", d: `M0 ${LINE}H${SLOTS * STEP}`}), ...bars.flat());
  return {
    node,
    show(slots) {
      const most = Math.max(1, ...slots.map((slot) => slot.attempts));
      let attempts = 0, failed = 0;
      slots.forEach((slot, i) => {
        const served = height(slot.attempts - slot.failed, most);
        bar(bars[i][0], LINE - 0.5 - served, served);
        bar(bars[i][1], LINE + 0.5, height(slot.failed, most));
        attempts += slot.attempts;
        failed += slot.failed;
      });
      const text = attempts === 0 ? "No attempts in the last two minutes"
        : `${plural(attempts, "attempt")} in the last two minutes, ${failed} failed (${percent(failed / attempts)})`;
      setAttribute(node, "aria-label", text);
      return {attempts, failed};
    },
  };
}

// Even one of many can be seen.
const height = (some, most) => (some > 0 ? Math.max(1.5, (some / most) * MOST) : 0);

function bar(rect, y, tall) {
  setAttribute(rect, "y", y.toFixed(1));
  setAttribute(rect, "height", tall.toFixed(1));
}

// Parts of a whole, side by side: shares is [{share, class}].
export function makeParts(classes) {
  const rects = classes.map((name) => drawing("rect", {y: 0, height: 8, class: name}));
  const node = drawing("svg",
    {class: "parts", "aria-hidden": "true", viewBox: "0 0 100 8", preserveAspectRatio: "none"}, ...rects);
  return {
    node,
    show(shares) {
      let at = 0;
      shares.forEach((share, i) => {
        const width = Math.max(0, Math.min(100 - at, share * 100));
        setAttribute(rects[i], "x", at.toFixed(2));
        setAttribute(rects[i], "width", width.toFixed(2));
        at += width;
      });
    },
  };
}
