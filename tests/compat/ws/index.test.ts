import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import DefaultExport, * as names from "openline/ws";

const require = createRequire(import.meta.url);

describe("openline/ws", () => {
  it("has what ws has, by its names and on its class", () => {
    const { createWebSocketStream, Server, WebSocket, WebSocketServer } = names;
    assert.equal(DefaultExport, WebSocket);
    assert.equal(Server, WebSocketServer);
    const onClass = DefaultExport as unknown as Record<string, unknown>;
    assert.deepEqual(
      [onClass["WebSocket"], onClass["WebSocketServer"], onClass["Server"], onClass["createWebSocketStream"]],
      [WebSocket, WebSocketServer, WebSocketServer, createWebSocketStream],
    );
  });

  it("is the same to require, as the class itself", { skip: !canRequire() }, () => {
    const required: unknown = require("openline/ws");
    assert.equal(required, DefaultExport);
  });
});

/** Whether this Node can require ES modules. */
function canRequire(): boolean {
  return (process.features as unknown as Record<string, unknown>)["require_module"] === true;
}
