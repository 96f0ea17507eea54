/**
 * A server without a port: takes byte streams that carry an upgrade request, decides, and keeps the sockets.
 */

import type { DeflateContext, HandshakeRequest, ServerExtension, UpgradeRequest } from "../protocol/index.js";
import {
  acceptExtensions,
  DeflateServerExtension,
  ExtensionChain,
  formatExtensions,
  readUpgradeRequest,
  writeCloseBody,
  writeRefusal,
  writeUpgradeResponse,
} from "../protocol/index.js";
import type { Observer, SocketContext } from "../socket/index.js";
import { createCompression, createSocketContext, rawHeadersOf, reportTo } from "../socket/index.js";
import type { ByteStream, Platform } from "../transport/index.js";
import type { Acceptance, AcceptDecision, IncomingRequest } from "./accept.js";
import { createIncomingRequest } from "./accept.js";
import type { DrainOptions } from "./drain.js";
import { Drain, resolveDrainOptions } from "./drain.js";
import type { ResolvedServerOptions, ServerOptions } from "./options.js";
import { resolveServerOptions } from "./options.js";
import { PendingUpgrade } from "./pending-upgrade.js";
import type { ReasonedRefusal } from "./refused.js";
import { tellRefused } from "./refused.js";
import type { ServerSocket, ServerSocketOwner } from "./server-socket.js";
import { ServerEndpoint } from "./server-socket.js";
import { SocketQueue } from "./socket-queue.js";
import { Topics } from "./topics.js";

/** A decision of this library's own, told in the words of the limit or state it comes from. */
function refusal(
  code: string,
  status: number,
  reasonPhrase: string,
  explanation: string,
  ...headers: readonly string[]
): ReasonedRefusal {
  return {
    code,
    status,
    reasonPhrase,
    headers: [...headers, "Content-Type", "text/plain; charset=utf-8"],
    body: latin1(`${explanation}\n`),
  };
}

// RFC 9110 §10.2.3. Another server takes its place, or this one again, but hardly within the same second.
const closing = refusal("server-closing", 503, "Service Unavailable", "The server is closing.", "Retry-After", "5");

/** See the head of this file. */
export class ServerCore<Data> implements ServerSocketOwner<Data> {
  readonly options: ResolvedServerOptions;
  readonly #given: ServerOptions<Data>;
  readonly #platform: Platform;
  readonly #context: SocketContext<Data>;
  /** What its sockets share to compress; undefined where nothing is compressed. */
  readonly compression: DeflateContext | undefined;
  readonly #extensions: readonly ServerExtension[];
  readonly #sockets = new Set<ServerEndpoint<Data>>();
  readonly topics: Topics<ServerEndpoint<Data>>;
  readonly #pending = new Set<PendingUpgrade>();
  /** Those who were refused and are not gone yet. */
  readonly #refused = new Set<PendingUpgrade>();
  /** Told when none of them is left. */
  #refusedGone: (() => void)[] = [];
  readonly #queue = new SocketQueue<ServerSocket<Data>>();
  #isClosing = false;

  /** @throws UsageError `invalid-limit`, `invalid-argument` */
  constructor(options: ServerOptions<Data>, platform: Platform, observer?: Observer) {
    this.#given = options;
    this.#platform = platform;
    this.options = resolveServerOptions(options);
    this.#context = createSocketContext("server", platform, this.options, options, observer);
    const { perMessageDeflate } = this.options;
    this.compression = createCompression(perMessageDeflate, platform);
    this.#extensions =
      this.compression === undefined || perMessageDeflate === undefined
        ? []
        : [new DeflateServerExtension(this.compression, perMessageDeflate.wanted)];
    this.topics = new Topics(platform, this.options);
  }

  /** The connections that are open or closing. */
  get sockets(): ReadonlySet<ServerSocket<Data>> {
    return this.#sockets;
  }

  ended(endpoint: ServerEndpoint<Data>, hasUnread: boolean): void {
    this.#sockets.delete(endpoint);
    this.topics.leave(endpoint);
    if (!hasUnread) this.#queue.remove(endpoint);
  }

