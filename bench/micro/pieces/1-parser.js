/**
 * The parser: frames in, messages out that the application may keep; text as a string.
 */
import assert from "node:assert/strict";
import { binaryPayload, clientFrame, inChunks, opcodes, textPayload } from "../frames.js";
import { createConnection, createWsReceiver, openlineMemory } from "../internals.js";

/**
 * Parsers that are fed the same chunks over and over. They unmask in place, so that each run finds the payload as the
 * one before left it: masked, unmasked, masked. That is the same work; but text has to be valid, and is restored.
 *
 * @param {Buffer} octets of whole frames
 * @param {Uint8Array} payload what comes last
 * @param {number} messages how many there are
 * @param {boolean} isText
 * @returns {Record<string, import("../piece.js").Contender>}
 */
export function parsers(octets, payload, messages, isText = false) {
  const pristine = inChunks(octets);

  const contender = (allocate, createReceiver) => {
    const chunks = inChunks(octets, allocate);
    let count = 0;
    let last;
    const receive = createReceiver((message) => {
      count++;
      last = message;
    });
    const run = () => {
      for (let index = 0; index < chunks.length; index++) {
        if (isText) chunks[index].set(pristine[index]);
        receive(chunks[index]);
      }
    };
    const check = () => {
      for (let index = 0; index < chunks.length; index++) chunks[index].set(pristine[index]);
      count = 0;
      for (const chunk of chunks) receive(chunk);
      assert.equal(count, messages);
      assert.deepEqual(Buffer.from(last), Buffer.from(payload));
    };
    return { run, check };
  };

  return {
    openline: contender(openlineMemory, (onMessage) => {
      const connection = createConnection("server", {
        receivedText: onMessage,
        receivedBinary(bytes, start, end, isOwned) {
          // As the socket hands it on: what is only lent is copied.
          const message = isOwned && start === 0 && end === bytes.byteLength ? bytes : new Uint8Array(end - start);
          if (message !== bytes) message.set(bytes.subarray(start, end));
          onMessage(message);
        },
      });
      return (chunk) => connection.receive(chunk);
    }),
    ws: contender(Buffer.alloc, (onMessage) => {
      // It validates text and leaves the decoding to the application.
      const receiver = createWsReceiver((data, isBinary) => onMessage(isBinary ? data : data.toString()));
      return (chunk) => receiver.write(chunk);
    }),
  };
}

/** @param {{ name: string, title: string, payload: Buffer, messages: number, isText?: boolean }} given */
function parserCase({ name, title, payload, messages, isText = false }) {
  const frame = () => clientFrame(isText ? opcodes.text : opcodes.binary, payload);
  return {
    name,
    title,
    operations: messages,
    bytes: payload.length,
    contenders: () => parsers(Buffer.concat(Array.from({ length: messages }, frame)), payload, messages, isText),
  };
}

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "parser",
  title: "Parser: masked frames to messages",
  cases: [
    parserCase({ name: "64b", title: "64 B binary, 100 in a chunk", payload: binaryPayload(64), messages: 100 }),
    parserCase({ name: "64b-single", title: "64 B binary, 1 in a chunk", payload: binaryPayload(64), messages: 1 }),
    parserCase({
      name: "64b-text",
      title: "64 B text (ASCII), 100 in a chunk",
      payload: textPayload(64, true),
      messages: 100,
      isText: true,
    }),
    parserCase({
      name: "1kib-utf8",
      title: "1 KiB text (not ASCII), 16 in a chunk",
      payload: textPayload(1024, false),
      messages: 16,
      isText: true,
    }),
    parserCase({ name: "16kib", title: "16 KiB binary, 3 in a chunk", payload: binaryPayload(16_384), messages: 3 }),
    parserCase({
      name: "1mib",
      title: "1 MiB binary, in chunks of 64 KiB",
      payload: binaryPayload(1024 * 1024),
      messages: 1,
    }),
  ],
};
