/**
 * Publishes on diagnostics channels what an observer is told.
 *
 * While a channel has no subscriber, what it would be told is undefined: asking for that is all it costs then.
 */
import type { Channel } from "node:diagnostics_channel";
import { channel } from "node:diagnostics_channel";
import type { Role } from "../protocol/index.js";
import type { AnySocket, Observer } from "../socket/index.js";
import type { MessageEvent, ObservedEvents } from "./events.js";
import { channelName } from "./events.js";

type Publish<Event> = (event: Event) => void;

/** One channel, with the type of its events. */
function open<What extends keyof ObservedEvents>(
  role: Role,
  what: What,
): readonly [Channel, Publish<ObservedEvents[What]>] {
  const opened = channel(channelName(role, what));
  return [opened, (event) => opened.publish(event)];
}

type TellMessage = NonNullable<Observer["sent"]>;

function messageTeller(publish: Publish<MessageEvent>): TellMessage {
  return (socket, type, byteLength, isCompressed) => publish({ socket, type, byteLength, isCompressed });
}

/** Makes the observer of one end of connections. */
function createObserver(role: Role): Observer {
  const [connections, publishConnection] = open(role, "connection");
  const [refusals, publishRefusal] = open(role, "handshake-refused");
  const [received, publishReceived] = open(role, "message-received");
  const [sent, publishSent] = open(role, "message-sent");
  const [roundTrips, publishRoundTrip] = open(role, "round-trip");
  const [backpressure, publishBackpressure] = open(role, "backpressure");
  const [limits, publishLimit] = open(role, "limit");
  const [closes, publishClose] = open(role, "close");

  const tellOpened = (socket: AnySocket): void => publishConnection({ socket });
  const tellReceived = messageTeller(publishReceived);
  const tellSent = messageTeller(publishSent);
  const tellRoundTrip: Observer["roundTrip"] = (socket, roundTripMs) => publishRoundTrip({ socket, roundTripMs });
  const tellBackpressure: Observer["backpressure"] = (socket, isOn) =>
    publishBackpressure({ socket, isOn, bufferedBytes: socket.bufferedBytes });
  const tellLimit: Observer["limit"] = (rule, socket) => publishLimit({ rule, socket });
  const tellClosed: Observer["closed"] = (socket, report) => publishClose({ socket, report });

  return {
    get opened() {
      return connections.hasSubscribers ? tellOpened : undefined;
    },
    get refused() {
      return refusals.hasSubscribers ? publishRefusal : undefined;
    },
    get received() {
      return received.hasSubscribers ? tellReceived : undefined;
    },
    get sent() {
      return sent.hasSubscribers ? tellSent : undefined;
    },
    get roundTrip() {
      return roundTrips.hasSubscribers ? tellRoundTrip : undefined;
    },
    get backpressure() {
      return backpressure.hasSubscribers ? tellBackpressure : undefined;
    },
    get limit() {
      return limits.hasSubscribers ? tellLimit : undefined;
    },
    get closed() {
      return closes.hasSubscribers ? tellClosed : undefined;
    },
  };
}

/** Publishes what happens to servers. */
export const serverObserver: Observer = createObserver("server");

/** Publishes what happens to clients. */
export const clientObserver: Observer = createObserver("client");
