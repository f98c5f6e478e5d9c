// The one dialog of all actions: it says what will happen, asks once, shows what failed and why, and stays until it is
// done or given up.

import {ask as request} from "./api.js";
import {announce} from "./announce.js";
import {byId, make, setText} from "./dom.js";

let current = null; // {send, done}
let busy = false;

// A field: {name, label, required?, value?, hint?, options?: [[value, text]], suggestions?, pattern?, most?}.
function makeField(field) {
  const id = `ask-${field.name}`;
  const hint = field.hint ? make("span", {class: "hint", id: `${id}-hint`}, field.hint) : "";
  const shared = {id, name: field.name, required: field.required, "aria-describedby": field.hint ? `${id}-hint` : null};
  const input = field.options
    ? make("select", shared, ...field.options.map(([value, text]) => make("option", {value}, text)))
    : make("input", {...shared, autocomplete: "off", pattern: field.pattern, maxlength: field.most ?? 500,
      title: field.pattern ? field.hint : null});
  input.value = field.value ?? (field.options ? field.options[0][0] : "");
  const label = field.required ? field.label : `${field.label} (optional)`;
  return make("p", {class: "field"}, make("label", {for: id}, label), input, hint);
}

// `action`: {title, text, yes, fields, request(values) => [method, path, body], done(answer) => what to say}.
export function askOnce(action) {
  current = action;
  setText(byId("ask-title"), action.title);
  setText(byId("ask-text"), action.text);
  setText(byId("ask-yes"), action.yes);
  setText(byId("ask-error"), "");
  byId("ask-fields").replaceChildren(...action.fields.map(makeField));
  byId("ask").showModal();
  (byId("ask-fields").querySelector("input, select") ?? byId("ask-yes")).focus();
}

function setBusy(value) {
  busy = value;
  byId("ask-yes").setAttribute("aria-disabled", String(value));
  setText(byId("ask-yes"), value ? "Working …" : current.yes);
}

async function send() {
  const action = current;
  const values = Object.fromEntries(new FormData(byId("ask").querySelector("form")));
  for (const name of Object.keys(values)) values[name] = values[name].trim();
  setText(byId("ask-error"), "");
  setBusy(true);
  try {
    const [method, path, body] = action.request(values);
    const answer = await request(method, path, body);
    byId("ask").close();
    announce(action.done(answer), true);
    action.after?.();
  } catch (error) {
    const doubt = error.status === 0 ? " It may have been carried out all the same: look before you try again." : "";
    setText(byId("ask-error"), `Not done: ${error.message}.${doubt}`);
  } finally {
    setBusy(false);
  }
}

export function startAsking() {
  const dialog = byId("ask");
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!busy) send();
  });
  byId("ask-no").addEventListener("click", () => dialog.close());
  dialog.addEventListener("cancel", (event) => {
    if (busy) event.preventDefault();
  });
}
