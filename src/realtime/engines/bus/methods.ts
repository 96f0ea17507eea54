/**
 * What of an engine can be reached over the bus. Both ends take their types from here.
 */
import type {
  CallClaim,
  CallOutcome,
  Engine,
  EngineGrant,
  EngineHealth,
  EngineNeeds,
  EngineSubscription,
  Idempotency,
  LogEngine,
  LogTail,
  MediaEngine,
  MediaTail,
  PresenceEngine,
  SignalEngine,
  StateEngine,
  StateWatch,
} from "../index.js";
import { setMany } from "../index.js";

/** Requests that are answered once. */
export interface BusRequests {
  readonly health: () => Promise<EngineHealth>;
  readonly check: (needs: EngineNeeds) => Promise<EngineGrant | undefined>;
  readonly "logs.append": LogEngine["append"];
  readonly "logs.read": LogEngine["read"];
  readonly "logs.bounds": LogEngine["bounds"];
  readonly "states.set": StateEngine["set"];
  readonly "states.delete": StateEngine["delete"];
  readonly "states.setMany": NonNullable<StateEngine["setMany"]>;
  readonly "states.snapshot": StateEngine["snapshot"];
  readonly "states.changesSince": StateEngine["changesSince"];
  readonly "signals.send": SignalEngine["send"];
  readonly "media.append": MediaEngine["append"];
  /** A claim is known by the id of the request that claimed it. */
  readonly "calls.renew": (claim: number) => Promise<boolean>;
  readonly "calls.complete": (claim: number, outcome: CallOutcome) => Promise<boolean>;
  readonly "calls.release": (claim: number) => Promise<void>;
  readonly "presence.beat": PresenceEngine["beat"];
  readonly "presence.put": PresenceEngine["put"];
  readonly "presence.dropNode": PresenceEngine["dropNode"];
  readonly "presence.list": PresenceEngine["list"];
}

/** What comes of claiming a call, as far as it can be sent. */
export interface SentClaim {
  readonly status: CallClaim["status"];
  /** Of a call that has been run. */
  readonly outcome: CallOutcome | undefined;
}

/** Requests that go on until they are stopped, with what they resolve to beside the way to stop them. */
export interface BusFollows {
  readonly "logs.tail": (channel: string) => Promise<Omit<LogTail, "stop">>;
  readonly "states.watch": (channel: string) => Promise<Omit<StateWatch, "stop">>;
  readonly "signals.listen": (channel: string) => Promise<object>;
  readonly "media.tail": (channel: string) => Promise<Omit<MediaTail, "stop">>;
  readonly "presence.watch": (channel: string) => Promise<object>;
  /** Followed, since what comes of somebody else's call may be waited for. */
  readonly "calls.claim": (idempotency: Idempotency, leaseMs: number) => Promise<SentClaim>;
}

/** The name of a request. */
export type RequestName = keyof BusRequests;
/** The name of something that is followed. */
export type FollowName = keyof BusFollows;

/** A call that may be run now. */
export type HeldClaim = Extract<CallClaim, { status: "claimed" }>;
/** What has been claimed over the bus, by the id of the request that claimed it. */
export type Claimed = Map<number, HeldClaim>;

/** Tells whoever follows: calls a method of its sink. */
export type Tell = (name: string, ...args: readonly unknown[]) => void;

type Doing<Method extends (...args: never) => unknown, Context> = (
  engine: Engine,
  context: Context,
  ...args: Parameters<Method>
) => ReturnType<Method>;

/** How requests are done where the engine is. */
export const requests: { readonly [Name in RequestName]: Doing<BusRequests[Name], Claimed> } = {
  health: async (engine) => await Promise.resolve(engine.health()),
  check: async (engine, _claimed, needs) => await engine.check?.(needs),
  "logs.append": (engine, _claimed, ...args) => engine.logs.append(...args),
  "logs.read": (engine, _claimed, ...args) => engine.logs.read(...args),
  "logs.bounds": (engine, _claimed, ...args) => engine.logs.bounds(...args),
  "states.set": (engine, _claimed, ...args) => engine.states.set(...args),
  "states.delete": (engine, _claimed, ...args) => engine.states.delete(...args),
  "states.setMany": (engine, _claimed, ...args) => setMany(engine.states, ...args),
  "states.snapshot": (engine, _claimed, ...args) => engine.states.snapshot(...args),
  "states.changesSince": (engine, _claimed, ...args) => engine.states.changesSince(...args),
  "signals.send": (engine, _claimed, ...args) => engine.signals.send(...args),
  "media.append": (engine, _claimed, ...args) => engine.media.append(...args),
  // What is not held any more has been completed or released, and is not to be done again.
  "calls.renew": async (_engine, claimed, claim) => {
    const isHeld = (await claimed.get(claim)?.renew()) ?? false;
    // Somebody else may have it now, and whoever had it will not come back for it.
    if (!isHeld) claimed.delete(claim);
    return isHeld;
  },
  "calls.complete": async (_engine, claimed, claim, outcome) => {
    const isKept = (await claimed.get(claim)?.complete(outcome)) ?? false;
    claimed.delete(claim);
    return isKept;
  },
  "calls.release": async (_engine, claimed, claim) => {
    await claimed.get(claim)?.release();
    claimed.delete(claim);
  },
  "presence.beat": (engine, _claimed, ...args) => engine.presence.beat(...args),
  "presence.put": (engine, _claimed, ...args) => engine.presence.put(...args),
  "presence.dropNode": (engine, _claimed, ...args) => engine.presence.dropNode(...args),
  "presence.list": (engine, _claimed, ...args) => engine.presence.list(...args),
};

/** What somebody follows where the engine is. Only what `BusFollows` says is sent. */
export interface Following extends EngineSubscription {
  readonly held?: HeldClaim | undefined;
}

type FollowDoing<Name extends FollowName> = (
  engine: Engine,
  tell: Tell,
  ...args: Parameters<BusFollows[Name]>
) => Promise<Awaited<ReturnType<BusFollows[Name]>> & Following>;

/** How what is followed is followed where the engine is. */
export const follows: { readonly [Name in FollowName]: FollowDoing<Name> } = {
  "logs.tail": (engine, tell, channel) =>
    engine.logs.tail(channel, {
      message: (entry) => tell("message", entry),
      reset: (reason, bounds) => tell("reset", reason, bounds),
    }),
  "states.watch": (engine, tell, channel) =>
    engine.states.watch(channel, {
      changed: (change) => tell("changed", change),
      reset: (epoch, position) => tell("reset", epoch, position),
    }),
  "signals.listen": (engine, tell, channel) => engine.signals.listen(channel, (signal) => tell("receive", signal)),
  "media.tail": (engine, tell, channel) => engine.media.tail(channel, (frame) => tell("receive", frame)),
  "presence.watch": (engine, tell, channel) =>
    engine.presence.watch(channel, {
      came: (presence, count) => tell("came", presence, count),
      left: (user, count) => tell("left", user, count),
    }),
  "calls.claim": async (engine, tell, idempotency, leaseMs) => {
    const claim = await engine.calls.claim(idempotency, leaseMs);
    if (claim.status === "running") {
      claim.outcome.then(
        (outcome) => tell("ended", outcome),
        // Nobody knows what came of it.
        () => tell("ended", undefined),
      );
    }
    return {
      status: claim.status,
      outcome: claim.status === "done" ? claim.outcome : undefined,
      held: claim.status === "claimed" ? claim : undefined,
      // What comes of somebody else's call comes once.
      stop: () => undefined,
    };
  },
};
