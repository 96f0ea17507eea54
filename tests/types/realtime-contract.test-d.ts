/**
 * What is inferred from a contract. The compiler checks it; nothing here is ever run.
 */
import { expectTypeOf } from "expect-type";
import * as v from "valibot";
import { z } from "zod";
import type {
  CallInput,
  CallOutput,
  CallsOf,
  ChannelName,
  ChannelOf,
  ChannelsOf,
  ClientCallsOf,
  DefinitionOf,
  HandlerInput,
  HandlerOutput,
  IsStreamed,
  NameOf,
  ParamsOf,
  PatternOf,
  ReceivedOf,
  SentOf,
} from "#src/realtime/contract/index.js";
import { call, contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";

const Dated = z.object({ text: z.string(), at: z.string().transform((text) => new Date(text)) });

export const api = contract({
  channels: {
    "room/{id}": log({ message: Dated, retain: { count: 500, ageMs: 600_000 } }),
    "room/lobby": signal({ message: v.object({ x: v.number() }) }),
    "book/{symbol}": state({ value: unchecked<{ readonly price: string }>(), maxUpdatesPerSecond: 20 }),
    "any/{a}/{b}": log(),
    "video/{id}": media(),
  },
  calls: {
    order: call({ input: z.object({ size: z.number() }), output: Dated, idempotent: true }),
    tail: call({ input: z.string(), stream: Dated }),
    free: call(),
  },
});

type Definition = DefinitionOf<typeof api>;
type Declared = ChannelsOf<Definition>;
type Called = CallsOf<Definition>;

expectTypeOf<NameOf<"room/{id}">>().toEqualTypeOf<`room/${string}`>();
expectTypeOf<NameOf<"all">>().toEqualTypeOf<"all">();
expectTypeOf<ParamsOf<"any/{a}/{b}">>().toEqualTypeOf<Readonly<Record<"a" | "b", string>>>();
expectTypeOf<"room/7">().toExtend<ChannelName<Declared>>();
expectTypeOf<"nothing/7">().not.toExtend<ChannelName<Declared>>();

expectTypeOf<PatternOf<Declared, "room/7">>().toEqualTypeOf<"room/{id}">();
expectTypeOf<PatternOf<Declared, "room/lobby">>().toEqualTypeOf<"room/lobby">();
expectTypeOf<PatternOf<Declared, `room/${string}`>>().toEqualTypeOf<"room/{id}">();
expectTypeOf<PatternOf<Declared, `any/${number}/${string}`>>().toEqualTypeOf<"any/{a}/{b}">();
expectTypeOf<PatternOf<Declared, "room/7/8">>().toEqualTypeOf<never>();
expectTypeOf<PatternOf<Declared, "nothing">>().toEqualTypeOf<never>();

// What is sent is what the schema takes; what is received is what it makes of it.
expectTypeOf<SentOf<ChannelOf<Declared, "room/7">>>().toEqualTypeOf<{ text: string; at: string }>();
expectTypeOf<ReceivedOf<ChannelOf<Declared, "room/7">>>().toEqualTypeOf<{ text: string; at: Date }>();
expectTypeOf<ReceivedOf<ChannelOf<Declared, "room/lobby">>>().toEqualTypeOf<{ x: number }>();
expectTypeOf<ReceivedOf<ChannelOf<Declared, "book/X">>>().toEqualTypeOf<{ readonly price: string }>();
expectTypeOf<ReceivedOf<ChannelOf<Declared, "any/1/2">>>().toEqualTypeOf<unknown>();
expectTypeOf<ReceivedOf<ChannelOf<Declared, "video/1">>>().toEqualTypeOf<Uint8Array>();

expectTypeOf<CallInput<Called["order"]>>().toEqualTypeOf<{ size: number }>();
expectTypeOf<HandlerOutput<Called["order"]>>().toEqualTypeOf<{ text: string; at: string }>();
expectTypeOf<CallOutput<Called["order"]>>().toEqualTypeOf<{ text: string; at: Date }>();
expectTypeOf<HandlerInput<Called["tail"]>>().toEqualTypeOf<string>();
expectTypeOf<CallOutput<Called["tail"]>>().toEqualTypeOf<{ text: string; at: Date }>();
expectTypeOf<CallOutput<Called["free"]>>().toEqualTypeOf<unknown>();
expectTypeOf<IsStreamed<Called["order"]>>().toEqualTypeOf<false>();
expectTypeOf<IsStreamed<Called["tail"]>>().toEqualTypeOf<true>();
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- that it is empty is what is tested
expectTypeOf<keyof ClientCallsOf<Definition>>().toEqualTypeOf<never>();

// A call with a stream runs anew when it is sent again.
// @ts-expect-error -- so it cannot be idempotent
call({ stream: z.string(), idempotent: true });
