/**
 * A message that is sent as it comes into being: chunks are pulled out of its source while there is room, and leave as
 * fragments (RFC 6455 §5.4).
 *
 * Chunks that come within a turn are joined; what has been gathered when the turn ends leaves then. So a source that
 * yields little is delivered at once, and one that yields much in full fragments. A chunk is the source's again when the
 * next one is pulled.
 */
import type { FragmentContext } from "../protocol/index.js";
import { minFragmentBytes, OutgoingFragments, UsageError } from "../protocol/index.js";
import type { Flushable, Platform } from "../transport/index.js";
import type { ChunkSource, StreamSource } from "./chunk-source.js";
import { openSource } from "./chunk-source.js";
import { UnfinishedMessageError } from "./errors.js";
import { octetsOf } from "./octets.js";
import { wholeNumber } from "./options.js";
import type { SendData, SendOptions } from "./socket.js";
import { isThenable } from "./thenable.js";

/** How a streamed message is sent. */
export interface SendStreamOptions extends SendOptions {
  /** What it will be received as. Default: text where the first chunk is a string, else binary. */
  readonly type?: "text" | "binary" | undefined;
  /** Ends it before its source does. Where a part of it has been sent, the connection is closed with 1011. */
  readonly signal?: AbortSignal | undefined;
  /** Octets that one fragment carries at most, from 1 KiB to 16 MiB. Default 32 KiB. */
  readonly maxFragmentBytes?: number | undefined;
}

// A ping waits behind no more, buffers of the pool hold it, and 4 GiB of it are as many fragments as receivers of this
// library take by default.
const defaultMaxFragmentBytes = 32 * 1024;
// What receivers commonly take in a frame.
const maxMaxFragmentBytes = 16 * 1024 * 1024;

// After so many octets others have their turn: a source that never waits, and a kernel that takes all, would leave them
// none.
const turnBytes = 256 * 1024;
// What a chunk costs beside its octets: some that are empty must come to an end, too.
const chunkCostBytes = 256;

/** The queue of a socket, as far as a streamed message needs it. */
export interface StreamOutlet {
  /** Whether anything can be sent; when that is over, `stop` will be called. */
  readonly canSend: boolean;
  /** Whether a fragment may be sent: no more than the high-water mark waits for the peer. */
  readonly isFlowing: boolean;
  /** Calls back once when it may. */
  whenFlowing(callback: () => void): void;
  /**
   * Sends a fragment, whose octets are lent for the call.
   *
   * @throws UsageError `text-not-utf8`, having sent nothing
   */
  sendFragment(type: "text" | "binary", octets: Uint8Array, fin: boolean, options: SendOptions): void;
  /** It is over: its last fragment has been sent, or none will be. `unfinished` tells why a begun message cannot be. */
  streamOver(stream: OutgoingStream, unfinished: UnfinishedMessageError | undefined): void;
  /** Resolves to the error that tells that the connection has ended. Never rejects. */
  connectionEnded(): Promise<Error>;
}

/** What it needs of its surroundings. */
export interface StreamContext {
  readonly platform: Pick<Platform, "turns" | "afterReading">;
  readonly connection: FragmentContext;
}

/** See the head of this file. It waits until `begin` is called. */
export class OutgoingStream implements Flushable {
  /** Settles when it is over; nobody has to look. */
  readonly over: Promise<void>;
  readonly #context: StreamContext;
  readonly #outlet: StreamOutlet;
  readonly #source: ChunkSource;
  readonly #options: SendStreamOptions;
  readonly #maxFragmentBytes: number;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #isOver = false;
  #type: "text" | "binary" | undefined;
  /** Made when the type is known. */
  #fragments: OutgoingFragments | undefined;
  /** The chunk that is being sent, and how much of it has been. */
  #chunk: string | Uint8Array | undefined;
  #offset = 0;
  /** Whether a part of the message has left for the peer, which cannot be taken back. */
  #isBegun = false;
  #sentBytes = 0;
  #turnBytesLeft = turnBytes;
  #isFlushScheduled = false;
  readonly #goOnSoon = (): void => void Promise.resolve().then(() => this.#goOn());
  readonly #aborted = (): void => this.#fail(this.#options.signal?.reason, true);

