// Making and updating elements. Text is only ever set as text: names of contacts come from anybody.

// make("td", {class: "num"}, "12"): attributes are ours; `on` has listeners; children are nodes or texts.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on")
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function drawing(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

// Nothing is written that stands there already: the browser has less to lay out, a screen reader less to say.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  const text = value === null || value === false ? null : String(value);
  if (node.getAttribute(name) === text) return;
  if (text === null) node.removeAttribute(name);
  else node.setAttribute(name, text);
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// A list whose items keep their elements, and so focus and selection, while they have the same key.
// `create(item)` gives {node, update(item)}; update is called for new ones too.
export class KeyedList {
  constructor(parent, keyOf, create) {
    Object.assign(this, {parent, keyOf, create, parts: new Map()});
  }

  show(items) {
    const left = new Map(this.parts);
    let before = this.parent.firstElementChild;
    for (const item of items) {
      const key = this.keyOf(item);
      let part = left.get(key);
      if (!part) this.parts.set(key, (part = this.create(item)));
      left.delete(key);
      part.update(item);
      if (part.node === before) before = before.nextElementSibling;
      else this.parent.insertBefore(part.node, before);
    }
    for (const [key, part] of left) {
      part.node.remove();
      this.parts.delete(key);
    }
  }
}

// A table. `columns`: {label, class?, header?: true for the cell that names the row}. On a narrow screen its rows become
// blocks (parts.css), which would take its roles away: so they are said.
export function makeTable(parent, caption, columns) {
  const head = make("tr", {role: "row"}, ...columns.map((column) =>
    make("th", {scope: "col", role: "columnheader", class: column.class}, column.label)));
  const body = make("tbody", {role: "rowgroup"});
  const table = make("table", {role: "table"},
    make("caption", {class: "out-of-sight"}, caption),
    make("thead", {role: "rowgroup"}, head), body);
  parent.append(table);
  return {table, body};
}

// One row of it: {node, cells}, a cell a column.
export function makeRow(columns) {
  const cells = columns.map((column) => column.header
    ? make("th", {scope: "row", role: "rowheader", class: column.class, "data-label": column.label})
    : make("td", {role: "cell", class: column.class, "data-label": column.label}));
  return {node: make("tr", {role: "row"}, ...cells), cells};
}

// A word of state with a sign of its own shape, so that colour is not all that tells it.
const SIGNS = {ok: "●", warn: "▲", bad: "■", off: "○"};
export function makeBadge() {
  const sign = make("span", {"aria-hidden": "true"}), word = make("span");
  const node = make("span", {class: "badge"}, sign, word);
  return {
    node,
    set(tone, text) {
      setAttribute(node, "data-tone", tone);
      setText(sign, SIGNS[tone] ?? SIGNS.off);
      setText(word, text);
    },
  };
}

// [name, value] each; those without a value are left out.
export function makeFacts(facts) {
  return make("dl", {class: "facts"}, ...facts.filter(([, value]) => value)
    .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}
