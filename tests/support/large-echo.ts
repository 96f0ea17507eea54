/**
 * Messages of any length that pass through an echo in another process: sent by raw frames or by `sendStream`, read at once
 * or after both sides have come to a stop again and again, and judged by their digest.
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect } from "#src/index.js";
import { openRaw, sendLarge } from "./large-message.js";
import { jsonSample, noise } from "./samples.js";

const mib = 1024 * 1024;

/** Who waits until the other side has come to a stop, at each of `stops` places of the message. */
export type Slow = "nobody" | "the reader" | "the writer";

/** How a message goes to the echo: in how many frames by hand, or streamed. */
export type Way = number | "sendStream" | "sendStream, compressed";

export interface LargeEcho {
  readonly port: number;
  /** Its octets, a multiple of 1 MiB. */
  readonly length: number;
  readonly way: Way;
  readonly slow: Slow;
}

const stops = 32;
// So many turns without progress are a stop.
const quietTurns = 200;

/** Two sides of an echo, each of which can wait for the other to stop. */
class Pace {
  readonly #slow: Slow;
  readonly #stepBytes: number;
  readonly #done = { "the reader": 0, "the writer": 0 };

  constructor(slow: Slow, length: number) {
    this.#slow = slow;
    this.#stepBytes = length / stops;
  }

  /** `side` has done `bytes` more. Resolves when it may go on. */
  async did(side: "the reader" | "the writer", bytes: number): Promise<void> {
    const before = Math.floor(this.#done[side] / this.#stepBytes);
    this.#done[side] += bytes;
    if (side !== this.#slow || Math.floor(this.#done[side] / this.#stepBytes) === before) return;
    const other = side === "the reader" ? "the writer" : "the reader";
    for (let quiet = 0, last = -1; quiet < quietTurns; quiet++) {
      if (this.#done[other] !== last) quiet = 0;
      last = this.#done[other];
      await nextTurn();
    }
  }
}

/** Sends a message through an echo. Throws when what comes back is not what was sent. */
export async function echoLarge({ port, length, way, slow }: LargeEcho): Promise<void> {
  const pace = new Pace(slow, length);
  const read = createHash("sha1");
  let readBytes = 0;
  const take = (octets: Uint8Array): Promise<void> => {
    read.update(octets);
    readBytes += octets.byteLength;
    return pace.did("the reader", octets.byteLength);
  };
  const sent =
    typeof way === "number"
      ? await throughFrames(port, length, way, pace, take)
      : await throughStream(port, length, way !== "sendStream", pace, take);
  if (readBytes !== length) throw new Error(`${String(readBytes)} octets came back instead of ${String(length)}`);
  if (read.digest("hex") !== sent) throw new Error("what came back is not what was sent");
}

type Take = (octets: Uint8Array) => Promise<void>;

async function throughFrames(port: number, length: number, fragments: number, pace: Pace, take: Take): Promise<string> {
  const socket = await openRaw(port);
  socket.pause();
  const reading = readMessage(socket, take);
  const sending = sendLarge(socket, length, fragments, (bytes) => pace.did("the writer", bytes));
  const [sent] = await Promise.all([sending, reading]);
  socket.destroy();
  return sent;
}

/** Takes the payload of a server's frames up to the end of a message. */
async function readMessage(socket: Socket, take: Take): Promise<void> {
  let header = Buffer.alloc(0);
  let left = 0;
  let isLast = false;
  // Whoever leaves the loop destroys the socket.
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.byteLength; ) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left);
        at += piece.byteLength;
        left -= piece.byteLength;
        await take(piece);
      } else {
        header = Buffer.concat([header, chunk.subarray(at, ++at)]);
        const payloadBytes = lengthIn(header);
        if (payloadBytes === undefined) continue;
        isLast = ((header[0] ?? 0) & 0x80) !== 0;
        left = payloadBytes;
        header = Buffer.alloc(0);
      }
      if (left === 0 && isLast) return;
    }
  }
}

/** The payload's length, when the header is complete. */
function lengthIn(header: Buffer): number | undefined {
  const short = header[1];
  if (short === undefined) return undefined;
  if (short === 126) return header.byteLength < 4 ? undefined : header.readUInt16BE(2);
  if (short === 127) return header.byteLength < 10 ? undefined : Number(header.readBigUInt64BE(2));
  return short;
}

async function throughStream(
  port: number,
  length: number,
  isCompressed: boolean,
  pace: Pace,
  take: Take,
): Promise<string> {
  const socket = await connect(`ws://127.0.0.1:${String(port)}`, { perMessageDeflate: isCompressed });
  const written = createHash("sha1");
  const sample = isCompressed ? jsonSample(mib, 1) : noise(mib, 1);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; left -= sample.byteLength) {
      written.update(sample);
      yield sample;
      await pace.did("the writer", sample.byteLength);
    }
  }
  const sending = socket.sendStream(chunks());
  for await (const message of socket.incoming()) {
    for await (const piece of message) await take(piece);
    break;
  }
  await sending;
  await socket.close();
  return written.digest("hex");
}
