import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { inflateRawSync } from "node:zlib";
import { extension } from "#src/compat/ws/extension.js";
import {
  type DeflateParameters,
  deflateWindows,
  PerMessageDeflate,
  type PerMessageDeflateOptions,
} from "#src/compat/ws/per-message-deflate.js";

function accept(options: PerMessageDeflateOptions, header: string): DeflateParameters {
  const offers = extension.parse(header)["permessage-deflate"] ?? [];
  return { ...new PerMessageDeflate(options).accept(offers) };
}

function negotiated(options: PerMessageDeflateOptions, header = "permessage-deflate"): PerMessageDeflate {
  const deflate = new PerMessageDeflate(options);
  deflate.accept(extension.parse(header)["permessage-deflate"] ?? []);
  return deflate;
}

type Work = "compress" | "decompress";

function done(deflate: PerMessageDeflate, work: Work, data: Uint8Array | string, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answered = (error: Error | null, result: Buffer): void => (error === null ? resolve(result) : reject(error));
    if (work === "compress") deflate.compress(data, fin, answered);
    else deflate.decompress(Buffer.from(data), fin, answered);
  });
}

describe("PerMessageDeflate's negotiation", () => {
  it("offers what its options say", () => {
    assert.deepEqual(new PerMessageDeflate().offer(), { client_max_window_bits: true });
    assert.deepEqual(new PerMessageDeflate({ clientMaxWindowBits: false }).offer(), {});
    const options = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 11,
    };
    assert.deepEqual(new PerMessageDeflate(options).offer(), {
      server_no_context_takeover: true,
      client_no_context_takeover: true,
      server_max_window_bits: 10,
      client_max_window_bits: 11,
    });
  });

  it("accepts the first offer that its options allow, as a server", () => {
    const isServer = true;
    const offer = "permessage-deflate; server_max_window_bits=10; client_max_window_bits";
    assert.deepEqual(accept({ isServer }, offer), { server_max_window_bits: 10 });
    assert.deepEqual(accept({ isServer, clientMaxWindowBits: 11, serverNoContextTakeover: true }, offer), {
      server_max_window_bits: 10,
      client_max_window_bits: 11,
      server_no_context_takeover: true,
    });
    assert.deepEqual(
      accept({ isServer, serverMaxWindowBits: 12 }, `${offer}, permessage-deflate; client_no_context_takeover`),
      { server_max_window_bits: 12, client_no_context_takeover: true },
    );
    const none = /^Error: None of the extension offers can be accepted$/u;
    assert.throws(() => accept({ isServer, serverMaxWindowBits: false }, offer), none);
    assert.throws(() => accept({ isServer, clientMaxWindowBits: 10 }, "permessage-deflate"), none);
    assert.throws(
      () => accept({ isServer, clientMaxWindowBits: 12 }, "permessage-deflate; client_max_window_bits=11"),
      none,
    );
    assert.throws(
      () => accept({ isServer, serverNoContextTakeover: false }, "permessage-deflate; server_no_context_takeover"),
      none,
    );
  });

  it("takes a response that its options allow, as a client", () => {
    assert.deepEqual(accept({ clientMaxWindowBits: 10 }, "permessage-deflate"), { client_max_window_bits: 10 });
    const unexpected = /^Error: Unexpected or invalid parameter "client_max_window_bits"$/u;
    assert.throws(
      () => accept({ clientMaxWindowBits: 10 }, "permessage-deflate; client_max_window_bits=11"),
      unexpected,
    );
    assert.throws(
      () => accept({ clientMaxWindowBits: false }, "permessage-deflate; client_max_window_bits=8"),
      unexpected,
    );
    assert.throws(
      () => accept({ clientNoContextTakeover: false }, "permessage-deflate; client_no_context_takeover"),
      /^Error: Unexpected parameter "client_no_context_takeover"$/u,
    );
  });

  it("refuses parameters that are unknown, repeated or have another value", () => {
    const refused = (parameters: string, message: RegExp): void =>
      assert.throws(() => accept({}, `permessage-deflate; ${parameters}`), message);
    refused("foo", /^Error: Unknown parameter "foo"$/u);
    refused("server_max_window_bits=8; server_max_window_bits=9", /must have only a single value$/u);
    refused("server_max_window_bits=16", /^TypeError: Invalid value for parameter "server_max_window_bits": 16$/u);
    refused("client_max_window_bits", /^TypeError: Invalid value for parameter "client_max_window_bits": true$/u);
    refused("server_no_context_takeover=10", /^TypeError: Invalid value for .*"server_no_context_takeover": 10$/u);
  });
});

