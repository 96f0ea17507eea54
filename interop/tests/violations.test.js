/**
 * What breaks the protocol, sent by peers without a library to openline and to ws: where RFC 6455 names the answer,
 * both must give it, and where they differ the table says why.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, serve } from "openline";
import { WebSocket, WebSocketServer } from "ws";
import { Inbox } from "../support/inbox.js";
import {
  closeCodeOf,
  exchangeAsClient,
  exchangeAsServer,
  rawRequest,
  upgradeRequestLines,
  writeRequest,
} from "../support/raw-peer.js";
import { maskedFrame, plainFrame, violations } from "../support/violations.js";

const timeout = 20_000;
// What follows a violation that its reader takes for none, so that the exchange ends with 1005.
const emptyClose = 0x88;

/** @param {import("node:test").TestContext} test */
async function startOpenline(test) {
  /** @type {Inbox<import("openline").CloseReport>} */
  const reports = new Inbox();
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    message() {},
    close: (_socket, report) => void reports.push(report),
  });
  test.after(() => server.close());
  return { url: server.url, reports };
}

/** @param {import("node:test").TestContext} test */
async function startWs(test) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  // Without a listener, what a peer does wrong would end the process.
  server.on("connection", (socket) => socket.on("error", () => undefined));
  test.after(() => server.close());
  await once(server, "listening");
  return { url: `ws://127.0.0.1:${server.address().port}` };
}

describe("violations by a client", { timeout }, () => {
  const byClients = [
    ...violations,
    { name: "§5.1: a frame that is not masked", octets: () => plainFrame(0x81, [0x61]), openline: 1002 },
  ];
  for (const { name, octets, openline, ws = openline, difference } of byClients) {
    const isTolerated = ws === 1005 || ws === 1000;
    it(`${name}: ${openline}${difference === undefined ? ", as ws" : `; ${difference}`}`, async (test) => {
      const sent = Uint8Array.from([...octets(maskedFrame), ...(isTolerated ? maskedFrame(emptyClose) : [])]);
      const server = await startOpenline(test);
      assert.equal(closeCodeOf(await exchangeAsClient(server.url, sent)), openline, "openline");
      const report = await server.reports.next();
      assert.deepEqual([report.outcome, report.code, report.wasClean], ["failed", openline, false]);
      assert.equal(closeCodeOf(await exchangeAsClient((await startWs(test)).url, sent)), ws, "ws");
    });
  }
});

describe("violations by a server", { timeout }, () => {
  const byServers = [
    ...violations,
    { name: "§5.1: a frame that is masked", octets: () => maskedFrame(0x81, [0x61]), openline: 1002 },
  ];
  for (const { name, octets, openline, ws = openline, difference } of byServers) {
    const isTolerated = ws === 1005 || ws === 1000;
    it(`${name}: ${openline}${difference === undefined ? ", as ws" : `; ${difference}`}`, async () => {
      const sent = Uint8Array.from([...octets(plainFrame), ...(isTolerated ? plainFrame(emptyClose) : [])]);
      let socket;
      const byOpenline = await exchangeAsServer(sent, (url) => {
        socket = connect(url, { message() {} });
      });
      assert.equal(closeCodeOf(byOpenline), openline, "openline");
      const report = await (await socket).closed;
      assert.deepEqual([report.outcome, report.code, report.wasClean], ["failed", openline, false]);
      const byWs = await exchangeAsServer(sent, (url) => {
        new WebSocket(url, { perMessageDeflate: false }).on("error", () => undefined);
      });
      assert.equal(closeCodeOf(byWs), ws, "ws");
    });
  }
});

describe("§4.2.1 requests that are no opening handshake", { timeout }, () => {
  const requests = [
    { name: "no Sec-WebSocket-Key", change: { "Sec-WebSocket-Key": undefined }, openline: 400 },
    { name: "a key of 15 octets", change: { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }, openline: 400 },
    { name: "a key that is no base64", change: { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }, openline: 400 },
    { name: "the method POST", change: { start: "POST / HTTP/1.1" }, openline: 405 },
    { name: "a malformed list of subprotocols", change: { "Sec-WebSocket-Protocol": "a, a" }, openline: 400 },
    {
      name: "version 12",
      change: { "Sec-WebSocket-Version": "12" },
      openline: 426,
      ws: 400,
      difference: "§4.4 names 426, ws answers 400",
    },
    {
      name: "no version",
      change: { "Sec-WebSocket-Version": undefined },
      openline: 400,
    },
  ];
  for (const { name, change, openline, ws = openline, difference } of requests) {
    it(`${name}: ${openline}${difference === undefined ? ", as ws" : `; ${difference}`}`, async (test) => {
      const request = writeRequest({ ...upgradeRequestLines(), ...change });
      const byOpenline = await rawRequest((await startOpenline(test)).url, request);
      assert.equal(byOpenline.status, openline, "openline");
      const byWs = await rawRequest((await startWs(test)).url, request);
      assert.equal(byWs.status, ws, "ws");
      // §4.4: the answer names the versions that the server speaks.
      if (openline === 426) assert.match(byOpenline.head, /^sec-websocket-version: 13$/imu);
    });
  }
});
