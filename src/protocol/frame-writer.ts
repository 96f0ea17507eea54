/**
 * Writes frames into an output (RFC 6455 §5.2): header, masking key where this side is a client, payload.
 */
import { frameHeaderBytes, maskBit, maxHeaderBytes, writeFrameHeader, writeUint32 } from "./frame-header.js";
import type { Masking, MaskingKeySource } from "./masking.js";
import { portableMasking } from "./masking.js";
import type { FrameTarget } from "./output.js";
import type { TextCodec } from "./utf8.js";

/** UTF-16 units up to which the room for a text is taken for the worst case, without measuring it first. */
export const unmeasuredTextUnits = 4096;
/** UTF-8 octets that one UTF-16 unit takes at most. */
export const maxBytesPerUnit = 3;

/** The sending side's frames. What may be sent when is the connection's business. */
export class FrameWriter {
  readonly #output: FrameTarget;
  readonly #text: TextCodec;
  readonly #maskingKeys: MaskingKeySource | undefined;
  readonly #masking: Masking;

  /**
   * @param maskingKeys where a client's masking keys come from; a server has none and does not mask
   * @param masking how payloads are masked
   */
  constructor(
    output: FrameTarget,
    text: TextCodec,
    maskingKeys: MaskingKeySource | undefined,
    masking: Masking = portableMasking,
  ) {
    this.#output = output;
    this.#text = text;
    this.#maskingKeys = maskingKeys;
    this.#masking = masking;
  }

  /**
   * Writes a frame with the octets from `start` to `end` as its payload.
   *
   * @param firstOctet FIN, reserved bits and opcode
   */
  writeFrame(firstOctet: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const output = this.#output;
    const isMasked = this.#maskingKeys !== undefined;
    const headerBytes = frameHeaderBytes(length, isMasked);
    if (!isMasked && output.refersTo(bytes, length)) {
      const buffer = output.reserve(headerBytes);
      output.position = writeFrameHeader(buffer, output.position, firstOctet, length, 0);
      output.append(bytes.subarray(start, end));
      return;
    }
    const buffer = output.reserve(headerBytes + length);
    const payloadAt = output.position + headerBytes;
    // A masking client must not change its caller's octets, and small ones are cheaper copied than listed.
    if (length > 0) buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), payloadAt);
    this.#finishFrame(buffer, firstOctet, payloadAt, length);
  }

  /** Writes a frame with `text` in UTF-8 as its payload, lone surrogates as U+FFFD. */
  writeTextFrame(firstOctet: number, text: string): void {
    const output = this.#output;
    const isMasked = this.#maskingKeys !== undefined;
    const units = text.length;
    if (units > unmeasuredTextUnits) {
      const length = this.#text.byteLength(text);
      const headerBytes = frameHeaderBytes(length, isMasked);
      const buffer = output.reserve(headerBytes + length);
      const payloadAt = output.position + headerBytes;
      this.#text.encodeInto(text, buffer, payloadAt);
      this.#finishFrame(buffer, firstOctet, payloadAt, length);
      return;
    }
    // Encoded where it will stand if it is ASCII, and moved where its length turns out to need a longer header.
    const guessedAt = frameHeaderBytes(units, isMasked);
    const buffer = output.reserve(units * maxBytesPerUnit + maxHeaderBytes);
    const position = output.position;
    const length = this.#text.encodeInto(text, buffer, position + guessedAt);
    const headerBytes = frameHeaderBytes(length, isMasked);
    if (headerBytes !== guessedAt) {
      buffer.copyWithin(position + headerBytes, position + guessedAt, position + guessedAt + length);
    }
    this.#finishFrame(buffer, firstOctet, position + headerBytes, length);
  }

  /** Writes the header before a payload that stands in the output already, and masks it where we are the client. */
  #finishFrame(buffer: Uint8Array, firstOctet: number, payloadAt: number, length: number): void {
    const output = this.#output;
    const keys = this.#maskingKeys;
    if (keys === undefined) {
      writeFrameHeader(buffer, output.position, firstOctet, length, 0);
    } else {
      const key = keys.next();
      const keyAt = writeFrameHeader(buffer, output.position, firstOctet, length, maskBit);
      writeUint32(buffer, keyAt, key);
      this.#masking.apply(buffer, payloadAt, payloadAt + length, key);
    }
    output.position = payloadAt + length;
  }
}
