// Requests to the console; openapi.yaml beside this folder has them all.

import {state} from "./store.js";

const PATIENCE_MS = 15000;

export class Refusal extends Error {
  constructor(message, status, code, retryAfter = 0) {
    super(message);
    Object.assign(this, {status, code, retryAfter});
  }
}

let onSignedOut = () => {};
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

// Throws a Refusal with the console's own words, or with why there was no answer (status 0).
export async function ask(method, path, body) {
  const headers = {Accept: "application/json"};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && state.session?.csrf) headers["X-CSRF-Token"] = state.session.csrf;
  const reply = await reach(path, {
    method, headers, cache: "no-store", credentials: "same-origin",
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (reply.ok) return reply.status === 204 ? null : reply.json();
  throw await refusalOf(reply);
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw new Refusal(error.name === "TimeoutError"
      ? `the console did not answer within ${PATIENCE_MS / 1000} s` : "the console cannot be reached", 0, "unreachable");
  }
}

export async function refusalOf(reply) {
  let told = {};
  try {
    told = await reply.json();
  } catch {
    // Something between us and the console may have answered in its own way.
  }
  if (reply.status === 401) onSignedOut();
  return new Refusal(told.error ?? `HTTP ${reply.status}`, reply.status, told.code ?? "",
    Number(reply.headers.get("Retry-After")) || 0);
}

export const segment = encodeURIComponent;
