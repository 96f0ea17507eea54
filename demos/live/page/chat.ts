// The chat as this page lives it: who it is, what it has seen, what it still has to say.
import { NAME_MAX_LENGTH, OUTBOX_MAX_MESSAGES } from "../shared/limits.js";
import { Outbox } from "../shared/outbox.js";
import type { ChatMessage, ClientMessage, Member, ServerMessage } from "../shared/wire.js";
import type { ChatView } from "./chat-view.js";
import { byId, randomId } from "./dom.js";
import { recallName, rememberName } from "./own-name.js";

/** Message ids remembered so that nothing is shown twice: more than the log and the server's history together. */
const SEEN_MAX_IDS = 1_000;

type Welcome = Extract<ServerMessage, { readonly type: "welcome" }>;

/** The chat. Tell it about the connection with `connected`, `receive` and `disconnected`. */
export class Chat {
  readonly #view: ChatView;
  readonly #send: (message: ClientMessage) => boolean;
  /** Known to this page and the server alone; lets a new connection continue the old one. */
  readonly #clientId = randomId();
  readonly #outbox = new Outbox(OUTBOX_MAX_MESSAGES);
  readonly #members = new Map<number, Member>();
  readonly #seen = new Set<string>();
  readonly #ownIds = new Set<string>();
  readonly #nameInput = byId("name", HTMLInputElement);
  readonly #sayInput = byId("say", HTMLInputElement);
  #name: string = recallName();
  #memberId: number | undefined;
  #serverId: string | undefined;
  #isWelcome = false;
  #patience: number | undefined;

  constructor(view: ChatView, send: (message: ClientMessage) => boolean) {
    this.#view = view;
    this.#send = send;
    this.#nameInput.value = this.#name;
    byId("name-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#rename(this.#nameInput.value.trim());
    });
    byId("say-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say(this.#sayInput.value.trim());
    });
  }

  /** The connection is open: introduce ourselves. */
  connected(): void {
    this.#send({ type: "hello", clientId: this.#clientId, name: this.#name });
  }

  /** The connection is gone; what was under way will be sent again. */
  disconnected(): void {
    this.#isWelcome = false;
    clearTimeout(this.#patience);
    this.#outbox.release();
    this.#showPending();
  }

  /** The server said something; what does not concern the chat is ignored. */
  receive(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "joined":
        this.#members.set(message.member.memberId, message.member);
        this.#showPeople();
        this.#view.notice(message.member, " joined");
        break;
      case "left":
        this.#members.delete(message.member.memberId);
        this.#showPeople();
        this.#view.notice(message.member, " left");
        break;
      case "renamed":
        this.#members.set(message.member.memberId, message.member);
        this.#showPeople();
        this.#view.notice({ name: message.previousName }, " is now ", message.member);
        break;
      case "said":
        this.#show(message.message);
        break;
      case "accepted":
        this.#accepted(message.messageId);
        break;
      case "slow-down":
        this.#view.hint("That was fast; the room takes a breath.");
        this.#patience = setTimeout(() => {
          this.#outbox.release();
          this.#pump();
        }, message.retryAfterMs);
        break;
      case "rejected":
        this.#view.hint(`The server did not take that: ${message.reason}.`);
        break;
      case "clock":
      case "update":
        break;
      default:
        message satisfies never;
    }
  }

  #welcome(welcome: Welcome): void {
    const isFirst = this.#serverId === undefined;
    const isRestarted = !isFirst && this.#serverId !== welcome.serverId;
    this.#serverId = welcome.serverId;
    this.#memberId = welcome.memberId;
    this.#members.clear();
    for (const member of welcome.members) this.#members.set(member.memberId, member);
    this.#showPeople();

    if (isRestarted) this.#view.notice("The server restarted: it has forgotten what was said above");
    else if (!isFirst) this.#view.notice("Connected again");
    const oldest = welcome.history[0];
    if (!isFirst && !isRestarted && oldest !== undefined && this.#seen.size > 0 && !this.#seen.has(oldest.messageId)) {
      this.#view.notice("Some messages before this are no longer kept");
    }
    for (const message of welcome.history) this.#show(message);
    if (isFirst) this.#view.notice("You are here as ", this.#members.get(welcome.memberId) ?? { name: this.#name });

    this.#isWelcome = true;
    this.#showPending();
    this.#pump();
  }

  #rename(wish: string): void {
    const name = wish.slice(0, NAME_MAX_LENGTH);
    if (name === "") return;
    this.#name = name;
    rememberName(name);
    if (this.#isWelcome) this.#send({ type: "rename", name });
    this.#sayInput.focus();
  }

  #say(text: string): void {
    if (text === "") return;
    const messageId = randomId();
    if (!this.#outbox.add({ messageId, text })) {
      this.#view.hint("No more messages can wait; send this one when the connection is back.");
      return;
    }
    this.#ownIds.add(messageId);
    this.#sayInput.value = "";
    this.#view.hint("");
    this.#showPending();
    this.#pump();
  }

  /** Sends the oldest message that waits, if none is under way. */
  #pump(): void {
    if (!this.#isWelcome) return;
    const next = this.#outbox.take();
    if (next !== undefined && !this.#send({ type: "say", ...next })) this.#outbox.release();
  }

  #accepted(messageId: string): void {
    const settled = this.#outbox.settle(messageId);
    this.#showPending();
    this.#view.hint("");
    // Accepted on an earlier connection, which broke before we saw it, and gone from the history since: show it all the
    // same. The author should not lose sight of it.
    if (settled !== undefined && !this.#seen.has(messageId) && this.#memberId !== undefined) {
      this.#show({ ...settled, memberId: this.#memberId, name: this.#name, sentAtMs: Date.now() });
    }
    this.#pump();
  }

  #show(message: ChatMessage): void {
    if (this.#seen.has(message.messageId)) return;
    this.#seen.add(message.messageId);
    // A Set iterates in the order of insertion, so the first id is the oldest.
    for (const oldest of this.#seen) {
      if (this.#seen.size <= SEEN_MAX_IDS) break;
      this.#seen.delete(oldest);
      this.#ownIds.delete(oldest);
    }
    this.#view.say(message, this.#ownIds.has(message.messageId));
  }

  #showPeople(): void {
    this.#view.showPeople(this.#members.values(), this.#memberId);
  }

  #showPending(): void {
    // A message that the room has shown is only waiting for its confirmation; it need not be seen twice.
    const unseen = this.#outbox.pending.filter((message) => !this.#seen.has(message.messageId));
    this.#view.showPending(unseen, this.#isWelcome);
  }
}
