/**
 * One TCP connection out of several addresses: Happy Eyeballs (RFC 8305).
 *
 * Addresses of both families take turns. An attempt that has not succeeded after a delay is left running while the next
 * begins; one that has failed is followed by the next at once. The first connection wins, and the others are cut.
 *
 * `net.connect` has something of the kind (`autoSelectFamily`), which gives each attempt up when its delay is over, so
 * that a server farther away than that is never reached.
 */
import type { LookupAddress } from "node:dns";
import type { Socket as TcpSocket } from "node:net";
import { connect as connectTcp } from "node:net";
import type { Clock, Timer } from "../../platform.js";
import type { OpenedSockets } from "./opened-sockets.js";
import { settling } from "./settling.js";

/** RFC 8305 §5: "A recommended value for a default delay is 250 milliseconds." */
export const defaultAttemptDelayMs = 250;

/** How addresses are connected to. */
export interface RaceOptions {
  /** From 1 to 65535. */
  readonly port: number;
  /** Milliseconds after which the next attempt begins beside one that has not succeeded. */
  readonly attemptDelayMs: number;
  /** Where connections come from. */
  readonly localAddress: string | undefined;
  readonly clock: Clock;
}

/**
 * RFC 8305 §4: "If the first address in the list is IPv6, the client SHOULD interleave it with IPv4 addresses", and the
 * other way round.
 */
export function interleave(addresses: readonly LookupAddress[]): LookupAddress[] {
  const preferred = addresses[0]?.family;
  const first = addresses.filter(({ family }) => family === preferred);
  const second = addresses.filter(({ family }) => family !== preferred);
  const ordered: LookupAddress[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    ordered.push(...first.slice(index, index + 1), ...second.slice(index, index + 1));
  }
  return ordered;
}

/**
 * Connects to one of some addresses.
 *
 * @param addresses at least one, in the order of the look-up
 * @param opened knows every socket until it is cut
 * @returns the connected socket, which `opened` still knows
 * @throws the system's error for a single address, an `AggregateError` that lists all for several, or the signal's reason
 */
export function race(
  addresses: readonly LookupAddress[],
  options: RaceOptions,
  opened: OpenedSockets,
  signal: AbortSignal,
): Promise<TcpSocket> {
  const { port, attemptDelayMs, localAddress, clock } = options;
  const waiting = interleave(addresses);
  return settling(signal, (resolve, reject) => {
    const running = new Map<TcpSocket, () => void>();
    const errors: Error[] = [];
    let timer: Timer | undefined;

    const begin = (): void => {
      timer?.cancel();
      timer = undefined;
      const next = waiting.shift();
      if (next === undefined) {
        if (running.size === 0) reject(summary(errors));
        return;
      }
      const { address, family } = next;
      const from = localAddress !== undefined && { localAddress };
      // Half-open, since a server that ends its side may still be owed an answer.
      const socket = opened.add(connectTcp({ host: address, port, family, ...from, allowHalfOpen: true }));
      const onConnect = (): void => {
        forget(socket);
        resolve(socket);
      };
      const onError = (error: Error): void => {
        forget(socket);
        opened.discard(socket);
        errors.push(error);
        begin();
      };
      socket.once("connect", onConnect);
      socket.once("error", onError);
      running.set(socket, () => {
        socket.off("connect", onConnect);
        socket.off("error", onError);
      });
      if (waiting.length > 0) timer = clock.setTimer(begin, attemptDelayMs);
    };
    const forget = (socket: TcpSocket): void => {
      running.get(socket)?.();
      running.delete(socket);
    };

    begin();
    return () => {
      timer?.cancel();
      for (const socket of [...running.keys()]) {
        forget(socket);
        opened.discard(socket);
      }
    };
  });
}

/** Every address and its reason: which of them should have been reached only the reader can tell. */
function summary(errors: readonly Error[]): Error {
  const [first, ...others] = errors;
  if (first !== undefined && others.length === 0) return first;
  const reasons = errors.map(({ message }) => message).join("; ");
  return Object.assign(new AggregateError(errors, `none of ${String(errors.length)} addresses: ${reasons}`), {
    code: (first as NodeJS.ErrnoException | undefined)?.code,
  });
}
