/**
 * What the suite runs against.
 */
import type { CloseReport } from "#src/index.js";
import type { DeflateRequest } from "../deflate.js";
import type { FuzzingPeer } from "../fuzzing-peer.js";

/** How octets are cut up under way, whatever pieces they are sent in. */
export interface Arrival {
  /** In words, for the tests' names. */
  readonly name: string;
  /**
   * Makes, for one connection, the function that tells how long the next piece is, out of `available` octets.
   * Undefined: left to the stream.
   */
  readonly createCutter?: () => (available: number) => number;
}

/** A connection under test. */
export interface Session {
  readonly peer: FuzzingPeer;
  /** The close report of the side under test, where this process can see it. */
  readonly report: Promise<CloseReport> | undefined;
}

/** A server, or something that makes clients, with an echo for every message. */
export interface Target {
  /**
   * Opens a connection.
   *
   * @param deflate what the fuzzing peer asks for, where permessage-deflate is to be used
   */
  open(arrival: Arrival, deflate?: readonly DeflateRequest[]): Promise<Session>;
  /** Takes everything down. */
  close(): Promise<void>;
}
