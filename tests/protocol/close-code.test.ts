import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCode, isCloseCodeOnWire } from "#src/protocol/close-code.js";

describe("§7.4 status codes that may be in a Close frame", () => {
  const allowed: readonly (readonly [number, number])[] = [
    [1000, 1003],
    [1007, 1014],
    [3000, 4999],
  ];

  it("are 1000-1003, 1007-1014 and 3000-4999, and no other of all that fit into 16 bits", () => {
    const expected = new Set<number>();
    for (const [first, last] of allowed) for (let code = first; code <= last; code++) expected.add(code);
    for (let code = 0; code <= 0xffff; code++) {
      assert.equal(isCloseCodeOnWire(code), expected.has(code), String(code));
    }
  });

  it("§7.4.1: 1005, 1006 and 1015 MUST NOT be set as a status code", () => {
    for (const code of [CloseCode.noStatusReceived, CloseCode.abnormalClosure, CloseCode.tlsHandshake]) {
      assert.equal(isCloseCodeOnWire(code), false, String(code));
    }
  });

  it("are whole numbers", () => {
    for (const code of [1000.5, 3000.5, Number.NaN, Number.POSITIVE_INFINITY, -1000]) {
      assert.equal(isCloseCodeOnWire(code), false, String(code));
    }
  });
});

describe("§7.4.1 the names of the status codes", () => {
  it("stand for the numbers of the registry", () => {
    assert.deepEqual(
      [
        CloseCode.normalClosure,
        CloseCode.goingAway,
        CloseCode.protocolError,
        CloseCode.unsupportedData,
        CloseCode.noStatusReceived,
        CloseCode.abnormalClosure,
        CloseCode.invalidPayload,
        CloseCode.policyViolation,
        CloseCode.messageTooBig,
        CloseCode.mandatoryExtension,
        CloseCode.internalError,
        CloseCode.serviceRestart,
        CloseCode.tryAgainLater,
        CloseCode.badGateway,
        CloseCode.tlsHandshake,
      ],
      [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015],
    );
  });
});
