/**
 * Heads that are made to break whoever reads them. Time is not measured: what is not linear would not come to an end with
 * headers of this length.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import type { ServeOptions } from "#src/index.js";
import { connect, serve } from "#src/index.js";
import type { Limits } from "#src/protocol/index.js";
import { defaultLimits, RequestHeadReader, readUpgradeRequest, readUpgradeResponse } from "#src/protocol/index.js";
import { nodeText } from "#src/transport/node/node-text.js";
import { transports } from "../support/own-port.js";
import { exchange, listen, requestText, upgradeRaw } from "../support/raw-http.js";
import { startHostileServer } from "../support/raw-server.js";
import { sampleHandshakeAccept, sampleHandshakeKey, upgradeHead, upgradeHeaders } from "../support/upgrades.js";
import { startVictim } from "../support/victim.js";

const noLimits: Limits = { ...defaultLimits, maxHeaderBytes: Number.MAX_SAFE_INTEGER };
/** Octets of a header at which anything quadratic takes days. */
const longLength = 8 * 1024 * 1024;

const prototypeKeys = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

describe("prototype keys in a header (ws, 2017)", () => {
  for (const transport of transports) {
    it(`are names like any others to a server over ${transport}`, async (t) => {
      const accepted: (readonly string[])[] = [];
      const { server, errors, assertServes } = await startVictim(t, {
        transport,
        accept: ({ protocols }) => void accepted.push(protocols),
      });
      for (const key of prototypeKeys) {
        for (const extensions of [
          key,
          `${key}; ${key}=1`,
          `permessage-deflate; ${key}`,
          `permessage-deflate; ${key}=8`,
        ]) {
          const headers = ["Sec-WebSocket-Extensions", extensions, "Sec-WebSocket-Protocol", key, key, "1"];
          const { reply, socket } = await upgradeRaw(t, server.port, requestText(upgradeHeaders(...headers)));
          assert.equal(reply.status, 101, extensions);
          assert.equal(reply.headers.get("sec-websocket-extensions"), null, extensions);
          socket.destroy();
        }
      }
      assert.deepEqual(
        accepted,
        prototypeKeys.flatMap((key) => [[key], [key], [key], [key]]),
      );
      assert.deepEqual(Object.keys(Object.prototype), []);
      assert.deepEqual(errors, []);
      await assertServes();
    });
  }

  it("are no extension that a client has offered, and no parameter", async (t) => {
    for (const key of prototypeKeys) {
      const other = await startHostileServer(t, [`Sec-WebSocket-Extensions: ${key}`]);
      await assert.rejects(connect(other), { code: "response-extension-not-offered" }, key);
      const parameter = await startHostileServer(t, [`Sec-WebSocket-Extensions: permessage-deflate; ${key}=1`]);
      await assert.rejects(connect(parameter), { code: "response-extension-parameters" }, key);
      const protocol = await startHostileServer(t, [`Sec-WebSocket-Protocol: ${key}`]);
      await assert.rejects(connect(protocol), { code: "response-protocol-not-requested" }, key);
    }
  });
});

/** What makes a backtracking grammar try again from every place, for each kind of header. */
const slow: readonly (readonly [what: string, name: string, value: (length: number) => string, code: string])[] = [
  [
    "spaces between subprotocols (CVE-2021-32640)",
    "Sec-WebSocket-Protocol",
    (length) => `b${" ".repeat(length)}x`,
    "protocol-malformed",
  ],
  [
    "commas and spaces between subprotocols",
    "Sec-WebSocket-Protocol",
    (length) => `b${", ".repeat(length / 2)}x`,
    "protocol-malformed",
  ],
  [
    "a string of an extension that never closes (CVE-2020-7662)",
    "Sec-WebSocket-Extensions",
    (length) => `a;b="${"\\c".repeat(length / 2)}`,
    "extensions-malformed",
  ],
  [
    "a string of an extension that is all backslashes (CVE-2020-7662)",
    "Sec-WebSocket-Extensions",
    (length) => `a;b="${"\\".repeat(length)}"`,
    "extensions-malformed",
  ],
  [
    "spaces before what is no parameter (ws, 2017)",
    "Sec-WebSocket-Extensions",
    (length) => `a;${" ".repeat(length)}"`,
    "extensions-malformed",
  ],
  [
    "semicolons without end",
    "Sec-WebSocket-Extensions",
    (length) => `a${"; b".repeat(length / 3)};`,
    "extensions-malformed",
  ],
];

