/**
 * The kinds of abuse: what each peer says when it has connected, and what it goes on with at every step.
 */
import { constants, deflateRawSync } from "node:zlib";
import type { FrameParts } from "../../support/frames.js";
import { requestText } from "../../support/raw-http.js";
import { noise } from "../../support/samples.js";
import { upgradeHeaders } from "../../support/upgrades.js";
import { fromClient, mebibyte, repeated } from "../../support/victim.js";

/** One way to be a nuisance. */
export interface Abuse {
  /** Whether it is let in first; otherwise it says what it does in place of a request. */
  readonly isUpgraded: boolean;
  /** Whether it reads what comes back. */
  readonly reads: boolean;
  /** What it says once. */
  readonly first: Uint8Array;
  /** What it says at every step, where the last has left; nothing by default. */
  readonly again?: Uint8Array;
  /** Milliseconds after its end until it comes back. */
  readonly returnsAfterMs: number;
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const nothing = new Uint8Array(0);
const soonMs = 1000;
const messageBytes = 60_000;

/** A message of zeros, 64 MiB long in some 64 KiB. */
function makeBomb(): Buffer {
  const zeros = new Uint8Array(64 * mebibyte);
  const payload = deflateRawSync(zeros, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const half = payload.byteLength >> 1;
  return fromClient(
    { opcode: 2, rsv: 4, fin: false, payload: payload.subarray(0, half) },
    { opcode: 0, payload: payload.subarray(half) },
  );
}

/**
 * All of them, by their names.
 *
 * @param burstBytes octets that those begin with who read nothing of what comes back. When they have asked for more than a
 *   kernel takes for them, some megabytes, the rest is the server's
 */
export function createAbuses(burstBytes: number): Readonly<Record<string, Abuse>> {
  const ping: FrameParts = { opcode: 9, payload: new Uint8Array(125) };
  // It does not get shorter when it is compressed.
  const message: FrameParts = { opcode: 2, payload: noise(messageBytes, 2) };
  return {
    "slow handshake": {
      isUpgraded: false,
      reads: true,
      first: latin1(requestText().slice(0, -2)),
      again: latin1("x"),
      returnsAfterMs: soonMs,
    },
    "endless headers": {
      isUpgraded: false,
      reads: true,
      first: latin1(requestText().slice(0, -2)),
      again: latin1(`x: ${"y".repeat(500)}\r\n`.repeat(24)),
      returnsAfterMs: soonMs,
    },
    "pings, pongs unread": {
      isUpgraded: true,
      reads: false,
      first: repeated(ping, Math.floor(burstBytes / 125)),
      again: repeated(ping, 50),
      returnsAfterMs: soonMs,
    },
    "tiny fragments": {
      isUpgraded: true,
      reads: true,
      first: fromClient({ opcode: 2, fin: false, payload: "x" }),
      again: repeated({ opcode: 0, fin: false, payload: "x" }, 200),
      returnsAfterMs: soonMs,
    },
    "never a FIN": {
      isUpgraded: true,
      reads: true,
      first: fromClient({ opcode: 2, fin: false, payload: new Uint8Array(1000) }),
      again: fromClient({ opcode: 0, fin: false, payload: new Uint8Array(1000) }),
      returnsAfterMs: soonMs,
    },
    "asks, never reads": {
      isUpgraded: true,
      reads: false,
      first: repeated(message, Math.floor(burstBytes / messageBytes)),
      again: repeated(message, 1),
      returnsAfterMs: soonMs,
    },
    "compression bombs": {
      isUpgraded: true,
      reads: true,
      first: makeBomb(),
      // Another bomb each time would be a test of how fast zlib is.
      returnsAfterMs: 20 * soonMs,
    },
    garbage: { isUpgraded: true, reads: true, first: noise(2000, 1), returnsAfterMs: soonMs },
    "half open": { isUpgraded: true, reads: false, first: nothing, returnsAfterMs: soonMs },
  };
}

/** The request of an abuser, which tells the server its kind. */
export function requestOf(kind: string): string {
  const target = `/${encodeURIComponent(kind)}`;
  return requestText(upgradeHeaders("Sec-WebSocket-Extensions", "permessage-deflate"), `GET ${target} HTTP/1.1`);
}

/** Their names. */
export const abuseKinds: readonly string[] = Object.keys(createAbuses(0));
