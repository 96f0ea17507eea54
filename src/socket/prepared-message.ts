/**
 * Messages that are made ready once and sent many times.
 */
import type { FramePlace, TextCodec } from "../protocol/index.js";
import { frameMessage, SharedMessage } from "../protocol/index.js";
import { octetsOf } from "./octets.js";
import type { SendData, SendOptions } from "./socket.js";

/** A message that `prepare` has made ready. It can be sent on any socket, any number of times. */
export class PreparedMessage {
  /** What it will be received as. */
  readonly type: "text" | "binary";
  /** Octets of its payload. */
  readonly byteLength: number;
  /** How connections send it: framed at once, and compressed when the first of them wants that. */
  readonly shared: SharedMessage;

  constructor(shared: SharedMessage) {
    this.shared = shared;
    const { type, payloadStart, end } = shared.plain;
    this.type = type;
    this.byteLength = end - payloadStart;
  }
}

/** @throws UsageError `invalid-argument` for anything else than a string or octets */
export function prepareMessage(data: SendData, text: TextCodec, options: SendOptions = {}): PreparedMessage {
  const place: FramePlace = {
    lay: (_version, type, reserved, payload) => frameMessage(payload, text, type, reserved),
  };
  const payload = typeof data === "string" ? data : octetsOf(data);
  return new PreparedMessage(new SharedMessage(payload, { compress: options.compress }, place, text));
}
