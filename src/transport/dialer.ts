/**
 * How a client reaches a server: sends the head of its opening handshake and waits for the head of the answer.
 */
import type { HandshakeRequest, HandshakeResponse, WebSocketAddress } from "../protocol/index.js";
import type { ByteStream } from "./byte-stream.js";

/** What came back: the stream, when the server switches protocols, or else an ordinary HTTP response. */
export type DialResult =
  | {
      readonly isUpgraded: true;
      /** Whether it answers an extended CONNECT (RFC 8441), not an upgrade. Default false. */
      readonly isConnect?: boolean;
      readonly response: HandshakeResponse;
      readonly stream: ByteStream;
    }
  | { readonly isUpgraded: false; readonly response: HandshakeResponse; readonly body: Uint8Array };

/** What a dialer has to keep to. */
export interface DialOptions {
  /** Gives up when it is aborted, leaving nothing open. */
  readonly signal: AbortSignal;
  /** Octets of all header lines together that the response may have. */
  readonly maxHeaderBytes: number;
  /** Octets of a refusal's body that are read; the rest is left. */
  readonly maxBodyBytes: number;
}

/**
 * Reaches the server at an address, once: an answer that leads elsewhere is an answer.
 *
 * @returns rejects with the network's error, an `OpenlineError` that says itself what is wrong, or the signal's reason
 */
export type Dialer = (
  address: WebSocketAddress,
  request: HandshakeRequest,
  options: DialOptions,
) => Promise<DialResult>;
