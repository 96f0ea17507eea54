/**
 * docs/limits.md tells of every limit that can be set.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { resolveHttp2Options } from "#src/node/http2-sessions.js";
import { defaultLimits } from "#src/protocol/index.js";
import { defaultRealtimeLimits } from "#src/realtime/server/index.js";
import { resolveServerOptions } from "#src/server/options.js";

const page = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8");

describe("docs/limits.md", () => {
  it("has a row for every option that is a limit", () => {
    const resolved = resolveServerOptions({});
    const names = [
      ...Object.keys(resolved).filter((name) => /^max|Bytes$|Ms$/u.test(name)),
      ...Object.keys(defaultLimits).map((name) => `limits.${name}`),
      ...Object.keys(resolved.deadlines).filter((name) => name.endsWith("TimeoutMs")),
      ...Object.keys(resolved.deadlines.heartbeat ?? {}).map((name) => `heartbeat.${name}`),
      ...Object.keys(resolveHttp2Options(true) ?? {}).map((name) => `http2.${name}`),
      ...Object.keys(defaultRealtimeLimits),
      ...["messagesPerSecond", "bytesPerSecond", "controlFramesPerSecond"],
    ];
    assert.ok(names.length > 20);
    const missing = names.filter((name) => !page.includes(`\n| \`${name}\` |`));
    assert.deepEqual(missing, []);
  });
});
