/**
 * Abusers, as many of each kind as the first argument says. All of them take a step in each interval, spread over it.
 */
import { setPriority } from "node:os";
import { createAbuses } from "./abuse.js";
import { Abuser } from "./abuser.js";
import type { AbuserState, Tally } from "./messages.js";
import { answerQuestions, count } from "./messages.js";

/** What abusers are told. */
export interface AbuserOptions {
  readonly port: number;
  readonly perKind: number;
  /** Milliseconds between two steps of one peer. */
  readonly stepMs: number;
  /** Milliseconds over which the first connections of each kind are spread. */
  readonly spreadMs: number;
  /** See `createAbuses`. */
  readonly burstBytes: number;
}

const { port, perKind, stepMs, spreadMs, burstBytes } = JSON.parse(process.argv[2] ?? "") as AbuserOptions;
const slices = 10;

// Their computers are not ours: what it costs to make the flood must not count against the server.
setPriority(10);

let ends: Record<string, Tally> = {};
const abuses = Object.entries(createAbuses(burstBytes));
const ended = (kind: string, how: string): void => count((ends[kind] ??= {}), how);
const nowMs = performance.now();
// One of each kind after the other, so that each slice has some of all; and none of a kind in the same moment, for a wave
// would be over before its effect shows.
const abusers = Array.from({ length: perKind }, (_, index) =>
  abuses.map(([kind, abuse]) => {
    const startsAtMs = nowMs + (spreadMs * index) / perKind;
    return new Abuser(port, kind, abuse, startsAtMs, ended);
  }),
).flat();

let slice = 0;
const stepping = setInterval(() => {
  for (let index = slice; index < abusers.length; index += slices) abusers[index]?.step(performance.now());
  slice = (slice + 1) % slices;
}, stepMs / slices);

function state(): AbuserState {
  const connected: Tally = {};
  for (const abuser of abusers) if (abuser.isConnected) count(connected, abuser.kind);
  const answer = { connected, ends };
  ends = {};
  return answer;
}

answerQuestions({
  state,
  stop: () => {
    clearInterval(stepping);
    const answer = state();
    for (const abuser of abusers) abuser.stop();
    return answer;
  },
});
process.send?.(abusers.length);
