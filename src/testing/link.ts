/**
 * What links between clients and a server are like, and what can be done to them.
 */

/** Where octets go. */
export type Direction = "to-server" | "to-client";

/** What a link is like. All of it may differ from moment to moment, see `Link.change`. */
export interface LinkOptions {
  /** Milliseconds that each octet takes at least. Default 0. */
  readonly latencyMs?: number;
  /** Milliseconds more that it may take, drawn anew for each piece. Octets never overtake each other. Default 0. */
  readonly jitterMs?: number;
  /** Octets a second that leave the writer. Default: any number. */
  readonly bytesPerSecond?: number;
  /**
   * Octets of the longest piece in which they arrive; each is of some length from 1 on. Default: they arrive in pieces of
   * up to 64 KiB, as much as there is.
   */
  readonly maxPieceBytes?: number;
  /** Octets that may be on their way in one direction before the writer has to wait. Default 65,536. */
  readonly capacityBytes?: number;
  /**
   * Changes what is written, as no TCP does: takes octets and gives those that shall be sent instead. To see what the
   * protocol makes of it, or whether a test finds out.
   */
  readonly tamper?: (octets: Uint8Array, direction: Direction) => readonly Uint8Array[];
}

/** A connection between a client and a server, and what can be done to it. */
export interface Link {
  /** Whether both ends have closed. */
  readonly isOver: boolean;
  /** Octets that have arrived in this direction so far, the handshake included. */
  carriedBytes(direction: Direction): number;
  /** Octets that have been written in this direction and not been read. */
  bytesUnderWay(direction: Direction): number;
  /** The link is another from now on; what is not given stays as it is. */
  change(options: LinkOptions): void;
  /** Nothing more leaves in this direction until `unstall`. Whoever writes is stopped in the end. */
  stall(direction: Direction): void;
  /** Goes on where `stall` stopped. */
  unstall(direction: Direction): void;
  /** The cable is pulled: nothing arrives any more in either direction, and neither end is told, ever. */
  goSilent(): void;
  /** Both ends get an error at once (with the code `ECONNRESET`); what is on its way is lost. */
  reset(): void;
}
