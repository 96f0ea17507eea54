/**
 * Requests on their way over a bus, and what is followed over it.
 */
import { EngineError, type EngineErrorCode } from "../index.js";
import type { BusAnswer, BusFailure, BusPort, BusRequest } from "./messages.js";
import type { BusFollows, BusRequests, FollowName, RequestName } from "./methods.js";

interface Waiting {
  readonly done: (result: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** What is followed: its id, and how it ends. */
export interface Followed {
  readonly id: number;
  readonly stop: () => void;
}

/** See the head of this file. */
export class BusLine {
  /** Resolves when the line has ended. */
  readonly ended: Promise<void>;
  readonly #send: BusPort<BusRequest>;
  readonly #hasRoom: () => boolean;
  readonly #waiting = new Map<number, Waiting>();
  readonly #sinks = new Map<number, object>();
  #lastId = 0;
  #failure: EngineError | undefined;
  #end: () => void = () => undefined;

  constructor(send: BusPort<BusRequest>, hasRoom: () => boolean) {
    this.#send = send;
    this.#hasRoom = hasRoom;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Why nothing can be asked any more. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** @throws EngineError what the engine refuses with, or why the line has ended */
  ask<Name extends RequestName>(name: Name, ...args: Parameters<BusRequests[Name]>): ReturnType<BusRequests[Name]> {
    return this.#request((id) => ["ask", id, name, args]) as ReturnType<BusRequests[Name]>;
  }

  /**
   * @param sink its methods are called with what is told, before or after the promise resolves
   * @throws EngineError as `ask`
   */
  async follow<Name extends FollowName>(
    name: Name,
    sink: object,
    ...args: Parameters<BusFollows[Name]>
  ): Promise<Awaited<ReturnType<BusFollows[Name]>> & Followed> {
    const id = this.#lastId + 1;
    this.#sinks.set(id, sink);
    try {
      const result = (await this.#request(() => ["follow", id, name, args])) as Awaited<ReturnType<BusFollows[Name]>>;
      const stop = (): void => {
        if (this.#sinks.delete(id) && this.#failure === undefined) this.#send(["stop", id]);
      };
      return { ...result, id, stop };
    } catch (error) {
      this.#sinks.delete(id);
      throw error;
    }
  }

  /** What comes from the other end. */
  receive(answer: BusAnswer): void {
    const [what, id] = answer;
    if (what === "told") {
      const sink = this.#sinks.get(id) as Readonly<Record<string, (...args: readonly unknown[]) => void>> | undefined;
      sink?.[answer[2]]?.(...answer[3]);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (what === "done") waiting?.done(answer[2]);
    else waiting?.failed(errorOf(answer[2]));
  }

  /** Nothing is asked or told any more. Harmless when called twice. */
  end(code: EngineErrorCode, message: string): void {
    if (this.#failure === undefined) for (const id of this.#sinks.keys()) this.#send(["stop", id]);
    this.#failure ??= new EngineError(code, message);
    this.#sinks.clear();
    for (const { failed } of this.#waiting.values()) failed(this.#failure);
    this.#waiting.clear();
    this.#end();
  }

  #request(make: (id: number) => BusRequest): Promise<unknown> {
    return new Promise((done, failed) => {
      if (this.#failure !== undefined || !this.#hasRoom()) {
        failed(
          this.#failure ?? new EngineError("unavailable", "too much waits to be sent to the process with the engine"),
        );
        return;
      }
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { done, failed });
      this.#send(make(this.#lastId));
    });
  }
}

function errorOf({ code, message, current }: BusFailure): Error {
  if (code === undefined) return new Error(message);
  return new EngineError(code, message, current === undefined ? {} : { current });
}
