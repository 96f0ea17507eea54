/**
 * What the tests of faults need of an engine: servers of its own that anything can be done to, and nodes of which is known
 * when they lose their connection. What befalls every engine is tested by the same cases over it.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Append, Engine, EngineHost } from "#src/realtime/engines/index.js";
import { TcpProxy } from "../proxy.js";
import type { Recorder } from "../recorders.js";
import { append, realHost } from "../world.js";

/**
 * How a server is. "kept": what it acknowledged outlasts it. "forgetful": it has nothing when it is started again.
 * "impatient": as "forgetful", and it cuts off whoever takes up too little.
 */
export type ServerKind = "kept" | "forgetful" | "impatient";

/** What can be set about nodes. */
export interface NodeOptions {
  readonly timeoutMs?: number;
  readonly auditIntervalMs?: number;
}

/** See the head of this file. */
export interface FaultWorld {
  /** What it is over. */
  readonly name: string;
  /** Why its tests are skipped; false where they are not. */
  readonly skip: string | false;
  startServer(kind: ServerKind): Promise<FaultServer>;
  /** Appends so many that what was before them is gone, with a retention of three. */
  readonly manyMessages: number;
}

/** A server that anything can be done to. */
export interface FaultServer {
  readonly port: number;
  /** Kills it as a machine that fails would. */
  kill(): Promise<void>;
  /** Starts it where it was. */
  resume(): Promise<void>;
  /** It does nothing any more, and nobody is told. */
  pause(): Promise<void>;
  unpause(): void;
  /** Leaves no room for anything new. @returns makes room again */
  fill(): Promise<() => Promise<void>>;
  /** Nodes that share what no other nodes have. */
  nodes(options?: NodeOptions): FaultNodes;
  dispose(): Promise<void>;
}

/** What becomes of a node's connection. */
export type LinkEvent = "lost" | "back";

/** A node, and what becomes of its connection. */
export interface FaultNode {
  readonly engine: Engine;
  readonly link: Recorder<LinkEvent>;
}

/** Engines over one server. */
export interface FaultNodes {
  /** @param proxy what its connection goes through */
  start(proxy?: TcpProxy, host?: EngineHost): Promise<FaultNode>;
  dispose(): Promise<void>;
}

/** A server, for one test. */
export async function startServer(t: TestContext, world: FaultWorld, kind: ServerKind): Promise<FaultServer> {
  const server = await world.startServer(kind);
  t.after(() => server.dispose());
  return server;
}

/** Nodes, for one test. */
export function startNodes(t: TestContext, server: FaultServer, options?: NodeOptions): FaultNodes {
  const nodes = server.nodes(options);
  t.after(() => nodes.dispose());
  return nodes;
}

/** A way to a server, for one test. */
export async function startProxy(t: TestContext, server: FaultServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(server.port);
  t.after(() => proxy.dispose());
  return proxy;
}

/** A key by which a value that is appended again is the same. */
export function keyed(value: unknown): Pick<Append, "idempotency"> {
  return { idempotency: { key: String(value), windowMs: 60_000 } };
}

/** Resolves when what is due now has been done. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const betweenAttemptsMs = 20;

/** Tries until what is asked for is available again. */
export async function again<Result>(run: () => Promise<Result>): Promise<Result> {
  const host = realHost();
  for (;;) {
    try {
      return await run();
    } catch (error) {
      assert.equal((error as { code?: string }).code, "unavailable", String(error));
    }
    // Nobody tells when a server is ready.
    await new Promise<void>((resolve) => {
      host.setTimer(resolve, betweenAttemptsMs);
    });
  }
}

/** Appends a value under its key, until it stands. */
export function appendAgain(engine: Engine, channel: string, value: unknown): Promise<string> {
  return again(() => append(engine, channel, value, keyed(value)));
}

/** All that stands in a log. */
export async function valuesOf(engine: Engine, channel: string): Promise<unknown[]> {
  const page = await engine.logs.read(channel, { limit: 100_000 });
  assert.ok(page.status === "ok");
  return page.entries.map(({ value }) => value);
}
