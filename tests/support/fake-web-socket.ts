/**
 * A platform's `WebSocket` that does what a test tells it, in the place of the global one.
 */

import type { TestContext } from "node:test";
import { setImmediate as inNextTurn } from "node:timers";

interface CloseFields {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

export class FakeWebSocket {
  binaryType = "blob";
  bufferedAmount = 0;
  extensions = "";
  protocol = "";
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: ((event: { readonly error?: unknown }) => void) | null = null;
  onclose: ((event: CloseFields) => void) | null = null;
  /** What was sent. */
  readonly sent: unknown[] = [];
  /** The arguments of each call of `close`. */
  readonly closes: unknown[][] = [];
  readonly url: string;
  readonly protocols: unknown;
  /** Whether what is sent stays in the buffer. */
  isSlow = false;

  constructor(url: string, protocols?: unknown) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    this.sent.push(data);
    if (this.isSlow) this.bufferedAmount += typeof data === "string" ? data.length : data.byteLength;
  }

  close(...args: unknown[]): void {
    this.closes.push(args);
    if (this.readyState < 2) this.readyState = 2;
  }

  /** The handshake succeeds. */
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  /** A message comes. */
  receives(data: string | ArrayBuffer): void {
    this.onmessage?.({ data });
  }

  /** The connection ends. */
  ends(code = 1006, reason = "", wasClean = false): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean });
  }

  /** Something fails. */
  fails(error?: unknown): void {
    this.onerror?.({ error });
  }
}

/**
 * Puts it, and timers that stand still, in the place of the global ones until the test is over.
 *
 * @param create makes each of them, or throws what the platform's constructor would
 * @returns those that have been made
 */
export function fakePlatform(
  t: TestContext,
  create = (url: string, protocols?: unknown): FakeWebSocket => new FakeWebSocket(url, protocols),
): FakeWebSocket[] {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const made: FakeWebSocket[] = [];
  function Constructor(url: string, protocols?: unknown): FakeWebSocket {
    const socket = create(url, protocols);
    made.push(socket);
    return socket;
  }
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Object.defineProperty(globalThis, "WebSocket", { value: Constructor, configurable: true, writable: true });
  t.after(() => {
    if (own === undefined) Reflect.deleteProperty(globalThis, "WebSocket");
    else Object.defineProperty(globalThis, "WebSocket", own);
  });
  return made;
}

/** Everything that follows from what has happened by now is done. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => inNextTurn(resolve));
}
