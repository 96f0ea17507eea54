/**
 * docs/frameworks.md shows what the examples do: its snippets that need a framework are cut out of them, to the letter. That
 * they run is shown by the examples' own tests.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const root = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("docs/frameworks.md", root), "utf8");
const readme = readFileSync(new URL("examples/README.md", root), "utf8");
const frameworks = ["express", "fastify", "hono", "koa", "nest", "next"];

function sourcesOf(framework: string): string[] {
  const folder = new URL(`examples/${framework}/`, root);
  return readdirSync(folder)
    .filter((name) => /\.[jt]s$/u.test(name))
    .map((name) => readFileSync(new URL(name, folder), "utf8"));
}

describe("docs/frameworks.md", () => {
  it("cuts its snippets out of the examples", () => {
    const snippets = [...page.matchAll(/^```js\n(.*?)^```$/gmsu)].map((match) => match[1] ?? "");
    assert.equal(snippets.length, frameworks.length);
    for (const [index, framework] of frameworks.entries()) {
      const snippet = snippets[index] ?? "";
      assert.ok(
        sourcesOf(framework).some((source) => source.includes(snippet)),
        `examples/${framework} has no longer: ${snippet}`,
      );
    }
  });

  it("and the examples' own page name each of them", () => {
    for (const framework of frameworks) {
      assert.ok(page.includes(`[examples/${framework}]`), framework);
      assert.ok(readme.includes(`npm run ${framework}`), framework);
    }
  });
});
