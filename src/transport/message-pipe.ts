/**
 * Messages as something that is read from and written to with backpressure: what a socket is to the streams of a
 * platform, which are made over it.
 */

/** See the head of this file. */
export interface MessagePipe {
  /**
   * Takes the next message. Nothing is read from the network while nobody takes any.
   *
   * @returns undefined when the peer has closed in order, and every message was taken. `end` answers its Close frame
   * @throws ConnectionClosedError when the connection has ended in any other way, and every message was taken
   */
  read(): Promise<string | Uint8Array | undefined>;
  /**
   * Sends a message. Octets may be changed afterwards.
   *
   * @returns undefined when there is room for the next, or a promise of that, which rejects with ConnectionClosedError
   * @throws UsageError `invalid-argument` for anything else than a string or octets
   */
  write(message: unknown): Promise<void> | undefined;
  /**
   * Closes in order, with 1000. Messages that the peer sends before its answer can still be taken.
   *
   * @throws ConnectionClosedError when the closing handshake was not completed with 1000, or without a code
   */
  end(): Promise<void>;
  /**
   * Gives up: takes nothing more, and closes.
   *
   * @param code 1011 after a failure, 1001 otherwise: neither is an end in order for the peer. 1000 where nothing is lost
   */
  abandon(code: number): void;
  /** Resolves when the connection is over. Never rejects. */
  readonly ended: Promise<PipeEnd>;
}

/** How a pipe has ended. */
export interface PipeEnd {
  /** Whether the peer has had everything, and we have: both have closed with 1000, or without a code. */
  readonly isInOrder: boolean;
  /** The ConnectionClosedError of whoever still wants something of the connection. */
  readonly error: Error;
}

/** What can be said about the stream that `socket.toDuplex` makes. */
export interface DuplexOptions {
  /**
   * Whether chunks are messages: strings for text, `Uint8Array`s for binary. Default false: chunks are octets. A message
   * is read as one chunk or more, text as UTF-8, and each chunk that is written is sent as one message, or several of
   * 64 KiB.
   */
  readonly objectMode?: boolean;
  /** As what octets are sent, "binary" (the default) or "text"; they have to be UTF-8 then. Not in object mode. */
  readonly type?: "binary" | "text";
  /**
   * Whether it may be written on when the peer has closed, until you end it, within `closeTimeoutMs`. Default false: it
   * ends by itself when everything that was read has been taken, as a socket of `node:net` does.
   */
  readonly allowHalfOpen?: boolean;
  /** Whether what is written may be compressed, as for `socket.send`. */
  readonly compress?: boolean;
}
