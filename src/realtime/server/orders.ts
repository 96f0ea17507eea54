/**
 * What every node has to do: revoking a user, and asking again what users may do.
 *
 * An order is kept in a log, which every node follows. So it reaches a node that is cut off at the moment, too, when it is
 * back; whoever gives it waits for those that are in reach.
 */
import type { Engine, EngineSubscription, EngineTimer } from "../engines/index.js";
import type { RealtimePlatform } from "./connection.js";
import { type Followed, follow } from "./following.js";
import type { Nodes } from "./nodes.js";

/** What is to be done. */
export type Order =
  | readonly [what: "revoke", user: string, reason: string]
  | readonly [what: "reauthorize", user: string | null];

/** What orders need. */
export interface OrdersParts {
  readonly engine: Engine;
  readonly platform: RealtimePlatform;
  readonly nodes: Nodes;
  /** Milliseconds to wait for the other nodes. */
  readonly patienceMs: number;
  /** Does it here, as far as it concerns this node, and says of how many connections. Must not throw. */
  readonly obey: (order: Order) => Promise<number>;
  /** Orders were given that nobody will ever hear here: any user may have been revoked. Must not throw. */
  readonly missed: () => void;
  readonly report: (error: unknown, during: string) => void;
}

interface Given {
  /** Nodes that have not done it. */
  readonly waiting: Set<string>;
  count: number;
  readonly done: () => void;
}

const ordersChannel = "\u0000orders/1";
// Longer than a node is cut off that comes back; more orders than are given within it.
const retain = { count: 10_000, ageMs: 3_600_000, bytes: 8_388_608 };

/** See the head of this file. */
export class Orders {
  readonly #parts: OrdersParts;
  readonly #given = new Map<string, Given>();
  #following: EngineSubscription | undefined;

  constructor(parts: OrdersParts) {
    this.#parts = parts;
    const { nodes } = parts;
    nodes.on("done", ([node, id, count]) => this.#done(node as string, id as string, Number(count)));
    nodes.onLeft((node) => {
      for (const id of [...this.#given.keys()]) this.#done(node, id, 0);
    });
  }

  /** @throws EngineError */
  async start(): Promise<void> {
    const { engine, platform, report } = this.#parts;
    const during = "following what all nodes have to do";
    const parts = { engine, host: platform, name: ordersChannel, report: (error: unknown) => report(error, during) };
    this.#following = await follow({ ...parts, tell: (event) => this.#told(event) }, "log");
  }

  /**
   * Gives an order to all other nodes.
   *
   * @returns how many connections it concerned at those that have done it in time. The others do it when they hear of it.
   * @throws EngineError when it could not be kept: then nobody knows which nodes hear of it
   */
  async give(order: Order): Promise<number> {
    const { engine, platform, nodes, patienceMs } = this.#parts;
    const id = platform.randomId();
    let done = (): void => undefined;
    const isDone = new Promise<void>((resolve) => {
      done = resolve;
    });
    const given: Given = { waiting: new Set(nodes.others), count: 0, done };
    this.#given.set(id, given);
    let timer: EngineTimer | undefined;
    try {
      await engine.logs.append(ordersChannel, { value: [nodes.node, id, ...order], meta: {}, retain });
      if (given.waiting.size > 0) {
        timer = platform.setTimer(done, patienceMs);
        await isDone;
      }
      return given.count;
    } finally {
      timer?.cancel();
      this.#given.delete(id);
    }
  }

  #done(node: string, id: string, count: number): void {
    const given = this.#given.get(id);
    if (given?.waiting.delete(node) !== true) return;
    given.count += count;
    if (given.waiting.size === 0) given.done();
  }

  #told(event: Followed): void {
    const { nodes, obey, missed } = this.#parts;
    if (event.type === "gap") {
      missed();
      return;
    }
    if (event.type !== "message" || !Array.isArray(event.value)) return;
    const [from, id, ...order] = event.value as [from: string, id: string, ...order: Order];
    if (from === nodes.node) return;
    void obey(order).then(async (count) => {
      await nodes.tell(from, "done", nodes.node, id, count);
    });
  }

  stop(): void {
    this.#following?.stop();
    // Nothing more is heard of the others.
    for (const { done } of this.#given.values()) done();
  }
}
