/**
 * What a real-time server is made of, from what an application says.
 */
import { type Contract, contract as declare, log } from "../contract/index.js";
import { memory } from "../engines/index.js";
import { jsonCodec } from "../wire/index.js";
import { Channels } from "./channels.js";
import type { RealtimePlatform } from "./connection.js";
import type { Interest } from "./interest.js";
import { resolveRealtimeLimits } from "./limits.js";
import { needsOf } from "./needs.js";
import type {
  AuthorizeChannel,
  AuthorizePlainCall,
  CommonOptions,
  PlainCallHandler,
  PlainRealtimeOptions,
} from "./options.js";
import { Presences } from "./presences.js";
import type { RealtimeParts } from "./realtime.js";
import type { Services } from "./services.js";
import { UserRates } from "./user-rates.js";
import { UserSessions } from "./user-sessions.js";

type AnyAuthorize = AuthorizeChannel<unknown, Readonly<Record<string, string>>>;

/** What `realtimeParts` needs to know, whatever the types of the contract were. */
export interface AnyRealtimeOptions extends CommonOptions<unknown> {
  readonly authorize?: Readonly<Record<string, AnyAuthorize | undefined>> | undefined;
  readonly authorizeCalls?:
    | Readonly<Record<string, AuthorizePlainCall<unknown> | undefined>>
    | AuthorizePlainCall<unknown>
    | undefined;
  readonly interest?: Readonly<Record<string, Interest | undefined>> | undefined;
  readonly calls?: Readonly<Record<string, PlainCallHandler<unknown>>> | undefined;
}

// The name that stands for all names where there is no contract.
const anyName = "{name}";

/** A contract in which every name is the same channel, and calls are what they are. */
function anyContract({ channel = log() }: PlainRealtimeOptions<unknown>): Contract {
  const definition = { channels: { [anyName]: channel } };
  return { ...declare({}), definition, channelOf: (name) => ({ pattern: anyName, value: channel, params: { name } }) };
}

/** What a server without a contract is made of. */
export function plainParts(platform: RealtimePlatform, options: PlainRealtimeOptions<unknown>): RealtimeParts {
  const { authorize, ...rest } = options;
  const byPattern = authorize === undefined ? undefined : { [anyName]: authorize };
  return realtimeParts(platform, anyContract(options), { ...rest, authorize: byPattern });
}

/**
 * What a server is made of.
 *
 * @throws RangeError for a limit that is none; TypeError for a call of the contract that has no handler, or a pattern in
 *   `authorize`, or a call in `authorizeCalls`, that the contract does not have, or one in `interest` that is no state
 */
export function realtimeParts(platform: RealtimePlatform, api: Contract, options: AnyRealtimeOptions): RealtimeParts {
  const contract: Contract = { ...api, channelOf: (name) => (isReserved(name) ? undefined : api.channelOf(name)) };
  const limits = resolveRealtimeLimits(options.limits ?? {});
  const calls = new Map(Object.entries(options.calls ?? {}));
  for (const name of Object.keys(api.definition.calls ?? {})) {
    if (!calls.has(name)) throw new TypeError(`the call ${JSON.stringify(name)} has no handler`);
  }
  const engine = options.engine ?? memory();
  const report = options.error ?? ((error, during) => platform.reportError(error, during));
  const presences = new Presences(engine, platform, limits, report);
  const interests = interestByPattern(api, options.interest ?? {});
  const services: Services = {
    ...{ contract, engine, platform, limits, presences, interests, calls, report },
    channels: new Channels({ engine, platform, limits, interests, report }),
    rates: new UserRates(platform, limits),
    users: new UserSessions(),
    authenticate: options.authenticate,
    authorize: options.authorize === undefined ? undefined : authorizeByPattern(api, options.authorize),
    authorizeCall: authorizeByCall(api, options.authorizeCalls),
    lingering: new Set(),
    parting: {},
  };
  const agree = async (): Promise<void> => {
    const grant = await engine.check?.(needsOf(api, limits, options));
    if (grant !== undefined) limits.maxMessageBytes = Math.min(limits.maxMessageBytes, grant.maxMessageBytes);
  };
  return { services, codecs: [jsonCodec, ...(options.codecs ?? [])], agree };
}

/** Names that nodes have for what is between them. Whoever could publish there could speak for them. */
function isReserved(name: string): boolean {
  return name.startsWith("\u0000");
}

function authorizeByPattern(
  api: Contract,
  authorize: Readonly<Record<string, AnyAuthorize | undefined>>,
): ReadonlyMap<string, AnyAuthorize> {
  const byPattern = new Map<string, AnyAuthorize>();
  for (const [pattern, decide] of Object.entries(authorize)) {
    // A pattern that was misspelt would leave its channel closed, and nobody would know why.
    if (pattern !== anyName && !Object.hasOwn(api.definition.channels ?? {}, pattern)) {
      throw new TypeError(`authorize: the contract has no channel ${JSON.stringify(pattern)}`);
    }
    if (decide !== undefined) byPattern.set(pattern, decide);
  }
  return byPattern;
}

function interestByPattern(
  api: Contract,
  interest: Readonly<Record<string, Interest | undefined>>,
): ReadonlyMap<string, Interest> {
  const byPattern = new Map<string, Interest>();
  const channels = new Map(Object.entries(api.definition.channels ?? {}));
  for (const [pattern, part] of Object.entries(interest)) {
    // Where it was misspelt, everybody would see everything.
    if (channels.get(pattern)?.kind !== "state") {
      throw new TypeError(`interest: the contract has no state ${JSON.stringify(pattern)}`);
    }
    if (part !== undefined) byPattern.set(pattern, part);
  }
  return byPattern;
}

function authorizeByCall(
  api: Contract,
  authorize: AnyRealtimeOptions["authorizeCalls"],
): AuthorizePlainCall<unknown> | undefined {
  if (authorize === undefined || typeof authorize === "function") return authorize;
  for (const name of Object.keys(authorize)) {
    if (api.callOf(name) === undefined) {
      throw new TypeError(`authorizeCalls: the contract has no call ${JSON.stringify(name)}`);
    }
  }
  const byName = new Map(Object.entries(authorize));
  return (user, input, name) => byName.get(name)?.(user, input, name) ?? false;
}
