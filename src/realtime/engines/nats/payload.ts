/**
 * What messages in NATS look like, see `payload.ts` of the engines: octets of that text.
 */
import type { Payload } from "../index.js";
import { readPayloadText } from "../index.js";

export { payloadOf, textOfValue, valueOfText } from "../index.js";

/** Takes a message apart. @throws SyntaxError for one that is not ours */
export function readPayload<Head>(data: Uint8Array): Payload<Head> {
  return readPayloadText<Head>(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
}
