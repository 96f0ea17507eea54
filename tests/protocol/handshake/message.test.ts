import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isHttp11OrHigher } from "#src/protocol/handshake/message.js";

describe("§4.1 the HTTP version", () => {
  it("is at least 1.1", () => {
    for (const version of ["1.1", "1.2", "2.0", "3.0"]) assert.equal(isHttp11OrHigher(version), true, version);
    for (const version of ["1.0", "0.9", "0.0"]) assert.equal(isHttp11OrHigher(version), false, version);
  });

  it("is two digits and a dot, or else not high enough", () => {
    for (const version of ["", "1", "1.", ".1", "11", "1.10", "10.1", "1.1 ", "1.1\n", "HTTP/1.1", "NaN"]) {
      assert.equal(isHttp11OrHigher(version), false, JSON.stringify(version));
    }
  });
});
