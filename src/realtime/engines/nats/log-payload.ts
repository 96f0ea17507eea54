/**
 * A log's messages as they stand in the stream.
 */
import type { EntryMeta, Retention } from "../index.js";
import type { KeptEntry } from "./log-window.js";
import { payloadOf, readPayload, valueOfText } from "./payload.js";

/** What stands before the value. */
interface LogHead {
  /** When it was appended, in Unix milliseconds by its publisher's clock. */
  readonly u: number;
  readonly m: EntryMeta;
  /** What is retained: messages, milliseconds, octets; `null`: without a bound. */
  readonly r: readonly [number | null, number | null, number | null];
  /** The sequence of the newest message that the publisher knew. */
  readonly p?: number;
  /** What no other message has. */
  readonly i: string;
}

/** A message to be published. */
export interface LogMessage {
  readonly unixMs: number;
  readonly meta: EntryMeta;
  readonly retain: Retention;
  readonly knownBefore: number;
  readonly id: string;
  readonly valueText: string;
}

/** A message as text. */
export function logPayload({ unixMs, meta, retain, knownBefore, id, valueText }: LogMessage): string {
  const head: LogHead = {
    u: unixMs,
    m: meta,
    // JSON has no infinity, and writes null.
    r: [retain.count, retain.ageMs, retain.bytes],
    ...(knownBefore > 0 && { p: knownBefore }),
    i: id,
  };
  return payloadOf(head, valueText);
}

/** A message of the stream. */
export function keptEntry(seq: number, data: Uint8Array): KeptEntry {
  const { head, valueText = "" } = readPayload<LogHead>(data);
  const [count, ageMs, bytes] = head.r.map((bound) => bound ?? Number.POSITIVE_INFINITY);
  return {
    seq,
    value: valueOfText(valueText),
    meta: head.m,
    unixMs: head.u,
    bytes: valueText.length,
    // What stood before it has a lower sequence, or was in another stream of the same name.
    knownBefore: head.p !== undefined && head.p < seq ? head.p : 0,
    id: head.i,
    retain: {
      count: count ?? Number.POSITIVE_INFINITY,
      ageMs: ageMs ?? Number.POSITIVE_INFINITY,
      bytes: bytes ?? Number.POSITIVE_INFINITY,
    },
  };
}
