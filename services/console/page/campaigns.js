// Campaigns: how far, how fast, for how long still, with what outcome.

import {mayAct, orderCampaign, retryContacts} from "./actions.js";
import {byId, KeyedList, make, makeBadge, setHidden, setText} from "./dom.js";
import {count, moment, percent, plural, rate, span, words} from "./format.js";
import {makeParts} from "./graph.js";
import {draw, now, state} from "./store.js";

const TONES = {running: "ok", paused: "warn", finished: "off", cancelled: "off"};

const STATES = {loading: "not started", loaded: "not started"};

function timeLeft(campaign) {
  const clock = now();
  if (campaign.finished) return campaign.ended ? `ended ${moment(campaign.ended / 1e6, clock)}` : "ended";
  if (campaign.behind) return `behind ${campaign.behind}, which goes first`;
  if (campaign.window_opens) return `calling hours begin ${moment(campaign.window_opens / 1e6, clock)}`;
  if (campaign.calls_again) return `calls again ${moment(campaign.calls_again / 1e6, clock)}`;
  if (campaign.waiting_for) return `waits for ${campaign.waiting_for}`;
  return campaign.left_s === undefined ? "time left not known yet" : `${span(campaign.left_s)} left`;
}

function list(object) {
  return Object.entries(object ?? {}).map(([name, many]) => `${count(many)} ${words(name)}`).join(", ");
}

function makeCard(campaign) {
  const name = campaign.name, badge = makeBadge(), parts = makeParts(["done", "aside", "busy"]);
  const figures = make("p", {class: "strong"}), details = make("p"), speed = make("span", {class: "muted"});
  const pause = make("button", {type: "button", on: {click: () => orderCampaign(name, "pause")}}, "Pause …");
  const resume = make("button", {type: "button", on: {click: () => orderCampaign(name, "resume")}}, "Resume …");
  let latest = campaign;
  const retry = make("button", {type: "button",
    on: {click: () => retryContacts(name, latest.reasons ?? {})}}, "Retry set-aside …");
  for (const [button, verb] of [[pause, "Pause"], [resume, "Resume"], [retry, "Retry set-aside contacts of"]])
    button.setAttribute("aria-label", `${verb} ${name} …`);
  const buttons = make("div", {class: "buttons"}, pause, resume, retry);
  const node = make("li", {class: "card", "data-campaign": name},
    make("div", {class: "head"}, make("h3", {}, name), badge.node, speed, buttons), parts.node, figures, details);

  function update(item) {
    latest = item;
    const ended = item.done + item.set_aside;
    badge.set(TONES[item.state] ?? "off", STATES[item.state] ?? words(item.state));
    const whole = Math.max(1, item.total);
    parts.show([item.done / whole, item.set_aside / whole, item.running / whole]);
    setText(figures, `${count(ended)} of ${count(item.total)} (${percent(item.total ? ended / item.total : 0)}): `
      + `${count(item.done)} done, ${count(item.set_aside)} set aside`
      + (item.finished ? ""
        : `, ${count(item.running)} in progress, ${count(item.waiting + item.new)} to come`));
    const pace = item.per_minute === undefined || item.finished ? "" : `${rate(item.per_minute)} a minute`;
    setText(speed, [pace, timeLeft(item)].filter(Boolean).join(", "));
    const waits = (item.waits ?? []).map((wait) =>
      `${count(wait.contacts)} ${words(wait.reason || wait.state?.replace("waiting.", ""))}`).join(", ");
    const lines = [["Outcomes", list(item.outcomes)], ["Set aside for", list(item.reasons)], ["Waiting", waits]];
    const told = lines.filter(([, text]) => text).map(([label, text]) => `${label}: ${text}`).join(". ");
    setText(details, told);
    setHidden(details, !told);
    setHidden(pause, item.state !== "running");
    setHidden(resume, item.state !== "paused");
    setHidden(retry, item.set_aside === 0);
    setHidden(buttons, !mayAct());
  }
  return {node, update};
}

export function startCampaigns() {
  const cards = new KeyedList(byId("campaigns-body"), (item) => item.name, makeCard);
  draw(["campaigns"], () => {
    const all = state.campaigns;
    setText(byId("campaigns-note"), all === null ? "The orchestrator does not answer"
      : all.length === 0 ? "None yet: ringfence campaign run FILE.csv" : plural(all.length, "campaign"));
    if (all === null) return; // what was known stays
    const order = (item) => (item.finished ? 1 : 0);
    cards.show([...all].sort((a, b) => order(a) - order(b) || b.created - a.created));
  });
}
