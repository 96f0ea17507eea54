/**
 * Several nodes in one told time, which share an engine over a bus, and can be killed or cut off.
 */
import type { Contract } from "#src/realtime/contract/index.js";
import { type BusAnswer, BusEngine, type BusRequest, BusServer } from "#src/realtime/engines/bus/index.js";
import { type Engine, memory } from "#src/realtime/engines/index.js";
import type { AnyRealtimeOptions } from "#src/realtime/server/index.js";
import { FakeClock } from "#src/testing/index.js";
import { createHost } from "../engines/world.js";
import { type Peer, World } from "./world.js";

/** One process. */
export class ClusterNode {
  readonly world: World;
  readonly peers: Peer[] = [];
  readonly #bus: BusServer;
  readonly #engine: BusEngine;
  /** What waits while it is cut off. */
  #requests: BusRequest[] = [];
  #answers: BusAnswer[] = [];
  #isCut = false;
  #isKilled = false;

  constructor(inner: Engine, clock: FakeClock, name: string, api: Contract, options: AnyRealtimeOptions) {
    this.#bus = new BusServer(inner, (answer) => {
      if (this.#isCut) this.#answers.push(answer);
      else this.#engine.receive(answer);
    });
    this.#engine = new BusEngine((request) => {
      if (this.#isCut) this.#requests.push(request);
      else this.#bus.receive(request);
    });
    this.world = new World(api, { ...options, engine: this.#engine }, clock, name);
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  async peer(hello: Record<string, unknown> = {}): Promise<Peer> {
    const peer = await this.world.peer(hello);
    this.peers.push(peer);
    return peer;
  }

  /** Nothing of it gets through, until `mend`. */
  cut(): void {
    this.#isCut = true;
  }

  /** What waited gets through, in order. */
  mend(): void {
    this.#isCut = false;
    const [requests, answers] = [this.#requests, this.#answers];
    this.#requests = [];
    this.#answers = [];
    for (const request of requests) this.#bus.receive(request);
    for (const answer of answers) this.#engine.receive(answer);
  }

  /** The process is gone, and tells nobody. */
  kill(): void {
    this.#isKilled = true;
    this.#bus.close();
    this.#engine.lost();
    for (const peer of this.peers) peer.vanish();
  }
}

/** See the head of this file. */
export class Cluster {
  readonly clock: FakeClock = new FakeClock();
  readonly nodes: ClusterNode[] = [];
  readonly engine: Engine = memory();

  /** @param options of each node, by its place */
  static async start(
    count: number,
    api: Contract,
    options: (place: number) => AnyRealtimeOptions = () => ({}),
  ): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.engine.start(createHost(cluster.clock));
    for (let place = 0; place < count; place++) {
      const node = new ClusterNode(cluster.engine, cluster.clock, `n${String(place)}.`, api, options(place));
      cluster.nodes.push(node);
      await node.world.server.ready;
    }
    await cluster.clock.settle();
    return cluster;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        // What is left of a process that was killed only has timers to end.
        await (node.isKilled ? node.world.server.close() : node.world.close());
      }),
    );
    await this.engine.close();
  }
}
