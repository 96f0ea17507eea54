import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { assertOurs, WebSocket, WebSocketServer } from "../support/ours.js";
import { closeSockets } from "../support/servers.js";

// By require, all of them, so that there is one Yjs; and the server does without the database that it would import.
const require = createRequire(import.meta.url);
const { docs, setupWSConnection } = require("@y/websocket-server/utils");
const { WebsocketProvider } = require("y-websocket");
const Y = require("yjs");

describe("y-websocket", () => {
  let server;
  const closing = [];
  before(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", setupWSConnection);
    await once(server, "listening");
  });
  after(async () => {
    // The server forgets its documents when the last client leaves, and does not end them.
    const served = [...docs.values()];
    for (const close of closing) close();
    for (const doc of served) doc.destroy();
    await closeSockets(server);
  });

  function open() {
    const doc = new Y.Doc();
    const url = `ws://127.0.0.1:${server.address().port}`;
    const provider = new WebsocketProvider(url, "room", doc, { WebSocketPolyfill: WebSocket, disableBc: true });
    closing.push(() => {
      provider.destroy();
      doc.destroy();
    });
    return { doc, provider };
  }

  it("gets ours", () => assertOurs("@y/websocket-server/utils"));

  it("keeps two documents the same, and tells who is there", async () => {
    const one = open();
    assert.ok(one.provider.ws instanceof WebSocket);
    one.doc.getText("text").insert(0, "written first. ");
    await new Promise((resolve) => one.provider.once("sync", resolve));
    const other = open();
    await new Promise((resolve) => other.provider.once("sync", resolve));
    assert.equal(String(other.doc.getText("text")), "written first. ");
    const changed = new Promise((resolve) => one.doc.once("update", resolve));
    other.doc.getText("text").insert(15, "and then this.");
    await changed;
    assert.equal(String(one.doc.getText("text")), "written first. and then this.");
    const known = new Promise((resolve) => {
      one.provider.awareness.on("change", () => {
        if (one.provider.awareness.getStates().get(other.doc.clientID)?.name === "other") resolve();
      });
    });
    other.provider.awareness.setLocalState({ name: "other" });
    await known;
  });
});