  /** @throws UsageError `invalid-argument`, `invalid-limit` */
  constructor(context: StreamContext, outlet: StreamOutlet, source: StreamSource, options: SendStreamOptions) {
    const { type, maxFragmentBytes } = options;
    if (type !== undefined && type !== "text" && type !== "binary") {
      throw new UsageError("invalid-argument", String(type), undefined, 'type must be "text" or "binary"');
    }
    this.#maxFragmentBytes = wholeNumber(
      "maxFragmentBytes",
      maxFragmentBytes,
      defaultMaxFragmentBytes,
      maxMaxFragmentBytes,
    );
    if (this.#maxFragmentBytes < minFragmentBytes) {
      throw new UsageError("invalid-limit", maxFragmentBytes, undefined, "maxFragmentBytes must be at least 1,024");
    }
    this.#context = context;
    this.#outlet = outlet;
    this.#options = options;
    this.#type = type;
    this.#source = openSource(source);
    this.over = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who does not look has the close report.
    this.over.catch(() => undefined);
  }

  /** Ends it when its signal says so. To be called before `begin`. */
  heedSignal(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) this.#aborted();
    else signal?.addEventListener("abort", this.#aborted);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Its turn has come: nothing else is sent until it is over, but control frames. */
  begin(): void {
    this.#goOn();
  }

  /** Sends and pulls until it has to wait, for room, for its source, or for others to have their turn. */
  #goOn(): void {
    while (this.#mayGoOn()) {
      if (this.#chunk !== undefined) this.#sendSome(this.#chunk);
      else if (!this.#pull()) return;
    }
  }

  #mayGoOn(): boolean {
    if (this.#isOver || !this.#outlet.canSend) return false;
    if (!this.#outlet.isFlowing) {
      this.#outlet.whenFlowing(() => this.#goOn());
      return false;
    }
    if (this.#turnBytesLeft > 0) return true;
    this.#turnBytesLeft = turnBytes;
    // On a clock that stands still, that is from within.
    this.#context.platform.afterReading(this.#goOnSoon);
    return false;
  }

  /** @returns whether the source has answered at once */
  #pull(): boolean {
    this.#turnBytesLeft -= chunkCostBytes;
    try {
      const result = this.#source.next();
      if (!isThenable(result)) {
        this.#take(result);
        return true;
      }
      // By a promise of the language's own: what an iterator returns may throw from `then`, or call back twice.
      Promise.resolve(result).then(
        (later) => {
          this.#take(later);
          this.#goOn();
        },
        (error: unknown) => this.#fail(error, false),
      );
    } catch (error) {
      this.#fail(error, false);
    }
    return false;
  }

  /** The source has answered. What it says after the end counts for nothing. */
  #take(result: unknown): void {
    if (this.#isOver) return;
    try {
      const { done, value } = result as { readonly done?: boolean; readonly value: unknown };
      if (done === true) {
        this.#finish();
        return;
      }
      const chunk = typeof value === "string" ? value : octetsOf(value as Exclude<SendData, string>);
      const type = (this.#type ??= typeof chunk === "string" ? "text" : "binary");
      if (type === "binary" && typeof chunk === "string") {
        const hint = 'a string cannot be a part of a binary message; encode it, or send with type "text"';
        throw new UsageError("invalid-argument", "string", undefined, hint);
      }
      this.#chunk = chunk;
      this.#offset = 0;
    } catch (error) {
      this.#fail(error, true);
    }
  }

  get #toSend(): OutgoingFragments {
    return (this.#fragments ??= new OutgoingFragments(
      this.#type ?? "binary",
      this.#maxFragmentBytes,
      this.#context.connection,
      (octets, fin) => this.#sendFragment(octets, fin),
    ));
  }

  #sendSome(chunk: string | Uint8Array): void {
    const before = this.#offset;
    try {
      this.#offset = this.#toSend.add(chunk, before);
    } catch (error) {
      this.#fail(error, true);
      return;
    }
    this.#turnBytesLeft -= this.#offset - before;
    if (this.#offset < chunk.length) return;
    this.#chunk = undefined;
    if (this.#toSend.gatheredBytes === 0 || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#context.platform.turns.schedule(this);
  }

  /** The turn has ended: what has been gathered waits no longer. */
  flush(): void {
    this.#isFlushScheduled = false;
    if (this.#isOver || !this.#outlet.canSend) return;
    try {
      this.#fragments?.flush();
    } catch (error) {
      this.#fail(error, true);
    }
  }

  #sendFragment(octets: Uint8Array, fin: boolean): void {
    try {
      this.#outlet.sendFragment(this.#type ?? "binary", octets, fin, this.#options);
      this.#isBegun = true;
      this.#sentBytes += octets.byteLength;
    } catch (error) {
      // Without memory, nobody knows how much of it has been written.
      this.#isBegun ||= !(error instanceof UsageError);
      throw error;
    }
  }

  #finish(): void {
    if (!this.#outlet.canSend) return;
    this.#toSend.finish();
    this.#end();
    this.#resolve();
    this.#outlet.streamOver(this, undefined);
  }

  /** It cannot go on. */
  #fail(error: unknown, tellSource: boolean): void {
    if (this.#isOver) return;
    this.#end();
    if (tellSource) this.#source.end(error);
    this.#reject(error);
    this.#outlet.streamOver(this, this.#isBegun ? new UnfinishedMessageError(this.#sentBytes, error) : undefined);
  }

  /** Nothing can be sent any more: tells the source, and rejects when the connection has ended. */
  stop(): void {
    if (this.#isOver) return;
    this.#end();
    this.#source.end(new UnfinishedMessageError(this.#sentBytes));
    void this.#outlet.connectionEnded().then(this.#reject);
  }

  #end(): void {
    this.#isOver = true;
    this.#options.signal?.removeEventListener("abort", this.#aborted);
    this.#fragments?.drop();
    this.#chunk = undefined;
  }
}
