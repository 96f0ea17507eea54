/**
 * One provider's hold of a document, for as long as it takes what comes.
 */
import type { RealtimeError } from "../../realtime/wire/index.js";
import type { DocumentAccess, OpenItem } from "../contract/index.js";

/** See the head of this file. */
export class Opening {
  readonly document: string;
  readonly session: string;
  readonly clientId: number;
  readonly key: string;
  access: DocumentAccess;
  #waiting: OpenItem[] = [];
  #error: RealtimeError | undefined;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(of: {
    readonly document: string;
    readonly session: string;
    readonly clientId: number;
    readonly key: string;
    readonly access: DocumentAccess;
  }) {
    this.document = of.document;
    this.session = of.session;
    this.clientId = of.clientId;
    this.key = of.key;
    this.access = of.access;
  }

  /** What its user may do is something else now. */
  allow(access: DocumentAccess): void {
    if (access === this.access) return;
    this.access = access;
    // Only the last one matters.
    this.#waiting = [{ type: "access", access }];
    this.#wake();
  }

  /** Nobody takes anything any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** It is over, and whoever has it is told why. */
  fail(error: RealtimeError): void {
    this.#error ??= error;
    this.end();
  }

  /** What comes, until it ends. */
  async *items(): AsyncGenerator<OpenItem, void> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#isOver) return;
      const item = this.#waiting.shift();
      if (item !== undefined) yield item;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
