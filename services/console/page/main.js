// Wires the page: the session, the stream and the overview into the store, and the store to what draws it.
//
//   session.js  signing in            store.js    what is known, and who draws it
//   stream.js   what happens, live    refresh.js  the overview, every two seconds
//   link.js     is it of now?         measures.js graphs and percentiles
//   glance.js alerts.js campaigns.js breakers.js providers.js gateways.js processes.js events.js: the parts
//   sheet.js contact.js incident.js  what is looked at by itself
//   actions.js, ask.js  what an operator can do
//   boot.js     loads the page again when one of these did not come

import {startAlerts} from "./alerts.js";
import {announce} from "./announce.js";
import {startAsking} from "./ask.js";
import {startBreakers} from "./breakers.js";
import {startCampaigns} from "./campaigns.js";
import {startContacts, touched} from "./contact.js";
import {byId, setHidden} from "./dom.js";
import {happened, loadHistory, missed, startEvents} from "./events.js";
import {startGateways} from "./gateways.js";
import {startGlance} from "./glance.js";
import {delivered, startIncidents} from "./incident.js";
import {setPhase, startLink} from "./link.js";
import {forget, measured} from "./measures.js";
import {startProcesses} from "./processes.js";
import {startProviders} from "./providers.js";
import {refreshNow, refreshSoon, startRefreshing, stopRefreshing} from "./refresh.js";
import {startSession} from "./session.js";
import {followAddress} from "./sheet.js";
import {changed, now, setValue, setValues, state} from "./store.js";
import {Stream} from "./stream.js";
import {startTheme} from "./theme.js";

const BEGIN_AGAIN_MS = 2000;

// Events after which the overview is another one, and those that are said aloud.
const MOVES = /^(breaker|campaign|alert|provider|mark|queue|worker|channel|process)\./;
const SAID = {
  "breaker.opened": (event) => `Circuit breaker of ${event.subject} opened`,
  "breaker.closed": (event) => `Circuit breaker of ${event.subject} closed`,
  "provider.down": (event) => `Provider ${event.subject} is down`,
  "process.lost": (event) => `Process ${event.subject} is lost`,
  "process.refused": (event) => `Process ${event.subject} speaks another version and is not let in`,
  "mark.set": (event) => `${event.subject} is marked unusable`,
  "campaign.finished": (event) => `Campaign ${event.subject} has ended`,
};

const kinds = {
  snapshot: setValues,
  state: ({key, value}) => setValue(key, value),
  metric: (event) => measured(event, now()),
  gap: missed,
  event(event) {
    happened(event);
    if (MOVES.test(event.type)) refreshSoon();
    if (SAID[event.type]) announce(SAID[event.type](event));
    if (event.contact) touched(event.contact);
    if (event.type.startsWith("alert.")) delivered();
  },
};

const stream = new Stream((kind, data) => kinds[kind]?.(data), setPhase);

let beginning = 0;
async function begin() {
  const mine = ++beginning;
  let all = null;
  while (mine === beginning && state.session && all === null) {
    try {
      all = await refreshNow();
    } catch (error) {
      setPhase({phase: "waiting", retryAt: Date.now() + BEGIN_AGAIN_MS, why: error.message});
      await new Promise((resolve) => setTimeout(resolve, BEGIN_AGAIN_MS));
    }
  }
  if (mine !== beginning || !state.session) return;
  await loadHistory();
  if (mine !== beginning || !state.session) return;
  stream.start(all.place);
  startRefreshing();
  followAddress();
}

function end() {
  beginning++;
  stream.stop();
  stopRefreshing();
  setPhase({phase: "ended", retryAt: 0, why: ""});
}

for (const start of [startTheme, startAsking, startGlance, startAlerts, startCampaigns, startBreakers, startProviders,
  startGateways, startProcesses, startEvents, startContacts, startIncidents]) start();
startLink(() => {
  stream.now();
  refreshSoon();
});
startSession(begin, end);
setHidden(byId("loading"), true);

setInterval(() => {
  forget(now());
  changed("clock");
}, 1000);
