/**
 * What sockets run on, as the real-time layer wants it.
 */
import { prepareMessage } from "../socket/index.js";
import type { Platform } from "../transport/index.js";
import type { RealtimePlatform } from "./server/index.js";

// As many as nobody guesses, and two processes never draw alike.
const idBytes = 15;

/** How time is told, where it is not the platform's own way. */
export interface RealtimeClock {
  /** Unix time in milliseconds. */
  unixMs(): number;
  /** A timer that does not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): { cancel(): void };
}

/** Makes the platform of a real-time server of that of its sockets. */
export function createRealtimePlatform(platform: Platform, clock: RealtimeClock): RealtimePlatform {
  return {
    now: () => platform.clock.now(),
    unixMs: () => clock.unixMs(),
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
    randomId: () => Buffer.from(platform.randomBytes(idBytes)).toString("base64url"),
    reportError: (error, during) => platform.reportError(error, during),
    prepare: (data) => prepareMessage(data, platform.text),
    atTurnEnd: (callback) => platform.turns.schedule({ flush: callback }),
  };
}

/** Node's own time. */
export const nodeClock: RealtimeClock = {
  unixMs: () => Date.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
