/** Writes down what a frame parser says, in the same words whatever the chunks were. */
import assert from "node:assert/strict";
import type { FrameSink, ProtocolError, Role } from "#src/protocol/index.js";
import { FrameParser, type Limits, portableMasking, resolveLimits } from "#src/protocol/index.js";
import { hexOf } from "./octets.js";

/** See the head of this file. */
export class FrameRecorder implements FrameSink {
  readonly parser: FrameParser;
  /** `data 1: 48656c | 6c6f` for a message of two frames, `control 9: 61`, `violation …`. */
  readonly lines: string[] = [];
  readonly violations: ProtocolError[] = [];
  /** Called with each line. */
  onLine: (line: string) => void = () => {};
  #frames: string[] = [];
  #head = "";
  #isInFrame = false;
  #announced = 0;

  constructor(role: Role, limits: Partial<Limits> = {}, claimedBits = 0) {
    this.parser = new FrameParser(role, resolveLimits(limits), this, portableMasking, claimedBits);
  }

  /** Feeds chunks, each overwritten afterwards. */
  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      const lent = chunk.slice();
      this.parser.receive(lent);
      lent.fill(0xa5);
    }
    return this;
  }

  #add(line: string): void {
    this.lines.push(line);
    this.onLine(line);
  }

  wholeMessage(opcode: number, reserved: number, bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const payload = bytes.subarray(start, end);
    if (ascii) assertAscii(payload);
    this.#add(`${headOf(opcode, reserved)}: ${hexOf(payload)}`.trimEnd());
  }

  frameStart(opcode: number, isFirst: boolean, reserved: number, length: number, fin: boolean): void {
    assert.equal(this.#isInFrame, false);
    assert.equal(isFirst, this.#frames.length === 0);
    assert.equal(typeof fin, "boolean");
    if (isFirst) this.#head = headOf(opcode, reserved);
    else assert.equal(headOf(opcode, 0), this.#head.split(" rsv")[0]);
    this.#isInFrame = true;
    this.#announced = length;
    this.#frames.push("");
  }

  framePayload(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    assert.ok(this.#isInFrame && end > start);
    const piece = bytes.subarray(start, end);
    if (ascii) assertAscii(piece);
    this.#frames.push((this.#frames.pop() ?? "") + hexOf(piece));
  }

  frameEnd(fin: boolean): void {
    assert.equal((this.#frames.at(-1) ?? "").length, this.#announced * 2);
    this.#isInFrame = false;
    if (!fin) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#add(`${this.#head}: ${frames.join(" | ")}`.trimEnd());
  }

  control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(`control ${opcode}: ${hexOf(bytes.subarray(start, end))}`.trimEnd());
  }

  violation(error: ProtocolError): void {
    this.violations.push(error);
    this.#add(`violation ${error.code}`);
  }
}

function headOf(opcode: number, reserved: number): string {
  return reserved === 0 ? `data ${opcode}` : `data ${opcode} rsv ${reserved.toString(16)}`;
}

function assertAscii(bytes: Uint8Array): void {
  assert.ok(
    bytes.every((octet) => octet < 0x80),
    "said to be ASCII, and is not",
  );
}
