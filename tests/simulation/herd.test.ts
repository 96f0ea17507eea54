/**
 * A node dies with all of its clients, and all of them come to the other at once: it lets them in at its own pace.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "#src/protocol/index.js";
import {
  AttemptTimeoutError,
  createReconnecting,
  ReconnectEndedError,
  type ReconnectingSocket,
  refusalOf,
} from "#src/reconnect/index.js";
import type { Socket } from "#src/socket/index.js";
import { FakeClock, SeededRandom } from "#src/testing/index.js";
import { createTestPlatform } from "#src/testing/test-platform.js";
import { MemoryServer, type TestConnectOptions } from "#src/testing/test-server.js";

const clients = 400;
const perSecond = 40;
const seed = 7;

/** What became of a herd. */
interface Outcome {
  /** When each was let in at the node that was left, in milliseconds after the other died. */
  readonly admittedAtMs: readonly number[];
  readonly refused: number;
  /** Attempts that came before the time that the node had named. */
  readonly tooEarly: number;
}

/** @param seesAnswers whether clients see how they were refused, which browsers do not let them */
async function stampede(seesAnswers: boolean): Promise<Outcome> {
  const clock = new FakeClock();
  const random = new SeededRandom(seed);
  const platform = createTestPlatform(clock, random);
  let diedAtMs = Number.POSITIVE_INFINITY;
  const admittedAtMs: number[] = [];
  let refused = 0;
  let tooEarly = 0;
  const create = (options: object) =>
    new MemoryServer<undefined>(
      { link: { latencyMs: 10, jitterMs: 10 }, message: () => undefined, ...options },
      clock,
      random,
      platform,
    );
  const dying = create({});
  const left = create({
    maxNewConnectionsPerSecond: perSecond,
    open: () => void admittedAtMs.push(clock.now() - diedAtMs),
    refused: () => refused++,
  });
  const herd: ReconnectingSocket[] = [];
  for (let index = 0; index < clients; index++) {
    let notBeforeMs = 0;
    const reconnecting = createReconnecting<TestConnectOptions, Socket>({
      connect: (_url, options) => {
        if (clock.now() < notBeforeMs) tooEarly++;
        return (clock.now() < diedAtMs ? dying : left).open(options);
      },
      clock,
      random: () => random.next(),
      refusalOf: (error) => {
        const refusal = refusalOf(error, clock.now());
        if (!seesAnswers) return undefined;
        notBeforeMs = clock.now() + (refusal?.retryAfterMs ?? 0);
        return refusal;
      },
      reportError: (error) => assert.fail(String(error)),
      misuse: (code, observed, limit, hint) => new UsageError(code, observed, limit, hint),
      ended: (report) => new ReconnectEndedError(report),
      timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
    });
    herd.push(reconnecting("ws://server.test", {}));
  }
  while (herd.some(({ state }) => state.name !== "open")) await clock.advance(100);
  diedAtMs = clock.now();
  for (const link of [...dying.links]) link.reset();
  while (admittedAtMs.length < clients) await clock.advance(250);
  while (herd.some(({ state }) => state.name !== "open")) await clock.advance(250);
  await Promise.all([...herd.map((socket) => socket.close()), clock.advance(1000)]);
  await Promise.all([dying.close(), left.close()]);
  return { admittedAtMs, refused, tooEarly };
}

/** The most that came in within any second. */
function mostInASecond(timesMs: readonly number[]): number {
  const sorted = [...timesMs].sort((one, other) => one - other);
  return Math.max(
    ...sorted.map((startMs, index) => sorted.filter((timeMs, at) => at >= index && timeMs < startMs + 1000).length),
  );
}

describe("a thundering herd", () => {
  it("is let in at the pace of the node, each when it was told, and waits no longer than that takes", async () => {
    const { admittedAtMs, refused, tooEarly } = await stampede(true);
    assert.equal(admittedAtMs.length, clients);
    assert.equal(tooEarly, 0);
    // A burst, and what comes back into the bucket in the same second.
    assert.ok(mostInASecond(admittedAtMs) <= 2 * perSecond);
    // Told the same time, they would all be back at once, and half of the time nobody would come in.
    assert.ok(refused < clients, `${String(refused)} were refused`);
    assert.ok(Math.max(...admittedAtMs) < (1.25 * 1000 * clients) / perSecond, String(Math.max(...admittedAtMs)));
  });

  it("is let in at its pace, too, where clients see no answers: their waits grow by chance", async () => {
    const { admittedAtMs } = await stampede(false);
    assert.equal(admittedAtMs.length, clients);
    assert.ok(mostInASecond(admittedAtMs) <= 2 * perSecond);
  });
});
