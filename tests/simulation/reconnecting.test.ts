/**
 * A socket that reconnects over a network that fails, seeded: what the application was told is what happened.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "#src/protocol/index.js";
import {
  AttemptTimeoutError,
  createReconnecting,
  ReconnectEndedError,
  type ReconnectingOptions,
  type ReconnectingSocket,
  type ReconnectingState,
  refusalOf,
  stateTransitions,
} from "#src/reconnect/index.js";
import type { Message, Socket } from "#src/socket/index.js";
import { FakeClock, SeededRandom } from "#src/testing/index.js";
import { createTestPlatform } from "#src/testing/test-platform.js";
import { MemoryServer, type TestConnectOptions } from "#src/testing/test-server.js";

/** What one connection carried, in both directions. */
interface Line {
  readonly received: string[];
  readonly sent: string[];
  /** The subprotocol, by which both ends know it. */
  readonly name: string;
  /** Whether the client has seen the server's Close frame, so that everything before it has arrived. */
  wasClean: boolean;
  /** Whether the client has thrown away what it had received. */
  isCut: boolean;
}

interface World {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly lines: Line[];
  /** Whether the server turns everybody away. */
  isBusy: boolean;
  readonly server: MemoryServer<Line>;
  reconnecting(options: ReconnectingOptions<TestConnectOptions, Socket>): ReconnectingSocket;
}

function makeWorld(seed: number): World {
  const clock = new FakeClock();
  const random = new SeededRandom(seed);
  const lines: Line[] = [];
  const server = new MemoryServer<Line>(
    {
      link: { latencyMs: 5, jitterMs: 20, maxPieceBytes: 40 },
      handshakeTimeoutMs: 2000,
      heartbeat: { intervalMs: 1000, timeoutMs: 1000 },
      closeTimeoutMs: 1000,
      accept: ({ protocols }) => {
        if (world.isBusy) return new Response("busy", { status: 503, headers: { "retry-after": "1" } });
        const [name = ""] = protocols;
        const line: Line = { name, received: [], sent: [], wasClean: false, isCut: false };
        lines.push(line);
        return { protocol: name, data: line };
      },
      message: (socket, message) => {
        socket.data.received.push(message as string);
        const answer = `re: ${message as string}`;
        if (socket.send(answer).ok) socket.data.sent.push(answer);
      },
    },
    clock,
    random,
    createTestPlatform(clock, random),
  );
  const create = createReconnecting<TestConnectOptions, Socket>({
    connect: (_url, options) => server.open(options),
    clock,
    random: () => random.next(),
    refusalOf: (error) => refusalOf(error, clock.now()),
    reportError: (error) => assert.fail(String(error)),
    misuse: (code, observed, limit, hint) => new UsageError(code, observed, limit, hint),
    ended: (report) => new ReconnectEndedError(report),
    timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
  });
  const world: World = {
    clock,
    random,
    lines,
    isBusy: false,
    server,
    reconnecting: (options) => create("ws://server.test", options),
  };
  return world;
}

/** One of the things that go wrong. */
async function failSomehow(world: World, current: Socket | undefined): Promise<void> {
  const { random, server, clock } = world;
  const [link] = server.links;
  const [peer] = server.sockets;
  switch (random.integer(0, 7)) {
    case 0:
      link?.reset();
      break;
    case 1:
      link?.goSilent();
      break;
    case 2:
      link?.stall(random.pick(["to-client", "to-server"] as const));
      break;
    case 3:
      void peer?.close(random.pick([1001, 1011, 1012, 1013]));
      break;
    case 4:
      peer?.terminate();
      break;
    case 5:
      void current?.close();
      break;
    case 6:
      current?.terminate();
      for (const line of world.lines.slice(-2)) line.isCut = true;
      break;
    default:
      world.isBusy = true;
      link?.reset();
      await clock.advance(random.integer(0, 4000));
      world.isBusy = false;
  }
}

/** Whether `part` comes in `whole` in this order, with others between. */
function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let place = 0;
  for (const item of whole) if (item === part[place]) place++;
  return place === part.length;
}

