/**
 * One connection in a CONNECTING state to each host and port (RFC 6455 §4.1): "If the client already has a WebSocket
 * connection to the remote host ... identified by /host/ and port /port/ pair ..., the client MUST wait until that
 * connection has been established or for that connection to have failed."
 *
 * A host is known by its name here: who its addresses belong to is found out while dialing, perhaps by a proxy, and "if
 * the client cannot determine the IP address of the remote host ..., then the client MUST assume ... that each host name
 * refers to a distinct remote host". Whoever is connecting has a deadline for that (`handshakeTimeoutMs`), so that nobody
 * waits for ever; who gives up while waiting leaves at once.
 */

/** Those who wait to connect to one host, the first of them next. */
type Line = Set<() => void>;

/** See the head of this file. */
export class Connecting {
  readonly #lines = new Map<string, Line>();

  /**
   * Waits until nobody else is connecting to this host and port.
   *
   * @param signal gives up when it is aborted
   * @returns what to call when the connection is established or has failed; more than once does no harm
   * @throws the signal's reason
   */
  async enter(url: URL, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    // RFC 6455 §3: the ports that go without saying.
    const port = url.port === "" ? (url.protocol === "wss:" ? "443" : "80") : url.port;
    const key = `${url.hostname}:${port}`;
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, new Set());
    else await wait(line, signal);
    let hasLeft = false;
    return () => {
      if (!hasLeft) this.#leave(key);
      hasLeft = true;
    };
  }

  #leave(key: string): void {
    const line = this.#lines.get(key);
    const [next] = line ?? [];
    if (line === undefined || next === undefined) {
      this.#lines.delete(key);
    } else {
      line.delete(next);
      next();
    }
  }
}

function wait(line: Line, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      line.delete(enter);
      reject(signal.reason as Error);
    };
    const enter = (): void => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    line.add(enter);
  });
}
