import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PathOption } from "#src/server/index.js";
import { pathOf, resolvePath } from "#src/server/path.js";

describe("where WebSockets are", () => {
  it("is everywhere where nothing is said", () => {
    assert.equal(resolvePath(undefined), undefined);
  });

  it("is one path or several, to the letter", () => {
    for (const option of ["/live", ["/live", "/%6Cive/"]] as const) {
      const isAt = resolvePath(option);
      assert.equal(isAt?.("/live"), true);
      assert.equal(isAt("/%6Cive/"), option !== "/live");
      for (const path of ["/", "/Live", "/live/", "//live", "/liver", "/a/../live", "/%6Cive", ""]) {
        assert.equal(isAt(path), false, path);
      }
    }
  });

  it("is what a function says true of, and nothing else", () => {
    assert.equal(resolvePath((path) => path.startsWith("/rooms/"))?.("/rooms/1"), true);
    for (const answer of [false, 1, "yes", undefined, null, {}]) {
      assert.equal(resolvePath((() => answer) as unknown as () => boolean)?.("/"), false);
    }
  });

  it("is not told by a promise", () => {
    const isAt = resolvePath((() => Promise.resolve(true)) as unknown as () => boolean);
    assert.throws(() => isAt?.("/"), { code: "invalid-argument", message: /path has to decide at once/u });
  });

  it("is nowhere that no request can ask for", () => {
    for (const path of [
      "",
      "live",
      "/live?a=1",
      "/live#a",
      "/é",
      "/a b",
      "*",
      "ws://localhost/live",
      5,
      null,
      ["live"],
    ]) {
      assert.throws(() => resolvePath(path as PathOption), { code: "invalid-argument" }, String(path));
    }
  });
});

describe("the path of a target", () => {
  it("is what comes before the query", () => {
    for (const [target, path] of [
      ["/", "/"],
      ["/live?room=1?2", "/live"],
      ["//live", "//live"],
      ["/a/../b", "/a/../b"],
      ["http://app.example/live?room=1", "/live"],
      ["https://app.example?room=1", "/"],
    ] as const) {
      assert.equal(pathOf(target), path, target);
    }
  });

  it("is not there where the target is none of a handshake", () => {
    for (const target of ["*", "", "live", "app.example:443", "ftp://app.example/", "/a#b"]) {
      assert.equal(pathOf(target), undefined, target);
    }
  });
});
