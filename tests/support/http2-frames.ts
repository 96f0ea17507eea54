/**
 * HTTP/2 by hand (RFC 9113 §4): for what no implementation would send, at the moment that a test wants.
 */
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { serveRaw } from "./raw-http.js";

/** Types of frames (RFC 9113 §6). */
export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §9.1). */
export const enableConnectProtocol = 8;

/** What a client begins with (RFC 9113 §3.4), before its SETTINGS. */
export const preface: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const endStream = 0x1;
export const ack = 0x1;
export const endHeaders = 0x4;

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const headerBytes = 9;

/** The octets of a frame. */
export function http2Frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUIntBE(payload.byteLength, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** SETTINGS with values by their identifiers. */
export function settingsFrame(values: Readonly<Record<number, number>> = {}): Buffer {
  const payload = Buffer.alloc(6 * Object.keys(values).length);
  Object.entries(values).forEach(([identifier, value], index) => {
    payload.writeUInt16BE(Number(identifier), 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return http2Frame(frameType.settings, 0, 0, payload);
}

/** GOAWAY with the last stream that was processed, and an error code. */
export function goawayFrame(lastStreamId: number, code: number): Buffer {
  return http2Frame(frameType.goaway, 0, 0, numbers(lastStreamId, code));
}

/** RST_STREAM. */
export function resetFrame(streamId: number, code: number): Buffer {
  return http2Frame(frameType.reset, 0, streamId, numbers(code));
}

function numbers(...values: readonly number[]): Buffer {
  const octets = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => octets.writeUInt32BE(value, 4 * index));
  return octets;
}

/** Fields as literals that are never indexed (RFC 7541 §6.2.3), so that nobody has to keep a table. */
export function fieldBlock(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0x10), literal(name), literal(value)]),
  );
}

/** A string without Huffman's code (RFC 7541 §5.2). */
function literal(text: string): Buffer {
  const octets = Buffer.from(text, "latin1");
  const length: number[] = [];
  let rest = octets.byteLength;
  if (rest < 0x7f) length.push(rest);
  else {
    length.push(0x7f);
    for (rest -= 0x7f; rest >= 0x80; rest >>= 7) length.push(0x80 | (rest & 0x7f));
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), octets]);
}

/** The fields of an extended CONNECT (RFC 8441 §5.1). */
export function connectFields(extra: Readonly<Record<string, string>> = {}): Buffer {
  return fieldBlock({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":path": "/",
    ":authority": "localhost",
    "sec-websocket-version": "13",
    ...extra,
  });
}

/** Cuts octets into frames, however they come. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #skip: number;

  /** @param skipBytes octets before the first frame */
  constructor(skipBytes = 0) {
    this.#skip = skipBytes;
  }

  push(chunk: Uint8Array): Http2Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const skipped = Math.min(this.#skip, this.#rest.byteLength);
    this.#skip -= skipped;
    this.#rest = this.#rest.subarray(skipped);
    const frames: Http2Frame[] = [];
    while (this.#rest.byteLength >= headerBytes) {
      const end = headerBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.byteLength < end) break;
      const [, , , type = 0, flags = 0] = this.#rest;
      const streamId = this.#rest.readUInt32BE(5) & 0x7fffffff;
      frames.push({ type, flags, streamId, payload: this.#rest.subarray(headerBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/** A server whose octets a test writes itself; it is told of every frame, and of the connection that it came on. */
export async function serveFrames(
  t: TestContext,
  begin: (socket: Socket, connection: number) => void,
  received: (frame: Http2Frame, socket: Socket, connection: number) => void,
): Promise<string> {
  let connections = 0;
  const port = await serveRaw(t, (socket) => {
    const connection = ++connections;
    const reader = new FrameReader(preface.byteLength);
    // A client that has left takes the connection with it.
    socket.on("end", () => socket.end());
    socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) received(frame, socket, connection);
    });
    begin(socket, connection);
  });
  return `ws://127.0.0.1:${String(port)}`;
}
