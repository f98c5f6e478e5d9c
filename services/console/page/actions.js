// What an operator can do, as data for the dialog that asks: what it says, which fields it has, what is sent.

import {segment} from "./api.js";
import {askOnce} from "./ask.js";
import {refreshSoon} from "./refresh.js";
import {count, plural, words} from "./format.js";
import {state} from "./store.js";

const WHY = {name: "why", label: "Why", required: true, hint: "Stands in the event, with who you are", most: 500};
const WHY_OR_NOT = {...WHY, required: false};
const LENGTH = {
  name: "for", label: "For", pattern: "[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)",
  hint: "Such as 90s, 10m or 2h; at most 31 days",
};

export const mayAct = () => state.session?.role === "operator";

// Members without a value are not sent.
function bodyOf(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

const ask = (action) => askOnce({after: refreshSoon, ...action});

export function orderCampaign(name, order) {
  const pause = order === "pause";
  ask({
    title: `${pause ? "Pause" : "Resume"} campaign ${name}?`,
    text: pause ? "Calls in progress go to their end; no contact is begun until it is resumed."
      : "Contacts that are due are called again at once, within their calling hours.",
    yes: pause ? "Pause it" : "Resume it", fields: [WHY_OR_NOT],
    request: (values) => ["POST", `api/v1/campaigns/${segment(name)}/${order}`, bodyOf(values)],
    done: (answer) => `Campaign ${name} is ${words(answer.state)}`,
  });
}

// `reasons`: why contacts were set aside, with how many each; `contact`: only this one.
export function retryContacts(name, reasons, contact) {
  const which = {
    name: "reason", label: "Those set aside for", required: true,
    options: [["", "any reason but do not call, call lost and call unknown"],
      ...Object.entries(reasons).map(([reason, many]) => [reason, `${words(reason)} (${count(many)})`])],
  };
  ask({
    title: contact ? `Try ${contact} again?` : `Try contacts of ${name} again?`,
    text: "They go back in the queue and are called again; the provider is asked first where it is not known what "
      + "became of a dial.",
    yes: "Try again",
    fields: contact ? [WHY_OR_NOT] : [{...which, required: false, label: "Set aside for"}, WHY_OR_NOT],
    request: (values) => ["POST", `api/v1/campaigns/${segment(name)}/retry`,
      bodyOf(contact ? {...values, contact} : values)],
    done: (answer) => `${plural(answer.retried, "contact")} of ${name} will be tried again`
      + (answer.kept > 0
        ? `; ${count(answer.kept)} were left, as it is not known whether their last dial made a call` : ""),
  });
}

const FORCES = {
  "force-open": ["Force", "open", "No call is sent to it until then; contacts wait, or another provider of the chain serves.", "Force open"],
  "force-closed": ["Force", "closed", "All calls are sent to it until then, whatever fails.", "Force closed"],
  reset: ["Reset", "", "What was forced is taken away, its counts begin anew and it is closed.", "Reset"],
};

export function forceBreaker(provider, action) {
  const [verb, how, text, yes] = FORCES[action];
  ask({
    title: `${verb} the circuit breaker of ${provider}${how && ` ${how}`}?`, text, yes,
    fields: action === "reset" ? [WHY]
      : [{...LENGTH, required: true, value: "10m"}, WHY],
    request: (values) => ["POST", `api/v1/breakers/${segment(provider)}/${action}`, bodyOf(values)],
    done: () => `The circuit breaker of ${provider} is ${how ? `forced ${how}` : "reset"}`,
  });
}

export function silence(incident) {
  ask({
    title: `Silence ${incident}?`,
    text: "Nobody is told of this incident for so long. It is still listed here.",
    yes: "Silence",
    fields: [{...LENGTH, required: true, value: "1h"}, WHY],
    request: (values) => ["POST", "api/v1/silences", {...bodyOf(values), match: {incident: literal(incident)}}],
    done: () => `${incident} is silenced`,
  });
}

// Signs that would make a pattern of a name are taken by their word.
const literal = (name) => name.replace(/[*?[\]\\]/g, "?");

export function endSilence(id, what) {
  ask({
    title: "End this silence?", text: `People are told again of ${what}.`, yes: "End it", fields: [WHY_OR_NOT],
    request: (values) => ["DELETE", `api/v1/silences/${segment(id)}`, bodyOf(values)],
    done: () => "The silence is over",
  });
}

export function acknowledge(incident) {
  ask({
    title: "Acknowledge this alert?", text: `${incident.title}. Others see that you have it in hand; reminders stop.`,
    yes: "Acknowledge", fields: [WHY_OR_NOT],
    request: (values) => ["POST", `api/v1/alerts/${segment(incident.id)}/ack`, bodyOf(values)],
    done: () => "Acknowledged",
  });
}
