import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { channelNames } from "#src/index.js";

const page = readFileSync(new URL("../../../docs/diagnostics.md", import.meta.url), "utf8");
const documented = [...page.matchAll(/^\| `([a-z-]+)` \|/gmu)].map((match) => match[1] ?? "");

describe("the channels", () => {
  it("are those that docs/diagnostics.md lists, for servers and for clients", () => {
    assert.deepEqual(
      channelNames,
      ["server", "client"].flatMap((role) => documented.map((what) => `openline:${role}:${what}`)),
    );
  });
});
