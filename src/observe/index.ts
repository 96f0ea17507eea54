/**
 * What happens, as events of `node:diagnostics_channel`.
 */
export { clientObserver, serverObserver } from "./channel-observer.js";
export type {
  BackpressureEvent,
  BytesEvent,
  ChannelEvent,
  ChannelName,
  CloseEvent,
  ConnectionEvent,
  HandshakeRefusedEvent,
  LimitEvent,
  MessageEvent,
  ObservedEvents,
  RoundTripEvent,
} from "./events.js";
export { channelNames } from "./events.js";
export { observe } from "./observe.js";
