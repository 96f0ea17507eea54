/**
 * That the fuzzing peer's compression can be trusted: it reads the messages of RFC 7692 §7.2.3, and lets nothing refer
 * to more than it may.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { answerOffers, DeflateCodec, readAnswer, writeOffers } from "./deflate.js";

const hello = Buffer.from("Hello");
const full = { takesOver: true, windowBits: 15 };
const hex = (digits: string): Buffer => Buffer.from(digits, "hex");

describe("the fuzzing peer's compression", () => {
  it("inflates the examples of RFC 7692 §7.2.3", () => {
    const examples = ["f248cdc9c90700", "000500faff48656c6c6f00", "f348cdc9c9070000", "f248050000 00ffffcac9c90700"];
    for (const example of examples) {
      assert.deepEqual(new DeflateCodec(full, full).inflate(hex(example.replace(" ", ""))), hello, example);
    }
    const codec = new DeflateCodec(full, full);
    assert.deepEqual([codec.inflate(hex("f248cdc9c90700")), codec.inflate(hex("f200110000"))], [hello, hello]);
    assert.equal(codec.receivedMessages, 2);
  });

  it("refuses a reference to an earlier message where there is no context takeover", () => {
    const codec = new DeflateCodec(full, { takesOver: false, windowBits: 15 });
    codec.inflate(hex("f248cdc9c90700"));
    assert.throws(() => codec.inflate(hex("f200110000")));
  });

  it("refuses a reference beyond the window", () => {
    const message = Buffer.alloc(4000);
    for (let at = 0; at < 2000; at++) message[at] = message[at + 2000] = (at * at + (at >> 3)) & 0xff;
    const octets = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    assert.deepEqual(new DeflateCodec(full, full).inflate(octets), message);
    assert.throws(() => new DeflateCodec(full, { takesOver: true, windowBits: 9 }).inflate(octets));
  });

  it("inflates what it has deflated, in one piece and in many", () => {
    for (const windowBits of [9, 15]) {
      for (const takesOver of [true, false]) {
        const direction = { takesOver, windowBits };
        const [sender, receiver] = [new DeflateCodec(direction, full), new DeflateCodec(full, direction)];
        for (const pieces of [["Hello"], ["Hel", "lo"], ["", "Hello", ""], [""]]) {
          const octets = Buffer.concat(sender.deflate(pieces.map((piece) => Buffer.from(piece))));
          assert.equal(receiver.inflate(octets).toString(), pieces.join(""));
        }
      }
    }
  });
});

describe("the fuzzing peer's negotiation", () => {
  const strict = { noContextTakeover: true, maxWindowBits: 9 };

  it("refuses an answer that grants less than was asked for", () => {
    const offers = writeOffers([strict]);
    assert.match(offers, /; server_no_context_takeover; server_max_window_bits=9$/u);
    const answer = "permessage-deflate; server_no_context_takeover; server_max_window_bits=9";
    readAnswer(answer, [strict]);
    assert.throws(() => readAnswer(answer.replace("=9", "=10"), [strict]));
    assert.throws(() => readAnswer("permessage-deflate; server_max_window_bits=9", [strict]));
    assert.throws(() => readAnswer(undefined, [strict]));
  });

  it("asks for no shorter window than the client can have", () => {
    assert.equal(
      answerOffers("permessage-deflate; client_max_window_bits", [strict]).answer,
      "permessage-deflate; client_no_context_takeover; client_max_window_bits=9",
    );
    assert.equal(
      answerOffers("permessage-deflate; server_max_window_bits=12", [strict]).answer,
      "permessage-deflate; server_max_window_bits=12; client_no_context_takeover",
    );
    assert.throws(() => answerOffers(undefined, [strict]));
  });
});
