/**
 * Why reading has stopped, and when it goes on. Made when it stops for the first time, which for most sockets is never.
 */
import type { Connection } from "../protocol/index.js";
import type { ByteStream } from "../transport/index.js";

/** Why reading has stopped, as bits. */
export const PauseReason = {
  inbox: 1,
  output: 2,
  extension: 4,
  rate: 8,
  memory: 16,
  leaving: 32,
  /** A message that is handed on while it comes waits for its reader. */
  body: 64,
  /** Nobody has said yet how messages are to be consumed, and what comes must not be judged before. */
  consumer: 128,
  /** The application wants it so, until it says otherwise. */
  application: 256,
  /** An event waits for its turn. */
  event: 512,
} as const;
/** See the value of this name. */
export type PauseReason = (typeof PauseReason)[keyof typeof PauseReason];

/** What is no reason any more once this side has sent its Close frame, and has to read on for the peer's. */
export const reasonsWhileOpen: number =
  PauseReason.inbox | PauseReason.rate | PauseReason.memory | PauseReason.leaving | PauseReason.consumer;

/** See the head of this file. */
export class Reading {
  readonly #connection: Connection;
  readonly #stream: ByteStream;
  #reasons = 0;

  constructor(connection: Connection, stream: ByteStream) {
    this.#connection = connection;
    this.#stream = stream;
  }

  get isPaused(): boolean {
    return this.#reasons !== 0;
  }

  /** Reads no more, not even what is left of the chunk that is being read. */
  pause(reason: PauseReason): void {
    if (!this.isPaused) {
      this.#connection.pause();
      this.#stream.pause();
    }
    this.#reasons |= reason;
  }

  /**
   * Reads on, where this was the last reason not to, or these were.
   *
   * @returns whether it did, and nothing of what was held back has made it stop again
   */
  resume(reason: number): boolean {
    if ((this.#reasons & reason) === 0) return false;
    this.#reasons &= ~reason;
    if (this.isPaused) return false;
    this.#connection.resume();
    // What was held back may have filled the inbox again.
    if (this.isPaused) return false;
    this.#stream.resume();
    return true;
  }

  /** Nothing more will come: what is held back is all there is, and none of it is to be lost. */
  end(): void {
    this.#reasons = 0;
    this.#connection.resume();
  }
}
