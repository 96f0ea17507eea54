/**
 * What a connection needs of the outside: a reliable stream of octets in both directions. TCP and TLS sockets, streams of
 * HTTP/2, the in-memory pair, and one day a stream of HTTP/3 are byte streams. tests/contract/ runs over each of them.
 */

/**
 * Who hears what a byte stream receives. Nothing here may throw, and nothing here is called from within a call of the
 * stream's own methods.
 */
export interface ByteStreamReceiver {
  /**
   * The octets of `bytes` from `start` to `end` arrived. They may be changed in place, and belong to the stream again
   * when the call returns; what else `bytes` holds is none of the receiver's business.
   */
  streamReceived(bytes: Uint8Array, start: number, end: number): void;
  /** Everything written has left; `write` may be called again. Called once after each `write` that returned false. */
  streamDrained(): void;
  /** The peer has ended its side: nothing more will be received. Ours may still be written to. */
  streamEnded(): void;
  /** The stream is gone, both ways. Called exactly once, last. */
  streamClosed(error?: Error): void;
}

/** See the head of this file. */
export interface ByteStream {
  /** The peer's network address, where there is one. */
  readonly remoteAddress: string | undefined;
  /**
   * Whether written memory may be read by somebody even after it counts as written (a stream that passes references
   * on). Where it is false, memory may be reused when `write` returned true, or after `streamDrained`.
   */
  readonly retainsWrites: boolean;
  /** Octets that were written and have not left. While it changes, the peer takes something. */
  readonly queuedBytes: number;
  /** Names who hears what is received, and begins to read. A later call replaces the receiver. */
  start(receiver: ByteStreamReceiver): void;
  /**
   * Writes octets, in order.
   *
   * @returns whether more may be written at once; otherwise `streamDrained` will say when, and nothing may be written before.
   *   Until then the stream owns the segments' memory.
   */
  write(segments: readonly Uint8Array[]): boolean;
  /** Stops reading. What is on its way already may still arrive, bounded by one chunk. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Ends our side after everything written has left. `streamClosed` follows when the peer has ended its side, too. */
  end(): void;
  /** Cuts the stream at once; what has not left is lost. Only `streamClosed` follows. */
  destroy(): void;
}
