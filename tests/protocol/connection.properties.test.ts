import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { violationCodes } from "#src/protocol/errors.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { nodeText } from "#src/transport/node/index.js";
import { cutAt } from "../support/chunking.js";
import { type FrameParts, frame } from "../support/frames.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { seededRandom } from "../support/random.js";
import { RecordedConnection, roles } from "../support/recorded-connection.js";

/** Something an application sends, and what the other side is to hear. */
type Action =
  | { readonly kind: "text"; readonly pieces: readonly string[] }
  | { readonly kind: "binary"; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: "ping"; readonly payload: Uint8Array }
  | { readonly kind: "pong"; readonly payload: Uint8Array };

const payload = fc.uint8Array({ maxLength: 125 });
const pieceOfText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary-ascii", maxLength: 200 }),
);
const pieceOfBinary = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat({ max: 40_000 }).map((length) => new Uint8Array(length).fill(length)),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), pieces: fc.array(pieceOfText, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant("binary" as const), pieces: fc.array(pieceOfBinary, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant("ping" as const), payload }),
  fc.record({ kind: fc.constant("pong" as const), payload }),
);

function perform({ connection }: RecordedConnection, what: Action): void {
  if (what.kind === "ping") {
    connection.ping(what.payload);
  } else if (what.kind === "pong") {
    connection.pong(what.payload);
  } else if (what.pieces.length > 1) {
    what.pieces.forEach((piece, index) => {
      connection.sendFragment(what.kind, piece, index === what.pieces.length - 1);
      if (index === 0) connection.ping();
    });
  } else if (what.kind === "text") {
    connection.sendText(what.pieces[0] ?? "");
  } else {
    connection.sendBinary(what.pieces[0] ?? octets(""));
  }
}

function expectedEvents(actions: readonly Action[]): string[] {
  return actions.flatMap((what) => {
    if (what.kind === "ping" || what.kind === "pong") return [`${what.kind} ${hexOf(what.payload)}`];
    const inBetween = what.pieces.length > 1 ? ["ping "] : [];
    const message = what.kind === "text" ? `text ${what.pieces.join("")}` : `binary ${hexOf(concat(...what.pieces))}`;
    return [...inBetween, message];
  });
}

