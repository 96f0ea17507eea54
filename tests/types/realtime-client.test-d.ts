/**
 * What the types of a client promise. The compiler checks it; nothing here is ever run.
 */
import { expectTypeOf } from "expect-type";
import { z } from "zod";
import type {
  Client,
  LogHandle,
  MediaHandle,
  SignalHandle,
  StateHandle,
  UntypedClient,
} from "#src/realtime/client/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { createClient as createWebClient } from "#src/realtime/client/web/index.js";
import type { DefinitionOf } from "#src/realtime/contract/index.js";
import { call, contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";

const Order = z.object({ size: z.number().default(1) });

const api = contract({
  channels: {
    "room/{id}": log({ message: Order }),
    "book/{symbol}": state({ value: unchecked<number>() }),
    "cursor/{room}": signal(),
    "video/{id}": media(),
  },
  calls: {
    order: call({ input: Order, output: z.string(), idempotent: true }),
    tail: call({ input: z.string(), stream: z.number() }),
  },
  clientCalls: {
    confirm: call({ input: z.string(), output: z.boolean() }),
    count: call({ input: z.number(), stream: z.number() }),
  },
});

export const client: Client<DefinitionOf<typeof api>> = createClient(api, "ws://x", { token: () => "t" });
const room = 7 as number;

// What is sent is what the schema takes, what comes is what it makes of it.
expectTypeOf(client.channel(`room/${room}`)).toEqualTypeOf<
  LogHandle<{ size: number }, { size?: number | undefined }>
>();
expectTypeOf(client.channel("book/X")).toEqualTypeOf<StateHandle<number, number>>();
expectTypeOf(client.channel("cursor/7")).toEqualTypeOf<SignalHandle<unknown, unknown>>();
expectTypeOf(client.channel("video/7")).toEqualTypeOf<MediaHandle>();
// @ts-expect-error -- the contract has no such channel
client.channel("nothing/7");

expectTypeOf(client.call("order", {})).toEqualTypeOf<Promise<string>>();
expectTypeOf(client.stream("tail", "x").next()).resolves.toExtend<IteratorResult<number, undefined>>();
// @ts-expect-error -- it is a string
void client.call("order", { size: "many" });
// @ts-expect-error -- it has a stream of results
void client.call("tail", "x");
// @ts-expect-error -- it has one answer
client.stream("order", {});

client.handle("confirm", (question) => {
  expectTypeOf(question).toEqualTypeOf<string>();
  return true;
});
client.handle("count", async function* (to) {
  yield await Promise.resolve(to);
});
// @ts-expect-error -- a boolean is wanted
client.handle("confirm", () => "yes");

for await (const event of client.channel("room/7")) {
  expectTypeOf(event.position).toEqualTypeOf<string>();
  expectTypeOf(event.recovered).toEqualTypeOf<boolean>();
  if (event.type === "message") expectTypeOf(event.value).toEqualTypeOf<{ size: number }>();
}

// Without a contract.
const free: UntypedClient = createWebClient("wss://x");
expectTypeOf(free.channel("any")).toEqualTypeOf<LogHandle>();
expectTypeOf(free.channel("any", { kind: "signal" })).toEqualTypeOf<SignalHandle>();
expectTypeOf(free.call("any", { x: 1 })).toEqualTypeOf<Promise<unknown>>();

// Node's connections can be told more.
createClient("wss://x", { headers: { "x-y": "z" }, proxy: false });
// @ts-expect-error -- a page cannot send headers
createWebClient("wss://x", { headers: { "x-y": "z" } });
