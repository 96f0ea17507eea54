/**
 * Messages that are made ready once and sent many times.
 */
import type { FramedMessage, TextCodec } from "../protocol/index.js";
import { frameMessage } from "../protocol/index.js";
import { octetsOf } from "./octets.js";
import type { SendData } from "./socket.js";

/** A message that `prepare` has made ready. It can be sent on any socket, any number of times. */
export class PreparedMessage {
  /** What it will be received as. */
  readonly type: "text" | "binary";
  /** Octets of its payload. */
  readonly byteLength: number;
  /** How connections send it. */
  readonly framed: FramedMessage;

  constructor(framed: FramedMessage) {
    this.framed = framed;
    this.type = framed.type;
    this.byteLength = framed.end - framed.payloadStart;
  }
}

/** @throws UsageError `invalid-argument` for anything else than a string or octets */
export function prepareMessage(data: SendData, text: TextCodec): PreparedMessage {
  return new PreparedMessage(frameMessage(typeof data === "string" ? data : octetsOf(data), text));
}
