/**
 * What a conformance case is, and the steps that many of them share.
 */
import type { DeflateRequest } from "../deflate.js";
import { Opcode } from "../frames.js";
import type { Chop, FuzzingPeer } from "../fuzzing-peer.js";

/** One case of the Autobahn suite, as a script for the fuzzing peer. */
export interface ConformanceCase {
  /** Autobahn's number for it, such as "6.4.1". */
  readonly id: string;
  /** What the side under test does. */
  readonly title: string;
  /** Whether it is short enough to be run octet by octet as well: less than 1 KiB. */
  readonly isSmall: boolean;
  /** What the fuzzing peer asks for, the most wanted first; undefined for a connection without permessage-deflate. */
  readonly deflate?: readonly DeflateRequest[];
  run(peer: FuzzingPeer): Promise<void>;
}

/** The cases of one group, in order. */
export interface CaseGroup {
  readonly title: string;
  readonly cases: readonly ConformanceCase[];
}

/** A text or binary message. */
export type MessageKind = "text" | "binary";

const smallBytes = 1024;

/** A case whose messages take less than 1 KiB. */
export function small(id: string, title: string, run: ConformanceCase["run"]): ConformanceCase {
  return { id, title, isSmall: true, run };
}

/** The message is sent in one frame, echoed, and the connection closed. */
export function echoCase(
  id: string,
  title: string,
  message: { readonly kind: MessageKind; readonly payload: Buffer; readonly chop?: number },
): ConformanceCase {
  const { kind, payload, chop } = message;
  return {
    id,
    title,
    isSmall: payload.length < smallBytes,
    run: async (peer) => {
      await peer.sendFrames([{ opcode: Opcode[kind], payload }], chop);
      await peer.expectMessage(kind, payload);
      await peer.close();
    },
  };
}

/** The text is sent in fragments. */
export async function sendFragments(peer: FuzzingPeer, payloads: readonly Uint8Array[], chop?: Chop): Promise<void> {
  await peer.sendFrames(fragments("text", payloads), chop);
}

/** The frames of one message (§5.4). */
export function fragments(
  kind: MessageKind,
  payloads: readonly Uint8Array[],
): { readonly opcode: number; readonly fin: boolean; readonly payload: Uint8Array }[] {
  return payloads.map((payload, index) => ({
    opcode: index === 0 ? Opcode[kind] : Opcode.continuation,
    fin: index === payloads.length - 1,
    payload,
  }));
}

/** Cuts octets into pieces of `length`, the last one possibly shorter. */
export function cut(octets: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / length) }, (_, index) =>
    octets.subarray(index * length, (index + 1) * length),
  );
}

/** A length, in the largest unit that it is a whole number of. */
export function inWords(octets: number): string {
  const mebi = 1024 * 1024;
  if (octets >= mebi && octets % mebi === 0) return `${octets / mebi} MiB`;
  if (octets >= 1024 && octets % 1024 === 0) return `${octets / 1024} KiB`;
  return octets === 1 ? "1 octet" : `${octets} octets`;
}