describe("headers that a backtracking parser chokes on", () => {
  for (const [what, name, value, code] of slow) {
    it(`are read in one pass by a server, and refused: ${what}`, async (t) => {
      const rawHeaders = upgradeHeaders(name, value(longLength));
      const result = readUpgradeRequest(upgradeHead({ rawHeaders }), noLimits);
      assert.equal(result.ok ? "accepted" : result.error.code, `request-${code}`);

      // The same, as long as it can be without being refused for its length.
      const { server, assertServes } = await startVictim(t);
      const headers = upgradeHeaders(name, value(15_000));
      assert.equal((await exchange(t, server.port, requestText(headers))).status, 400);
      await assertServes();
    });

    it(`are read in one pass by a client, and refused: ${what}`, () => {
      const accept = ["Sec-WebSocket-Accept", sampleHandshakeAccept];
      const rawHeaders = ["Upgrade", "websocket", "Connection", "Upgrade", ...accept, name, value(longLength)];
      const sent = { key: sampleHandshakeKey, protocols: ["b"], extensions: [] };
      const result = readUpgradeResponse({ status: 101, httpVersion: "1.1", rawHeaders }, sent, noLimits);
      assert.equal(result.ok ? "accepted" : result.error.code, `response-${code}`);
    });
  }
});

/** More lines than Node keeps (2,000): the one that makes it an upgrade comes behind them. */
function tooManyHeaders(): string[] {
  const [host = "", hostValue = "", ...others] = upgradeHeaders();
  return [host, hostValue, ...Array.from({ length: 2100 }, () => ["a", ""]).flat(), ...others];
}

describe("a head with more lines than are kept (GHSA-3h5v-q93c-6h6q)", () => {
  for (const transport of transports) {
    it(`is refused with 431 over ${transport}, and the server lives`, async (t) => {
      const { server, errors, assertServes } = await startVictim(t, { transport });
      assert.equal((await exchange(t, server.port, requestText(tooManyHeaders()))).status, 431);
      await assertServes();
      assert.deepEqual(errors, []);
    });
  }

  it("is no upgrade on an HTTP server that has dropped the line, where no limit of ours refuses it first", async (t) => {
    const http = createServer();
    const errors: unknown[] = [];
    const server = await serve({
      server: http,
      limits: { maxHeaderCount: 1_000_000 },
      closeTimeoutMs: 50,
      error: (error) => void errors.push(error),
    });
    t.after(() => {
      http.close();
      return server.close();
    });
    const port = await listen(http);
    assert.equal((await exchange(t, port, requestText(tooManyHeaders()))).status, 426);
    await (await connect(`ws://127.0.0.1:${port}`)).close();
    assert.deepEqual(errors, []);
  });
});

describe("a head that comes in pieces (CVE-2023-43669)", () => {
  it("is looked at once, not again with each piece: 8 MiB octet by octet", () => {
    const head = Buffer.from(requestText(upgradeHeaders("X-Filler", "f".repeat(longLength))), "latin1");
    const reader = new RequestHeadReader(noLimits, nodeText);
    for (let index = 0; index < head.byteLength - 1; index++) {
      assert.equal(reader.read(head, index, index + 1).kind, "more");
    }
    assert.equal(reader.read(head, head.byteLength - 1, head.byteLength).kind, "upgrade");
  });

  it("is refused when it has more than maxHeaderBytes, with no end in sight", async (t) => {
    const endless = requestText(upgradeHeaders("X-Filler", "f".repeat(20_000))).slice(0, -4);
    const attack = async (options: Partial<ServeOptions>): Promise<number> => {
      const { server } = await startVictim(t, options);
      return (await exchange(t, server.port, endless)).status;
    };
    assert.equal(await attack({}), 431);
    // With the limit lifted it is waited for, until the handshake has taken too long.
    assert.equal(await attack({ limits: { maxHeaderBytes: 1_000_000 }, handshakeTimeoutMs: 50 }), 408);
  });
});
