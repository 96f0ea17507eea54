/**
 * The hot pieces of openline and of the others that no public entry offers, by the paths of their files. They may move
 * with any version: here is the one place that knows them.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Connection, defaultLimits } from "openline/protocol";
import { packageFile } from "../lib/peer.js";

const require = createRequire(import.meta.url);

/** @param {string} file below dist/ */
const importOpenline = (file) => import(pathToFileURL(packageFile("openline", `dist/${file}`)).href);

const { nodePlatform } = await importOpenline("transport/node/index.js");
// Not all versions have masking that belongs to the platform, memory in which it is fastest, and compression.
const { allocateFastMemory } = await importOpenline("transport/node/node-memory.js").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  return {};
});
const { NodeCompressor } = await importOpenline("transport/node/zlib/index.js").catch((error) => {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  return {};
});
const { applyMask } = await importOpenline("protocol/masking.js");
const masking = nodePlatform.masking ?? { apply: applyMask };

/**
 * Memory like that which openline reads into.
 *
 * @param {number} byteLength
 * @returns {Uint8Array}
 */
export function openlineMemory(byteLength) {
  return allocateFastMemory?.(byteLength) ?? new Uint8Array(byteLength);
}

/**
 * A protocol connection as `serve` and `connect` make them, without a byte stream.
 *
 * @param {"server" | "client"} role
 * @param {Partial<import("openline/protocol").ConnectionSink>} sink
 */
export function createConnection(role, sink) {
  const limits = { ...defaultLimits };
  const nothing = () => undefined;
  return new Connection(
    { ...nodePlatform, role, limits },
    {
      receivedText: nothing,
      receivedBinary: nothing,
      receivedPing: nothing,
      receivedPong: nothing,
      receivedClose: () => false,
      failed(error) {
        throw error;
      },
      ...sink,
    },
  );
}

/**
 * openline's compressor on Node.
 *
 * @param {object} options
 */
export function createCompressor(options) {
  return new NodeCompressor(options);
}

/** openline's text functions on Node. */
export const openlineText = nodePlatform.text;

/**
 * openline's masking, in place.
 *
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} end
 * @param {number} key 32 bits
 */
export function openlineMask(bytes, start, end, key) {
  masking.apply(bytes, start, end, key);
}

/** @param {string} file of ws, below lib/ */
const requireWs = (file) => require(packageFile("ws", `lib/${file}`));

export const { unmask: wsUnmask } = requireWs("buffer-util.js");
export const { isValidUTF8: wsIsValidUtf8 } = requireWs("validation.js");
export const WsSender = requireWs("sender.js");
const WsReceiver = requireWs("receiver.js");

/**
 * ws's parser as its server makes them.
 *
 * @param {(data: Buffer, isBinary: boolean) => void} onMessage
 */
export function createWsReceiver(onMessage) {
  const receiver = new WsReceiver({ isServer: true, maxPayload: 100 * 1024 * 1024 });
  receiver.on("message", onMessage);
  return receiver;
}

/** bufferutil: its native function and, from a file of its own, what it does without. */
export const { unmask: nativeUnmask } = require("bufferutil");
export const { unmask: javaScriptUnmask } = require(packageFile("bufferutil", "fallback.js"));
