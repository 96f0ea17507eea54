/**
 * The form of HTTP/2: an extended CONNECT, whose answer is a head of the HTTP/2 stream and not in its octets (RFC 8441).
 */
import type {
  ConnectRequest,
  ConnectResponse,
  HandshakeRequest,
  Limits,
  Refusal,
  UpgradeRequest,
  UpgradeRequestResult,
  UpgradeResponseOptions,
} from "../protocol/index.js";
import { connectRefusal, connectResponse, readConnectRequest } from "../protocol/index.js";
import type { HandshakeForm } from "./handshake-form.js";

/** See the head of this file. */
export class ConnectForm implements HandshakeForm {
  readonly #request: ConnectRequest;
  readonly #respond: (response: ConnectResponse) => void;

  /**
   * @param request the pseudo-header fields and the others
   * @param respond sends the head of the answer on the HTTP/2 stream, or throws, having sent nothing
   */
  constructor(request: ConnectRequest, respond: (response: ConnectResponse) => void) {
    this.#request = request;
    this.#respond = respond;
  }

  read(_head: HandshakeRequest, limits: Limits): UpgradeRequestResult {
    return readConnectRequest(this.#request, limits);
  }

  accept(request: UpgradeRequest, options: UpgradeResponseOptions): undefined {
    this.#respond(connectResponse(request, options));
  }

  refuse(refusal: Refusal): Uint8Array {
    this.#respond(connectRefusal(refusal));
    return refusal.body ?? new Uint8Array(0);
  }
}