async function run(seed: number, faults: number, way: "iterator" | "handler"): Promise<void> {
  const world = makeWorld(seed);
  const { clock, random, lines } = world;
  const states: ReconnectingState["name"][] = ["connecting"];
  const got: string[] = [];
  const accepted: string[] = [];
  const droppedOnes: string[] = [];
  const take = async (message: Message): Promise<void> => {
    got.push(message as string);
    if (random.chance(0.1)) await clock.sleep(random.integer(1, 2000));
  };
  let attempts = 0;
  const socket = world.reconnecting({
    protocols: () => String(++attempts),
    open: (_socket, connection) => {
      void connection.closed.then(({ wasClean }) => {
        for (const line of lines) if (line.name === connection.protocol) line.wasClean = wasClean;
      });
    },
    link: { latencyMs: 5, jitterMs: 20 },
    handshakeTimeoutMs: 2000,
    heartbeat: { intervalMs: 1000, timeoutMs: 1000 },
    closeTimeoutMs: 1000,
    reconnect: { minDelayMs: 50, maxDelayMs: 2000, stableAfterMs: 500 },
    outbox: { maxMessages: 20 },
    state: (_socket, { name }) => void states.push(name),
    dropped: (_socket, data) => void droppedOnes.push(data as string),
    ...(way === "handler" && { message: (_socket: unknown, message: Message) => take(message) }),
  });
  const reading = (async () => {
    if (way === "handler") return;
    for await (const message of socket) await take(message);
  })();
  let count = 0;
  let refusals = 0;
  for (let fault = 0; fault < faults; fault++) {
    for (let round = random.integer(0, 6); round > 0; round--) {
      for (let burst = random.integer(0, 8); burst > 0; burst--) {
        const text = String(count++);
        const result = socket.send(text);
        if (result.ok) accepted.push(text);
        else {
          assert.equal(result.reason, "outbox-full");
          refusals++;
        }
      }
      await clock.advance(random.integer(0, 400));
    }
    await failSomehow(world, socket.current);
  }
  // The network is well again. The last fault may take a while to be noticed.
  await clock.advance(10_000);
  assert.ok(await clock.runUntil(() => socket.state.name === "open", 120_000));
  await clock.advance(10_000);
  assert.equal(socket.state.name, "open");
  await socket.ready();
  const ending = socket.close();
  await clock.advance(5000);
  assert.equal((await ending).why, "closed");
  await reading;

  for (const [index, name] of states.entries()) {
    const next = states[index + 1];
    if (next !== undefined) assert.ok(stateTransitions[name].includes(next), `${name} → ${next}`);
  }
  const received = lines.flatMap((line) => line.received);
  // In order, none twice, none that `send` had refused.
  assert.ok(isSubsequence(received, accepted));
  assert.equal(new Set(received).size, received.length);
  assert.deepEqual(droppedOnes, []);
  // What came back did so in order, too, and none twice; each connection's without a gap, up to where it broke.
  assert.ok(
    isSubsequence(
      got,
      lines.flatMap((line) => line.sent),
    ),
  );
  const last = lines.at(-1);
  assert.ok(last !== undefined && last.received.length > 0 ? got.at(-1) === last.sent.at(-1) : true);
  for (const line of lines) {
    const mine = new Set(line.sent);
    const ofLine = got.filter((text) => mine.has(text));
    assert.deepEqual(ofLine, line.sent.slice(0, ofLine.length));
    if (line.wasClean && !line.isCut) assert.equal(ofLine.length, line.sent.length, "received, and not handed on");
    // And what arrived over it was what was sent next.
    const places = line.received.map((text) => accepted.indexOf(text));
    for (const [index, place] of places.entries()) {
      if (index > 0) assert.equal(place, (places[index - 1] ?? 0) + 1, "a gap within a connection");
    }
  }
  // It was a test of something.
  assert.ok(lines.some(({ wasClean }) => wasClean));
  assert.ok(lines.length > faults / 10, `${String(lines.length)} connections`);
  assert.ok(received.length > accepted.length / 3, `${String(received.length)} of ${String(accepted.length)}`);
  assert.ok(refusals > 0);
  await world.server.close();
  assert.equal(clock.pendingTimers, 0);
}

const seed = Number(process.env["OPENLINE_SEED"] ?? Math.floor(Math.random() * 0x1_0000_0000));

describe("over a network that fails a thousand times", () => {
  for (const [index, way] of (["iterator", "handler"] as const).entries()) {
    it(`what was sent arrives at most once and in order, and states are legal (${way}, seed ${String(seed + index)})`, async () => {
      await run(seed + index, 600, way);
    });
  }
});

describe("openline/testing", () => {
  it("has a client that reconnects", async () => {
    const { createTestServer } = await import("#src/testing/index.js");
    const server = createTestServer({ message: (socket, message) => socket.send(message) });
    await using socket = server.reconnecting();
    socket.send("hello");
    await server.clock.settle();
    assert.ok(socket.current !== undefined);
    server.linkOf(socket.current).reset();
    await server.clock.settle();
    assert.equal(socket.state.name, "waiting");
    socket.send("again");
    await server.clock.advance(1000);
    const seen: Message[] = [];
    for await (const message of socket) {
      seen.push(message);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, ["hello", "again"]);
  });
});
