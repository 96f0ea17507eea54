/**
 * The frame parser, beside one that is written as plainly as can be, and fed in other pieces.
 */
import assert from "node:assert/strict";
import type { FrameSink, Limits, ProtocolError, Role } from "#src/protocol/index.js";
import { FrameParser, portableMasking, resolveLimits, violationCodes } from "#src/protocol/index.js";
import { cutInto, type FuzzTarget, InputReader } from "../engine/target.js";
import { makeFrames } from "./frame-maker.js";
import { readPlainly } from "./plain-frames.js";

const known: ReadonlySet<string> = new Set(violationCodes);

const limitChoices: readonly [Partial<Limits>, ...Partial<Limits>[]] = [
  {},
  { maxFrameBytes: 125 },
  { maxMessageBytes: 300 },
  { maxFragmentsPerMessage: 2 },
];

/** Writes down what a parser says. */
class Transcript implements FrameSink {
  readonly lines: string[] = [];
  #head = "";
  #frames: string[] = [];
  #frame = "";
  #isOver = false;

  #add(line: string): void {
    assert.equal(this.#isOver, false, "something follows a violation");
    this.lines.push(line);
  }

  wholeMessage(opcode: number, reserved: number, bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const payload = Buffer.from(bytes.subarray(start, end));
    if (ascii) assert.ok(payload.every((octet) => octet < 0x80));
    this.#add(`data ${opcode} ${reserved}: ${payload.toString("hex")}`);
  }

  frameStart(opcode: number, isFirst: boolean, reserved: number): void {
    assert.equal(isFirst, this.#frames.length === 0);
    if (isFirst) this.#head = `data ${opcode} ${reserved}`;
    this.#frame = "";
  }

  framePayload(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const payload = Buffer.from(bytes.subarray(start, end));
    if (ascii) assert.ok(payload.every((octet) => octet < 0x80));
    this.#frame += payload.toString("hex");
  }

  frameEnd(fin: boolean): void {
    this.#frames.push(this.#frame);
    if (!fin) return;
    this.#add(`${this.#head}: ${this.#frames.join(" | ")}`);
    this.#frames = [];
  }

  control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(`control ${opcode}: ${Buffer.from(bytes.subarray(start, end)).toString("hex")}`);
  }

  violation(error: ProtocolError): void {
    assert.ok(known.has(error.code), error.code);
    this.#add("violation");
    this.#isOver = true;
  }
}

/** See the head of this file. */
export const frames: FuzzTarget = {
  name: "frames",
  maxInputBytes: 200_000,
  generate: (random) => {
    const isServer = random.chance(0.5);
    const settings = Uint8Array.of(
      isServer ? 1 : 0,
      random.integer(0, 3),
      random.integer(0, 1),
      random.integer(0, 255),
    );
    return Buffer.concat([settings, makeFrames(random, isServer)]);
  },
  run: (input) => {
    const reader = new InputReader(input);
    const role: Role = reader.octet() % 2 === 1 ? "server" : "client";
    const limits = resolveLimits(reader.pick<Partial<Limits>>(limitChoices));
    const claimedBits = reader.octet() % 2 === 1 ? 0x40 : 0;
    const seed = reader.octet();
    const octets = reader.rest();
    const expected = readPlainly(octets, role, limits, claimedBits);
    const ways = [cutInto(octets, 0), cutInto(octets, seed)];
    if (octets.byteLength < 1000) ways.push(Array.from(octets, (octet) => Uint8Array.of(octet)));
    for (const pieces of ways) {
      const transcript = new Transcript();
      const parser = new FrameParser(role, limits, transcript, portableMasking, claimedBits);
      for (const piece of pieces) parser.receive(piece);
      assert.equal(parser.heldBytes, 0);
      assert.deepEqual(transcript.lines, expected);
    }
  },
};
