import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Server, serve } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { nats } from "#src/realtime/engines/nats/index.js";
import {
  call,
  contract,
  createRealtime,
  log,
  type ServedRealtime,
  signal,
  state,
  unchecked,
} from "#src/realtime/index.js";
import { Recorder } from "../recorders.js";
import { NatsServer, noNats } from "./server.js";

const api = contract({
  channels: {
    room: log({ message: unchecked<string>() }),
    book: state({ value: unchecked<number>() }),
    beat: signal(),
  },
  calls: { order: call({ input: unchecked<number>(), output: unchecked<string>(), idempotent: true }) },
});

describe("real-time servers that share NATS", { skip: noNats }, () => {
  it("keep a log that has a count and no age", async () => {
    const server = await NatsServer.start();
    const engine = nats({ servers: server.url, storage: "memory" });
    const realtime = createRealtime({ engine, channel: log({ retain: { count: 2 } }) });
    for (const value of [1, 2, 3]) await realtime.publish("room", value);
    assert.deepEqual(
      (await realtime.history("room", { limit: 10 })).map(({ value }) => value),
      [2, 3],
    );
    await realtime.close();
    await server.dispose();
  });

  it("are one to their clients", async (t: TestContext) => {
    const server = await NatsServer.start();
    let orders = 0;
    const start = async (): Promise<{ realtime: ServedRealtime<(typeof api)["definition"]>; server: Server }> => {
      const engine = nats({ servers: server.url, storage: "memory" });
      const calls = { order: (lots: number) => `${String(lots)} lots, order ${String(++orders)}` };
      const realtime = createRealtime(api, { engine, calls });
      return { realtime, server: await serve({ port: 0, ...realtime.handlers }) };
    };
    const nodes = await Promise.all([start(), start()]);
    const [ann, bob] = nodes.map((node) => createClient(api, node.server.url, {})) as [
      ReturnType<typeof createClient<(typeof api)["definition"]>>,
      ReturnType<typeof createClient<(typeof api)["definition"]>>,
    ];
    t.after(async () => {
      await Promise.all([ann.close(), bob.close()]);
      await Promise.all(nodes.map((node) => node.server.close()));
      await Promise.all(nodes.map((node) => node.realtime.close()));
      await server.dispose();
    });

    const heard = new Recorder<string>();
    const room = bob.channel("room", { last: 10, presence: true });
    room.listen((event) => {
      if (event.type === "message") heard.add(event.value);
    });
    room.presence.listen(({ count }) => heard.add(`${String(count)} there`));
    bob.channel("book").listen((event) => {
      if (event.type === "change") for (const [key, value] of event.set) heard.add(`${key}=${String(value)}`);
    });
    await ann.channel("room").publish("hello");
    await heard.until((items) => items.includes("hello"));
    await ann.channel("book").set("tea", 3);
    await heard.until((items) => items.includes("tea=3"));
    await heard.until((items) => items.includes("1 there"));
    assert.equal((await nodes[0].realtime.presence("room")).count, 1);
    const [once, again] = await Promise.all([
      ann.call("order", 5, { idempotencyKey: "k" }),
      ann.call("order", 5, { idempotencyKey: "k" }),
    ]);
    assert.equal(once, "5 lots, order 1");
    assert.equal(again, once);
    const [message] = await nodes[0].realtime.history("room", { limit: 1 });
    assert.equal(message?.value, "hello");
  });
});