for (const role of roles) {
  const peerRole = role === "client" ? "server" : "client";

  describe(`what a ${role} sends`, () => {
    for (const [codecName, text] of [
      ["portable", portableTextCodec],
      ["Node's", nodeText],
    ] as const) {
      it(`is what the other side hears, under any fragmentation, masking and chunking (${codecName} codec)`, () => {
        const run = (actions: readonly Action[], cuts: readonly number[], seed: number): void => {
          const sender = new RecordedConnection(role, { text });
          const receiver = new RecordedConnection(peerRole, { text });
          const random = seededRandom(seed);
          for (const what of actions) {
            perform(sender, what);
            // What is produced in one turn leaves in one write; turns are of any length.
            if (random() < 0.5) receiver.receive(...cutAt(sender.takeOctets(), cuts));
          }
          sender.connection.close(4000, "done");
          receiver.receive(...cutAt(sender.takeOctets(), cuts));
          const expected = expectedEvents(actions);
          assert.deepEqual(receiver.events, [...expected, "close 4000 done"]);

          // And back: every ping answered, the Close frame echoed.
          sender.receive(...cutAt(receiver.takeOctets(), cuts));
          const pongs = expected.filter((event) => event.startsWith("ping ")).map((event) => event.replace("i", "o"));
          assert.deepEqual(sender.events, [...pongs, "close 4000"]);
          assert.equal(sender.connection.state, "closed-by-us");
          assert.equal(receiver.connection.state, "closed-by-peer");
          assert.deepEqual(sender.takeSent(), []);
        };
        fc.assert(
          fc.property(
            fc.array(action, { maxLength: 8 }),
            fc.array(fc.nat({ max: 100_000 }), { maxLength: 12 }),
            fc.nat(),
            run,
          ),
        );
      });
    }

    it("is heard byte by byte as well", () => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 4 }), (actions) => {
          const sender = new RecordedConnection(role);
          for (const what of actions) perform(sender, what);
          const bytes = sender.takeOctets();
          fc.pre(bytes.length < 2000);
          const receiver = new RecordedConnection(peerRole);
          receiver.receive(...Array.from(bytes, (octet) => Uint8Array.of(octet)));
          assert.deepEqual(receiver.events, expectedEvents(actions));
        }),
        { numRuns: 50 },
      );
    });
  });

  describe(`random octets to a ${role}`, () => {
    /** Octets that often are frames, and often nearly. */
    const nearlyFrame = fc
      .record({
        opcode: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 1, 2, 8, 9, 10) }, fc.nat({ max: 15 })),
        fin: fc.boolean(),
        rsv: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat({ max: 7 })),
        payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 20 }).map(utf8)),
        isMasked: fc.oneof({ weight: 9, arbitrary: fc.constant(role === "server") }, fc.boolean()),
        key: fc.uint8Array({ minLength: 4, maxLength: 4 }),
        lengthOctets: fc.oneof(
          { weight: 9, arbitrary: fc.constant(undefined) },
          fc.constantFrom(3 as const, 9 as const),
        ),
        length: fc.oneof({ weight: 19, arbitrary: fc.constant(undefined) }, fc.bigInt(65536n, 2n ** 64n - 1n)),
      })
      .map(({ isMasked, key, length, lengthOctets, ...parts }) =>
        frame({
          ...parts,
          key: isMasked ? key : undefined,
          ...(lengthOctets === undefined || length !== undefined ? {} : { lengthOctets }),
          ...(length === undefined ? {} : { length }),
        }),
      );
    const anyOctets = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(nearlyFrame, { maxLength: 10 }).map((frames) => concat(...frames)),
    );
    const anyCuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
    const limits = { maxFrameBytes: 150, maxMessageBytes: 300, maxFragmentsPerMessage: 3, maxBufferedBytes: 1200 };

    it("never throw, and leave it waiting, closing, or failed with a documented violation", () => {
      fc.assert(
        fc.property(anyOctets, anyCuts, fc.constantFrom({}, limits), (bytes, cuts, someLimits) => {
          const recorded = new RecordedConnection(role, { limits: someLimits }).receive(...cutAt(bytes, cuts));
          const { state } = recorded.connection;
          if (state === "failed") {
            const [error, ...others] = recorded.failures;
            assert.ok(error !== undefined && others.length === 0);
            assert.ok(violationCodes.includes(error.code));
            assert.equal(recorded.events.at(-1), `failed ${error.code}`);
            const last = recorded.takeFrames().at(-1);
            assert.equal(last?.opcode, 8);
            assert.equal(Buffer.from(last.payload).readUInt16BE(0), error.closeCode);
          } else {
            assert.deepEqual(recorded.failures, []);
            assert.ok(state === "open" || state === "closed-by-peer", state);
          }
        }),
        { numRuns: 2000 },
      );
    });

    it("say the same in any chunking", () => {
      fc.assert(
        fc.property(anyOctets, anyCuts, (bytes, cuts) => {
          const whole = new RecordedConnection(role).receive(bytes);
          const inPieces = new RecordedConnection(role).receive(...cutAt(bytes, cuts));
          assert.deepEqual(inPieces.events, whole.events);
          assert.equal(inPieces.connection.state, whole.connection.state);
          assert.deepEqual(inPieces.takeSent(), whole.takeSent());
        }),
        { numRuns: 1000 },
      );
    });
  });

  describe(`pausing a ${role}`, () => {
    const frames: readonly FrameParts[] = [
      { opcode: 1, payload: "one" },
      { opcode: 2, payload: octets("0102") },
      { opcode: 9, payload: "ping" },
      { opcode: 1, fin: false, payload: "in " },
      { opcode: 10, payload: "pong" },
      { opcode: 0, fin: false, payload: "three " },
      { opcode: 0, payload: "pieces é" },
      { opcode: 1 },
      { opcode: 2, payload: new Uint8Array(200).fill(7) },
      { opcode: 8, payload: octets("03e8") },
    ];
    const usual = new RecordedConnection(role).receiveFrames(...frames);

    it("and resuming at any event changes nothing about what is delivered", () => {
      const bytes = concat(...frames.map((parts) => usual.fromPeer(parts)));
      for (let pausedAt = 1; pausedAt <= usual.events.length; pausedAt++) {
        fc.assert(
          fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 8 }), (cuts) => {
            let count = 0;
            const recorded = new RecordedConnection(role, {
              onEvent: (_event, connection) => {
                if (++count === pausedAt) connection.pause();
              },
            });
            recorded.receive(...cutAt(bytes, cuts));
            assert.equal(recorded.events.length, pausedAt, "nothing is delivered while it is paused");
            recorded.connection.resume();
            assert.deepEqual(recorded.events, usual.events);
            assert.equal(recorded.connection.heldBytes, 0);
          }),
          { numRuns: 10 },
        );
      }
    });

    it("at every event, and resuming between any chunks, changes nothing", () => {
      const bytes = concat(...frames.map((parts) => usual.fromPeer(parts)));
      fc.assert(
        fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }), fc.nat(), (cuts, seed) => {
          const random = seededRandom(seed);
          const recorded = new RecordedConnection(role, { onEvent: (_event, connection) => connection.pause() });
          for (const chunk of cutAt(bytes, cuts)) {
            recorded.receive(chunk);
            if (random() < 0.3) recorded.connection.resume();
          }
          for (let left = usual.events.length; left > 0; left--) recorded.connection.resume();
          assert.deepEqual(recorded.events, usual.events);
        }),
      );
    });
  });
}
