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

/** A request, whatever is answered. */
interface AnyRequest {
  readonly traits: RequestTraits;
  send(): void;
  /** It is not sent any more when its time is over. */
  wait(): void;
  /** It is about to be sent again. */
  waited(): void;
  fail(error: unknown): void;
}

/** Something that was asked or told, from the call to its answer. */
class Request<Answer> implements AnyRequest {
  readonly traits: RequestTraits;
  readonly promise: Promise<Answer>;
  readonly #requests: Requests;
  readonly #send: Send<Answer>;
  readonly #startMs = performance.now();
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;
  #attempts = 0;
  /** Set while it waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor(requests: Requests, traits: RequestTraits, send: Send<Answer>) {
    this.traits = traits;
    this.#requests = requests;
    this.#send = send;
    this.promise = new Promise<Answer>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  send(): void {
    const attempt = ++this.#attempts;
    const timeoutMs = attempt === 1 ? this.#requests.timeoutMs : this.#leftMs();
    this.#send(timeoutMs).then(
      (answer) => {
        this.#end();
        this.#resolve(answer);
      },
      (error: unknown) => {
        // It has been sent again since, or will be.
        if (attempt !== this.#attempts) return;
        if (this.traits.isIdempotent && isBroken(error)) this.#requests.sendLater(this);
        else this.fail(error);
      },
    );
  }

  wait(): void {
    this.#attempts++;
    this.#timer = setTimeout(() => this.fail(unavailable("no connection")), this.#leftMs());
  }

  waited(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    if (this.#timer !== undefined) this.waited();
    this.#requests.ended(this);
  }

  #leftMs(): number {
    return Math.max(1, this.#requests.timeoutMs + this.#startMs - performance.now());
  }
}

// What waits for the connection at most, as long as a request may: as much as the Redis engine lets wait.
const maxWaiting = 100_000;
const maxWaitingBytes = 67_108_864;

/** See the head of this file. */
export class Requests {
  /** Milliseconds that each may take. */
  readonly timeoutMs: number;
  readonly #onTheirWay = new Set<AnyRequest>();
  readonly #waiting = new Set<AnyRequest>();
  #waitingBytes = 0;
  #isConnected = true;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
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
    const request = new Request(this, traits, send);
    if (this.#isConnected) this.#send(request);
    else this.#wait(request);
    return request.promise;
  }

  #hasRoom({ bytes }: RequestTraits): boolean {
    if (this.#waiting.size === 0) return true;
    return this.#waiting.size < maxWaiting && this.#waitingBytes + bytes <= maxWaitingBytes;
  }

  #send(request: AnyRequest): void {
    this.#onTheirWay.add(request);
    request.send();
  }

  #wait(request: AnyRequest): void {
    this.#onTheirWay.delete(request);
    this.#waiting.add(request);
    this.#waitingBytes += request.traits.bytes;
    request.wait();
  }

  #sendAgain(request: AnyRequest): void {
    this.#leave(request);
    request.waited();
    this.#send(request);
  }

  #leave(request: AnyRequest): void {
    if (this.#waiting.delete(request)) this.#waitingBytes -= request.traits.bytes;
  }

  /** What it came to is known. */
  ended(request: AnyRequest): void {
    if (!this.#onTheirWay.delete(request)) this.#leave(request);
  }

  /** The client library noticed that the connection is gone before it said so. */
  sendLater(request: AnyRequest): void {
    this.#wait(request);
    setImmediate(() => {
      if (this.#isConnected && this.#waiting.has(request)) this.#sendAgain(request);
    });
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
    for (const request of [...this.#waiting]) this.#sendAgain(request);
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
