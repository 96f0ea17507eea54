/**
 * A connection of a tab's, which goes through the tab that leads.
 */
import { RealtimeError } from "../../wire/errors.js";
import { FlowWindow } from "../../wire/sharing.js";
import type { ConnectionEnd, ConnectionOptions, RealtimeConnection } from "../connection.js";
import type { LeaderMessage, TabMessage, Unaddressed } from "./platform.js";

type End = Pick<ConnectionEnd, "code" | "reason" | "wasClean">;

/** See the head of this file. */
export class TabConnection implements RealtimeConnection {
  protocol = "";
  /** Resolves when it is open, and rejects when it cannot be. */
  readonly opened: Promise<RealtimeConnection>;
  readonly closed: Promise<ConnectionEnd>;
  readonly #n: number;
  readonly #message: ConnectionOptions["message"];
  readonly #post: (message: Unaddressed<TabMessage>) => void;
  readonly #over: () => void;
  readonly #sent = new FlowWindow();
  readonly #taken = new FlowWindow();
  #state: "opening" | "open" | "over" = "opening";
  #waiters: (() => void)[] = [];
  #resolveOpened: (connection: RealtimeConnection) => void = () => undefined;
  #rejectOpened: (error: Error) => void = () => undefined;
  #resolveClosed: (end: ConnectionEnd) => void = () => undefined;

  /**
   * @param post says something to the leader
   * @param over it has ended
   */
  constructor(
    n: number,
    { message, signal }: ConnectionOptions,
    post: (message: Unaddressed<TabMessage>) => void,
    over: () => void,
  ) {
    this.#n = n;
    this.#message = message;
    this.#post = post;
    this.#over = over;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    signal.addEventListener("abort", () => this.terminate());
  }

  get isOpening(): boolean {
    return this.#state === "opening";
  }

  // What its user does

  send(data: string | Uint8Array): { readonly ok: boolean; readonly status: "sent" | "buffered" | "refused" } {
    if (this.#state !== "open") return { ok: false, status: "refused" };
    // What is cloned of octets is all the memory in which they lie.
    const isPart = typeof data !== "string" && data.length < data.buffer.byteLength;
    this.#post({ type: "message", n: this.#n, data: isPart ? data.slice() : data });
    this.#sent.sent(data.length);
    return { ok: true, status: this.#sent.isFull ? "buffered" : "sent" };
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#sent.isFull) this.#waiters.push(resolve);
      else resolve();
    });
  }

  close(code: number = 1000, reason: string = ""): void {
    if (this.#state === "over") return;
    this.#post({ type: "close", n: this.#n, code, reason });
    this.#end({ code, reason, wasClean: true }, "us");
  }

  terminate(): void {
    if (this.#state === "over") return;
    this.#post({ type: "cut", n: this.#n });
    this.lost("us");
  }

  // What is heard of the leader

  received(said: LeaderMessage): void {
    switch (said.type) {
      case "opened":
        if (this.#state !== "opening") return;
        this.#state = "open";
        this.protocol = said.protocol;
        this.#resolveOpened(this);
        break;
      case "message": {
        this.#message(this, said.data);
        const due = this.#taken.taken(said.data.length);
        if (due > 0) this.#post({ type: "ack", n: this.#n, length: due });
        break;
      }
      case "ack":
        if (this.#sent.acknowledged(said.length)) for (const waiter of this.#waiters.splice(0)) waiter();
        break;
      case "closed":
        this.#end(said, "peer");
        break;
      case "taken":
        break;
    }
  }

  /** It is gone without a word. */
  lost(initiator: ConnectionEnd["initiator"] = "peer"): void {
    this.#end({ code: 1006, reason: "", wasClean: false }, initiator);
  }

  #end({ code, reason, wasClean }: End, initiator: ConnectionEnd["initiator"]): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#over();
    this.#rejectOpened(new RealtimeError("connection-lost"));
    this.#resolveClosed({ code, reason, wasClean, initiator });
  }
}
