// The chat beside a stream: what others said while they saw a moment of it stands here when that moment is shown here.
import { byId, element, setText } from "../../site/page/dom.js";
import type { ChatMessage } from "../shared/contract.js";
import { KEPT_MESSAGES, NAME_MAX_LENGTH, REACTIONS } from "../shared/limits.js";
import { TimedQueue } from "../shared/timed-queue.js";
import type { StreamClient } from "./client.js";
import { recallName, rememberName } from "./own-name.js";

/** For so long something waits at most until its moment is shown. */
const MAX_WAIT_MS = 8_000;
const LOOK_INTERVAL_MS = 100;
const SHOWN_MAX = 200;
/** A reaction floats for as long as the style sheet says. */
const FLOAT_MS = 2_400;
const FLOATING_MAX = 30;

/** See the head of this file. */
export class Chat {
  readonly #client: StreamClient;
  readonly #shownMs: () => number | undefined;
  readonly #log = byId("messages", HTMLOListElement);
  readonly #scroller = byId("messages-scroller", HTMLElement);
  readonly #hint = byId("say-hint", HTMLElement);
  readonly #floating = byId("floating", HTMLElement);
  readonly #waiting = byId("in-sync", HTMLElement);
  readonly #counts = new Map<string, HTMLElement>();
  #stream: string | undefined;
  #messages = new TimedQueue<ChatMessage>(MAX_WAIT_MS);
  #reactions = new TimedQueue<string>(MAX_WAIT_MS);
  #leave: () => void = () => undefined;

  /** @param shownMs The moment of the stream that is shown, by the server's clock. */
  constructor(client: StreamClient, shownMs: () => number | undefined) {
    this.#client = client;
    this.#shownMs = shownMs;
    const name = byId("name", HTMLInputElement);
    name.value = recallName();
    name.addEventListener("change", () => rememberName(name.value.trim().slice(0, NAME_MAX_LENGTH)));
    byId("say-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#say(name.value.trim() || "Guest");
    });
    this.#addButtons();
    setInterval(() => this.#showDue(), LOOK_INTERVAL_MS);
  }

  #addButtons(): void {
    const bar = byId("reactions", HTMLElement);
    for (const emoji of REACTIONS) {
      const count = element("span", "count", "0");
      const button = element("button", "quiet", element("span", "", emoji), count);
      button.type = "button";
      button.setAttribute("aria-label", `React with ${emoji}`);
      button.addEventListener("click", () => this.#react(emoji));
      this.#counts.set(emoji, count);
      bar.append(button);
    }
  }

  /** Goes to the chat of another stream. */
  follow(stream: string): void {
    this.#leave();
    this.#stream = stream;
    this.#log.replaceChildren();
    for (const count of this.#counts.values()) setText(count, "0");
    this.#messages = new TimedQueue(MAX_WAIT_MS);
    this.#reactions = new TimedQueue(MAX_WAIT_MS);
    const leaveChat = this.#client.channel(`chat/${stream}`, { last: KEPT_MESSAGES }).listen((event) => {
      if (event.type !== "message") return;
      const { value, recovered } = event;
      // What was said before this page came does not wait.
      if (recovered) this.#append(value);
      else this.#messages.add(value, value.streamMs, performance.now());
    });
    const leaveReactions = this.#client.channel(`reactions/${stream}`).listen((event) => {
      if (event.type === "message") {
        this.#reactions.add(event.value.emoji, event.value.streamMs, performance.now());
      }
    });
    this.#leave = () => {
      leaveChat();
      leaveReactions();
    };
  }

  /** The moment that goes with what is said now: the one that is seen. */
  get #momentMs(): number {
    return this.#shownMs() ?? this.#client.serverTimeMs() ?? 0;
  }

  async #say(name: string): Promise<void> {
    const field = byId("say", HTMLInputElement);
    const text = field.value.trim();
    if (text === "" || this.#stream === undefined) return;
    field.value = "";
    setText(this.#hint, "");
    try {
      await this.#client.channel(`chat/${this.#stream}`).publish({ name, text, streamMs: this.#momentMs });
    } catch (error) {
      setText(this.#hint, error instanceof Error ? error.message : String(error));
    }
  }

  #react(emoji: (typeof REACTIONS)[number]): void {
    if (this.#stream === undefined) return;
    this.#client.channel(`reactions/${this.#stream}`).send({ emoji, streamMs: this.#momentMs });
  }

  #showDue(): void {
    const [shownMs, nowMs] = [this.#shownMs(), performance.now()];
    for (const message of this.#messages.due(shownMs, nowMs)) this.#append(message);
    for (const emoji of this.#reactions.due(shownMs, nowMs)) this.#float(emoji);
    const waiting = this.#messages.size + this.#reactions.size;
    setText(this.#waiting, waiting === 0 ? "" : `${waiting} of later moments`);
  }

  #append({ name, text, streamMs }: ChatMessage): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < 40;
    const time = element("time", "muted", new Date(streamMs).toISOString().slice(11, 19));
    const words = element("span", "text", text);
    words.dir = "auto";
    this.#log.append(element("li", "", element("bdi", "author", name), " ", time, words));
    while (this.#log.childElementCount > SHOWN_MAX) this.#log.firstElementChild?.remove();
    if (wasAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #float(emoji: string): void {
    const count = this.#counts.get(emoji);
    if (count !== undefined) setText(count, String(Number(count.textContent) + 1));
    if (this.#floating.childElementCount >= FLOATING_MAX) return;
    // Spread by where they are in the row of floating ones: an inline style would need another policy.
    const lane = String(Math.floor(Math.random() * 8));
    const floating = element("span", `lane-${lane}`, emoji);
    this.#floating.append(floating);
    setTimeout(() => floating.remove(), FLOAT_MS);
  }
}
