/**
 * Pings on their way, matched with the pongs that answer them.
 */
import type { CloseReport } from "../protocol/index.js";
import type { Clock } from "../transport/index.js";
import { ConnectionClosedError } from "./errors.js";

interface PingUnderWay {
  readonly number: number;
  readonly sentAtMs: number;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** Octets of a payload: the ping's number, so that an unsolicited pong is told from an answer. */
const payloadBytes = 4;

/** See the head of this file. */
export class PingTracker {
  readonly #clock: Clock;
  #underWay: PingUnderWay[] = [];
  #lastNumber = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes a ping that is about to be sent.
   *
   * @returns the payload to send, and the promise of its round trip in milliseconds
   */
  begin(): { readonly payload: Uint8Array; readonly roundTrip: Promise<number> } {
    const number = (this.#lastNumber = (this.#lastNumber + 1) >>> 0);
    const payload = new Uint8Array(payloadBytes);
    new DataView(payload.buffer).setUint32(0, number);
    const roundTrip = new Promise<number>((resolve, reject) => {
      this.#underWay.push({ number, sentAtMs: this.#clock.now(), resolve, reject });
    });
    // Whoever only wants the ping sent may leave the promise alone.
    roundTrip.catch(() => undefined);
    return { payload, roundTrip };
  }

  /**
   * A pong came. RFC 6455 §5.5.3: a peer may "elect to send a Pong frame for only the most recently processed Ping
   * frame", so that a pong answers the earlier pings, too.
   *
   * @returns the round trip of the ping that it answers, in milliseconds; undefined where it answers none
   */
  pong(bytes: Uint8Array, start: number, end: number): number | undefined {
    if (end - start !== payloadBytes || this.#underWay.length === 0) return undefined;
    const number = new DataView(bytes.buffer, bytes.byteOffset + start, payloadBytes).getUint32(0);
    const index = this.#underWay.findIndex((ping) => ping.number === number);
    if (index === -1) return undefined;
    const now = this.#clock.now();
    let roundTripMs = 0;
    for (const ping of this.#underWay.splice(0, index + 1)) {
      roundTripMs = now - ping.sentAtMs;
      ping.resolve(roundTripMs);
    }
    return roundTripMs;
  }

  /** No pong will come any more. */
  end(report: CloseReport): void {
    const underWay = this.#underWay;
    this.#underWay = [];
    for (const ping of underWay) ping.reject(new ConnectionClosedError("the pong arrived", report));
  }
}