describe("PerMessageDeflate at work", () => {
  const text = "Some compressible data, it's compressible.";

  it("inflates what it has deflated, whole and in fragments, and zlib does too", async () => {
    const deflate = negotiated({});
    for (let round = 0; round < 3; round++) {
      const whole = await done(deflate, "compress", text);
      if (round === 0)
        assert.equal(String(inflateRawSync(Buffer.concat([whole, Buffer.from([0])]), { finishFlush: 2 })), text);
      assert.equal(String(await done(deflate, "decompress", whole)), text);
      const first = await done(deflate, "compress", "one ", false);
      const last = await done(deflate, "compress", "two", true);
      assert.equal(String(await done(deflate, "decompress", first, false)), "one ");
      assert.equal(String(await done(deflate, "decompress", last, true)), "two");
    }
    deflate.cleanup();
  });

  it("flushes an empty fragment", async () => {
    const deflate = negotiated({});
    const first = await done(deflate, "compress", "", false);
    assert.deepEqual(first, Buffer.from("000000ffff", "hex"));
    const last = await done(deflate, "compress", "text");
    assert.equal(String(await done(deflate, "decompress", Buffer.concat([first, last]))), "text");
    deflate.cleanup();
  });

  it("refers to earlier messages unless that was agreed away", async () => {
    const lengths = async (header: string): Promise<boolean> => {
      const deflate = negotiated({ isServer: true }, header);
      const first = await done(deflate, "compress", text);
      const second = await done(deflate, "compress", text);
      deflate.cleanup();
      return second.length < first.length;
    };
    assert.equal(await lengths("permessage-deflate"), true);
    assert.equal(await lengths("permessage-deflate; server_no_context_takeover"), false);
  });

  it("honors zlib's level, 0 among them", async () => {
    const stored = negotiated({ zlibDeflateOptions: { level: 0 } });
    const small = negotiated({ zlibDeflateOptions: { level: 9 } });
    const kept = await done(stored, "compress", text);
    assert.ok(kept.length > text.length);
    assert.ok((await done(small, "compress", text)).length < text.length);
    assert.equal(String(await done(stored, "decompress", kept)), text);
    stored.cleanup();
    small.cleanup();
  });

  it("fails what is longer than maxPayload, whole or in fragments", async () => {
    const header = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    const deflate = negotiated({ maxPayload: 25 }, header);
    const tooLong = { name: "RangeError", message: "Max payload size exceeded" };
    for (const length of [50, 1024 * 1024]) {
      const compressed = await done(deflate, "compress", "a".repeat(length));
      await assert.rejects(done(deflate, "decompress", compressed), tooLong);
    }
    const fragment = await done(deflate, "compress", "a".repeat(50), false);
    await assert.rejects(done(deflate, "decompress", fragment, false), tooLong);
    deflate.cleanup();
  });

  it("tells zlib's code for what is no deflate", async () => {
    const deflate = negotiated({});
    await assert.rejects(done(deflate, "decompress", "something invalid"), { code: "Z_DATA_ERROR", errno: -3 });
    deflate.cleanup();
  });

  it("answers those who wait when it is cleaned up, once", async () => {
    const deflate = negotiated({});
    const waiting = done(deflate, "compress", text);
    deflate.cleanup();
    await assert.rejects(waiting, { message: "The deflate stream was closed while data was being processed" });
    assert.equal(String(await done(deflate, "decompress", await done(deflate, "compress", text))), text);
    deflate.cleanup();
  });

  it("gives back its windows, also where nobody cleans up", async () => {
    const held = (): number => deflateWindows.reservedBytes + deflateWindows.lentBytes;
    const before = held();
    const work = async (deflate: PerMessageDeflate): Promise<void> => {
      await done(deflate, "decompress", await done(deflate, "compress", text));
    };
    const cleaned = negotiated({});
    await work(cleaned);
    assert.ok(held() > before);
    cleaned.cleanup();
    assert.equal(held(), before);
    for (let count = 0; count < 5; count++) await work(negotiated({}));
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let round = 0; round < 1000 && held() > before; round++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(held(), before);
  });
});
