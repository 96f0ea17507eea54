/**
 * What a memory engine can promise, and what not.
 */
import {
  durableChannels,
  type EngineGrant,
  type EngineNeeds,
  patternsOf,
  refuseUnmet,
  type Unmet,
  unmetSizes,
} from "../needs.js";

/** @throws EngineError "not-guaranteed" */
export function checkNeeds(
  needs: EngineNeeds,
  { maxBytes, isJournaled }: { readonly maxBytes: number; readonly isJournaled: boolean },
): EngineGrant {
  const { channels, maxLogBytes } = needs;
  const gives = `all that memory() keeps has ${maxBytes} (maxBytes)`;
  const change = "raise maxBytes, or ask for less";
  const unmet: Unmet[] = [...unmetSizes(needs, { maxBytes, gives, change })];
  const durable = durableChannels(needs);
  if (durable.length > 0 && !isJournaled) {
    unmet.push({
      of: patternsOf(durable),
      wants: "to outlast a restart (durable)",
      gives: "memory() has no journal",
      change: "give it one (fileJournal), take another engine, or leave out durable",
    });
  }
  const logs = channels.filter(({ kind }) => kind === "log");
  if (logs.length > 0 && maxLogBytes.isChosen && maxLogBytes.value > maxBytes) {
    unmet.push({ of: "limits.maxLogBytes", wants: `${maxLogBytes.value} octets for each log`, gives, change });
  }
  for (const channel of channels) {
    if (channel.kind !== "media" || channel.groupBytesMax <= maxBytes) continue;
    const { groupBytesMax } = channel;
    unmet.push({ of: patternsOf([channel]), wants: `groups of ${groupBytesMax} octets`, gives, change });
  }
  refuseUnmet("memory()", unmet);
  return { maxMessageBytes: maxBytes };
}
