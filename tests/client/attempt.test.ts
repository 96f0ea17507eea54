/** Given up at any moment, an attempt has one outcome and leaves nothing behind. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import type { ClientSocket, CookieJar } from "#src/client/index.js";
import { HandshakeTimeoutError, openClient } from "#src/client/index.js";
import { acceptValue, headerValues, OpenlineError, UsageError } from "#src/protocol/index.js";
import type { Observer } from "#src/socket/index.js";
import type { Dialer, DialResult } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "../support/counting-stream.js";
import type { FakePlatform } from "../support/fake-platform.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { seededIntegers } from "../support/patterns.js";
import { RawPeer } from "../support/raw-peer.js";
import { scriptedNetwork } from "../support/scripted-network.js";
import { TaskQueue, turns } from "../support/task-queue.js";

type Integers = (min: number, max: number) => number;

const lastAnswers = ["accepts", "refuses", "breaks the protocol", "is not there"] as const;
const runMs = 40;

/** What a run is to be like, all of it by chance. */
function plan(integer: Integers) {
  return {
    redirects: integer(0, 3),
    lastAnswer: lastAnswers[integer(0, 9)] ?? "accepts",
    hasJar: integer(0, 1) === 1,
    heedsSignal: integer(0, 1) === 1,
    endsBy: (["signal", "deadline", "nothing"] as const)[integer(0, 4)] ?? "signal",
    endMs: integer(0, runMs - 10),
    /** Continuations of promises that run first in that moment. */
    endSteps: integer(0, 20),
  };
}

type Plan = ReturnType<typeof plan>;

/** Everything around a client in one run, and what it notes. */
class Run {
  readonly controller = new AbortController();
  readonly reason = new Error("given up");
  readonly streams: CountingStream[] = [];
  readonly events: string[] = [];
  /** What was asked of the outside after the end. */
  readonly late: string[] = [];
  /** Dials that have not been answered. */
  pending = 0;
  readonly #tasks = new TaskQueue();

  readonly plan: Plan;
  readonly integer: Integers;
  readonly platform: FakePlatform;

  constructor(seed: number) {
    this.integer = seededIntegers(seed);
    this.plan = plan(this.integer);
    this.platform = createFakePlatform(seed);
  }

  get isOver(): boolean {
    return this.controller.signal.aborted || this.events.length > 0;
  }

  readonly jar: CookieJar = {
    getCookieString: () => this.#asked("jar", "a=1"),
    setCookie: () => this.#asked("jar", undefined),
  };

  readonly observer: Observer = {
    opened: () => void this.events.push("opened"),
    refused: () => void this.events.push("refused"),
    received: undefined,
    sent: undefined,
    bytesReceived: undefined,
    bytesSent: undefined,
    roundTrip: undefined,
    backpressure: undefined,
    limit: undefined,
    closed: undefined,
  };

  #hops = 0;

  readonly dialer: Dialer = (_address, request, { signal }) => {
    const isLast = this.#hops++ >= this.plan.redirects;
    this.pending++;
    const answered = this.#asked("dialer", undefined).then((): DialResult => {
      if (!isLast) return this.#refusal(302, ["Location", `/${this.#hops}`, "Set-Cookie", "a=1"]);
      if (this.plan.lastAnswer === "is not there") throw new Error("unreachable");
      if (this.plan.lastAnswer === "refuses") return this.#refusal(401, ["Set-Cookie", "a=1"]);
      const key = headerValues(request.rawHeaders, "sec-websocket-key")[0] ?? "";
      return this.#upgrade(this.plan.lastAnswer === "accepts" ? acceptValue(key) : "wrong");
    });
    const done = answered.finally(() => this.pending--);
    if (!this.plan.heedsSignal) return done;
    // As the platform's dialer does: it leaves nothing open, and rejects.
    return new Promise<DialResult>((resolve, reject) => {
      const giveUp = (): void => {
        reject(signal.reason as Error);
        void done.then((result) => (result.isUpgraded ? result.stream.destroy() : undefined)).catch(() => undefined);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      done.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
    });
  };

  /** Answers at once, after some continuations, or after some milliseconds. */
  async #asked<T>(whom: string, answer: T): Promise<T> {
    if (this.isOver) this.late.push(whom);
    const delayMs = this.integer(-3, 6);
    if (delayMs > 0) {
      await new Promise<void>((resolve) => {
        this.platform.clock.setTimer(resolve, delayMs);
      });
    } else if (delayMs < 0) {
      for (let step = 0; step < this.integer(0, 5); step++) await Promise.resolve();
    }
    return answer;
  }

  #refusal(status: number, rawHeaders: readonly string[]): DialResult {
    return { isUpgraded: false, response: { status, httpVersion: "1.1", rawHeaders }, body: new Uint8Array(0) };
  }

  #upgrade(accept: string): DialResult {
    const [ours, theirs] = createMemoryPair({ defer: this.#tasks.defer });
    new RawPeer(theirs, "server");
    const stream = new CountingStream(ours);
    this.streams.push(stream);
    const upgrade = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", accept];
    return {
      isUpgraded: true,
      response: { status: 101, httpVersion: "1.1", rawHeaders: [...upgrade, "Set-Cookie", "a=1"] },
      stream,
    };
  }
}

