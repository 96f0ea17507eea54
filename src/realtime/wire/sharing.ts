/**
 * Several sessions over one connection (docs/protocol.md, "Several sessions over one connection"): which one a message belongs
 * to, and how much may be on its way.
 */
import { list, name, text, tuple, whole } from "./checks.js";
import { maxRequestNumber } from "./limits.js";

/** The subprotocol of a connection that carries sessions, each of which has one of its own. */
export const sharedSubprotocol = "openline.v1.shared";

/** Octets at most by which a message is longer for it. */
export const sharingOverheadBytes = 16;

/** What is said about the session `s`. */
export type SharingFrame =
  /** From the client: a session begins. The subprotocols that it speaks, the most wanted first. */
  | readonly [operation: "open", s: number, protocols: readonly string[]]
  /** From the server: with this subprotocol. */
  | readonly [operation: "opened", s: number, protocol: string]
  /** From the server: not over this connection, but over another. */
  | readonly [operation: "refused", s: number]
  /** So much of what was sent has been taken. */
  | readonly [operation: "ack", s: number, length: number]
  /** It is over. */
  | readonly [operation: "close", s: number, code: number, reason: string];

/** A message of the session `s`. */
export type SharedMessage = readonly [operation: "message", s: number, message: string | Uint8Array];

const number = whole(1, maxRequestNumber);
// By their operations, which are not looked at again.
const isFrame = {
  open: tuple(text(), number, list(name)),
  opened: tuple(text(), number, name),
  refused: tuple(text(), number),
  ack: tuple(text(), number, whole(1)),
  close: tuple(text(), number, whole(1000, 4999), text()),
} as const;

/** Writes what is said about a session. */
export function writeSharing(frame: SharingFrame): string {
  return JSON.stringify(frame);
}

/** Writes a message of a session's: text behind its number and a colon, octets behind its number in four of them. */
export function writeShared(s: number, message: string | Uint8Array): string | Uint8Array {
  if (typeof message === "string") return `${s}:${message}`;
  const octets = new Uint8Array(message.length + 4);
  new DataView(octets.buffer).setUint32(0, s);
  octets.set(message, 4);
  return octets;
}

/** Reads either. @returns undefined where it is neither */
export function readShared(data: string | Uint8Array): SharingFrame | SharedMessage | undefined {
  if (typeof data !== "string") {
    if (data.length < 4) return undefined;
    const s = new DataView(data.buffer, data.byteOffset).getUint32(0);
    return number(s) === undefined ? ["message", s, data.subarray(4)] : undefined;
  }
  if (data.startsWith("[")) return readFrame(data);
  const [digits = ""] = /^[1-9]\d*(?=:)/.exec(data) ?? [];
  const s = Number(digits);
  return number(s) === undefined ? ["message", s, data.slice(digits.length + 1)] : undefined;
}

function readFrame(data: string): SharingFrame | undefined {
  try {
    const frame: unknown = JSON.parse(data);
    const operation: unknown = Array.isArray(frame) ? frame[0] : undefined;
    const isKnown = typeof operation === "string" && Object.hasOwn(isFrame, operation);
    if (!isKnown || isFrame[operation as keyof typeof isFrame](frame) !== undefined) return undefined;
    return frame as SharingFrame;
  } catch {
    return undefined;
  }
}

// On its way to a session: enough for a round trip, and little for a page that sleeps.
const windowLength = 131_072;
// Half of what may be outstanding is acknowledged at the latest; a quarter, so that it does not stop.
const acknowledgedLength = 32_768;

/** How much is on its way in one direction, as its sender and its receiver count it: characters of text, octets. */
export class FlowWindow {
  #length = 0;

  /** Whether whoever sends had better wait. */
  get isFull(): boolean {
    return this.#length > windowLength;
  }

  /** What has not been acknowledged. */
  get length(): number {
    return this.#length;
  }

  /** The sender has sent so much. */
  sent(length: number): void {
    this.#length += length;
  }

  /** The receiver has acknowledged so much. @returns whether there is room again */
  acknowledged(length: number): boolean {
    const wasFull = this.isFull;
    this.#length = Math.max(0, this.#length - length);
    return wasFull && !this.isFull;
  }

  /** The receiver has taken so much. @returns how much to acknowledge now, if any */
  taken(length: number): number {
    this.#length += length;
    if (this.#length < acknowledgedLength) return 0;
    const due = this.#length;
    this.#length = 0;
    return due;
  }
}
