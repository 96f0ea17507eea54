/**
 * What the types of the hooks promise. The compiler checks it; nothing here is ever run.
 */
import { expectTypeOf } from "expect-type";
import { z } from "zod";
import {
  createHooks,
  type LogView,
  type MediaView,
  type SignalView,
  type StateView,
  useChannel as usePlainChannel,
} from "#src/react/index.js";
import type { LogEvent, MediaEvent, SignalEvent } from "#src/realtime/client/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { call, contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";

const Order = z.object({ size: z.number().default(1) });

const api = contract({
  channels: {
    "room/{id}": log({ message: Order }),
    "book/{symbol}": state({ value: unchecked<number>() }),
    "cursor/{room}": signal({ message: unchecked<{ x: number }>() }),
    "video/{id}": media(),
  },
  calls: {
    order: call({ input: Order, output: z.string(), idempotent: true }),
    tail: call({ input: z.string(), stream: z.number() }),
  },
});

const { OpenlineProvider, useCall, useChannel, useClient, useKeys, usePresence, useStream, useValue } =
  createHooks(api);
const room = 7 as number;
const client = createClient(api, "ws://x");

// What is sent is what the schema takes, what comes is what it makes of it.
expectTypeOf(useChannel(`room/${room}`)).toEqualTypeOf<LogView<{ size: number }, { size?: number | undefined }>>();
expectTypeOf(useChannel("book/X")).toEqualTypeOf<StateView<number, number>>();
expectTypeOf(useChannel("cursor/7")).toEqualTypeOf<SignalView<{ x: number }, { x: number }>>();
expectTypeOf(useChannel("video/7")).toEqualTypeOf<MediaView>();
// @ts-expect-error -- the contract has no such channel
useChannel("nothing/7");
// @ts-expect-error -- a state has no `last`
useChannel("book/X", { last: 7 });

useChannel("room/7", {
  last: 50,
  maxMessages: 100,
  onEvent: (event) => expectTypeOf(event).toEqualTypeOf<LogEvent<{ size: number }>>(),
});
useChannel("cursor/7", { onEvent: (event) => expectTypeOf(event).toEqualTypeOf<SignalEvent<{ x: number }>>() });
useChannel("video/7", { onEvent: (event) => expectTypeOf(event).toEqualTypeOf<MediaEvent>() });

expectTypeOf(useValue("book/X", "key")).toEqualTypeOf<number | undefined>();
expectTypeOf(useKeys("book/X")).toEqualTypeOf<readonly string[]>();
// @ts-expect-error -- it is a log
useValue("room/7", "key");
usePresence("cursor/7");

const order = useCall("order");
expectTypeOf(order.call).toBeCallableWith({});
expectTypeOf(order.data).toEqualTypeOf<string | undefined>();
// @ts-expect-error -- it is a number
void order.call({ size: "many" });
// @ts-expect-error -- it has a stream of results
useCall("tail");
expectTypeOf(useStream("tail").results).toEqualTypeOf<readonly number[]>();
// @ts-expect-error -- it has one answer
useStream("order");

expectTypeOf(useClient()).toEqualTypeOf<typeof client | undefined>();
void OpenlineProvider({ client });
void OpenlineProvider({ connect: () => client });
// @ts-expect-error -- the client of another contract
void OpenlineProvider({ client: createClient("ws://x") });

// From a client, which has its contract in its type.
expectTypeOf(createHooks(client).useChannel("book/X")).toEqualTypeOf<StateView<number, number>>();

// Without a contract.
expectTypeOf(usePlainChannel("any")).toEqualTypeOf<LogView>();
expectTypeOf(usePlainChannel("any", { kind: "signal" })).toEqualTypeOf<SignalView>();
expectTypeOf(createHooks(createClient("ws://x")).useChannel("any", { kind: "state" })).toEqualTypeOf<StateView>();
