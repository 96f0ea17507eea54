/**
 * The end of a bus where the engine is: does what one other process asks of it.
 */
import type { Engine, EngineSubscription } from "../index.js";
import { type BusAnswer, type BusPort, type BusRequest, failureOf } from "./messages.js";
import {
  type Claimed,
  type Following,
  type FollowName,
  follows,
  type RequestName,
  requests,
  type Tell,
} from "./methods.js";

// What the tables are called through. The other end takes its arguments from the same types.
type AnyRequest = (engine: Engine, claimed: Claimed, ...args: readonly unknown[]) => Promise<unknown>;
type AnyFollow = (engine: Engine, tell: Tell, ...args: readonly unknown[]) => Promise<Following>;

/** See the head of this file. */
export class BusServer {
  readonly #engine: Engine;
  readonly #answer: BusPort<BusAnswer>;
  /** What the other process follows. `undefined` while the engine has not answered yet. */
  readonly #following = new Map<number, EngineSubscription | undefined>();
  readonly #claimed: Claimed = new Map();
  #isClosed = false;

  /** @param engine one that has been started */
  constructor(engine: Engine, answer: BusPort<BusAnswer>) {
    this.#engine = engine;
    this.#answer = answer;
  }

  /** What the other process asks. */
  receive(request: BusRequest): void {
    if (this.#isClosed) return;
    switch (request[0]) {
      case "ask":
        this.#settle(request[1], this.#ask(request[1], request[2], request[3]));
        break;
      case "follow":
        this.#following.set(request[1], undefined);
        this.#settle(request[1], this.#follow(request[1], request[2], request[3]));
        break;
      case "stop":
        this.#stop(request[1]);
        break;
    }
  }

  /**
   * The other process is gone. What it followed is stopped; what it had claimed is lost by its lease, and its node of
   * presence when it has not beaten for a while, as for any node that dies.
   */
  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#following.keys()]) this.#stop(id);
    this.#claimed.clear();
  }

  async #ask(id: number, name: RequestName, args: readonly unknown[]): Promise<void> {
    const ask = requests[name] as unknown as AnyRequest;
    const result = await ask(this.#engine, this.#claimed, ...args);
    this.#send(["done", id, result]);
  }

  async #follow(id: number, name: FollowName, args: readonly unknown[]): Promise<void> {
    const follow = follows[name] as unknown as AnyFollow;
    const tell = (event: string, ...told: readonly unknown[]): void => {
      if (this.#following.has(id)) this.#send(["told", id, event, told]);
    };
    const { stop, held, ...result } = await follow(this.#engine, tell, ...args);
    if (held !== undefined) this.#claimed.set(id, held);
    // It may have been stopped meanwhile.
    if (this.#following.has(id)) this.#following.set(id, { stop });
    else stop();
    this.#send(["done", id, result]);
  }

  #stop(id: number): void {
    this.#following.get(id)?.stop();
    this.#following.delete(id);
  }

  #settle(id: number, done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#following.delete(id);
      this.#send(["failed", id, failureOf(error)]);
    });
  }

  #send(answer: BusAnswer): void {
    if (!this.#isClosed) this.#answer(answer);
  }
}
