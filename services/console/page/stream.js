// The live stream: read by fetch, as an EventSource tells neither the status of a refusal nor that a connection has
// gone quiet. It resumes after the last id, so that nothing is missed or doubled.

import {refusalOf} from "./api.js";
import {Messages} from "./sse.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const QUIET_MS = 40000; // the console says something at least every 15 s

export class Stream {
  #running = null; // AbortController of the connection
  #timer = 0;
  #watch = 0;
  #wait = FIRST_WAIT_MS;
  #after = "";  // an id of the stream
  #place = "";  // where it is to begin as long as there is none

  // onMessage(kind, value, id); onPhase({phase: connecting | live | waiting, retryAt, why}).
  constructor(onMessage, onPhase) {
    Object.assign(this, {onMessage, onPhase});
  }

  start(place) {
    this.stop();
    this.#place = place;
    this.#after = "";
    this.#wait = FIRST_WAIT_MS;
    this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#running?.abort();
    this.#running = null;
  }

  // Tries at once instead of at the end of the wait.
  now() {
    if (this.#running) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  async #connect() {
    const mine = (this.#running = new AbortController());
    this.onPhase({phase: "connecting", retryAt: 0, why: ""});
    let why = "the console closed the stream", wait = 0;
    try {
      this.#expect(mine);
      const from = this.#after || !this.#place ? "" : `?after=${encodeURIComponent(this.#place)}`;
      const reply = await fetch(`api/v1/stream${from}`, {
        headers: {Accept: "text/event-stream", ...(this.#after && {"Last-Event-ID": this.#after})},
        cache: "no-store", credentials: "same-origin", signal: mine.signal,
      });
      if (!reply.ok) throw await refusalOf(reply);
      await this.#read(reply.body.getReader(), mine);
    } catch (error) {
      if (this.#running === mine) {
        why = error.status ? error.message
          : mine.signal.aborted ? "the console says nothing more" : "the console cannot be reached";
        wait = (error.retryAfter ?? 0) * 1000;
        if (error.status === 401) return this.stop();
      }
    }
    if (this.#running === mine) this.#again(why, wait);
  }

  async #read(reader, mine) {
    const decoder = new TextDecoder();
    const messages = new Messages((kind, text, id) => this.onMessage(kind, JSON.parse(text), id));
    messages.lastId = this.#after;
    this.onPhase({phase: "live", retryAt: 0, why: ""});
    for (;;) {
      const {done, value} = await reader.read();
      if (done || this.#running !== mine) return;
      this.#expect(mine);
      this.#wait = FIRST_WAIT_MS;
      messages.feed(decoder.decode(value, {stream: true}));
      this.#after = messages.lastId;
    }
  }

  // Ends a connection that says nothing any more.
  #expect(mine) {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => mine.abort(), QUIET_MS);
  }

  #again(why, least) {
    clearTimeout(this.#watch);
    this.#running = null;
    const wait = Math.max(least, this.#wait * (0.8 + 0.4 * Math.random()));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    this.onPhase({phase: "waiting", retryAt: Date.now() + wait, why});
    this.#timer = setTimeout(() => this.#connect(), wait);
  }
}
