/**
 * Publishes on diagnostics channels what an observer is told.
 *
 * While a channel has no subscriber, what it would be told is undefined: asking for that is all it costs then. It is a
 * class, and not an object with closures for getters, of which engines make a slow table when there is a second one.
 */
import type { Channel } from "node:diagnostics_channel";
import { channel } from "node:diagnostics_channel";
import type { Role } from "../protocol/index.js";
import type { Observer } from "../socket/index.js";
import type { ObservedEvents } from "./events.js";
import { channelName } from "./events.js";

type Tell<Part extends keyof Observer> = NonNullable<Observer[Part]>;

/** One channel, and what publishes there. */
class Teller<Method> {
  readonly #channel: Channel;
  readonly #tell: Method;

  constructor(channel: Channel, tell: Method) {
    this.#channel = channel;
    this.#tell = tell;
  }

  /** Undefined while nobody subscribes. */
  get current(): Method | undefined {
    return this.#channel.hasSubscribers ? this.#tell : undefined;
  }
}

/** Makes a teller of the events of one channel. */
function teller<What extends keyof ObservedEvents, Method>(
  role: Role,
  what: What,
  make: (publish: (event: ObservedEvents[What]) => void) => Method,
): Teller<Method> {
  const target = channel(channelName(role, what));
  return new Teller(
    target,
    make((event) => target.publish(event)),
  );
}

/** The observer of one end of connections. */
class ChannelObserver implements Observer {
  readonly #opened: Teller<Tell<"opened">>;
  readonly #refused: Teller<Tell<"refused">>;
  readonly #received: Teller<Tell<"received">>;
  readonly #sent: Teller<Tell<"sent">>;
  readonly #bytesReceived: Teller<Tell<"bytesReceived">>;
  readonly #bytesSent: Teller<Tell<"bytesSent">>;
  readonly #roundTrip: Teller<Tell<"roundTrip">>;
  readonly #backpressure: Teller<Tell<"backpressure">>;
  readonly #limit: Teller<Tell<"limit">>;
  readonly #closed: Teller<Tell<"closed">>;

  constructor(role: Role) {
    this.#opened = teller(role, "connection", (publish) => (socket) => publish({ socket }));
    this.#refused = teller(role, "handshake-refused", (publish) => publish);
    this.#received = teller(
      role,
      "message-received",
      (publish) => (socket, type, byteLength, isCompressed) => publish({ socket, type, byteLength, isCompressed }),
    );
    this.#sent = teller(
      role,
      "message-sent",
      (publish) => (socket, type, byteLength, isCompressed) => publish({ socket, type, byteLength, isCompressed }),
    );
    this.#bytesReceived = teller(
      role,
      "bytes-received",
      (publish) => (socket, byteLength) => publish({ socket, byteLength }),
    );
    this.#bytesSent = teller(role, "bytes-sent", (publish) => (socket, byteLength) => publish({ socket, byteLength }));
    this.#roundTrip = teller(
      role,
      "round-trip",
      (publish) => (socket, roundTripMs) => publish({ socket, roundTripMs }),
    );
    this.#backpressure = teller(
      role,
      "backpressure",
      (publish) => (socket, isOn) => publish({ socket, isOn, bufferedBytes: socket.bufferedBytes }),
    );
    this.#limit = teller(role, "limit", (publish) => (rule, socket) => publish({ rule, socket }));
    this.#closed = teller(role, "close", (publish) => (socket, report) => publish({ socket, report }));
  }

  get opened(): Tell<"opened"> | undefined {
    return this.#opened.current;
  }

  get refused(): Tell<"refused"> | undefined {
    return this.#refused.current;
  }

  get received(): Tell<"received"> | undefined {
    return this.#received.current;
  }

  get sent(): Tell<"sent"> | undefined {
    return this.#sent.current;
  }

  get bytesReceived(): Tell<"bytesReceived"> | undefined {
    return this.#bytesReceived.current;
  }

  get bytesSent(): Tell<"bytesSent"> | undefined {
    return this.#bytesSent.current;
  }

  get roundTrip(): Tell<"roundTrip"> | undefined {
    return this.#roundTrip.current;
  }

  get backpressure(): Tell<"backpressure"> | undefined {
    return this.#backpressure.current;
  }

  get limit(): Tell<"limit"> | undefined {
    return this.#limit.current;
  }

  get closed(): Tell<"closed"> | undefined {
    return this.#closed.current;
  }
}

/** Publishes what happens to servers. */
export const serverObserver: Observer = new ChannelObserver("server");

/** Publishes what happens to clients. */
export const clientObserver: Observer = new ChannelObserver("client");
