/**
 * docs/reconnecting.md and docs/limits.md tell of the defaults as they are.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { defaultSettings, stateTransitions } from "#src/reconnect/index.js";

function read(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

describe("docs/reconnecting.md", () => {
  const page = read("reconnecting.md");

  it("has every setting, with its default", () => {
    const limits = read("limits.md");
    for (const [name, value] of Object.entries<number>({ ...defaultSettings })) {
      const option = `${name in { maxMessages: 0, maxBytes: 0, maxAgeMs: 0 } ? "outbox" : "reconnect"}.${name}`;
      assert.ok(limits.includes(`\n| \`${option}\` |`), option);
      if (option.startsWith("outbox") || !Number.isFinite(value)) continue;
      assert.ok(page.includes(`\n| \`${option}\` | ${value.toLocaleString("en")} |`), option);
    }
  });

  it("has every state, with what follows", () => {
    for (const [name, following] of Object.entries(stateTransitions)) {
      const row = page.split("\n").find((line) => line.startsWith(`| \`"${name}"\` |`));
      const last = row?.split("|").at(-2)?.trim() ?? "";
      const told = [...last.matchAll(/(?:^|, )([a-z]+)/gu)].map((match) => match[1]);
      assert.deepEqual(told.sort(), [...following].sort(), name);
    }
  });
});
