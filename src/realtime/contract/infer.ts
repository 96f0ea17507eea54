/**
 * What the types of a contract say: which names there are, and what stands behind each.
 */
import type { Calls, Channels, Contract, ContractDefinition } from "./contract.js";
import type { InputOf, OutputOf } from "./schema.js";

/** The definition of a contract. */
export type DefinitionOf<Api> = Api extends Contract<infer Definition> ? Definition : never;

// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- what has no keys is what is meant
type None = Readonly<Record<never, never>>;

/** The channels of a contract, by pattern. */
export type ChannelsOf<Definition extends ContractDefinition> = Definition extends {
  readonly channels: infer Declared extends Channels;
}
  ? Declared
  : None;

/** What clients call, by name. */
export type CallsOf<Definition extends ContractDefinition> = Definition extends {
  readonly calls: infer Declared extends Calls;
}
  ? Declared
  : None;

/** What the server calls, by name. */
export type ClientCallsOf<Definition extends ContractDefinition> = Definition extends {
  readonly clientCalls: infer Declared extends Calls;
}
  ? Declared
  : None;

/** The names that match a pattern: `room/${string}` for "room/{id}". */
export type NameOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? `${SegmentOf<Head>}/${NameOf<Rest>}`
  : SegmentOf<Pattern>;

type SegmentOf<Segment extends string> = Segment extends `{${string}}` ? string : Segment;

/** The parameters of a pattern: `{ id: string }` for "room/{id}". */
export type ParamsOf<Pattern extends string> = Readonly<Record<ParamNameOf<Pattern>, string>>;

type ParamNameOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Rest}`
  ? ParamNameOf<Head> | ParamNameOf<Rest>
  : Pattern extends `{${infer Name}}`
    ? Name
    : never;

/** The segments of a name or a pattern. */
type Segments<Name extends string> = Name extends `${infer Head}/${infer Rest}` ? [Head, ...Segments<Rest>] : [Name];

/** Whether segments of a name match those of a pattern. */
type Matches<Name, Pattern> = Name extends [infer Head, ...infer Rest]
  ? Pattern extends [infer First extends string, ...infer Others]
    ? Head extends SegmentOf<First>
      ? Matches<Rest, Others>
      : false
    : false
  : Pattern extends []
    ? true
    : false;

/** The patterns that a name matches. */
type Candidates<Declared extends Channels, Name extends string> = {
  readonly [Pattern in keyof Declared & string]: Matches<Segments<Name>, Segments<Pattern>> extends true
    ? Pattern
    : never;
}[keyof Declared & string];

/** Of two patterns for a name, whether the first is more specific: from the left, a text comes before a parameter. */
type IsBefore<A, B> = A extends [infer HeadA extends string, ...infer RestA]
  ? B extends [infer HeadB extends string, ...infer RestB]
    ? string extends SegmentOf<HeadA>
      ? string extends SegmentOf<HeadB>
        ? IsBefore<RestA, RestB>
        : false
      : string extends SegmentOf<HeadB>
        ? true
        : IsBefore<RestA, RestB>
    : false
  : false;

/** Those before which another comes. */
type Preceded<Pattern extends string, All extends string> = Pattern extends unknown
  ? true extends (All extends unknown ? IsBefore<Segments<All>, Segments<Pattern>> : never)
    ? Pattern
    : never
  : never;

/** The pattern that a name belongs to, as `channelOf` finds it; never where there is none. */
export type PatternOf<Declared extends Channels, Name extends string> = Exclude<
  Candidates<Declared, Name>,
  Preceded<Candidates<Declared, Name>, Candidates<Declared, Name>>
>;

/** The channel that a name belongs to. */
export type ChannelOf<Declared extends Channels, Name extends string> = Declared[PatternOf<Declared, Name>];

/** The names of all channels. */
export type ChannelName<Declared extends Channels> = NameOf<keyof Declared & string>;

/** What is sent to a channel: a message, or a value. */
export type SentOf<Channel> = Channel extends { readonly message: infer Message }
  ? InputOf<Message>
  : Channel extends { readonly value: infer Value }
    ? InputOf<Value>
    : Uint8Array;

/** What is received from a channel. */
export type ReceivedOf<Channel> = Channel extends { readonly message: infer Message }
  ? OutputOf<Message>
  : Channel extends { readonly value: infer Value }
    ? OutputOf<Value>
    : Uint8Array;

/** What the caller of a call asks with. */
export type CallInput<AnyCall> = AnyCall extends { readonly input: infer Input } ? InputOf<Input> : never;

/** What the handler of a call is asked with. */
export type HandlerInput<AnyCall> = AnyCall extends { readonly input: infer Input } ? OutputOf<Input> : never;

/** What the handler of a call answers, or each of its results. */
export type HandlerOutput<AnyCall> = InputOf<AnswerSchema<AnyCall>>;

/** What the caller of a call gets, or each of its results. */
export type CallOutput<AnyCall> = OutputOf<AnswerSchema<AnyCall>>;

type AnswerSchema<AnyCall> = AnyCall extends { readonly output: infer Output; readonly stream: infer Stream }
  ? undefined extends Stream
    ? Output
    : Stream
  : never;

/** Whether a call has a stream of results. */
export type IsStreamed<AnyCall> = AnyCall extends { readonly stream: undefined } ? false : true;
