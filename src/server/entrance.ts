/**
 * The way in for connections that are no WebSockets, but carry what a WebSocket would: they come by ordinary HTTP requests,
 * and meet the checks that upgrades meet.
 */
import type { HandshakeRequest } from "../protocol/index.js";
import { lowercaseAscii } from "../protocol/index.js";
import type { IncomingRequest } from "./accept.js";
import { createIncomingRequest } from "./accept.js";
import { Admission } from "./admission.js";
import { AdmissionError } from "./errors.js";
import type { ServerOptions } from "./options.js";
import { resolveServerOptions } from "./options.js";

/** An ordinary request, as far as it is checked. */
export interface OrdinaryRequest {
  readonly head: HandshakeRequest;
  /** Host and port, as `Host` or `:authority` has them. */
  readonly host: string;
  /** As the browser sent it; undefined where there is none. */
  readonly origin: string | undefined;
  /** The peer's network address. */
  readonly address: string | undefined;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** The subprotocols that it asks for. */
  readonly protocols: readonly string[];
}

/** A request against which there is nothing. */
export interface Admitted {
  readonly request: IncomingRequest;
  /** The network address of whoever it is from, as trusted proxies tell. */
  readonly remoteAddress: string | undefined;
}

// What is given to an entrance of its own has no rates.
const noTime = (): number => 0;

/** A connection that was let in. */
export interface Guest {
  /** Begins to end it. */
  close(code: number, reason: string): void;
}

/** What can be said of those who come in, as for upgrades. */
export type EntranceOptions = Pick<
  ServerOptions<unknown>,
  "path" | "origins" | "hosts" | "trustedProxies" | "maxConnections" | "maxConnectionsPerAddress" | "isOverloaded"
>;

/** What a server knows of its own connections. */
export interface EntranceHost {
  readonly admission: Admission;
  /** Its connections that did not come in here. */
  readonly occupancy: () => number;
  readonly isOnLoopback: () => boolean;
}

/** See the head of this file. */
export class Entrance {
  readonly #host: EntranceHost;
  readonly #guests = new Set<Guest>();
  #isClosed = false;

  constructor(host: EntranceHost) {
    this.#host = host;
  }

  /** How many have come in and are there. */
  get size(): number {
    return this.#guests.size;
  }

  /**
   * Whether connections are where a request asks for one; undefined where they are everywhere.
   *
   * @throws what the option `path` throws
   */
  isAt(target: string): boolean | undefined {
    return this.#host.admission.isAt(target);
  }

  /**
   * Whether a request is for this server, and may come from the page that it comes from.
   *
   * @returns who it is from, or why not
   * @throws what options throw that are functions
   */
  check(request: OrdinaryRequest): Admitted | AdmissionError {
    const { admission, isOnLoopback } = this.#host;
    const { head, address, isSecure, protocols } = request;
    if (this.#isClosed) return new AdmissionError("server-closing");
    const client = admission.clientOf(head, { address, isSecure, host: request.host, isForwarded: false });
    if (client instanceof AdmissionError) return client;
    let incoming: IncomingRequest | undefined;
    const requestOf = (): IncomingRequest =>
      (incoming ??= createIncomingRequest(
        head,
        { host: client.host, target: head.target, protocols },
        client.isSecure,
        client.address,
      ));
    try {
      requestOf();
    } catch {
      return new AdmissionError("request-url-invalid");
    }
    const origin = request.origin === undefined ? undefined : lowercaseAscii(request.origin);
    const error = admission.checkSource({ origin, target: head.target }, client, isOnLoopback, requestOf);
    return error ?? { request: requestOf(), remoteAddress: client.address };
  }

  /**
   * Lets a connection in, if there is room.
   *
   * @param address as `check` has told it
   * @returns what counts it out again, or why it may not come in
   */
  enter(address: string | undefined, guest: Guest): (() => void) | AdmissionError {
    const { admission, occupancy } = this.#host;
    if (this.#isClosed) return new AdmissionError("server-closing");
    const error = admission.checkRoom(address, { sockets: occupancy() + this.size, pendingUpgrades: 0 });
    if (error !== undefined) return error;
    admission.entered(address);
    this.#guests.add(guest);
    return () => {
      if (this.#guests.delete(guest)) admission.left(address);
    };
  }

  /** Lets nobody in any more, and closes those who are there. */
  close(code: number, reason: string): void {
    this.#isClosed = true;
    for (const guest of [...this.#guests]) guest.close(code, reason);
  }
}

/**
 * An entrance of its own, for requests that an HTTP server of the application's gets.
 *
 * @throws UsageError `invalid-argument`, `invalid-limit`
 */
export function createEntrance(options: EntranceOptions = {}): Entrance {
  const admission = new Admission(options, resolveServerOptions(options), noTime);
  return new Entrance({ admission, occupancy: () => 0, isOnLoopback: () => false });
}
