// The fleet: who carries out calls, with how many places, and what waits for one.

import {byId, KeyedList, make, makeBadge, makeRow, makeTable, setHidden, setText} from "./dom.js";
import {count, plural, seconds, span, took, words} from "./format.js";
import {latency} from "./measures.js";
import {draw, state} from "./store.js";

const GATEWAYS = [
  {label: "Process", header: true}, {label: "State"}, {label: "In hand", class: "num"},
  {label: "Free places", class: "long"}, {label: "Retries", class: "num"}, {label: "p50, p95", class: "num"},
];
const QUEUES = [
  {label: "Queue", header: true}, {label: "Waiting", class: "num"}, {label: "Oldest", class: "num"},
  {label: "Held", class: "num"}, {label: "Served by", class: "num"},
];
const SILENT_S = 5;

// "service-gateway" and the end of what tells it from others; the whole under the pointer.
function nameOf(instance) {
  const dash = instance.lastIndexOf("-"), rest = instance.slice(dash + 1);
  if (dash < 0 || rest.length < 12) return [instance];
  return [instance.slice(0, dash), " ", make("span", {class: "id muted", title: instance}, `…${rest.slice(-6)}`)];
}

function makeGateway(worker) {
  const {node, cells} = makeRow(GATEWAYS), badge = makeBadge();
  cells[0].append(...nameOf(worker.instance));
  cells[1].append(badge.node);
  return {
    node,
    update(item) {
      const silent = seconds(item.silent_ns), late = silent > SILENT_S;
      badge.set(item.draining || late ? "warn" : item.state === "ready" ? "ok" : "off",
        item.draining ? "draining" : late ? `silent for ${span(silent)}` : words(item.state));
      setText(cells[2], count(item.in_hand));
      setText(cells[3], item.offers.map((offer) =>
        `${offer.service} ${count(offer.credit)} of ${count(offer.capacity)}`).join(", "));
      setText(cells[4], count(item.offers.reduce((sum, offer) => sum + offer.waiting, 0)));
      const times = latency((one) => one.gateway === item.instance);
      setText(cells[5], times ? `${took(times.p50)}, ${took(times.p95)}` : "no calls");
    },
  };
}

function makeQueue(queue) {
  const {node, cells} = makeRow(QUEUES);
  setText(cells[0], queue.service);
  return {
    node,
    update(item) {
      setText(cells[1], count(item.waiting));
      setText(cells[2], item.waiting > 0 ? took(item.oldest_ns) : "–");
      setText(cells[3], count(item.held));
      setText(cells[4], item.workers > 0 ? count(item.workers) : "nobody");
    },
  };
}

export function startGateways() {
  const gateways = makeTable(byId("gateways-body"), "Processes that carry out calls", GATEWAYS);
  const queues = makeTable(byId("queues-body"), "Queues of calls in the broker", QUEUES);
  const gatewayRows = new KeyedList(gateways.body, (worker) => worker.instance, makeGateway);
  const queueRows = new KeyedList(queues.body, (queue) => queue.service, makeQueue);
  draw(["broker"], () => {
    if (!state.broker) return; // what was known stays; the banner says how old it is
    const {workers, queues: waiting} = state.broker;
    setText(byId("gateways-note"), plural(workers.length, "process that carries out calls", "processes that carry out calls"));
    for (const [table, items] of [[gateways.table, workers], [queues.table, waiting]]) setHidden(table, items.length === 0);
    gatewayRows.show([...workers].sort((a, b) => (a.instance < b.instance ? -1 : 1)));
    queueRows.show([...waiting].sort((a, b) => (a.service < b.service ? -1 : 1)));
  });
}
