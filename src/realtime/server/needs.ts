/**
 * What a contract and the limits beside it want of an engine.
 */
import type { AnyChannel, Contract } from "../contract/index.js";
import type { ChannelNeeds, EngineNeeds, Wish } from "../engines/index.js";
import { callLeaseMs } from "./incoming-calls.js";
import type { RealtimeLimits, ResolvedLimits } from "./limits.js";
import type { PlainCallHandler } from "./options.js";
import { retentionOf } from "./publishing.js";

/**
 * @param limits those in force
 * @param given what the application has said
 */
export function needsOf(
  { definition }: Contract,
  limits: ResolvedLimits,
  given: {
    readonly limits?: RealtimeLimits | undefined;
    readonly calls?: Readonly<Record<string, PlainCallHandler<unknown>>> | undefined;
  },
): EngineNeeds {
  const wish = (name: keyof RealtimeLimits): Wish => ({
    value: limits[name],
    isChosen: given.limits?.[name] !== undefined,
  });
  const { idempotencyWindowMs } = limits;
  const hasCalls = Object.keys(given.calls ?? {}).length > 0;
  return {
    channels: Object.entries(definition.channels ?? {}).map(([pattern, channel]) =>
      channelNeeds(pattern, channel, limits),
    ),
    maxMessageBytes: wish("maxMessageBytes"),
    maxPresenceBytes: wish("maxPresenceBytes"),
    maxLogBytes: wish("maxLogBytes"),
    publishWindowMs: idempotencyWindowMs,
    callWindowMs: hasCalls ? Math.max(idempotencyWindowMs, callLeaseMs) : undefined,
  };
}

function channelNeeds(pattern: string, channel: AnyChannel, limits: ResolvedLimits): ChannelNeeds {
  const { kind } = channel;
  switch (kind) {
    case "log": {
      const { count, ageMs } = retentionOf(channel.retain, limits);
      return { kind, pattern, isDurable: channel.durable, count, ageMs };
    }
    case "state":
      return { kind, pattern, isDurable: channel.durable };
    case "signal":
      return { kind, pattern };
    case "media":
      return { kind, pattern, groupBytesMax: channel.groupBytesMax };
  }
}
