/**
 * A proper handshake on its way through the checks.
 */
import type { HandshakeRequest, UpgradeRequest } from "../protocol/index.js";
import type { Deadline, PlatformHttpRequest } from "../transport/index.js";
import type { IncomingRequest } from "./accept.js";
import { createIncomingRequest } from "./accept.js";
import { AdmissionError } from "./errors.js";
import type { HandshakeForm } from "./handshake-form.js";
import type { PendingUpgrade } from "./pending-upgrade.js";
import type { Client } from "./proxies.js";

/** What whoever brings a connection knows of it. */
export interface Arrival {
  /** When the handshake has to be over; where there is none, it begins now. */
  readonly deadline?: Deadline | undefined;
  /** Tells whether the connection came to a server that listens on a loopback address only. */
  readonly isOnLoopback?: () => boolean;
  /** How the handshake is put. Default: as HTTP/1.1 has it. */
  readonly form?: HandshakeForm;
  /** The request as the application's HTTP server handed it over, where there is one. */
  readonly httpRequest?: PlatformHttpRequest;
}

/** See the head of this file. */
export class UpgradeAttempt {
  readonly head: HandshakeRequest;
  readonly handshake: UpgradeRequest;
  readonly pending: PendingUpgrade;
  readonly client: Client;
  readonly httpRequest: PlatformHttpRequest;
  #request: IncomingRequest | undefined;

  constructor(
    head: HandshakeRequest,
    handshake: UpgradeRequest,
    pending: PendingUpgrade,
    client: Client,
    httpRequest: PlatformHttpRequest,
  ) {
    this.head = head;
    this.handshake = handshake;
    this.pending = pending;
    this.client = client;
    this.httpRequest = httpRequest;
  }

  /**
   * The web `Request`, made when somebody asks for it.
   *
   * @throws AdmissionError `request-url-invalid`: the grammar of Host allows what no URL can hold, which is the peer's
   *   mistake and none of the application's business
   */
  get request(): IncomingRequest {
    const { isSecure, host, address } = this.client;
    try {
      this.#request ??= createIncomingRequest(this.head, { ...this.handshake, host }, isSecure, address);
    } catch {
      throw new AdmissionError("request-url-invalid");
    }
    return this.#request;
  }
}
