import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import type { WebSocket as Class } from "#src/compat/ws/index.js";
import WebSocket from "#src/compat/ws/index.js";
import { openPair } from "../../support/ws-pairs.js";

type Given = Class & { setSocket(socket: unknown, head: Uint8Array, options?: object): void };

/** One of two streams, each of which reads what is written into the other. */
class Half extends Duplex {
  other: Half | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.other?.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }
}

function joined(): [Half, Half] {
  const [one, other] = [new Half(), new Half()];
  one.other = other;
  other.other = one;
  return [one, other];
}

describe("a WebSocket of ws that is given a stream", () => {
  it("is a server's, or a client's where it says so", async () => {
    const [one, other] = joined();
    const server = new WebSocket(null) as Given;
    const client = Object.assign(new WebSocket(null) as Given, { _isServer: false });
    const opened = once(client, "open");
    client.setSocket(one, Buffer.alloc(0), { maxPayload: 0 });
    await opened;
    server.on("message", (data, isBinary) => server.send(data, { binary: isBinary }));
    server.setSocket(other, Buffer.alloc(0));
    client.send("text");
    assert.equal(String((await once(client, "message"))[0]), "text");
    const closed = once(server, "close");
    client.close(4000, "done");
    const [code, reason] = (await closed) as [number, Buffer];
    assert.deepEqual([code, String(reason)], [4000, "done"]);
  });

  it("reads first what was read before", async () => {
    const [stream] = joined();
    const webSocket = Object.assign(new WebSocket(null) as Given, { _isServer: false });
    const message = once(webSocket, "message");
    webSocket.setSocket(stream, Buffer.from("810548656c6c6f", "hex"), {});
    assert.equal(String((await message)[0]), "Hello");
    webSocket.terminate();
  });
});

describe("a WebSocket of ws that is terminated", () => {
  it("has sent before what it was given before", async (test) => {
    for (const transport of ["net", "handle"] as const) {
      const { client, socket } = await openPair(test, { transport });
      const message = once(client, "message");
      socket.send("last words");
      socket.terminate();
      assert.equal(String((await message)[0]), "last words");
    }
  });

  it("tells the peer why, where that is done when a rule was broken", async (test) => {
    const { client, socket } = await openPair(test, { maxPayload: 10 });
    socket.on("error", () => socket.terminate());
    const closed = once(client, "close");
    client.send("more than ten octets");
    assert.equal((await closed)[0], 1009);
  });
});
