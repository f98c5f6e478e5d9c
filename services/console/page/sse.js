// The text of a stream of server-sent events, cut into its messages.

export class Messages {
  #rest = "";
  #event = "";
  #data = [];

  // `onMessage(kind, text, id)` for each message; `lastId` is the last id, that of a message without data too.
  constructor(onMessage) {
    this.onMessage = onMessage;
    this.lastId = "";
  }

  feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#take(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  #take(line) {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id") this.lastId = value;
  }

  #end() {
    if (this.#data.length > 0) this.onMessage(this.#event || "message", this.#data.join("\n"), this.lastId);
    this.#event = "";
    this.#data = [];
  }
}
