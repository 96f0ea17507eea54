import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Link } from "#src/chaos/link.js";

/** A server that repeats what it is told, behind a way, and somebody who has come by it. */
async function world(t: TestContext): Promise<{ link: Link; socket: net.Socket; target: number }> {
  const server = net.createServer((peer) => peer.on("error", () => undefined).pipe(peer));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const target = (server.address() as net.AddressInfo).port;
  const link = await Link.open();
  link.target = target;
  const socket = net.connect(link.port, "127.0.0.1").on("error", () => undefined);
  await once(socket, "connect");
  t.after(() => {
    socket.destroy();
    link.close();
    server.close();
  });
  return { link, socket, target };
}

async function hears(socket: net.Socket, text: string): Promise<void> {
  for (let heard = ""; heard.length < text.length; ) {
    const [data] = (await once(socket, "data")) as [Buffer];
    heard += data.toString();
    assert.ok(text.startsWith(heard));
  }
}

describe("a way that can be broken", () => {
  it("carries everything, and its end", async (t) => {
    const { socket } = await world(t);
    socket.end("hello");
    await hears(socket, "hello");
    await once(socket, "end");
  });

  it("passes nothing on while it is stalled, and everything after", async (t) => {
    for (const trouble of [{ isUpStalled: true }, { isDownStalled: true }]) {
      const { link, socket } = await world(t);
      socket.write("one");
      await hears(socket, "one");
      link.trouble = trouble;
      let isMended = false;
      socket.write("two");
      socket.once("data", () => assert.ok(isMended));
      // Another way to somebody else has gone there and back meanwhile.
      const { socket: other } = await world(t);
      other.write("x");
      await hears(other, "x");
      isMended = true;
      link.trouble = {};
      await hears(socket, "two");
    }
  });

  it("keeps the order while it is slow, and when it is so no more", async (t) => {
    const { link, socket } = await world(t);
    link.trouble = { delayMs: 5 };
    socket.write("one ");
    await once(socket, "data");
    socket.write("two ");
    link.trouble = {};
    socket.write("three");
    await hears(socket, "two three");
  });

  it("ends connections when it is cut, refuses others, and lets them come again", async (t) => {
    const { link, socket } = await world(t);
    link.trouble = { isCut: true };
    await once(socket, "close");
    const refused = net.connect(link.port, "127.0.0.1").on("error", () => undefined);
    await once(refused, "close");
    link.trouble = {};
    const again = net.connect(link.port, "127.0.0.1");
    again.end("back");
    await hears(again, "back");
  });

  it("leads to nowhere without a target", async (t) => {
    const { link } = await world(t);
    link.target = undefined;
    const refused = net.connect(link.port, "127.0.0.1").on("error", () => undefined);
    await once(refused, "close");
  });
});
