// What travels between the page and the server: JSON objects told apart by `type`, one per WebSocket text message.
// Both sides decode with the tables below, so that a field added to a type does not compile until it is checked.
import { ID_MAX_LENGTH, NAME_MAX_LENGTH, TEXT_MAX_LENGTH } from "./limits.js";

/** Somebody in the room; `memberId` is public and means nothing outside of this run of the server. */
export interface Member {
  readonly memberId: number;
  readonly name: string;
}

/** A message as the room shows it. `messageId` was made by its author's page and stays the same when it is resent. */
export interface ChatMessage {
  readonly messageId: string;
  readonly memberId: number;
  readonly name: string;
  readonly text: string;
  readonly sentAtMs: number;
}

/** One step of the server's random walk, stamped with the server's clock (milliseconds since the Unix epoch). */
export interface Update {
  readonly sequence: number;
  readonly value: number;
  readonly serverTimeMs: number;
}

/**
 * What a page may say. `hello` comes first; its `clientId` is known to that page alone, so it proves that a new
 * connection continues an old one.
 */
export type ClientMessage =
  | { readonly type: "hello"; readonly clientId: string; readonly name: string }
  | { readonly type: "rename"; readonly name: string }
  | { readonly type: "say"; readonly messageId: string; readonly text: string }
  | { readonly type: "watch"; readonly updates: boolean }
  | { readonly type: "clock"; readonly sentAtMs: number };

/** What the server may say. */
export type ServerMessage =
  | {
      readonly type: "welcome";
      /** Another value than last time means that the server was restarted and its memory is gone. */
      readonly serverId: string;
      readonly memberId: number;
      readonly members: readonly Member[];
      readonly history: readonly ChatMessage[];
    }
  | { readonly type: "joined"; readonly member: Member }
  | { readonly type: "left"; readonly member: Member }
  | { readonly type: "renamed"; readonly member: Member; readonly previousName: string }
  | { readonly type: "said"; readonly message: ChatMessage }
  | { readonly type: "accepted"; readonly messageId: string }
  | { readonly type: "slow-down"; readonly messageId: string; readonly retryAfterMs: number }
  | { readonly type: "rejected"; readonly reason: string }
  | { readonly type: "clock"; readonly sentAtMs: number; readonly serverTimeMs: number }
  | ({ readonly type: "update" } & Update);

/** A decoded message, or what was wrong with it. */
export type Decoded<M> = { readonly ok: true; readonly message: M } | { readonly ok: false; readonly reason: string };

type Guard<T> = (value: unknown) => value is T;
type Guards<M> = { readonly [Field in Exclude<keyof M, "type">]-?: Guard<M[Field]> };
type Shapes<U extends { readonly type: string }> = {
  readonly [T in U["type"]]: Guards<Extract<U, { readonly type: T }>>;
};

const isBoolean: Guard<boolean> = (value) => typeof value === "boolean";
const isFiniteNumber: Guard<number> = (value): value is number => typeof value === "number" && Number.isFinite(value);
const isText: Guard<string> = (value) => typeof value === "string";
const isShortText =
  (maxLength: number): Guard<string> =>
  (value): value is string =>
    typeof value === "string" && value.length <= maxLength;
const isId: Guard<string> = (value): value is string =>
  typeof value === "string" && value.length >= 1 && value.length <= ID_MAX_LENGTH && /^[\w-]+$/.test(value);

const isRecord: Guard<Readonly<Record<string, unknown>>> = (value): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Why `value` does not have the fields of `guards`, or nothing when it does. Own fields only: a prototype has none. */
function misfit(value: Readonly<Record<string, unknown>>, guards: object): string | undefined {
  for (const [field, guard] of Object.entries(guards) as [string, Guard<unknown>][]) {
    if (!Object.hasOwn(value, field)) return `${field} is missing`;
    if (!guard(value[field])) return `${field} is not acceptable`;
  }
  return undefined;
}

const isShaped =
  <M>(guards: Guards<M>): Guard<M> =>
  (value): value is M =>
    isRecord(value) && misfit(value, guards) === undefined;
const isListOf =
  <T>(guard: Guard<T>): Guard<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(guard);

const isMember: Guard<Member> = isShaped<Member>({ memberId: isFiniteNumber, name: isText });
const isChatMessage: Guard<ChatMessage> = isShaped<ChatMessage>({
  messageId: isId,
  memberId: isFiniteNumber,
  name: isText,
  text: isText,
  sentAtMs: isFiniteNumber,
});
const UPDATE_GUARDS: Guards<Update> = {
  sequence: isFiniteNumber,
  value: isFiniteNumber,
  serverTimeMs: isFiniteNumber,
};

const CLIENT_SHAPES: Shapes<ClientMessage> = {
  hello: { clientId: isId, name: isShortText(NAME_MAX_LENGTH) },
  rename: { name: isShortText(NAME_MAX_LENGTH) },
  say: { messageId: isId, text: isShortText(TEXT_MAX_LENGTH) },
  watch: { updates: isBoolean },
  clock: { sentAtMs: isFiniteNumber },
};

const SERVER_SHAPES: Shapes<ServerMessage> = {
  welcome: { serverId: isId, memberId: isFiniteNumber, members: isListOf(isMember), history: isListOf(isChatMessage) },
  joined: { member: isMember },
  left: { member: isMember },
  renamed: { member: isMember, previousName: isText },
  said: { message: isChatMessage },
  accepted: { messageId: isId },
  "slow-down": { messageId: isId, retryAfterMs: isFiniteNumber },
  rejected: { reason: isText },
  clock: { sentAtMs: isFiniteNumber, serverTimeMs: isFiniteNumber },
  update: UPDATE_GUARDS,
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decode<U extends { readonly type: string }>(text: string, shapes: Shapes<U>): Decoded<U> {
  const value = parseJson(text);
  if (!isRecord(value)) return { ok: false, reason: "not a JSON object" };
  const type = Object.hasOwn(value, "type") ? value["type"] : undefined;
  if (typeof type !== "string" || !Object.hasOwn(shapes, type)) return { ok: false, reason: "unknown type" };
  const reason = misfit(value, shapes[type as U["type"]]);
  // Every field of the variant was just checked by its guard, which the compiler cannot follow through the table.
  return reason === undefined
    ? { ok: true, message: value as unknown as U }
    : { ok: false, reason: `${type}: ${reason}` };
}

/**
 * Decodes and checks what a page sent: type, fields, their types and lengths. Never throws.
 * @param text The payload of one text message.
 */
export function decodeClientMessage(text: string): Decoded<ClientMessage> {
  return decode<ClientMessage>(text, CLIENT_SHAPES);
}

/**
 * Decodes and checks what the server sent. Never throws.
 * @param text The payload of one text message.
 */
export function decodeServerMessage(text: string): Decoded<ServerMessage> {
  return decode<ServerMessage>(text, SERVER_SHAPES);
}

/**
 * Decodes and checks the body of a poll: a JSON list of updates. Never throws.
 * @param text The response's body.
 */
export function decodeUpdates(text: string): Decoded<readonly Update[]> {
  const value = parseJson(text);
  const isUpdates = isListOf(isShaped<Update>(UPDATE_GUARDS));
  return isUpdates(value) ? { ok: true, message: value } : { ok: false, reason: "not a list of updates" };
}

/**
 * Puts a message of either side into its JSON text.
 * @param message What to send.
 */
export function encode(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(message);
}
