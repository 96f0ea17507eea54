/**
 * Framing: messages in, octets out that can be given to a stream.
 */
import assert from "node:assert/strict";
import { binaryPayload, textPayload } from "../frames.js";
import { createConnection, WsSender } from "../internals.js";

/**
 * @param {object} given
 * @param {string} given.name
 * @param {string} given.title
 * @param {Buffer | string} given.message
 * @param {boolean} given.isMasked
 * @param {number} given.messages framed before the octets are taken, as in one turn of the event loop
 */
function framingCase({ name, title, message, isMasked, messages }) {
  const isText = typeof message === "string";
  const payload = Buffer.from(message);
  return {
    name,
    title,
    operations: messages,
    bytes: payload.length,
    contenders() {
      const connection = createConnection(isMasked ? "client" : "server", {});
      const { output } = connection;
      const fillOutput = () => {
        for (let index = 0; index < messages; index++) {
          if (isText) connection.sendText(message);
          else connection.sendBinary(message);
        }
      };
      const wsOptions = { fin: true, opcode: isText ? 1 : 2, mask: isMasked, readOnly: !isText, rsv1: false };
      const wsFrames = () => {
        const pieces = [];
        for (let index = 0; index < messages; index++) {
          pieces.push(...WsSender.frame(isText ? Buffer.from(message) : message, wsOptions));
        }
        return pieces;
      };
      return {
        openline: {
          run() {
            fillOutput();
            output.release(output.take());
          },
          check() {
            fillOutput();
            const batch = output.take();
            checkFrames(Buffer.concat(batch.segments), payload, isMasked, messages);
            output.release(batch);
          },
        },
        ws: { run: wsFrames, check: () => checkFrames(Buffer.concat(wsFrames()), payload, isMasked, messages) },
      };
    },
  };
}

/** Looks at the last frame. */
function checkFrames(octets, payload, isMasked, messages) {
  const frameBytes = octets.length / messages;
  const last = octets.subarray(octets.length - frameBytes);
  const sent = last.subarray(frameBytes - payload.length);
  const key = last.subarray(frameBytes - payload.length - 4, frameBytes - payload.length);
  assert.equal((last[1] & 0x80) !== 0, isMasked);
  assert.deepEqual(isMasked ? Buffer.from(sent.map((octet, index) => octet ^ key[index & 3])) : sent, payload);
}

const small = binaryPayload(64);
const large = binaryPayload(16_384);

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "framing",
  title: "Framing: messages to octets",
  cases: [
    framingCase({
      name: "server-64b",
      title: "server, 64 B binary, 100 a turn",
      message: small,
      isMasked: false,
      messages: 100,
    }),
    framingCase({
      name: "server-64b-text",
      title: "server, 64 B text (ASCII), 100 a turn",
      message: textPayload(64, true).toString(),
      isMasked: false,
      messages: 100,
    }),
    framingCase({
      name: "server-1kib-utf8",
      title: "server, 1 KiB text (not ASCII), 16 a turn",
      message: textPayload(1024, false).toString(),
      isMasked: false,
      messages: 16,
    }),
    framingCase({
      name: "server-16kib",
      title: "server, 16 KiB binary, 1 a turn",
      message: large,
      isMasked: false,
      messages: 1,
    }),
    framingCase({
      name: "client-64b",
      title: "client, 64 B binary, 100 a turn",
      message: small,
      isMasked: true,
      messages: 100,
    }),
    framingCase({
      name: "client-16kib",
      title: "client, 16 KiB binary, 1 a turn",
      message: large,
      isMasked: true,
      messages: 1,
    }),
  ],
};
