// What the chat looks like. Everything that others wrote enters as text nodes.
import type { PendingMessage } from "../shared/outbox.js";
import type { ChatMessage, Member } from "../shared/wire.js";
import { byId, element, setText } from "./dom.js";

/** Entries that the page keeps; older ones leave at the top. */
const LOG_MAX_ENTRIES = 300;
/** A message soon after another one by the same person stands under it without a name. */
const FOLLOWS_WITHIN_MS = 60_000;
const AT_END_WITHIN_PX = 48;
const COLORS = 8;

const TIME: Intl.DateTimeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The first letter of a name, in a color that is always the same for that name. */
function avatar(name: string): HTMLElement {
  const characters = Array.from(name);
  const sum = characters.reduce((hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521, 0);
  const mark = element("span", `avatar color-${sum % COLORS}`, (characters[0] ?? "?").toUpperCase());
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

/** The chat's part of the page. */
export class ChatView {
  readonly #scroller = byId("log-scroller", HTMLElement);
  readonly #log = byId("log", HTMLOListElement);
  readonly #pending = byId("pending", HTMLOListElement);
  readonly #empty = byId("log-empty", HTMLElement);
  readonly #people = byId("people", HTMLUListElement);
  readonly #peopleCount = byId("people-count", HTMLElement);
  readonly #hint = byId("say-hint", HTMLElement);
  readonly #toNewest = byId("to-newest", HTMLButtonElement);
  #last: ChatMessage | undefined;

  constructor() {
    this.#toNewest.addEventListener("click", () => this.#scrollToEnd());
    this.#scroller.addEventListener("scroll", () => {
      if (this.#isAtEnd()) this.#toNewest.hidden = true;
    });
    // The room for the log changes with the window and the phone's keyboard; whoever read the end goes on reading it.
    let wasAtEnd = true;
    this.#scroller.addEventListener("scroll", () => {
      wasAtEnd = this.#isAtEnd();
    });
    new ResizeObserver(() => {
      if (wasAtEnd) this.#scrollToEnd();
    }).observe(this.#scroller);
  }

  /** Shows who is here; `own` is this page's member. */
  showPeople(members: Iterable<Member>, own: number | undefined): void {
    const items = Array.from(members, (member) => {
      const item = element("li", "person", avatar(member.name), element("bdi", "", member.name));
      if (member.memberId === own) item.append(element("span", "you", "you"));
      return item;
    });
    setText(this.#peopleCount, String(items.length));
    this.#people.replaceChildren(...items);
  }

  /** Adds a line that the page itself says: who came, who went, what happened to the server. */
  notice(...parts: (string | { readonly name: string })[]): void {
    this.#last = undefined;
    const children = parts.map((part) => (typeof part === "string" ? part : element("bdi", "", part.name)));
    this.#append(element("li", "notice", ...children), false);
  }

  /** Adds a message. */
  say(message: ChatMessage, isOwn: boolean): void {
    const last = this.#last;
    const isFollowing =
      last?.memberId === message.memberId &&
      last.name === message.name &&
      message.sentAtMs - last.sentAtMs < FOLLOWS_WITHIN_MS;
    this.#last = message;

    const time = element("time", "", TIME.format(message.sentAtMs));
    time.dateTime = new Date(message.sentAtMs).toISOString();
    const author = element("p", "author", element("bdi", "", message.name), " ", time);
    const text = element("p", "text", message.text);
    text.dir = "auto";
    const classes = ["message", isOwn ? "own" : "", isFollowing ? "following" : ""].filter(Boolean).join(" ");
    const item = element("li", classes, avatar(message.name), element("div", "bubble", author, text));
    item.dataset["messageId"] = message.messageId;
    this.#append(item, isOwn);
  }

  /** Shows what waits to be sent. */
  showPending(pending: readonly PendingMessage[], isConnected: boolean): void {
    const hasMore = pending.length > this.#pending.childElementCount;
    const items = pending.map(({ text }) => {
      const content = element("p", "text", text);
      content.dir = "auto";
      const state = element("p", "waiting", isConnected ? "sending" : "waits for the connection");
      return element("li", "message own pending", element("div", "bubble", content, state));
    });
    this.#pending.replaceChildren(...items);
    this.#showEmptiness();
    if (hasMore) this.#scrollToEnd();
  }

  /** Says something about the message being written; "" says nothing. */
  hint(text: string): void {
    setText(this.#hint, text);
  }

  #append(item: HTMLLIElement, follow: boolean): void {
    const wasAtEnd = this.#isAtEnd();
    this.#log.append(item);
    while (this.#log.childElementCount > LOG_MAX_ENTRIES) this.#log.firstElementChild?.remove();
    this.#showEmptiness();
    if (wasAtEnd || follow) this.#scrollToEnd();
    else if (item.classList.contains("message")) this.#toNewest.hidden = false;
  }

  #showEmptiness(): void {
    this.#empty.hidden = this.#log.querySelector(".message") !== null || this.#pending.childElementCount > 0;
  }

  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < AT_END_WITHIN_PX;
  }

  #scrollToEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#toNewest.hidden = true;
  }
}
