// How a player of Media Source Extensions stays near the newest picture: a little faster when it is behind, and with a
// jump when it is far behind.

/** Where it wants to be, behind the end of what it has: what comes in pieces of 100 ms, and not evenly, has to last. */
const TARGET_MS = 400;
const CATCH_UP_MS = 700;
const JUMP_MS = 2_000;
/** Not heard in speech, and makes up a second in 17. */
const CATCH_UP_RATE = 1.06;

/** What is known of the player. */
export interface Playback {
  readonly currentMs: number;
  /** The range that it can play; nothing before the first piece. */
  readonly startMs: number;
  readonly endMs: number;
  readonly rate: number;
}

/** What it should do. */
export interface Move {
  readonly rate: number;
  /** Where to jump to; undefined: stay. */
  readonly seekMs: number | undefined;
}

/** Says what to do about where the playback is. */
export function followLiveEdge({ currentMs, startMs, endMs, rate }: Playback): Move {
  const edgeMs = Math.max(startMs, endMs - TARGET_MS);
  // Before what it has, as who comes late is at first, or beyond it, as after a publisher began anew.
  if (currentMs < startMs || currentMs > endMs + JUMP_MS) return { rate: 1, seekMs: edgeMs };
  const behindMs = endMs - currentMs;
  if (behindMs > JUMP_MS) return { rate: 1, seekMs: edgeMs };
  if (behindMs > CATCH_UP_MS) return { rate: CATCH_UP_RATE, seekMs: undefined };
  // Once it is catching up, it does so to the end.
  return { rate: behindMs <= TARGET_MS ? 1 : rate, seekMs: undefined };
}
