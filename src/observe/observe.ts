/**
 * Subscribing with types.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ChannelEvent, ChannelName } from "./events.js";

/**
 * Subscribes to a channel of this package, as `subscribe` of `node:diagnostics_channel` does, with the type of its events.
 * It holds for all servers, or clients, of the process, also for connections that are open already.
 *
 * @param name one of `channelNames`: `openline:server:close`
 * @param listener called within whatever it tells of: it should be quick. What it throws ends the process, as Node has it
 *   for these channels
 * @returns what ends the subscription
 */
export function observe<Name extends ChannelName>(
  name: Name,
  listener: (event: ChannelEvent<Name>) => void,
): () => void {
  // On these channels nobody else publishes.
  const receive = (event: unknown): void => listener(event as ChannelEvent<Name>);
  subscribe(name, receive);
  return () => {
    unsubscribe(name, receive);
  };
}
