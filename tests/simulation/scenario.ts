/**
 * What a run is like, all of it drawn from its seed.
 */
import type { PerMessageDeflateOptions, SocketOptions } from "#src/index.js";
import type { LinkOptions, SeededRandom } from "#src/testing/index.js";

/** How one side takes its messages. */
export type Reception =
  /** A handler that returns at once. */
  | "handler"
  /** A handler whose promise takes a while, now and then. */
  | "slow-handler"
  /** An iterator, begun some time, left and taken up again. */
  | "iterator";

/** What goes wrong on purpose during a run. */
export type Weather = "fair" | "stalls" | "resets" | "silence" | "storm";

export interface Scenario {
  readonly clients: number;
  readonly operationsPerSide: number;
  readonly maxPauseMs: number;
  readonly serverReception: Reception;
  readonly clientReceptions: readonly Reception[];
  readonly serverOptions: SocketOptions;
  readonly clientOptions: SocketOptions;
  readonly link: LinkOptions;
  /** The deadline of the server's drain, with which it ends; undefined where it just closes. */
  readonly drainMs: number | undefined;
  readonly weather: Weather;
  readonly refragments: boolean;
  /** Milliseconds by which timers may be late. */
  readonly maxLatenessMs: number;
  /** Whether deadlines go by steps, as outside of tests. */
  readonly hasCoarseDeadlines: boolean;
  /** How likely a handler throws at a message. */
  readonly handlerFailure: number;
  /** How likely a step of a side's is its last. */
  readonly endingChance: number;
  /** Octets of long messages. */
  readonly longMessageBytes: number;
}

const receptions: readonly Reception[] = ["handler", "slow-handler", "iterator"];

/** Draws one. */
export function drawScenario(random: SeededRandom): Scenario {
  const clients = random.integer(1, 3);
  const isThin = random.chance(0.2);
  const link = drawLink(random, isThin);
  return {
    clients,
    operationsPerSide: random.integer(3, 25),
    maxPauseMs: random.pick([0, 5, 50, 400]),
    drainMs: random.pick([undefined, 500, 20_000]),
    serverReception: random.pick(receptions),
    clientReceptions: Array.from({ length: clients }, () => random.pick(receptions)),
    serverOptions: drawSocketOptions(random),
    clientOptions: drawSocketOptions(random),
    link,
    weather: random.pick<Weather>(["fair", "fair", "fair", "stalls", "stalls", "resets", "silence", "storm"]),
    refragments: random.chance(0.3),
    maxLatenessMs: random.pick([0, 0, 3, 150]),
    hasCoarseDeadlines: random.chance(0.5),
    handlerFailure: random.chance(0.1) ? 0.1 : 0,
    endingChance: random.pick([0, 0.02, 0.1]),
    // As many pieces as a run has time for.
    longMessageBytes: isThin ? (link.maxPieceBytes ?? 1) * 20 : random.pick([70_000, 200_000, 1_000_000]),
  };
}

/** Draws what both ends may have as they like. */
function drawSocketOptions(random: SeededRandom): SocketOptions {
  return {
    highWaterMarkBytes: random.pick([0, 100, 10_000, 65_536]),
    maxSendBufferBytes: random.pick([20_000, 300_000, 3_000_000, 64 * 1024 * 1024]),
    slowPeer: random.pick(["close", "refuse"] as const),
    maxInboxBytes: random.pick([0, 1, 2000, 65_536]),
    messageMemory: random.pick(["own", "lent"] as const),
    closeTimeoutMs: random.pick([100, 2000, 10_000]),
    heartbeat: random.pick([{}, false, { intervalMs: 500, timeoutMs: 3000 }]),
    // Longer than the longest message takes on the slowest line.
    messageTimeoutMs: random.pick([false, 600_000]),
    sendTimeoutMs: random.pick([60_000, false, 20_000]),
    perMessageDeflate: drawDeflate(random),
  };
}

function drawDeflate(random: SeededRandom): boolean | PerMessageDeflateOptions {
  if (random.chance(0.6)) return random.chance(0.5);
  return {
    thresholdBytes: random.pick([0, 50, 1000]),
    level: random.integer(1, 9),
    serverMaxWindowBits: random.integer(8, 15),
    clientMaxWindowBits: random.integer(8, 15),
    serverNoContextTakeover: random.chance(0.3),
    clientNoContextTakeover: random.chance(0.3),
    ...(random.chance(0.2) ? { maxWindowMemoryBytes: random.pick([0, 5000, 100_000]) } : {}),
  };
}

function drawLink(random: SeededRandom, isThin: boolean): LinkOptions {
  const link: LinkOptions = {
    latencyMs: random.pick([0, 0, 1, 40, 500]),
    jitterMs: random.pick([0, 0, 10, 300]),
    capacityBytes: random.pick([1000, 65_536, 65_536, 1_000_000]),
  };
  const maxPieceBytes = isThin ? random.pick([20, 100, 400]) : random.pick([undefined, 1000, 30_000]);
  return {
    ...link,
    ...(random.chance(0.2) ? { bytesPerSecond: random.pick([5_000, 100_000]) } : {}),
    ...(maxPieceBytes === undefined ? {} : { maxPieceBytes }),
  };
}
