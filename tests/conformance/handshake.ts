/**
 * The opening handshake by hand (RFC 6455 §4), for the fuzzing peer's side of it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Wire } from "./wire.js";

/** The key that the fuzzing peer sends: RFC 6455 §1.3's own example, and what has to come back for it. */
export const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
export const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** What a client sends. */
export function upgradeRequest(host: string, extensions?: string): string {
  return lines([
    "GET / HTTP/1.1",
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${sampleKey}`,
    "Sec-WebSocket-Version: 13",
    ...extensionLine(extensions),
  ]);
}

/** What a server answers. */
export function upgradeResponse(key: string, extensions?: string): string {
  return lines([
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    ...extensionLine(extensions),
  ]);
}

/** RFC 6455 §4.2.2: the key "concatenated with" the GUID, hashed, in base64. */
export function acceptFor(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

function extensionLine(extensions: string | undefined): string[] {
  return extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`];
}

function lines(headers: readonly string[]): string {
  return [...headers, "", ""].join("\r\n");
}

/** Reads the head of an HTTP message and nothing behind it. */
export async function readHead(wire: Wire): Promise<string> {
  let octets = Buffer.alloc(0);
  for (;;) {
    const end = octets.indexOf("\r\n\r\n");
    if (end !== -1) {
      wire.unread(octets.subarray(end + 4));
      return octets.subarray(0, end + 2).toString("latin1");
    }
    const piece = await wire.read();
    assert.ok(piece, `the stream ended within the handshake: ${octets.toString("latin1")}`);
    octets = Buffer.concat([octets, piece]);
  }
}

/** A header's value, or undefined. */
export function header(head: string, name: string): string | undefined {
  const prefix = `${name.toLowerCase()}:`;
  const line = head.split("\r\n").find((candidate) => candidate.toLowerCase().startsWith(prefix));
  return line?.slice(prefix.length).trim();
}

/**
 * Reads a server's answer to `upgradeRequest`, and makes sure that it accepts.
 *
 * @returns what it says of extensions
 */
export async function expectAccepted(wire: Wire): Promise<string | undefined> {
  const head = await readHead(wire);
  assert.match(head, /^HTTP\/1\.1 101 /u);
  assert.equal(header(head, "Sec-WebSocket-Accept"), sampleAccept);
  return header(head, "Sec-WebSocket-Extensions");
}
