// Every process of the set that says it is there, and the broker's account in the footer.

import {byId, KeyedList, makeBadge, makeRow, makeTable, setHidden, setText} from "./dom.js";
import {count, plural, span, words} from "./format.js";
import {ago, draw, state} from "./store.js";

const COLUMNS = [
  {label: "Process", header: true}, {label: "State"}, {label: "Host"}, {label: "Pid", class: "num"},
  {label: "Version"}, {label: "Up for", class: "num"},
];
const TONES = {ready: "ok", starting: "warn", draining: "warn"};

function makeProcess([, process]) {
  const {node, cells} = makeRow(COLUMNS), badge = makeBadge();
  setText(cells[0], process.service);
  cells[1].append(badge.node);
  return {
    node,
    update([instance, item]) {
      cells[0].title = instance;
      badge.set(TONES[item.state] ?? "bad", words(item.state));
      setText(cells[2], item.host ?? "");
      setText(cells[3], String(item.pid ?? ""));
      setText(cells[4], item.version ?? "");
      setText(cells[5], span(ago(item.started)));
    },
  };
}

function footer() {
  const broker = state.broker;
  if (!broker) return;
  const journal = broker.journal ?? {};
  const trouble = journal.failing ? "; its disk cannot be written" : journal.held ? "; its disk is late" : "";
  const clients = plural((broker.peers ?? []).length, "client"), kibibytes = count(Math.round((journal.bytes ?? 0) / 1024));
  setText(byId("footer"), `Broker ${broker.version}, up for ${span(ago(broker.started))}; events ${count(journal.first)} to `
    + `${count(journal.last)} kept, ${kibibytes} KiB; ${clients}${trouble}`);
}

export function startProcesses() {
  const {table, body} = makeTable(byId("processes-body"), "Processes by service", COLUMNS);
  const rows = new KeyedList(body, ([instance]) => instance, makeProcess);
  draw(["process", "clock"], () => {
    setHidden(table, state.process.size === 0);
    setText(byId("processes-note"), plural(state.process.size, "process", "processes"));
    rows.show([...state.process].sort(([a, one], [b, other]) =>
      one.service < other.service ? -1 : one.service > other.service ? 1 : a < b ? -1 : 1));
  });
  draw(["broker", "clock"], footer);
}
