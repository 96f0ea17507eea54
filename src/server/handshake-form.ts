/**
 * The form that an opening handshake has: how the version of HTTP that carries it puts request and answer. What is
 * decided between the two does not depend on it.
 */
import type {
  HandshakeRequest,
  Limits,
  Refusal,
  UpgradeRequest,
  UpgradeRequestResult,
  UpgradeResponseOptions,
} from "../protocol/index.js";
import { readUpgradeRequest, writeRefusal, writeUpgradeResponse } from "../protocol/index.js";

/** See the head of this file. */
export interface HandshakeForm {
  /** Reads the request, whose other header lines `head` has. Never throws. */
  read(head: HandshakeRequest, limits: Limits): UpgradeRequestResult;
  /**
   * Answers that the connection is accepted.
   *
   * @returns octets that have to be sent before anything else; none where the answer has left by another way
   * @throws UsageError for a choice that makes no sense; then nothing has been answered
   */
  accept(request: UpgradeRequest, options: UpgradeResponseOptions): Uint8Array | undefined;
  /**
   * Answers that it is refused.
   *
   * @returns octets that have to be sent, after which the stream ends
   * @throws UsageError for a refusal that cannot be written; then nothing has been answered
   */
  refuse(refusal: Refusal): Uint8Array;
}

const noOctets = new Uint8Array(0);

/** The form of HTTP/1.1: an upgrade, and heads in the stream itself (RFC 6455 §4). */
export const http1Form: HandshakeForm = {
  read: readUpgradeRequest,
  accept: (request, options) => latin1(writeUpgradeResponse(request, options)),
  refuse: (refusal) => {
    const head = latin1(writeRefusal(refusal));
    const { body = noOctets } = refusal;
    const response = new Uint8Array(head.byteLength + body.byteLength);
    response.set(head);
    response.set(body, head.byteLength);
    return response;
  },
};

/** The octets of a string of code units below 0x100, which is what HTTP heads are. */
function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
