import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SendHints, Sharing, Transformed } from "#src/protocol/extensions/index.js";
import { createDeflateContext, ExtensionChain } from "#src/protocol/extensions/index.js";
import { SharedMessage } from "#src/protocol/shared-message.js";
import { frameMessage } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain } from "../support/deflate.js";
import { hexOf, utf8 } from "../support/octets.js";
import { jsonSample, noise } from "../support/samples.js";

function setUp(data: string | Uint8Array, hints: SendHints = {}) {
  const compressor = new SteeredCompressor();
  const context = createDeflateContext(compressor);
  const laid: number[] = [];
  const message = new SharedMessage(
    data,
    hints,
    {
      lay: (version, type, reserved, octets) => {
        laid.push(version);
        return frameMessage(octets, portableTextCodec, type, reserved);
      },
    },
    portableTextCodec,
  );
  const chain = (bits: number) => deflateChain(context, "server", { serverMaxWindowBits: bits });
  return { message, laid, compressor, chain };
}

describe("a message that many connections send", () => {
  it("is laid down once for all who send it as it is", () => {
    for (const data of ["hello", utf8("hello"), ""]) {
      const { message, laid, chain } = setUp(data);
      assert.equal(message.type, typeof data === "string" ? "text" : "binary");
      const { plain } = message;
      assert.equal(message.versionFor(chain(15)), plain);
      assert.equal(message.plain, plain);
      assert.equal(hexOf(message.octets), data === "" ? "" : hexOf(utf8("hello")));
      assert.deepEqual(laid, [0]);
    }
  });

  it("is made once more for each way of compressing it", () => {
    const { message, laid, compressor, chain } = setUp(jsonSample(3000, 1));
    const [wide, narrow] = [message.versionFor(chain(15)), message.versionFor(chain(9))];
    assert.notEqual(wide, narrow);
    assert.equal(message.versionFor(chain(13)), wide);
    assert.equal(message.versionFor(chain(9)), narrow);
    assert.deepEqual([laid, compressor.deflations], [[15, 9], 2]);
  });

  it("is the plain one where it does not get shorter", () => {
    const { message, laid, chain } = setUp(noise(3000, 1));
    assert.equal(message.versionFor(chain(15)), message.plain);
    assert.equal(message.versionFor(chain(15)), message.plain);
    assert.deepEqual(laid, [0]);
  });

  it("stays as it was when what was given changes, once it is long or laid down", async () => {
    for (const length of [3000, 20_000, 70_000]) {
      const given = jsonSample(length, 1);
      const expected = hexOf(given);
      const { message, compressor, chain } = setUp(given);
      const version = message.versionFor(chain(9));
      assert.equal(message.versionFor(chain(9)), version);
      assert.equal(hexOf(message.octets), expected);
      assert.ok(message.plain.end > length);
      given.fill(0);
      assert.equal(hexOf(message.octets), expected);
      await compressor.all();
      assert.equal((await version)?.reserved, 0x40);
      // What took its time is there at once from then on.
      assert.equal(message.versionFor(chain(9)), await version);
    }
  });

  it("has the octets of its text, short or long", () => {
    for (const text of ["é".repeat(200), "é".repeat(20_000)]) {
      assert.equal(hexOf(setUp(text).message.octets), hexOf(utf8(text)));
    }
  });

  it("is left to connections whose extensions cannot share", () => {
    const { message, chain } = setUp(jsonSample(3000, 1));
    const [extension] = chain(15).extensions;
    assert.ok(extension !== undefined);
    assert.equal(message.versionFor(new ExtensionChain([extension, extension])), undefined);
  });

  it("asks the extension for the version by its octets, not by the length of its text", () => {
    const asked: number[] = [];
    const sharing: Sharing = {
      versionFor: (length) => {
        asked.push(length);
        return 1;
      },
      share: (shared: Transformed) => shared,
      sharedMessageSent: () => undefined,
    };
    const { message, chain } = setUp("é".repeat(1000));
    const [extension] = chain(15).extensions;
    assert.ok(extension !== undefined);
    const other = new ExtensionChain([{ ...extension, name: "x", claimedBits: 0, sharing, passes: () => false }]);
    assert.equal(message.versionFor(other), message.plain);
    assert.deepEqual(asked, [2000]);
  });
});

describe("a message for many whose compressed frame there is no memory for", () => {
  for (const length of [3000, 20_000, 70_000]) {
    it(`is the plain one, with ${length} octets`, async () => {
      const compressor = new SteeredCompressor();
      const chain = deflateChain(createDeflateContext(compressor), "server");
      const message = new SharedMessage(
        jsonSample(length, 1),
        {},
        {
          lay: (version, type, reserved, octets) => {
            if (version !== 0) throw new RangeError("Array buffer allocation failed");
            return frameMessage(octets, portableTextCodec, type, reserved);
          },
        },
        portableTextCodec,
      );
      const version = message.versionFor(chain);
      await compressor.all();
      assert.equal(await version, message.plain);
      assert.equal(message.versionFor(chain), message.plain);
    });
  }
});
