import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { CloseEvent, ErrorEvent, MessageEvent } from "#src/compat/ws/index.js";
import { openClient, openPair, openRawClient, openServer, textOf, urlOf } from "../../support/ws-pairs.js";

describe("addEventListener", () => {
  it("gives events as browsers have them", async (test) => {
    const server = await openServer(test);
    server.on("connection", (socket) => {
      socket.send("text");
      socket.send(Buffer.from("octets"));
      socket.close(4000, "bye");
    });
    const client = openClient(test, urlOf(server));
    const seen: unknown[] = [];
    client.addEventListener("open", ({ type, target }) => seen.push([type, target === client]));
    client.addEventListener("message", ({ type, data, target }: MessageEvent) => {
      seen.push([type, data, target === client]);
    });
    client.addEventListener("close", ({ type, code, reason, wasClean }: CloseEvent) => {
      seen.push([type, code, reason, wasClean]);
    });
    await once(client, "close");
    assert.deepEqual(seen, [
      ["open", true],
      ["message", "text", true],
      ["message", Buffer.from("octets"), true],
      ["close", 4000, "bye", true],
    ]);
  });

  it("tells of errors, and of an end that was not clean", async (test) => {
    const { socket, peer } = await openRawClient(test);
    const failed = new Promise<ErrorEvent>((resolve) => socket.addEventListener("error", resolve));
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    peer.send({ opcode: 3 });
    const event = await failed;
    const { type, message } = event;
    assert.deepEqual([type, (event.error as Error).message], ["error", message]);
    peer.stream.end();
    const { code, wasClean } = await closed;
    assert.deepEqual([code, wasClean], [1006, false]);
  });

  it("takes objects, `once`, and nothing twice", async (test) => {
    const { client, socket } = await openPair(test);
    const seen: string[] = [];
    const listener = ({ data }: MessageEvent): unknown => seen.push(`each ${textOf(data)}`);
    const object = {
      handleEvent(event: MessageEvent) {
        assert.equal(this, object);
        seen.push(`object ${textOf(event.data)}`);
      },
    };
    client.addEventListener("message", listener);
    client.addEventListener("message", listener);
    client.addEventListener("message", object, { once: true });
    client.addEventListener("unknown" as "message", listener);
    assert.deepEqual([client.listenerCount("message"), client.listenerCount("unknown")], [2, 0]);
    socket.send("a");
    await once(client, "message");
    client.removeEventListener("message", listener);
    client.removeEventListener("message", listener);
    const message = once(client, "message");
    socket.send("b");
    await message;
    assert.deepEqual(seen, ["each a", "object a"]);
  });
});

describe("the attributes", () => {
  it("hold one listener each, apart from those that were added", async (test) => {
    const { client, socket } = await openPair(test);
    for (const name of ["onopen", "onmessage", "onclose", "onerror"] as const) {
      assert.equal(client[name], null);
      const listener = (): void => undefined;
      client[name] = listener;
      assert.equal(client[name], listener);
      client[name] = (): void => undefined;
      assert.equal(client.listenerCount(name.slice(2)), 1);
      client.removeEventListener(name.slice(2) as "open", listener);
      client.addEventListener(name.slice(2) as "open", listener);
      assert.equal(client.listenerCount(name.slice(2)), 2);
      client[name] = "nothing" as unknown as null;
      assert.deepEqual([client[name], client.listenerCount(name.slice(2))], [null, 1]);
      client.removeEventListener(name.slice(2) as "open", listener);
    }
    const message = new Promise<MessageEvent>((resolve) => {
      client.onmessage = resolve;
    });
    socket.send("a");
    assert.equal((await message).data, "a");
  });
});
