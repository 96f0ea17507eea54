/**
 * The end of a bus where the engine is not: an engine that asks the process which has it.
 */
import type {
  Append,
  Appended,
  CallClaim,
  CallEngine,
  CallOutcome,
  Engine,
  EngineGrant,
  EngineHealth,
  EngineHost,
  EngineNeeds,
  EngineSubscription,
  EngineTimer,
  Idempotency,
  LogEngine,
  LogSink,
  LogTail,
  MediaEngine,
  MediaFrame,
  MediaTail,
  NewMediaFrame,
  Presence,
  PresenceEngine,
  PresenceSink,
  Signal,
  SignalEngine,
  StateEngine,
  StateSink,
  StateWatch,
} from "../index.js";
import { copyValue } from "../index.js";
import { BusLine } from "./bus-line.js";
import type { BusAnswer, BusPort, BusRequest } from "./messages.js";

// `health()` answers at once, so that it is asked for ahead of time.
const healthIntervalMs = 1000;
const noAnswer: EngineHealth = {
  isAvailable: false,
  bytes: undefined,
  reason: "the process that has the engine does not answer",
};

/** See the head of this file. */
export class BusEngine implements Engine {
  readonly name = "bus";
  readonly logs: LogEngine;
  readonly states: StateEngine;
  readonly signals: SignalEngine;
  readonly media: MediaEngine;
  readonly calls: CallEngine;
  readonly presence: PresenceEngine;
  readonly #line: BusLine;
  #health: EngineHealth = { isAvailable: false, bytes: undefined, reason: "not started" };
  #isAsking = false;
  #timer: EngineTimer | undefined;

  /** @param hasRoom whether more may be asked; when not, requests are "unavailable" */
  constructor(ask: BusPort<BusRequest>, hasRoom: () => boolean = () => true) {
    const line = new BusLine(ask, hasRoom);
    this.#line = line;
    this.logs = logsOver(line);
    this.states = statesOver(line);
    this.signals = signalsOver(line);
    this.media = mediaOver(line);
    this.calls = { claim: (idempotency, leaseMs) => claimOver(line, idempotency, leaseMs) };
    this.presence = presenceOver(line);
  }

  async start(host: EngineHost): Promise<void> {
    this.#health = await this.#line.ask("health");
    this.#lookLater(host);
  }

  check(needs: EngineNeeds): Promise<EngineGrant | undefined> {
    return this.#line.ask("check", needs);
  }

  #lookLater(host: EngineHost): void {
    if (this.#line.failure !== undefined) return;
    this.#timer = host.setTimer(() => {
      if (this.#isAsking) this.#health = noAnswer;
      else this.#look();
      this.#lookLater(host);
    }, healthIntervalMs);
  }

  #look(): void {
    this.#isAsking = true;
    const came = (health: EngineHealth): void => {
      this.#isAsking = false;
      this.#health = health;
    };
    const failed = (error: unknown): void =>
      came({ isAvailable: false, bytes: undefined, reason: error instanceof Error ? error.message : String(error) });
    this.#line.ask("health").then(came, failed);
  }

  health(): EngineHealth {
    const { failure } = this.#line;
    return failure === undefined ? this.#health : { isAvailable: false, bytes: undefined, reason: failure.message };
  }

  /** What the other process answers and tells. */
  receive(answer: BusAnswer): void {
    this.#line.receive(answer);
  }

  /** The other process is gone: everything rejects with "unavailable" from now on. */
  lost(): void {
    this.#timer?.cancel();
    this.#line.end("unavailable", "the process that has the engine is gone");
  }

  /** The engine of the other process goes on. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#line.end("closed", "the engine has been closed");
    await Promise.resolve();
  }
}

/** The value as it is now: what is sent leaves later. */
function copied(value: unknown): unknown {
  return copyValue(value).value;
}

function logsOver(line: BusLine): LogEngine {
  return {
    // Asynchronous, so that what copying throws is what it rejects with.
    append: async (channel: string, append: Append): Promise<Appended> =>
      await line.ask("logs.append", channel, { ...append, value: copied(append.value) }),
    read: (channel, range) => line.ask("logs.read", channel, range),
    bounds: (channel) => line.ask("logs.bounds", channel),
    tail: (channel: string, sink: LogSink): Promise<LogTail> => line.follow("logs.tail", sink, channel),
  };
}

function statesOver(line: BusLine): StateEngine {
  return {
    set: async (channel, key, value, expected) => await line.ask("states.set", channel, key, copied(value), expected),
    delete: (channel, key, expected) => line.ask("states.delete", channel, key, expected),
    setMany: async (channel, entries, deleted) =>
      await line.ask(
        "states.setMany",
        channel,
        entries.map(([key, value]) => [key, copied(value)] as const),
        [...deleted],
      ),
    snapshot: (channel, options) => line.ask("states.snapshot", channel, options),
    changesSince: (channel, epoch, position) => line.ask("states.changesSince", channel, epoch, position),
    watch: (channel: string, sink: StateSink): Promise<StateWatch> => line.follow("states.watch", sink, channel),
  };
}

function signalsOver(line: BusLine): SignalEngine {
  return {
    send: async (channel: string, signal: Signal): Promise<void> =>
      await line.ask("signals.send", channel, { ...signal, value: copied(signal.value) }),
    listen: (channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> =>
      line.follow("signals.listen", { receive }, channel),
  };
}

function mediaOver(line: BusLine): MediaEngine {
  return {
    append: (channel: string, frame: NewMediaFrame, groupBytesMax: number) =>
      line.ask("media.append", channel, frame, groupBytesMax),
    tail: (channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail> =>
      line.follow("media.tail", { receive }, channel),
  };
}

function presenceOver(line: BusLine): PresenceEngine {
  return {
    beat: (node, ttlMs) => line.ask("presence.beat", node, ttlMs),
    put: async (node: string, channel: string, presence: Presence): Promise<void> =>
      await line.ask("presence.put", node, channel, { ...presence, state: copied(presence.state) }),
    dropNode: (node) => line.ask("presence.dropNode", node),
    list: (channel, limit) => line.ask("presence.list", channel, limit),
    watch: (channel: string, sink: PresenceSink) => line.follow("presence.watch", sink, channel),
  };
}

async function claimOver(line: BusLine, idempotency: Idempotency, leaseMs: number): Promise<CallClaim> {
  let ended: (outcome: CallOutcome | undefined) => void = () => undefined;
  const outcome = new Promise<CallOutcome | undefined>((resolve) => {
    ended = resolve;
  });
  const claim = await line.follow("calls.claim", { ended }, idempotency, leaseMs);
  if (claim.status === "running") {
    void outcome.then(() => claim.stop());
    // Where the line is lost, nobody knows what came of it.
    void line.ended.then(() => ended(undefined));
    return { status: "running", outcome };
  }
  claim.stop();
  if (claim.outcome !== undefined) return { status: "done", outcome: claim.outcome };
  return {
    status: "claimed",
    renew: () => line.ask("calls.renew", claim.id),
    complete: async (came) => await line.ask("calls.complete", claim.id, copiedOutcome(came)),
    release: () => line.ask("calls.release", claim.id),
  };
}

function copiedOutcome(outcome: CallOutcome): CallOutcome {
  return outcome.ok ? { ok: true, value: copied(outcome.value) } : { ok: false, error: copied(outcome.error) };
}
