/**
 * What is asked of NATS and what is told, while its connection may break. What has not been sent waits for the connection, in
 * the order of the calls; what was on its way is sent again where that does no harm, and given up at once where it may.
 */
import { RequestError } from "@nats-io/transport-node";
import { EngineError } from "../index.js";

/** Sends it, and resolves to the answer. @param timeoutMs how long an answer may take */
type Send<Answer> = (timeoutMs: number) => Promise<Answer>;

/** What is known of what is asked. */
export interface RequestTraits {
  /** Whether asking twice is the same as asking once. */
  readonly isIdempotent: boolean;
  /** Octets of it. */
  readonly bytes: number;
}

interface Request {
  send(): void;
  /** Not sent again when its time is over. */
  wait(): void;
  fail(error: unknown): void;
  readonly traits: RequestTraits;
}

// What waits for the connection at most, as long as a request may: as much as the Redis engine lets wait.
const maxWaiting = 100_000;
const maxWaitingBytes = 67_108_864;

/** See the head of this file. */
export class Requests {
  readonly #timeoutMs: number;
  readonly #onTheirWay = new Set<Request>();
  readonly #waiting = new Set<Request>();
  #waitingBytes = 0;
  #isConnected = true;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends it now, or as soon as there is a connection.
   *
   * @throws EngineError "unavailable" when there was none in time, when it broke, or when too much waits; Error of the client library
   */
  run<Answer>(traits: RequestTraits, send: Send<Answer>): Promise<Answer> {
    if (!this.#isConnected && !this.#hasRoom(traits)) {
      return Promise.reject(unavailable(`${this.#waiting.size} requests wait for a connection already`));
    }
    return new Promise((resolve, reject) => {
      const deadlineMs = performance.now() + this.#timeoutMs;
      let timer: NodeJS.Timeout | undefined;
      let attempts = 0;
      const end = (): void => {
        clearTimeout(timer);
        this.#onTheirWay.delete(request);
        this.#leave(request);
      };
      const fail = (error: unknown): void => {
        end();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what was thrown
        reject(error);
      };
      const request: Request = {
        traits,
        fail,
        send: () => {
          clearTimeout(timer);
          const attempt = ++attempts;
          this.#onTheirWay.add(request);
          send(Math.max(1, deadlineMs - performance.now())).then(
            (answer) => {
              end();
              resolve(answer);
            },
            (error: unknown) => {
              // It has been sent again since, or will be.
              if (attempt !== attempts) return;
              if (traits.isIdempotent && isBroken(error)) this.#sendLater(request);
              else fail(error);
            },
          );
        },
        wait: () => {
          attempts++;
          timer = setTimeout(() => fail(unavailable("no connection")), Math.max(1, deadlineMs - performance.now()));
        },
      };
      if (this.#isConnected) request.send();
      else this.#wait(request);
    });
  }

  #hasRoom({ bytes }: RequestTraits): boolean {
    if (this.#waiting.size === 0) return true;
    return this.#waiting.size < maxWaiting && this.#waitingBytes + bytes <= maxWaitingBytes;
  }

  #wait(request: Request): void {
    this.#onTheirWay.delete(request);
    this.#waiting.add(request);
    this.#waitingBytes += request.traits.bytes;
    request.wait();
  }

  #leave(request: Request): void {
    if (this.#waiting.delete(request)) this.#waitingBytes -= request.traits.bytes;
  }

  /** The client library noticed that the connection is gone before it said so. */
  #sendLater(request: Request): void {
    this.#wait(request);
    setImmediate(() => {
      if (this.#isConnected && this.#waiting.has(request)) this.#sendAgain([request]);
    });
  }

  #sendAgain(requests: Iterable<Request>): void {
    for (const request of requests) {
      this.#leave(request);
      request.send();
    }
  }

  /** The connection is gone. */
  lost(): void {
    this.#isConnected = false;
    for (const request of [...this.#onTheirWay]) {
      if (request.traits.isIdempotent) this.#wait(request);
      else request.fail(unavailable("the connection broke before it answered"));
    }
  }

  /** There is another: what waits goes first, in the order of the calls. */
  back(): void {
    this.#isConnected = true;
    this.#sendAgain([...this.#waiting]);
  }

  /** Nothing is sent any more. */
  end(error: EngineError): void {
    this.#isConnected = false;
    for (const request of [...this.#waiting, ...this.#onTheirWay]) request.fail(error);
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof RequestError && error.message.includes("disconnected");
}

function unavailable(why: string): EngineError {
  return new EngineError("unavailable", `NATS cannot be reached: ${why}`);
}
