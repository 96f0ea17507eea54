/**
 * Asking a proxy for a tunnel: octets go back and forth until there is one. What they mean is a `Negotiation`'s, which
 * does no I/O; this drives one over a socket.
 */
import type { Socket as TcpSocket } from "node:net";
import type { ProxyFailure } from "./proxy-error.js";
import { ProxyError } from "./proxy-error.js";
import { settling } from "./settling.js";

/** Where a negotiation is after some octets. */
export type NegotiationStep =
  | { readonly kind: "more" }
  /** There is a tunnel, and `rest` came through it already. */
  | { readonly kind: "open"; readonly rest: Uint8Array }
  | { readonly kind: "failed"; readonly failure: ProxyFailure };

/** One way of asking a proxy for a tunnel, without I/O. */
export interface Negotiation {
  /** What is sent first. */
  readonly opening: Uint8Array;
  /**
   * Takes octets of the proxy, cut anywhere.
   *
   * @param chunk not kept
   * @param send what has to be sent to go on
   */
  receive(chunk: Uint8Array, send: (octets: Uint8Array) => void): NegotiationStep;
}

/**
 * Has a tunnel made over a connected socket. Whoever calls this destroys the socket where it fails.
 *
 * @param proxy what errors call the proxy
 * @returns resolves when there is a tunnel; what came through it already is what the socket gives next
 * @throws ProxyError, or the signal's reason
 */
export function negotiate(
  socket: TcpSocket,
  negotiation: Negotiation,
  proxy: string,
  signal: AbortSignal,
): Promise<void> {
  return settling(signal, (resolve, reject) => {
    const fail = (failure: ProxyFailure): void => reject(new ProxyError(proxy, failure));
    const send = (octets: Uint8Array): void => void socket.write(octets);
    const read = (): void => {
      for (;;) {
        const chunk = socket.read() as Uint8Array | null;
        if (chunk === null) return;
        const step = negotiation.receive(chunk, send);
        if (step.kind === "more") continue;
        if (step.kind === "failed") {
          fail(step.failure);
          return;
        }
        // Whoever reads next must not miss what came with the proxy's last octets.
        if (step.rest.byteLength > 0) socket.unshift(step.rest);
        resolve();
        return;
      }
    };
    const onError = (cause: Error): void => fail({ code: "proxy-closed", cause });
    const onClose = (): void => fail({ code: "proxy-closed" });
    socket.on("readable", read);
    socket.on("error", onError);
    socket.on("end", onClose);
    socket.on("close", onClose);
    // It may have ended while nobody listened.
    if (socket.destroyed || socket.readableEnded) onClose();
    else {
      send(negotiation.opening);
      read();
    }
    return () => {
      socket.off("readable", read);
      socket.off("error", onError);
      socket.off("end", onClose);
      socket.off("close", onClose);
    };
  });
}
