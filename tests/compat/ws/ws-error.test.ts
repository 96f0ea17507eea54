import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { wsErrorOf } from "#src/compat/ws/ws-error.js";
import { ProtocolError, violationCodes } from "#src/protocol/index.js";
import { deflated, rsv1 } from "../../support/deflate.js";
import type { FrameParts } from "../../support/frames.js";
import { openRawClient, openRawServer } from "../../support/ws-pairs.js";

interface Violation {
  readonly frames: readonly FrameParts[];
  readonly code: string;
  readonly message: string;
  readonly closeCode: number;
  readonly name?: string;
}

const invalidFrame = "Invalid WebSocket frame: ";
const bad = Uint8Array.of(0xff);

const violations: readonly Violation[] = [
  {
    frames: [{ opcode: 1, rsv: 4 }],
    code: "WS_ERR_UNEXPECTED_RSV_1",
    message: `${invalidFrame}RSV1 must be clear`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 1, rsv: 2 }],
    code: "WS_ERR_UNEXPECTED_RSV_2_3",
    message: `${invalidFrame}RSV2 and RSV3 must be clear`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 1, rsv: 1 }],
    code: "WS_ERR_UNEXPECTED_RSV_2_3",
    message: `${invalidFrame}RSV2 and RSV3 must be clear`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 5 }],
    code: "WS_ERR_INVALID_OPCODE",
    message: `${invalidFrame}invalid opcode 5`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 0 }],
    code: "WS_ERR_INVALID_OPCODE",
    message: `${invalidFrame}invalid opcode 0`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 1, fin: false }, { opcode: 2 }],
    code: "WS_ERR_INVALID_OPCODE",
    message: `${invalidFrame}invalid opcode 2`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 9, fin: false }],
    code: "WS_ERR_EXPECTED_FIN",
    message: `${invalidFrame}FIN must be set`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 9, payload: "x".repeat(126) }],
    code: "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
    message: `${invalidFrame}invalid payload length 126`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 8, payload: "x" }],
    code: "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
    message: `${invalidFrame}invalid payload length 1`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 8, payload: Uint8Array.of(0, 1) }],
    code: "WS_ERR_INVALID_CLOSE_CODE",
    message: `${invalidFrame}invalid status code 1`,
    closeCode: 1002,
  },
  {
    frames: [{ opcode: 8, payload: Uint8Array.of(3, 0xe8, 0xff) }],
    code: "WS_ERR_INVALID_UTF8",
    message: `${invalidFrame}invalid UTF-8 sequence`,
    closeCode: 1007,
    name: "Error",
  },
  {
    frames: [{ opcode: 1, payload: bad }],
    code: "WS_ERR_INVALID_UTF8",
    message: `${invalidFrame}invalid UTF-8 sequence`,
    closeCode: 1007,
    name: "Error",
  },
  {
    frames: [{ opcode: 2, length: 2n ** 60n, lengthOctets: 9 }],
    code: "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
    message: "Unsupported WebSocket frame: payload length > 2^53 - 1",
    closeCode: 1009,
  },
  {
    frames: [{ opcode: 2, payload: "x".repeat(101) }],
    code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
    message: "Max payload size exceeded",
    closeCode: 1009,
  },
  {
    frames: [
      { opcode: 2, fin: false },
      { opcode: 0, fin: false },
      { opcode: 0, fin: false },
    ],
    code: "WS_ERR_TOO_MANY_BUFFERED_PARTS",
    message: "Too many message fragments",
    closeCode: 1008,
  },
];

const limits = { maxPayload: 100, maxFragments: 2 };

describe("the errors of ws", () => {
  for (const { frames, code, message, closeCode, name = "RangeError" } of violations) {
    it(`${code} (${message}) closes with ${closeCode}`, async (test) => {
      const { socket, peer } = await openRawClient(test, limits);
      const closed = new Promise((resolve) => socket.on("close", (...args) => resolve(args)));
      const failed = once(socket, "error");
      peer.send(...frames);
      const [error] = (await failed) as [Error & { code: string }];
      assert.deepEqual([error.name, error.code, error.message], [name, code, message]);
      assert.ok(error.cause instanceof ProtocolError);
      assert.equal(socket.readyState, socket.CLOSING);
      await peer.untilFrames(1);
      assert.deepEqual(peer.lines, [`close ${closeCode}`]);
      peer.stream.end();
      // Nothing was received by which it could be called closed.
      assert.deepEqual(await closed, [1006, Buffer.alloc(0)]);
    });
  }

  it("WS_ERR_EXPECTED_MASK is a client's that does not mask", async (test) => {
    const { socket, peer } = await openRawClient(test);
    const failed = once(socket, "error");
    peer.sendOctets(Uint8Array.of(0x81, 0x01, 0x61));
    const [error] = (await failed) as [Error & { code: string }];
    assert.deepEqual([error.code, error.message], ["WS_ERR_EXPECTED_MASK", `${invalidFrame}MASK must be set`]);
  });

  it("WS_ERR_UNEXPECTED_MASK is a server's that does", async (test) => {
    const { client, peer } = await openRawServer(test);
    const failed = once(client, "error");
    peer.sendOctets(Uint8Array.of(0x81, 0x81, 1, 2, 3, 4, 0x61));
    const [error] = (await failed) as [Error & { code: string }];
    assert.deepEqual([error.code, error.message], ["WS_ERR_UNEXPECTED_MASK", `${invalidFrame}MASK must be clear`]);
  });

  it("Z_DATA_ERROR is for octets that cannot be inflated, and a bomb is too long a message", async (test) => {
    const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
    for (const [payload, code] of [
      [bad, "Z_DATA_ERROR"],
      [deflated(new Uint8Array(5000)), "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"],
    ] as const) {
      const { socket, peer } = await openRawClient(test, { perMessageDeflate: true, maxPayload: 100 }, offer);
      const failed = once(socket, "error");
      peer.send({ opcode: 2, rsv: rsv1, payload });
      const [error] = (await failed) as [Error & { code: string }];
      assert.equal(error.code, code);
    }
  });

  it("have a name for every rule of the protocol; deadlines and memory keep their own", () => {
    const unnamed = violationCodes.filter((code) => wsErrorOf(new ProtocolError(code)) instanceof ProtocolError);
    const own = ["message-timeout", "message-rate", "octet-rate", "control-frame-rate", "socket-memory"];
    assert.deepEqual(unnamed, [...own, "process-memory"]);
  });
});
