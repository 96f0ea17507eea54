/**
 * Typists: each inserts a character where its cursor is, at a steady rate, and shows where that is, as editors do. Some of them
 * note when they see what the others have typed.
 */
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { answerQuestions } from "../lib/questions.js";
import { editors, untilSynced } from "./editors.js";

// One in so many looks at the clock, for that costs the process something.
const observedEvery = 8;
// It goes to another place so often.
const jumpProbability = 0.05;
const letters = "abcdefghijklmnopqrstuvwxyz ";

/** The same clock for all processes of a machine, in milliseconds. */
const nowMs = () => performance.timeOrigin + performance.now();

/** @type {import("./editors.js").Editors} */
let made;
/** @type {Typist[]} */
let typists = [];
let isCounting = false;

class Typist {
  keystrokes = 0;
  /** When each insertion was made, by its clock. @type {[clock: number, ms: number][]} */
  typed = [];
  /** When each insertion of others was seen. @type {[client: number, clock: number, ms: number][]} */
  seen = [];
  #editor;
  #text;
  #cursor = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {import("./editors.js").Editor} editor @param {boolean} isObserver */
  constructor(editor, isObserver) {
    this.#editor = editor;
    this.#text = editor.doc.getText("text");
    if (isObserver) editor.doc.on("afterTransaction", (transaction) => this.#look(transaction));
  }

  get editor() {
    return this.#editor;
  }

  get clientId() {
    return this.#editor.doc.clientID;
  }

  #look({ local, beforeState, afterState }) {
    if (local || !isCounting) return;
    const ms = nowMs();
    for (const [client, after] of afterState) {
      for (let clock = beforeState.get(client) ?? 0; clock < after; clock++) this.seen.push([client, clock, ms]);
    }
  }

  /** @param {number} perSecond */
  async type(perSecond) {
    const intervalMs = 1000 / perSecond;
    this.#jump();
    // Nobody types in time with the others.
    await wait(Math.random() * intervalMs);
    let dueMs = performance.now();
    const next = () => {
      this.#press();
      dueMs += intervalMs;
      this.#timer = setTimeout(next, Math.max(0, dueMs - performance.now()));
    };
    next();
  }

  #jump() {
    this.#cursor = Math.floor(Math.random() * (this.#text.length + 1));
  }

  #press() {
    const { doc, awareness } = this.#editor;
    if (Math.random() < jumpProbability) this.#jump();
    if (isCounting) {
      this.keystrokes++;
      this.typed.push([made.Y.getState(doc.store, doc.clientID), nowMs()]);
    }
    this.#text.insert(this.#cursor, letters[Math.floor(Math.random() * letters.length)]);
    this.#cursor++;
    const at = made.Y.createRelativePositionFromTypeIndex(this.#text, this.#cursor);
    awareness.setLocalStateField("cursor", { anchor: at, head: at });
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** What its document is, in few characters. */
  digest() {
    return createHash("sha256").update(this.#text.toString()).digest("hex");
  }
}

answerQuestions({
  /** @param {{ peer: string, port: number, count: number }} details */
  async connect({ peer, port, count }) {
    made = await editors[peer]();
    typists = Array.from({ length: count }, (_, index) => new Typist(made.open(port), index % observedEvery === 0));
    await untilSynced(typists.map(({ editor }) => editor));
    for (const [index, { editor }] of typists.entries()) {
      editor.awareness.setLocalStateField("user", { name: `Typist ${index}`, color: "#30bced" });
    }
  },
  /** @param {{ length: number }} details */
  write({ length }) {
    typists[0].editor.doc.getText("text").insert(0, "lorem ipsum dolor sit amet ".repeat(length / 27));
  },
  /** @param {{ perSecond: number }} details */
  type({ perSecond }) {
    for (const typist of typists) void typist.type(perSecond);
  },
  begin() {
    isCounting = true;
  },
  count() {
    isCounting = false;
    return { keystrokes: typists.reduce((sum, { keystrokes }) => sum + keystrokes, 0) };
  },
  stop() {
    for (const typist of typists) typist.stop();
  },
  digests() {
    return { digests: typists.map((typist) => typist.digest()) };
  },
  seen() {
    return {
      typed: typists.map(({ clientId, typed }) => [clientId, typed]),
      seen: typists.flatMap(({ seen }) => seen),
    };
  },
});
