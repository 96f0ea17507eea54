// What goes over the WebSockets of this process's servers, counted by openline's own events (docs/diagnostics.md).
import { observe } from "openline";

/** Totals since counting began. */
export interface Traffic {
  /** Open now. */
  readonly connections: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Octets of what messages held, without compression. */
  readonly contentIn: number;
  readonly contentOut: number;
  /** Octets of frames, as they went over the wire. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Nothing. */
export const NO_TRAFFIC: Traffic = {
  connections: 0,
  messagesIn: 0,
  messagesOut: 0,
  contentIn: 0,
  contentOut: 0,
  bytesIn: 0,
  bytesOut: 0,
};

/** The totals of several processes. */
export function addTraffic(some: Traffic, more: Traffic): Traffic {
  return {
    connections: some.connections + more.connections,
    messagesIn: some.messagesIn + more.messagesIn,
    messagesOut: some.messagesOut + more.messagesOut,
    contentIn: some.contentIn + more.contentIn,
    contentOut: some.contentOut + more.contentOut,
    bytesIn: some.bytesIn + more.bytesIn,
    bytesOut: some.bytesOut + more.bytesOut,
  };
}

/** Counts from now on, until it is stopped. It has to begin before the first connection. */
export class TrafficMeter {
  readonly #counted: { -readonly [Name in keyof Traffic]: Traffic[Name] } = { ...NO_TRAFFIC };
  readonly #stops: readonly (() => void)[];

  constructor() {
    const counted = this.#counted;
    this.#stops = [
      observe("openline:server:connection", () => {
        counted.connections += 1;
      }),
      observe("openline:server:close", () => {
        counted.connections -= 1;
      }),
      observe("openline:server:message-received", ({ byteLength }) => {
        counted.messagesIn += 1;
        counted.contentIn += byteLength;
      }),
      observe("openline:server:message-sent", ({ byteLength }) => {
        counted.messagesOut += 1;
        counted.contentOut += byteLength;
      }),
      observe("openline:server:bytes-received", ({ byteLength }) => {
        counted.bytesIn += byteLength;
      }),
      observe("openline:server:bytes-sent", ({ byteLength }) => {
        counted.bytesOut += byteLength;
      }),
    ];
  }

  /** What was counted until now. */
  get traffic(): Traffic {
    return { ...this.#counted };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
