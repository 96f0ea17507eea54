/**
 * Whether what stands under a package is ours.
 */
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import * as openline from "openline/ws";
import * as ws from "ws";

const require = createRequire(import.meta.url);

/** Where `require("ws")` leads from a file of `name`, a package of this one or of what it depends on by `through`. */
function resolvedBy(name, through) {
  const from = through.reduce((base, via) => createRequire(base.resolve(via)), require);
  return createRequire(from.resolve(name)).resolve("ws");
}

/**
 * Fails unless a package that asks for `ws` gets ours, by `require` and by `import`.
 *
 * @param {string} name a module of the package
 * @param {string[]} through modules on the way to it, where it is not installed beside us
 */
export function assertOurs(name, ...through) {
  const expected = realpathSync(new URL("../replacement/index.cjs", import.meta.url));
  assert.equal(realpathSync(resolvedBy(name, through)), expected);
  assert.equal(require("ws"), openline.default);
  assert.equal(ws.default, openline.default);
  assert.equal(ws.WebSocket, openline.WebSocket);
  assert.equal(ws.WebSocketServer, openline.WebSocketServer);
}

export const { WebSocket, WebSocketServer, createWebSocketStream } = ws;