  /** Whether `close` was called. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerSocket<Data>, undefined> {
    return this.#queue.iterate();
  }

  /**
   * Takes a stream whose upgrade request has been read, and answers it. Never throws: what goes wrong is answered with
   * an HTTP status, and where it is the application's error, given to the `error` handler.
   */
  upgrade(head: HandshakeRequest, stream: ByteStream, isSecure: boolean): void {
    const pending = new PendingUpgrade(stream);
    const read = readUpgradeRequest(head, this.options.limits);
    if (!read.ok) {
      this.#refuse(pending, read.error);
    } else if (this.#isClosing) {
      this.#refuse(pending, closing);
    } else if (this.#isQueueFull) {
      this.#refuseForQueue(pending);
    } else if (this.#given.accept === undefined) {
      this.#accept(pending, read.handshake, {});
    } else {
      this.#pending.add(pending);
      void this.#decide(head, read.handshake, pending, isSecure).finally(() => this.#pending.delete(pending));
    }
  }

  /** Whether sockets go to whoever iterates over the server: nobody else wants them. */
  get #isIterated(): boolean {
    return this.#given.open === undefined && this.#given.message === undefined;
  }

  get #isQueueFull(): boolean {
    return this.#isIterated && this.#queue.size >= this.options.maxWaitingSockets;
  }

  #refuseForQueue(pending: PendingUpgrade): void {
    const explanation = `The server's limit maxWaitingSockets (${String(this.options.maxWaitingSockets)}) is reached.`;
    const full = refusal("too-many-waiting-sockets", 503, "Service Unavailable", explanation);
    this.#refuse(pending, { ...full, limit: this.options.maxWaitingSockets });
  }

  /** Asks the application. */
  async #decide(
    head: HandshakeRequest,
    handshake: UpgradeRequest,
    pending: PendingUpgrade,
    isSecure: boolean,
  ): Promise<void> {
    const { handshakeTimeoutMs } = this.options;
    pending.timer = this.#platform.deadlines.setTimer(() => {
      pending.giveUp(
        new Error(`accept took longer than the limit handshakeTimeoutMs of ${String(handshakeTimeoutMs)} ms`),
      );
      const explanation = `The handshake took longer than ${String(handshakeTimeoutMs)} ms.`;
      const late = refusal("accept-timeout", 503, "Service Unavailable", explanation);
      this.#refuse(pending, { ...late, limit: handshakeTimeoutMs });
    }, handshakeTimeoutMs);
    let request: IncomingRequest;
    try {
      request = createIncomingRequest(head, handshake, isSecure, pending.stream.remoteAddress);
    } catch {
      // The grammar of Host allows what no URL can hold: the peer's mistake, and none of the application's business.
      const explanation = "The Host and the target of the request make no URL.";
      this.#refuse(pending, refusal("request-url-invalid", 400, "Bad Request", explanation));
      return;
    }
    let decision: AcceptDecision<Data>;
    try {
      decision = await this.#given.accept?.(request, { signal: pending.signal });
    } catch (error) {
      // Whoever gave up because the peer had left has done nothing wrong.
      if (!pending.signal.aborted) this.#fail(pending, error);
      return;
    }
    if (pending.signal.aborted) return;
    try {
      if (this.#isClosing) this.#refuse(pending, closing);
      else if (decision instanceof Response) await this.#refuseWith(pending, decision);
      // Others may have come in while the application thought.
      else if (this.#isQueueFull) this.#refuseForQueue(pending);
      else this.#accept(pending, handshake, decision ?? {});
    } catch (error) {
      this.#fail(pending, error);
    }
  }

  #accept(pending: PendingUpgrade, handshake: UpgradeRequest, acceptance: Acceptance<Data>): void {
    const { protocol, headers, data } = acceptance;
    const accepted = acceptExtensions(handshake.extensions, this.#extensions);
    const extensions = accepted.map(({ answer }) => answer);
    const chain = accepted.length === 0 ? undefined : new ExtensionChain(accepted.map(({ extension }) => extension));
    let response: string;
    try {
      response = writeUpgradeResponse(handshake, { protocol, extensions, headers: rawHeadersOf(headers) });
    } catch (error) {
      chain?.close();
      throw error;
    }
    const details = {
      protocol: protocol ?? "",
      extensions: formatExtensions(extensions),
      chain,
      // Where `accept` attaches nothing, `Data` is undefined.
      data: data as Data,
    };
    const endpoint = new ServerEndpoint<Data>(this.#context, pending.stream, details, this);
    this.#sockets.add(endpoint);
    pending.accept(endpoint, () => {
      endpoint.open(latin1(response));
    });
    if (this.#isIterated) this.#queue.push(endpoint);
  }

  #fail(pending: PendingUpgrade, error: unknown): void {
    const explanation = "The server could not decide about this connection.";
    this.#refuse(pending, refusal("accept-failed", 500, "Internal Server Error", explanation));
    this.reportError(error, "accept");
  }

  /** Answers a peer that took too long to send its request (RFC 9110 §15.5.9). */
  refuseSlowRequest(stream: ByteStream): void {
    const { handshakeTimeoutMs } = this.options;
    const explanation = `The request took longer than ${String(handshakeTimeoutMs)} ms.`;
    const late = refusal("request-timeout", 408, "Request Timeout", explanation);
    this.#refuse(new PendingUpgrade(stream), { ...late, limit: handshakeTimeoutMs });
  }

  /** Gives an error that belongs to no socket to the `error` handler, or to the platform. */
  reportError(error: unknown, during: string): void {
    reportTo(this.#given, this.#platform, error, during, undefined);
  }

  /** RFC 6455 §4.2.2: "it MUST return an appropriate HTTP error code". */
  #refuse(pending: PendingUpgrade, refusal: ReasonedRefusal): void {
    const head = latin1(writeRefusal(refusal));
    const body = refusal.body ?? new Uint8Array(0);
    const response = new Uint8Array(head.byteLength + body.byteLength);
    response.set(head);
    response.set(body, head.byteLength);
    this.#refused.add(pending);
    pending.refuse(
      response,
      (cut) => this.#platform.deadlines.setTimer(cut, this.options.closeTimeoutMs),
      () => {
        this.#refused.delete(pending);
        if (this.#refused.size === 0) for (const gone of this.#refusedGone.splice(0)) gone();
      },
    );
    tellRefused(this.#context.observer, refusal, pending.stream.remoteAddress);
  }

  async #refuseWith(pending: PendingUpgrade, response: Response): Promise<void> {
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = [...response.headers].filter(([name]) => !isHopByHop(name)).flat();
    const { status, statusText: reasonPhrase } = response;
    this.#refuse(pending, { code: "accept-refused", status, reasonPhrase, headers, body });
  }

  /**
   * Closes every connection, and refuses those whose handshake is not over.
   *
   * @returns when all are gone
   * @throws UsageError as `socket.close` does, with everything as it was
   */
  close(code: number, reason: string): Promise<unknown> {
    // First of all, and even with no socket to close: nothing has changed when this throws.
    writeCloseBody(code, reason, this.#platform.text);
    const socketsGone = [...this.#sockets].map((socket) => socket.close(code, reason));
    this.#stopAccepting();
    return Promise.all([...socketsGone, this.#untilRefusedGone()]);
  }

  /**
   * As `close`, but each socket in its turn, when nothing is at work on it any more.
   *
   * @param expired called at the deadline, when every connection that is left has been cut
   * @throws UsageError as `socket.close` does, and `invalid-limit`, with everything as it was
   */
  drain(options: DrainOptions, expired: () => void = () => undefined): Drain {
    const settings = resolveDrainOptions(options, this.#sockets.size, this.#platform.text);
    const refused = this.#stopAccepting();
    return new Drain(this.#platform.clock, settings, [...this.#sockets], refused, this.#untilRefusedGone(), () => {
      for (const { stream } of this.#refused) stream.destroy();
      expired();
    });
  }

  /** @returns how many handshakes were refused for it */
  #stopAccepting(): number {
    if (this.#isClosing) return 0;
    this.#isClosing = true;
    this.#queue.end();
    const refused = this.#pending.size;
    for (const pending of this.#pending) {
      pending.giveUp(new Error("the server is closing"));
      this.#refuse(pending, closing);
    }
    return refused;
  }

  async #untilRefusedGone(): Promise<void> {
    if (this.#refused.size === 0) return;
    await new Promise<void>((resolve) => this.#refusedGone.push(resolve));
  }
}

function isHopByHop(name: string): boolean {
  return name === "connection" || name === "content-length" || name === "transfer-encoding";
}

/** The octets of a string of code units below 0x100, which is what HTTP heads are. */
function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
