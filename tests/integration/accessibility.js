// Rules of WCAG 2.2 AA that a program can check, over what is seen of a page now: gives what is wrong, as texts.
// Called by execute_script, so it is a function's body; `arguments[0]` may be a selector of what to look at.

const root = document.querySelector(arguments[0] || "html");
const wrong = [];
const seen = (node) => node.checkVisibility({visibilityProperty: true}) && node.getBoundingClientRect().width > 0;
const all = (selector) => [...root.querySelectorAll(selector)].filter(seen);
const said = (node) => {
  const text = node.cloneNode(false).outerHTML.slice(0, 110);
  return `${text} "${node.textContent.trim().slice(0, 30)}"`;
};
const find = (rule, nodes) => nodes.forEach((node) => wrong.push(`${rule}: ${said(node)}`));

// ---- names ----
function nameOf(node) {
  const by = node.getAttribute("aria-labelledby");
  if (by) return by.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
  const label = node.getAttribute("aria-label");
  if (label) return label.trim();
  if (node.labels?.length) return [...node.labels].map((one) => one.textContent).join(" ").trim();
  if (node.matches("input, select, dialog, section, nav, form, [role=region], svg, table")) return node.querySelector(":scope > caption")?.textContent.trim() ?? "";
  return [...node.childNodes].map((one) => one.nodeType === 3 ? one.textContent
    : one.nodeType === 1 && one.getAttribute("aria-hidden") !== "true" ? one.getAttribute("alt") ?? one.textContent : "").join("").trim();
}
find("has no name", all("button, a[href], input, select, textarea, dialog, nav, table, [role=region], [role=img], [role=search]")
  .filter((node) => node.matches("[role=search]") ? false : !nameOf(node)));
find("its name leaves out what is seen", all("button[aria-label]").filter((node) => {
  const shown = node.textContent.replace("…", "").trim().toLowerCase();
  return !node.getAttribute("aria-label").toLowerCase().includes(shown);
}));
const names = all("button").map((node) => nameOf(node)).filter((name, i, list) => list.indexOf(name) !== i);
if (!arguments[1]) new Set(names).forEach((name) => wrong.push(`two buttons have one name: ${name}`));
find("image without alt", all("img:not([alt])"));

// ---- structure ----
if (!document.documentElement.lang) wrong.push("html has no lang");
if (!document.title) wrong.push("no title");
if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
if (document.querySelectorAll("body > header").length !== 1) wrong.push("not one banner");
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => wrong.push(`two elements have the id ${id}`));
for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"])
  document.querySelectorAll(`[${attribute}]`).forEach((node) => node.getAttribute(attribute).split(/\s+/)
    .filter((id) => !document.getElementById(id)).forEach((id) => wrong.push(`${attribute} names no element: ${id}`)));
let before = 0;
const headings = all("h1, h2, h3, h4, h5, h6");
for (const heading of headings) {
  const level = Number(heading.tagName[1]);
  if (level > before + 1 && before > 0) wrong.push(`heading skips a level: ${said(heading)}`);
  before = level;
}
if (root === document.documentElement && headings.filter((one) => one.tagName === "H1").length !== 1) wrong.push("not one h1");
find("is no li of its list", all("ul > *, ol > *").filter((node) => node.tagName !== "LI"));
find("is no part of its dl", all("dl > *").filter((node) => node.tagName !== "DIV" || !node.querySelector("dt") || !node.querySelector("dd")));
find("th without scope", all("th:not([scope])"));
find("table without caption", all("table").filter((node) => !node.caption));
find("row without a header", all("tbody tr").filter((node) => !node.querySelector("th")));
find("tabindex above 0", all("[tabindex]").filter((node) => node.tabIndex > 0));
find("a control in a control", all("button *, a[href] *").filter((node) => node.matches("button, a[href], input, select")));
find("hidden from readers, but can have the focus", all("[aria-hidden=true]").filter((node) => node.matches("button, a[href]") || node.querySelector("button, a[href], input, select")));
find("is outside of all landmarks", root === document.documentElement ? [...document.body.children].filter((node) =>
  seen(node) && node.textContent.trim() && !node.matches("header, main, nav, footer, dialog, [role=alert], [role=status], .skip, .toast, script")) : []);
find("scrolls, but not by keyboard", all("*").filter((node) => {
  const style = getComputedStyle(node);
  return /auto|scroll/.test(style.overflowY) && node.scrollHeight > node.clientHeight + 1 && node.tabIndex < 0
    && node !== document.documentElement && !node.matches("dialog");
}));

// ---- contrast ----
const rgba = (text) => {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
};
const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
function ground(node) {
  const layers = [];
  for (let one = node; one; one = one.parentElement) {
    const color = rgba(getComputedStyle(one).backgroundColor);
    if (color[3] > 0) layers.push(color);
    if (color[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
}
const light = (color) => {
  const [r, g, b] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const texts = new Set();
while (walker.nextNode()) if (walker.currentNode.textContent.trim()) texts.add(walker.currentNode.parentElement);
for (const node of texts) {
  if (!seen(node) || node.matches("script, style, title, option") || node.closest(".out-of-sight")) continue;
  const style = getComputedStyle(node), below = ground(node);
  const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const found = contrast(over(rgba(style.color), below), below);
  if (found < (large ? 3 : 4.5)) wrong.push(`contrast ${found.toFixed(2)}: ${said(node)}`);
}
for (const node of all("input, select")) {
  const found = contrast(over(rgba(getComputedStyle(node).borderTopColor), ground(node.parentElement)), ground(node.parentElement));
  if (found < 3) wrong.push(`edge has contrast ${found.toFixed(2)}: ${said(node)}`);
}
for (const node of all("svg rect, svg path")) {
  const style = getComputedStyle(node), color = style.fill === "none" ? style.stroke : style.fill;
  if (color === "none" || node.getBoundingClientRect().height === 0) continue;
  const found = contrast(over(rgba(color), ground(node.closest("svg"))), ground(node.closest("svg")));
  if (found < 3) wrong.push(`drawing has contrast ${found.toFixed(2)}: ${said(node)}`);
}

// ---- targets ----
find("smaller than 24 by 24", all("button, a[href], input, select").filter((node) => {
  const box = node.getBoundingClientRect();
  return (box.width < 23.9 || box.height < 23.9) && !node.matches(".skip");
}));
return wrong;