/** @returns how it came out */
async function run(seed: number): Promise<string> {
  const world = new Run(seed);
  const { platform, controller, reason } = world;
  const { endsBy, endMs, endSteps, hasJar } = world.plan;
  let opened = 0;
  const options = {
    redirects: {},
    heartbeat: false,
    signal: controller.signal,
    handshakeTimeoutMs: endsBy === "deadline" ? endMs : 10_000,
    open: () => {
      opened++;
    },
    ...(hasJar ? { cookieJar: world.jar } : {}),
  } as const;
  const outcomes: (ClientSocket | Error)[] = [];
  let wasOpenAtEnd = true;
  const note = (outcome: ClientSocket | Error): void => void outcomes.push(outcome);
  openClient("ws://a.example/", options, platform, world.dialer, world.observer).then(note, note);
  for (let ms = 0; ms < runMs * 3; ms++) {
    if (endsBy === "signal" && ms === endMs) {
      for (let step = 0; step < endSteps; step++) await Promise.resolve();
      wasOpenAtEnd = opened === 1;
      controller.abort(reason);
    }
    platform.clock.advance(1);
    await turns(1);
  }
  const about = `seed ${seed}: ${JSON.stringify(world.plan)}`;
  assert.equal(world.pending, 0, about);
  assert.equal(outcomes.length, 1, about);
  const [outcome] = outcomes;
  const isOpen = !(outcome instanceof Error);
  assert.equal(opened, isOpen ? 1 : 0, about);
  assert.deepEqual(world.events, [isOpen ? "opened" : "refused"], about);
  assert.deepEqual(world.late, [], about);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0, about);
  assert.ok(world.streams.length <= 1, about);
  if (isOpen) {
    assert.equal(world.streams[0]?.isDestroyed, false, about);
    assert.equal(wasOpenAtEnd, true, about);
    outcome?.terminate();
    await outcome?.closed;
  }
  assert.ok(
    world.streams.every(({ isDestroyed }) => isDestroyed),
    about,
  );
  assert.equal(platform.clock.pendingTimers, 0, about);
  assert.deepEqual(platform.reported, [], about);
  if (isOpen) return "open";
  if (outcome === reason) return "aborted";
  assert.ok(outcome instanceof OpenlineError, about);
  assert.equal(outcome instanceof HandshakeTimeoutError && endsBy !== "deadline", false, about);
  return outcome.name;
}

describe("an attempt that is given up at any of 1,000 moments", () => {
  it("has one outcome, asks nobody any more, and leaves nothing open", async () => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 1000; seed++) {
      const outcome = await run(seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Each kind of outcome is there, or this has tried nothing.
    for (const kind of ["open", "aborted", "HandshakeTimeoutError", "UpgradeRefusedError", "ConnectError"]) {
      assert.ok((outcomes.get(kind) ?? 0) >= 20, `${kind} among ${JSON.stringify([...outcomes])}`);
    }
  });
});

describe("an attempt that is given up at any step of its last moment", () => {
  it("opens nothing that was not open by then", async () => {
    const outcomes = new Set<string>();
    for (let steps = 0; steps < 40; steps++) {
      let isOpen = false;
      const controller = new AbortController();
      const { open, streams } = scriptedNetwork(() => ({}));
      const noteOpen = (): void => {
        isOpen = true;
      };
      const options = { signal: controller.signal, open: noteOpen };
      const outcome = open("ws://a.example/", options).then(
        () => "open",
        (error: unknown) => error,
      );
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const wasOpen = isOpen;
      controller.abort("given up");
      outcomes.add(String(await outcome));
      await turns(1);
      assert.equal(await outcome, wasOpen ? "open" : "given up", `${steps} steps`);
      assert.ok(streams.every(({ isDestroyed }) => isDestroyed !== wasOpen));
    }
    assert.equal(outcomes.size, 2);
  });
});

describe("a dialer", () => {
  it("that answers when it is too late has its stream cut at once", async () => {
    let answer: () => void = () => undefined;
    const { open, streams, asked } = scriptedNetwork(
      () =>
        new Promise((resolve) => {
          answer = () => resolve({});
        }),
    );
    const reason = new Error("enough");
    const controller = new AbortController();
    const rejected = assert.rejects(open("ws://a.example/", { signal: controller.signal }), reason);
    controller.abort(reason);
    // It is not waited for.
    await rejected;
    assert.equal(asked[0]?.signal.reason, reason);
    assert.equal(streams.length, 0);
    answer();
    await turns(1);
    assert.deepEqual(
      streams.map(({ isDestroyed }) => isDestroyed),
      [true],
    );
  });

  it("that throws is one that rejects; a call of it that makes no sense is told as such", async () => {
    const platform = createFakePlatform();
    const failing = (error: Error): Promise<unknown> =>
      openClient("ws://a.example/", {}, platform, () => {
        throw error;
      });
    await assert.rejects(failing(new Error("no route")), { name: "ConnectError" });
    const usage = new UsageError("invalid-argument");
    await assert.rejects(failing(usage), usage);
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("is not told of a signal that is aborted when the connection is open", async () => {
    const { open, asked, platform } = scriptedNetwork(() => ({}));
    const controller = new AbortController();
    const socket = await open("ws://a.example/", {
      signal: controller.signal,
      handshakeTimeoutMs: 10,
      open: () => controller.abort(),
    });
    platform.clock.advance(100);
    assert.equal(asked[0]?.signal.aborted, false);
    assert.equal(socket.readyState, "open");
  });
});
