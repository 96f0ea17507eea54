/**
 * A bus in one process: what goes over it is copied as between processes, and comes a moment later.
 */
import { BusEngine, BusServer } from "#src/realtime/engines/bus/index.js";
import type { Engine, EngineHost, EngineNeeds } from "#src/realtime/engines/index.js";

/** An engine, and one that reaches it over a bus. */
export class BusPair {
  /** What was asked, by name. */
  readonly asked: string[] = [];
  /** Is given what is asked on its way to the engine, to deliver it or not. */
  hold: (deliver: () => void) => void = (deliver) => deliver();
  readonly remote: BusEngine;
  readonly server: BusServer;

  constructor(engine: Engine) {
    this.remote = new BusEngine((request) => {
      if (request[0] !== "stop") this.asked.push(request[2]);
      const copy = structuredClone(request);
      setImmediate(() => this.hold(() => this.server.receive(copy)));
    });
    this.server = new BusServer(engine, (answer) => {
      const copy = structuredClone(answer);
      setImmediate(() => this.remote.receive(copy));
    });
  }
}

/** A bus whose engine starts and ends with it. */
export class WholeBus implements Engine {
  readonly #engine: Engine;
  readonly #pair: BusPair;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#pair = new BusPair(engine);
  }

  async start(host: EngineHost): Promise<void> {
    await this.#engine.start(host);
    await this.#pair.remote.start(host);
  }

  check(needs: EngineNeeds): ReturnType<BusEngine["check"]> {
    return this.#pair.remote.check(needs);
  }

  async close(): Promise<void> {
    await this.#pair.remote.close();
    // What was asked before has come there.
    await crossed();
    this.#pair.server.close();
    await this.#engine.close();
  }

  get name(): string {
    return this.#pair.remote.name;
  }

  health(): ReturnType<Engine["health"]> {
    return this.#pair.remote.health();
  }

  get logs(): Engine["logs"] {
    return this.#pair.remote.logs;
  }

  get states(): Engine["states"] {
    return this.#pair.remote.states;
  }

  get signals(): Engine["signals"] {
    return this.#pair.remote.signals;
  }

  get media(): Engine["media"] {
    return this.#pair.remote.media;
  }

  get calls(): Engine["calls"] {
    return this.#pair.remote.calls;
  }

  get presence(): Engine["presence"] {
    return this.#pair.remote.presence;
  }
}

/** Resolves when what has been sent over a bus has come, and what was answered to it at once has, too. */
export async function crossed(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
