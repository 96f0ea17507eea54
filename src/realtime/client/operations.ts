/**
 * The requests of the application, over all connections: what waits for one, what is under way, what is sent again. They
 * are sent in the order in which they were made.
 */
import type { Clock } from "../../transport/index.js";
import { RealtimeError } from "../wire/errors.js";
import type { Check, ClientFrame } from "../wire/index.js";
import { type Answer, brokenError, type Link } from "./link.js";
import type { ClientLimits } from "./options.js";
import { quietly } from "./quietly.js";

/** A request, and what becomes of it. */
export interface OperationRequest<Value> {
  /** Makes its frame. */
  readonly frame: (r: number, link: Link | undefined) => ClientFrame;
  /** What the answer must be. Default: anything. */
  readonly check?: Check<Value>;
  /**
   * Whether it is sent again when the connection is lost on which it was under way: where it has a key. Another fails then,
   * for it may have been done.
   */
  readonly isResent: boolean;
  /** Milliseconds until it fails, infinite for none. Default: what `ClientLimits` says. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the server is told when nobody waits any more. */
  readonly isCancelled?: boolean;
  /** How large it is, about. Default: as large as it is encoded. */
  readonly bytes?: number;
  /** One more value of a stream of results. */
  readonly item?: ((value: unknown) => void) | undefined;
  /** It has been sent. */
  readonly sent?: (link: Link, r: number) => void;
}

interface Operation {
  readonly request: Omit<OperationRequest<unknown>, "check">;
  readonly bytes: number;
  readonly answer: Answer;
  /** Where it is under way. */
  link?: Link | undefined;
  r: number;
}

// Stands in for the number while a request is measured: it has as many digits as any.
const longestNumber = 0x7fffffff;

/** See the head of this file. */
export class Operations {
  /** All that are unanswered, in order. */
  readonly #open = new Set<Operation>();
  /** Those that are not under way, in order. */
  #waiting = new Set<Operation>();
  #bytes = 0;
  #isEnded = false;
  readonly #clock: Clock;
  readonly #limits: ClientLimits;
  readonly #measure: (frame: ClientFrame) => number;
  readonly #link: () => Link | undefined;

  /**
   * @param measure how large a frame is when it is encoded; throws where it cannot be
   * @param link the connection to use
   */
  constructor(
    clock: Clock,
    limits: ClientLimits,
    measure: (frame: ClientFrame) => number,
    link: () => Link | undefined,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#measure = measure;
    this.#link = link;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Makes a request. It waits for a connection where there is none.
   *
   * @returns a promise whose rejection nobody has to handle
   * @throws RealtimeError what the server answered, `outbox-full`, `too-large`, `timeout`, `connection-lost`,
   *   `client-closed`; the reason of the signal; TypeError for a value that cannot be encoded
   */
  run<Value>(request: OperationRequest<Value>): Promise<Value> {
    return quietly(this.#run(request));
  }

  async #run<Value>(request: OperationRequest<Value>): Promise<Value> {
    const { maxRequests, maxRequestBytes, timeoutMs: defaultMs } = this.#limits;
    const { signal, timeoutMs = defaultMs } = request;
    signal?.throwIfAborted();
    if (this.#isEnded) throw closedError();
    const bytes = request.bytes ?? this.#measure(request.frame(longestNumber, undefined));
    if (this.#open.size >= maxRequests || this.#bytes + bytes > maxRequestBytes) {
      throw new RealtimeError("outbox-full", "too many requests", { retryable: true });
    }
    return await new Promise<Value>((resolve, reject) => {
      const settle = (): void => {
        this.#close(operation);
        timer.cancel();
        signal?.removeEventListener("abort", aborted);
      };
      const operation: Operation = {
        request,
        bytes,
        r: 0,
        answer: {
          ok: (value) => {
            settle();
            const fault = request.check?.(value);
            if (fault === undefined) resolve(value as Value);
            else reject(this.#broken(operation, fault));
          },
          err: (error) => {
            settle();
            reject(error);
          },
          item: request.item,
        },
      };
      const giveUp = (error: Error): void => {
        settle();
        this.#forget(operation);
        reject(error);
      };
      // What a signal is aborted with may be anything, and is passed on as it is.
      const aborted = (): void => giveUp(signal?.reason as Error);
      signal?.addEventListener("abort", aborted);
      const timer = this.#clock.setTimer(() => giveUp(timeoutError(timeoutMs)), timeoutMs);
      this.#open.add(operation);
      this.#waiting.add(operation);
      this.#bytes += bytes;
      this.flush();
    });
  }

  #close(operation: Operation): void {
    if (!this.#open.delete(operation)) return;
    this.#waiting.delete(operation);
    this.#bytes -= operation.bytes;
  }

  /** Nobody waits for its answer any more. */
  #forget({ link, r, request }: Operation): void {
    if (link === undefined || link.isOver) return;
    if (request.isCancelled === true) link.send(["cancel", r]);
    link.forget(r);
  }

  #broken({ link }: Operation, fault: string): RealtimeError {
    const reason = `an answer: value${fault}`;
    link?.fail(reason);
    return brokenError(reason);
  }

  /** Sends what waits, as far as there is room. */
  flush(): void {
    const link = this.#link();
    if (link === undefined) return;
    for (const operation of this.#waiting) {
      if (link.isCongested || link.isOver) return;
      this.#waiting.delete(operation);
      try {
        operation.r = link.request((r) => operation.request.frame(r, link), operation.answer);
      } catch (error) {
        operation.answer.err(error as RealtimeError);
        continue;
      }
      operation.link = link;
      operation.request.sent?.(link, operation.r);
    }
  }

  /** A connection is lost. What was under way on it waits again, or fails. */
  lost(link: Link): void {
    for (const operation of this.#open) {
      if (operation.link !== link) continue;
      operation.link = undefined;
      if (operation.request.isResent) continue;
      operation.answer.err(new RealtimeError("connection-lost", "it may have been done"));
    }
    // In the order in which they were made.
    this.#waiting = new Set([...this.#open].filter((operation) => operation.link === undefined));
    this.flush();
  }

  /** It is over for good. */
  end(): void {
    this.#isEnded = true;
    for (const operation of this.#open) operation.answer.err(closedError());
  }
}

function closedError(): RealtimeError {
  return new RealtimeError("client-closed");
}

/** Something has not happened within so many milliseconds. */
export function timeoutError(timeoutMs: number): RealtimeError {
  return new RealtimeError("timeout", `not within ${timeoutMs} ms`, { retryable: true });
}
