// Whether what is shown is of now. If not, a banner says since when, why, and when it is tried again.

import {byId, setAttribute, setHidden, setText} from "./dom.js";
import {moment} from "./format.js";
import {changed, draw, state} from "./store.js";

const NAMES = {live: "Live", old: "Old", connecting: "Connecting", waiting: "Not connected", ended: "Signed out"};
const GRACE_MS = 2500; // a stream that is back within this is not worth a word

// null: all is well.
function trouble() {
  const {link} = state;
  const away = link.phase !== "live" && Date.now() - link.since > GRACE_MS;
  if (away && link.phase === "ended") return null;
  if (away) {
    const why = link.why || "there is no answer of the console";
    return {what: `What is shown here is old: ${why}.`, more: sinceText(link.since), retryAt: link.retryAt};
  }
  if (state.overviewWhy)
    return {what: `What is shown here may be old: ${state.overviewWhy}.`, more: sinceText(state.overviewAt), retryAt: 0};
  if (state.overviewAt && !state.broker)
    return {what: "The broker does not answer: what is shown here is old.", more: sinceText(state.brokerSeen), retryAt: 0};
  return null;
}

const sinceText = (ms) => (ms > 0 ? `It is of ${moment(ms)}.` : "");

function drawLink() {
  const wrong = trouble(), {link} = state;
  setHidden(byId("banner"), !wrong);
  setAttribute(document.documentElement, "data-old", wrong ? "" : null);
  if (wrong) {
    setText(byId("banner-what"), wrong.what);
    setText(byId("banner-more"), wrong.more);
    const left = Math.ceil((wrong.retryAt - Date.now()) / 1000);
    setText(byId("banner-again"), left > 0 ? `Trying again in ${left} s.` : "Trying again …");
  }
  const phase = wrong && link.phase === "live" ? "old" : link.phase;
  setAttribute(byId("link"), "data-phase", phase);
  setText(byId("link-text"), NAMES[phase]);
}

// How the stream stands; `since` stays while it is not live.
export function setPhase(next) {
  const was = state.link;
  const since = next.phase === "live" || was.phase === "live" || was.phase === "ended" ? Date.now() : was.since;
  state.link = {...next, since, why: next.why || (next.phase === "connecting" ? was.why : "")};
  changed("link");
}

export function startLink(tryNow) {
  byId("banner-now").addEventListener("click", tryNow);
  draw(["link", "clock"], drawLink);
}
