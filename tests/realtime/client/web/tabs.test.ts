/**
 * What a page loads to share its connection, and what it does where it cannot.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { createClient } from "#src/realtime/client/node/index.js";
import { createSharedClient as createOnNode } from "#src/realtime/client/node/tabs.js";
import { createSharedClient } from "#src/realtime/client/web/tabs.js";
import { fakePlatform, settled } from "../../../support/fake-web-socket.js";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

async function sizeOf(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    platform: "browser",
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

describe("openline/realtime/tabs", () => {
  it("has at most 4 KiB more than the client, minified and compressed", async (t) => {
    const client = await sizeOf('export * from "openline/realtime/client";');
    const both = await sizeOf('export * from "openline/realtime/client"; export * from "openline/realtime/tabs";');
    t.diagnostic(`${both - client} octets`);
    assert.ok(both - client <= 4 * 1024, `${both - client} octets`);
  });

  it("connects by itself where there are no locks", async (t) => {
    const sockets = fakePlatform(t);
    const client = createSharedClient("ws://fake.test/realtime?ticket=1");
    await settled();
    const [socket] = sockets;
    assert.equal(socket?.url, "ws://fake.test/realtime?ticket=1");
    assert.deepEqual(socket.protocols, ["openline.v1.json"]);
    await client.close();
  });

  it("is createClient on Node", () => {
    assert.equal(createOnNode, createClient);
  });
});
