/**
 * What servers, clients and their sockets need beside a byte stream: time, randomness, text, and the end of a turn.
 * Everything comes in from outside, so that tests can put a clock of their own in its place.
 */
import type {
  BufferPool,
  Compressor,
  InflationMemory,
  Masking,
  MaskingKeySource,
  TextCodec,
  WindowMemory,
} from "../protocol/index.js";
import type { DuplexOptions, MessagePipe } from "./message-pipe.js";
import type { PlatformDuplex } from "./platform-types.js";

/** A timer that has been set. */
export interface Timer {
  /** Makes sure that it does not fire any more. Harmless after it has. */
  cancel(): void;
}

/** Time. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back. */
  now(): number;
  /**
   * Calls `callback` once, after at least `delayMs` milliseconds. Keeps a process alive: a deadline may be all that is
   * left to wait for, when reading has stopped.
   */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** Timers for what takes too long, of which there may be one for each connection. */
export interface Deadlines {
  /** As `Clock.setTimer`; but it may be late by a little, in exchange for costing next to nothing when cancelled. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** Something that has output to flush at the end of the turn. */
export interface Flushable {
  /** Must not throw. */
  flush(): void;
}

/**
 * Knows when the turn ends: after the handlers that are running, and the promise continuations that follow from them.
 */
export interface TurnScheduler {
  /** Calls `flush` once at the end of this turn. Whoever asks twice in a turn is called twice. */
  schedule(flushable: Flushable): void;
}

/** What compresses, where there is such a thing. */
export interface PlatformCompression {
  /** The compressor, made when it is first asked for. */
  readonly compressor: () => Compressor;
  /** The memory of all windows of the process. */
  readonly windows: WindowMemory;
  /** The memory that unfinished messages of the process may take when they are inflated. */
  readonly inflations: InflationMemory;
  /** Milliseconds spent so far on compressing and inflating on this thread. */
  readonly spentMs: () => number;
}

/** All of it together. */
export interface Platform {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /**
   * Calls `callback` when everybody has been read from who has sent something by now: once, and not from within.
   * A process that was stopped, or busy, finds its timers due before it has read what came meanwhile.
   */
  afterReading(callback: () => void): void;
  readonly text: TextCodec;
  readonly pool: BufferPool;
  /** Octets of memory that this process may take before the system ends it or becomes slow. */
  readonly memoryBytes: number;
  /** Makes memory that need not be cleared. */
  readonly allocate: (byteLength: number) => Uint8Array;
  readonly masking: Masking;
  readonly maskingKeys: MaskingKeySource;
  readonly turns: TurnScheduler;
  /** Absent where nothing can be compressed. */
  readonly compression?: PlatformCompression;
  /** Makes a stream in both directions over a pipe. Absent where there is no such thing. */
  readonly createDuplex?: (pipe: MessagePipe, options: DuplexOptions) => PlatformDuplex;
  /** `count` octets of cryptographic randomness. */
  randomBytes(count: number): Uint8Array;
  /** Tells a human about an error that nobody handles. */
  reportError(error: unknown, during: string): void;
}
