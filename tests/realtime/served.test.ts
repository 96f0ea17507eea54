/**
 * The real-time server over sockets: a real port, plain endpoints beside it, and both codecs.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, serve, UpgradeRefusedError } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { call, contract, createRealtime, log, memory, unchecked } from "#src/realtime/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";

const api = contract({
  channels: { "room/{id}": log({ message: unchecked<{ readonly octets: Uint8Array }>() }) },
  calls: { count: call({ stream: unchecked<number>(), input: unchecked<number>() }) },
});

async function* count(to: number): AsyncGenerator<number> {
  for (let index = 0; index < to; index++) yield index;
}

describe("a real-time server on a port", () => {
  for (const codecs of [undefined, [msgpackCodec]]) {
    it(`is spoken to in ${codecs === undefined ? "JSON" : "MessagePack"}`, async () => {
      const realtime = createRealtime(api, { codecs: [msgpackCodec], calls: { count } });
      const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
      const client = createClient(api, server.url, codecs === undefined ? {} : { codecs });
      const room = client.channel("room/1");
      const events = room[Symbol.asyncIterator]();
      assert.equal((await events.next()).value?.type, "live");
      const octets = Uint8Array.of(1, 2, 255);
      const { position } = await room.publish({ octets });
      const event = (await events.next()).value;
      assert.ok(event?.type === "message");
      assert.deepEqual([event.position, event.value], [position, { octets }]);
      const items: number[] = [];
      for await (const item of client.stream("count", 100)) items.push(item);
      assert.equal(items.length, 100);
      await client.close();
      await server.close();
      await realtime.close();
    });
  }

  it("answers null with null, and nothing with undefined, in either codec, with and without a key", async () => {
    const realtime = createRealtime({
      codecs: [msgpackCodec],
      calls: { nothing: () => undefined, none: () => null },
    });
    const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    for (const options of [{}, { codecs: [msgpackCodec] }]) {
      const client = createClient(server.url, options);
      const answers: unknown[] = [];
      for (const name of ["nothing", "none"]) {
        answers.push(await client.call(name));
        for (let time = 0; time < 2; time++) answers.push(await client.call(name, 1, { idempotencyKey: name }));
      }
      assert.deepEqual(answers, [undefined, undefined, undefined, null, null, null]);
      await client.close();
    }
    await server.close();
    await realtime.close();
  });

  it("leaves other sockets to the application, and refuses them where it has none", async () => {
    const realtime = createRealtime();
    const endings: string[] = [];
    const server = await serve<string>({
      port: 0,
      host: "127.0.0.1",
      ...realtime.beside<string>({
        accept: (request) => ({ data: new URL(request.url).pathname }),
        message: (socket, message) => socket.send(`${socket.data} ${String(message)}`),
        close: (socket) => endings.push(socket.data),
      }),
    });
    const socket = await connect(`${server.url}/echo`);
    socket.send("hi");
    for await (const message of socket) {
      assert.equal(message, "/echo hi");
      break;
    }
    const client = createClient(server.url);
    await client.channel("any").publish({ a: 1 });
    await client.close();
    await socket.close();
    await server.close();
    assert.deepEqual(endings, ["/echo"]);
    const strict = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    await assert.rejects(connect(strict.url), (error) => error instanceof UpgradeRefusedError && error.status === 400);
    await strict.close();
    await realtime.close();
  });

  it("takes nobody when its engine cannot start", async () => {
    const errors: unknown[] = [];
    const broken = {
      open: () => Promise.reject(new Error("no such disk")),
      write: () => Promise.resolve(),
      wantsRewriting: () => false,
      rewrite: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const realtime = createRealtime({ engine: memory({ journal: broken }), error: (error) => errors.push(error) });
    const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    await assert.rejects(
      connect(server.url, { protocols: ["openline.v1.json"] }),
      (error) => error instanceof UpgradeRefusedError && error.status === 503,
    );
    await assert.rejects(realtime.publish("a", 1), { code: "unavailable" });
    await server.close();
    await realtime.close();
    assert.ok(errors.length >= 1);
  });
});
