/**
 * Calls in any order on both ends of a connection, with octets of any kind between them.
 */
import assert from "node:assert/strict";
import type { CloseBody, ConnectionContext, ConnectionSink, Role } from "#src/protocol/index.js";
import { BufferPool, Connection, ProtocolError, resolveLimits, UsageError } from "#src/protocol/index.js";
import { nodeText } from "#src/transport/node/index.js";
import { type FuzzTarget, InputReader } from "../engine/target.js";
import { makeFrames } from "./frame-maker.js";
import { readPlainly } from "./plain-frames.js";

const limits = resolveLimits({
  maxMessageBytes: 1000,
  maxFrameBytes: 500,
  maxFragmentsPerMessage: 5,
  maxBufferedBytes: 4000,
});
// What `pause` holds back is what came in the meantime; a run gives no more than this.
const maxInputBytes = 8192;
const sendLimits = resolveLimits({ maxMessageBytes: 100_000 });
const codes: readonly [number | undefined, ...(number | undefined)[]] = [
  undefined,
  1000,
  1005,
  1006,
  999,
  3000,
  4999,
  5000,
];
const reasons: readonly [string, ...string[]] = ["", "bye", "ä".repeat(61), "ä".repeat(62)];

/** Checks what it hears. */
class CheckingSink implements ConnectionSink {
  readonly #reader: InputReader;
  connection: Connection | undefined;
  #isOver = false;

  constructor(reader: InputReader) {
    this.#reader = reader;
  }

  #heard(bytes: number): void {
    assert.equal(this.#isOver, false, "something is heard after the end");
    assert.ok(bytes <= limits.maxMessageBytes, `a message of ${bytes} octets`);
    // From within whatever the connection tells, it may be told to stop, to go on, and to send.
    const choice = this.#reader.octet();
    if (choice < 16) this.connection?.pause();
    else if (choice < 24) this.connection?.resume();
    else if (choice < 32) this.connection?.close(1000);
    else if (choice < 40) quietly(() => this.connection?.sendText("in between"));
  }

  receivedText(text: string): void {
    assert.equal(Buffer.from(text).toString(), text, "lone surrogates");
    this.#heard(Buffer.byteLength(text));
  }

  receivedBinary(bytes: Uint8Array, start: number, end: number): void {
    assert.ok(start >= 0 && end <= bytes.byteLength);
    this.#heard(end - start);
  }

  receivedPing(_bytes: Uint8Array, start: number, end: number): void {
    assert.ok(end - start <= 125);
    this.#heard(0);
  }

  receivedPong(_bytes: Uint8Array, start: number, end: number): void {
    assert.ok(end - start <= 125);
    this.#heard(0);
  }

  receivedClose({ code, reason }: CloseBody): boolean {
    this.#heard(0);
    this.#isOver = true;
    assert.ok(code >= 1000 && code < 5000 && Buffer.byteLength(reason) <= 123);
    return this.#reader.octet() % 2 === 0;
  }

  failed(error: ProtocolError): void {
    assert.equal(this.#isOver, false);
    this.#isOver = true;
    assert.ok(error instanceof ProtocolError);
  }
}

/** A call may be refused as a misuse, and in no other way. */
function quietly(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
}

/** See the head of this file. */
export const connection: FuzzTarget = {
  name: "connection",
  maxInputBytes,
  generate: (random) => {
    const isServer = random.chance(0.5);
    const parts: Uint8Array[] = [Uint8Array.of(isServer ? 1 : 0)];
    for (let count = random.integer(1, 12); count > 0; count--) {
      if (random.chance(0.5)) {
        parts.push(random.octets(random.integer(1, 4)));
        continue;
      }
      const octets = makeFrames(random, isServer).subarray(0, 600);
      parts.push(Uint8Array.of(0, octets.byteLength >> 8, octets.byteLength & 0xff), octets);
    }
    return Buffer.concat(parts);
  },
  run: (input) => {
    const reader = new InputReader(input);
    const role: Role = reader.octet() % 2 === 1 ? "server" : "client";
    const context: ConnectionContext = {
      role,
      limits,
      text: nodeText,
      pool: new BufferPool(),
      maskingKeys: { next: () => 0x01020304 },
    };
    const sink = new CheckingSink(reader);
    const under = new Connection(context, sink);
    sink.connection = under;
    const sent: Uint8Array[] = [];
    while (!reader.isAtEnd) {
      act(under, reader);
      if (reader.octet() < 64) takeOutput(under, sent);
      // Held back is what came, and what a message holds.
      assert.ok(under.heldBytes <= limits.maxBufferedBytes + maxInputBytes, `${under.heldBytes} octets are held`);
    }
    under.resume();
    takeOutput(under, sent);
    const report = under.streamEnded();
    assert.ok(["closed-by-us", "closed-by-peer", "failed", "dropped"].includes(report.outcome));
    assert.deepEqual(under.streamEnded().outcome, report.outcome);
    assert.equal(under.canSend, false);
    checkSent(Buffer.concat(sent), role);
  },
};

function act(under: Connection, reader: InputReader): void {
  const choice = reader.octet() % 12;
  if (choice < 3) under.receive(reader.octets(reader.upTo(65_535) % 700));
  else if (choice === 3) under.pause();
  else if (choice === 4) under.resume();
  else if (choice === 5) quietly(() => under.sendText("ä".repeat(reader.octet())));
  else if (choice === 6) quietly(() => under.sendBinary(new Uint8Array(reader.upTo(70_000))));
  else if (choice === 7) {
    const kind = reader.octet();
    quietly(() =>
      under.sendFragment(kind % 2 === 0 ? "text" : "binary", kind % 4 < 2 ? "part" : reader.octets(3), kind > 99),
    );
  } else if (choice === 8) quietly(() => under.ping(new Uint8Array(reader.octet())));
  else if (choice === 9) quietly(() => under.close(reader.pick(codes), reader.pick(reasons)));
  else if (choice === 10) under.isBlocked = reader.octet() % 2 === 0;
  else under.answerClose();
}

function takeOutput(under: Connection, sent: Uint8Array[]): void {
  const batch = under.output.take();
  for (const segment of batch.segments) sent.push(segment.slice());
  under.output.release(batch);
}

/** What was sent is frames by the letter, and nothing follows a Close frame (§5.5.1). */
function checkSent(octets: Uint8Array, role: Role): void {
  const lines = readPlainly(octets, role === "server" ? "client" : "server", sendLimits, 0);
  assert.ok(!lines.includes("violation"), `what was sent breaks the protocol: ${lines.at(-2) ?? ""}`);
  const close = lines.findIndex((line) => line.startsWith("control 8:"));
  assert.ok(close === -1 || close === lines.length - 1, "something was sent after the Close frame");
}
