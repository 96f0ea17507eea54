import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as openline from "openline/ws";
import * as ws from "ws";
import { seededRandom } from "../support/random.js";

const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** Octets of one frame. */
function frame({ opcode, payload = Buffer.alloc(0), fin = true, reserved = 0, isMasked = true }) {
  const [header, body = Buffer.alloc(0)] = ws.Sender.frame(Buffer.from(payload), {
    opcode,
    fin,
    mask: isMasked,
    maskBuffer: Buffer.alloc(4),
    generateMask: (mask) => key.copy(mask),
    readOnly: true,
  });
  header[0] |= reserved << 4;
  return Buffer.concat([header, body]);
}

/** Everything that a receiver says of chunks. */
async function saidBy({ Receiver, PerMessageDeflate }, chunks, { isCompressed, ...options }) {
  const deflate = new PerMessageDeflate({ isServer: true });
  deflate.accept([{}]);
  const extensions = isCompressed ? { "permessage-deflate": deflate } : {};
  const receiver = new Receiver({ isServer: true, extensions, ...options });
  const said = [];
  for (const name of ["message", "ping", "pong", "conclude"]) {
    receiver.on(name, (...values) => said.push([name, ...values.map((value) => JSON.stringify(value))]));
  }
  receiver.on("error", ({ name, code, message }) => said.push(["error", name, code, message]));
  const closed = new Promise((resolve) => receiver.once("close", resolve));
  for (const chunk of chunks) if (!receiver.writableEnded) receiver.write(Buffer.from(chunk));
  receiver.end();
  await closed;
  deflate.cleanup();
  return said;
}

function deflated(payload) {
  const deflate = new ws.PerMessageDeflate({ isServer: false });
  deflate.accept([{}]);
  return new Promise((resolve) => {
    deflate.compress(payload, true, (_error, data) => {
      deflate.cleanup();
      resolve(data);
    });
  });
}

const faults = [
  () => frame({ opcode: 3 }),
  () => frame({ opcode: 11 }),
  () => frame({ opcode: 0 }),
  () => frame({ opcode: 1, reserved: 2 }),
  () => frame({ opcode: 2, reserved: 1 }),
  () => frame({ opcode: 9, fin: false }),
  () => frame({ opcode: 9, reserved: 4 }),
  () => frame({ opcode: 10, payload: Buffer.alloc(126) }),
  () => frame({ opcode: 1, isMasked: false }),
  () => frame({ opcode: 1, payload: Buffer.from([0xc3, 0x28]) }),
  () => frame({ opcode: 8, payload: Buffer.from([0x03, 0xec]) }),
  () => frame({ opcode: 8, payload: Buffer.from([0x03, 0xe8, 0xff]) }),
  () => frame({ opcode: 8, payload: Buffer.from([1]) }),
  () => frame({ opcode: 2, payload: Buffer.alloc(3000) }),
];

describe("Receiver", () => {
  it("says what that of ws says, of 400 random streams in random chunks", async () => {
    const below = seededRandom(20);
    const payload = () => Buffer.from("é".repeat(below(2) * below(400)) + "a".repeat(below(300)));
    for (let round = 0; round < 400; round++) {
      const options = {
        isCompressed: below(2) === 0,
        allowSynchronousEvents: below(2) === 0,
        binaryType: ["nodebuffer", "arraybuffer", "fragments"][below(3)],
        maxPayload: 2500,
        maxFragments: 4,
      };
      const frames = [];
      for (let count = below(6); count >= 0; count--) {
        const opcode = 1 + below(2);
        const parts = below(3) === 0 ? 1 + below(4) : 1;
        if (options.isCompressed && below(2) === 0) {
          frames.push(frame({ opcode, reserved: 4, payload: await deflated(payload()) }));
          continue;
        }
        for (let part = 0; part < parts; part++) {
          frames.push(frame({ opcode: part === 0 ? opcode : 0, fin: part === parts - 1, payload: payload() }));
          if (below(4) === 0) frames.push(frame({ opcode: 9 + below(2), payload: payload().subarray(0, 125) }));
        }
      }
      const end = below(3);
      if (end === 0) frames.push(faults[below(faults.length)]());
      if (end === 1) frames.push(frame({ opcode: 8, payload: Buffer.from([0x03, 0xe8, 0x62]) }), frame({ opcode: 1 }));
      const octets = Buffer.concat(frames);
      const chunks = [];
      for (let from = 0; from < octets.length; ) {
        const to = from + 1 + below(below(2) === 0 ? 8 : 1000);
        chunks.push(octets.subarray(from, to));
        from = to;
      }
      const [ours, theirs] = await Promise.all([saidBy(openline, chunks, options), saidBy(ws, chunks, options)]);
      assert.deepEqual(ours, theirs, `round ${round}: ${JSON.stringify(options)} ${octets.toString("hex")}`);
    }
  });
});

describe("extension and PerMessageDeflate", () => {
  it("agree on what those of ws agree on, of 1,000 random offers", () => {
    const random = seededRandom(21);
    const one = (values) => values[random(values.length)];
    const isOnce = (oneIn) => random(oneIn) === 0;
    const bits = ["", "=8", "=10", "=15", "=16", '="9"', "=x"];
    const agreedBy = ({ extension, PerMessageDeflate }, header, options) => {
      try {
        const deflate = new PerMessageDeflate(options);
        const params = deflate.accept(extension.parse(header)["permessage-deflate"]);
        return { params: { ...params }, header: extension.format({ "permessage-deflate": [params] }) };
      } catch ({ name, message }) {
        return { name, message };
      }
    };
    const shown = ({ params, header, ...error }) => ({ ...error, params, parts: header?.split("; ").sort() });
    for (let round = 0; round < 1000; round++) {
      const offer = () =>
        [
          "permessage-deflate",
          ...(isOnce(3) ? ["server_no_context_takeover"] : []),
          ...(isOnce(3) ? ["client_no_context_takeover"] : []),
          ...(isOnce(2) ? [`client_max_window_bits${one(bits)}`] : []),
          ...(isOnce(3) ? [`server_max_window_bits${one(bits.slice(1))}`] : []),
          ...(isOnce(20) ? ["unknown"] : []),
        ].join("; ");
      const header = isOnce(3) ? `${offer()}, ${offer()}` : offer();
      const options = {
        isServer: !isOnce(3),
        serverNoContextTakeover: one([undefined, true, false]),
        clientNoContextTakeover: one([undefined, true, false]),
        serverMaxWindowBits: one([undefined, undefined, 8, 10, 15, false]),
        clientMaxWindowBits: one([undefined, undefined, 8, 10, 15, false, true]),
      };
      assert.deepEqual(
        shown(agreedBy(openline, header, options)),
        shown(agreedBy(ws, header, options)),
        `round ${round}: ${header} ${JSON.stringify(options)}`,
      );
    }
  });
});
