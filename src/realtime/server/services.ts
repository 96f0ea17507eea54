/**
 * What sessions share.
 */
import type { AnyChannel, Contract, Match } from "../contract/index.js";
import type { Engine } from "../engines/index.js";
import { RealtimeError, type ServerFrame } from "../wire/index.js";
import type { Channels } from "./channels.js";
import type { RealtimePlatform } from "./connection.js";
import type { Interest } from "./interest.js";
import type { ResolvedLimits } from "./limits.js";
import type {
  Action,
  Authenticate,
  AuthorizeChannel,
  AuthorizePlainCall,
  PlainCallHandler,
  RealtimeUser,
} from "./options.js";
import type { Presences } from "./presences.js";
import type { Session } from "./session.js";
import type { UserRates } from "./user-rates.js";
import type { UserSessions } from "./user-sessions.js";

/** See the head of this file. */
export interface Services {
  readonly contract: Contract;
  readonly engine: Engine;
  readonly platform: RealtimePlatform;
  readonly limits: ResolvedLimits;
  readonly channels: Channels;
  readonly presences: Presences;
  readonly rates: UserRates;
  readonly users: UserSessions;
  readonly authenticate: Authenticate<unknown> | undefined;
  /** By pattern; undefined: everybody may do everything. */
  readonly authorize: ReadonlyMap<string, AuthorizeChannel<unknown, Readonly<Record<string, string>>>> | undefined;
  /** By the name of the call; undefined: everybody may call everything. */
  readonly authorizeCall: AuthorizePlainCall<unknown> | undefined;
  /** Of states, by pattern. */
  readonly interests: ReadonlyMap<string, Interest>;
  readonly calls: ReadonlyMap<string, PlainCallHandler<unknown>>;
  /** Sessions whose connections are over, and whose calls with a key are not. */
  readonly lingering: Set<Session>;
  /** What whoever is welcomed from now on is told at once: to go elsewhere, where the server drains. */
  readonly parting: { frame?: ServerFrame };
  readonly report: (error: unknown, during: string) => void;
}

/**
 * A promise that has to settle in time.
 *
 * @throws RealtimeError `timeout`
 */
export function inTime<Value>(services: Services, promise: Promise<Value>, delayMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = services.platform.setTimer(() => {
      reject(new RealtimeError("timeout", "the server took too long to decide", { retryable: true }));
    }, delayMs);
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** What a channel's name stands for. */
export interface AllowedChannel {
  readonly name: string;
  readonly match: Match<AnyChannel>;
}

/**
 * Finds a channel, and whether somebody may do something with it.
 *
 * @throws RealtimeError `not-found`, `wrong-kind`, `forbidden`, `timeout`; what `authorize` throws
 */
export async function allowedChannel(
  services: Services,
  user: RealtimeUser,
  name: string,
  action: Action,
  kind?: AnyChannel["kind"],
): Promise<AllowedChannel> {
  const match = services.contract.channelOf(name);
  if (match === undefined) throw new RealtimeError("not-found", `there is no channel ${JSON.stringify(name)}`);
  if (kind !== undefined && match.value.kind !== kind) {
    throw new RealtimeError("wrong-kind", `${JSON.stringify(name)} is a ${match.value.kind}, and not a ${kind}`);
  }
  if (!(await isAllowed(services, user, { name, match }, action))) {
    throw new RealtimeError("forbidden", `${action} is not allowed on ${JSON.stringify(name)}`);
  }
  return { name, match };
}

/** Whether somebody may do something with a channel. */
export async function isAllowed(
  services: Services,
  user: RealtimeUser,
  { name, match }: AllowedChannel,
  action: Action,
): Promise<boolean> {
  if (services.authorize === undefined) return true;
  const decision = services.authorize.get(match.pattern)?.(user, match.params, action, name) ?? false;
  // Only `true` lets in: a function that forgot to answer has not said yes.
  if (typeof decision === "boolean") return decision;
  return (await inTime(services, Promise.resolve(decision), services.limits.decisionTimeoutMs)) === true;
}

/** Whether somebody may make a call. */
export async function mayCall(services: Services, user: RealtimeUser, name: string, input: unknown): Promise<boolean> {
  if (services.authorizeCall === undefined) return true;
  const decision = services.authorizeCall(user, input, name);
  if (typeof decision === "boolean") return decision;
  return (await inTime(services, Promise.resolve(decision), services.limits.decisionTimeoutMs)) === true;
}
