/**
 * A server without a port: takes byte streams that carry an upgrade request, decides, and keeps the sockets.
 */

import type { DeflateContext, HandshakeRequest, ServerExtension, UpgradeRequest } from "../protocol/index.js";
import {
  acceptExtensions,
  DeflateServerExtension,
  ExtensionChain,
  formatExtensions,
  writeCloseBody,
} from "../protocol/index.js";
import type { Observer, SocketContext } from "../socket/index.js";
import { callAside, createCompression, createSocketContext, rawHeadersOf, reportTo } from "../socket/index.js";
import type { ByteStream, Platform } from "../transport/index.js";
import { Deadline } from "../transport/index.js";
import type { Acceptance, AcceptDecision } from "./accept.js";
import { Admission } from "./admission.js";
import type { DrainOptions } from "./drain.js";
import { Drain, resolveDrainOptions } from "./drain.js";
import { Entrance } from "./entrance.js";
import { AdmissionError } from "./errors.js";
import type { ResolvedServerOptions, ServerOptions } from "./options.js";
import { resolveServerOptions } from "./options.js";
import { PendingUpgrade } from "./pending-upgrade.js";
import type { ReasonedRefusal } from "./refusals.js";
import { describeRefusal, tellRefused } from "./refusals.js";
import type { ServerSocket, ServerSocketOwner } from "./server-socket.js";
import { ServerEndpoint } from "./server-socket.js";
import { SocketQueue } from "./socket-queue.js";
import { Topics } from "./topics.js";
import type { Arrival } from "./upgrade-attempt.js";
import { UpgradeAttempt } from "./upgrade-attempt.js";

const unknownArrival: Arrival = {};
const nowhere = (): boolean => false;

/** See the head of this file. */
export class ServerCore<Data> implements ServerSocketOwner<Data> {
  readonly options: ResolvedServerOptions;
  readonly #given: ServerOptions<Data>;
  readonly #platform: Platform;
  readonly #context: SocketContext<Data>;
  /** What its sockets share to compress; undefined where nothing is compressed. */
  readonly compression: DeflateContext | undefined;
  readonly #extensions: readonly ServerExtension[];
  readonly #admission: Admission;
  readonly #sockets = new Set<ServerEndpoint<Data>>();
  readonly topics: Topics<ServerEndpoint<Data>>;
  /** The way in for connections that are no WebSockets. */
  readonly entrance: Entrance;
  /** Those for whom `accept` has not decided. */
  readonly #pending = new Set<PendingUpgrade>();
  /** Those who were refused and are not gone yet. */
  readonly #refused = new Set<PendingUpgrade>();
  /** Told when none of them is left. */
  #refusedGone: (() => void)[] = [];
  readonly #queue = new SocketQueue<ServerSocket<Data>>();
  #isClosing = false;

  /**
   * @param isOnLoopback tells whether ordinary requests come to a server that listens on a loopback address only
   * @throws UsageError `invalid-limit`, `invalid-argument`
   */
  constructor(
    options: ServerOptions<Data>,
    platform: Platform,
    observer?: Observer,
    isOnLoopback: () => boolean = nowhere,
  ) {
    this.#given = options;
    this.#platform = platform;
    this.options = resolveServerOptions(options);
    this.#admission = new Admission(options, this.options, () => platform.clock.now());
    this.entrance = new Entrance({
      admission: this.#admission,
      occupancy: () => this.#sockets.size + this.#pending.size,
      isOnLoopback,
    });
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
    this.#admission.left(endpoint.remoteAddress);
    this.topics.leave(endpoint);
    if (!hasUnread) this.#queue.remove(endpoint);
  }

  /**
   * Whether there are WebSockets where a request asks for one; undefined where they are everywhere. Where the application
   * fails to tell, the request is taken for ours: it will fail again when it is checked, and be answered then.
   *
   * @param target of the request
   */
  isAt(target: string): boolean | undefined {
    try {
      return this.#admission.isAt(target);
    } catch {
      return true;
    }
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
  upgrade(head: HandshakeRequest, stream: ByteStream, isSecure: boolean, arrival: Arrival = unknownArrival): void {
    const pending = new PendingUpgrade(stream, arrival.form);
    pending.timer = arrival.deadline;
    const read = pending.form.read(head, this.options.limits);
    if (!read.ok) {
      this.#refuse(pending, read.error);
      return;
    }
    let attempt: UpgradeAttempt | AdmissionError;
    try {
      attempt = this.#check(head, read.handshake, pending, isSecure, arrival);
    } catch (error) {
      this.#fail(pending, error, "a check at the door");
      return;
    }
    if (attempt instanceof AdmissionError) this.#refuse(pending, attempt);
    else this.#receive(attempt, arrival.deadline);
  }

  /** @throws what options throw that are functions */
  #check(
    head: HandshakeRequest,
    handshake: UpgradeRequest,
    pending: PendingUpgrade,
    isSecure: boolean,
    { isOnLoopback = nowhere, httpRequest }: Arrival,
  ): UpgradeAttempt | AdmissionError {
    if (this.#isClosing) return new AdmissionError("server-closing");
    const { remoteAddress: address } = pending;
    const client = this.#admission.clientOf(head, { address, isSecure, host: handshake.host, isForwarded: false });
    if (client instanceof AdmissionError) return client;
    pending.remoteAddress = client.address;
    const attempt = new UpgradeAttempt(head, handshake, pending, client, httpRequest);
    const occupancy = { sockets: this.#sockets.size + this.entrance.size, pendingUpgrades: this.#pending.size };
    const error =
      this.#admission.checkSource(handshake, client, isOnLoopback, () => attempt.request) ??
      this.#checkQueue() ??
      // The last of them: whoever comes through it has come in.
      this.#admission.checkRoom(client.address, occupancy);
    return error ?? attempt;
  }

  /** Lets somebody in against whom there is nothing, or asks the application. */
  #receive(attempt: UpgradeAttempt, deadline: Deadline | undefined): void {
    const { pending, handshake, client } = attempt;
    this.#admission.entered(client.address);
    if (this.#given.accept === undefined) {
      this.#accept(pending, handshake, {});
      return;
    }
    this.#pending.add(pending);
    pending.gone = () => this.#leave(pending);
    this.#limitTime(pending, deadline);
    void this.#decide(attempt);
  }

  /** Does not count a pending upgrade any more that has come to nothing. */
  #leave(pending: PendingUpgrade): void {
    if (this.#pending.delete(pending)) this.#admission.left(pending.remoteAddress);
  }

  /** `accept` has what is left of the handshake's time. */
  #limitTime(pending: PendingUpgrade, deadline: Deadline | undefined): void {
    const { handshakeTimeoutMs } = this.options;
    const expired = (): void => {
      const error = new AdmissionError("accept-timeout", handshakeTimeoutMs);
      pending.giveUp(error);
      this.#refuse(pending, error);
    };
    if (deadline === undefined) {
      pending.timer = new Deadline(this.#platform.deadlines, handshakeTimeoutMs, expired);
    } else deadline.expired = expired;
  }

  /** Whether sockets go to whoever iterates over the server: nobody else wants them. */
  get #isIterated(): boolean {
    return this.#given.open === undefined && this.#given.message === undefined;
  }

  #checkQueue(): AdmissionError | undefined {
    const { maxWaitingSockets } = this.options;
    const isFull = this.#isIterated && this.#queue.size >= maxWaitingSockets;
    return isFull ? new AdmissionError("too-many-waiting-sockets", maxWaitingSockets) : undefined;
  }

  /** Asks the application. */
  async #decide(attempt: UpgradeAttempt): Promise<void> {
    const { pending, handshake } = attempt;
    let decision: AcceptDecision<Data>;
    try {
      const { request, httpRequest } = attempt;
      decision = await this.#given.accept?.(request, { signal: pending.signal, httpRequest });
    } catch (error) {
      // Whoever gave up because the peer had left has done nothing wrong.
      if (!pending.signal.aborted) this.#fail(pending, error, "accept");
      return;
    }
    if (pending.signal.aborted) return;
    try {
      // Others may have come in while the application thought.
      const error = this.#isClosing ? new AdmissionError("server-closing") : this.#checkQueue();
      if (decision instanceof Response) await this.#refuseWith(pending, decision);
      else if (error !== undefined) this.#refuse(pending, error);
      else this.#accept(pending, handshake, decision ?? {});
    } catch (error) {
      // A body that breaks off when nobody waits for it any more.
      if (pending.signal.aborted) return;
      this.#fail(pending, error, "accept");
    }
  }

  #accept(pending: PendingUpgrade, handshake: UpgradeRequest, acceptance: Acceptance<Data>): void {
    const { protocol, headers, data } = acceptance;
    const accepted = acceptExtensions(handshake.extensions, this.#extensions);
    const extensions = accepted.map(({ answer }) => answer);
    const chain = accepted.length === 0 ? undefined : new ExtensionChain(accepted.map(({ extension }) => extension));
    let response: Uint8Array | undefined;
    try {
      response = pending.form.accept(handshake, { protocol, extensions, headers: rawHeadersOf(headers) });
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
    const endpoint = new ServerEndpoint<Data>(this.#context, pending.stream, details, this, pending.remoteAddress);
    this.#pending.delete(pending);
    this.#sockets.add(endpoint);
    pending.accept(endpoint, () => {
      endpoint.open(response);
    });
    if (this.#isIterated) this.#queue.push(endpoint);
  }

  #fail(pending: PendingUpgrade, error: unknown, during: string): void {
    // Ours, of a peer's mistake, and thrown through the application's code.
    if (error instanceof AdmissionError) {
      this.#refuse(pending, error);
      return;
    }
    this.#refuse(pending, new AdmissionError("accept-failed", undefined, error));
    this.reportError(error, during);
  }

  /** Answers a peer that took too long to send its request. */
  refuseSlowRequest(stream: ByteStream): void {
    this.#refuse(new PendingUpgrade(stream), new AdmissionError("request-timeout", this.options.handshakeTimeoutMs));
  }

  /** Gives an error that belongs to no socket to the `error` handler, or to the platform. */
  reportError(error: unknown, during: string): void {
    reportTo(this.#given, this.#platform, error, during, undefined);
  }

  /**
   * Every refusal goes through here. RFC 6455 §4.2.2: "it MUST return an appropriate HTTP error code".
   *
   * @throws UsageError for a refusal that cannot be written, which only an application's can be
   */
  #refuse(pending: PendingUpgrade, refusal: ReasonedRefusal): void {
    const response = pending.form.refuse(refusal);
    this.#leave(pending);
    this.#refused.add(pending);
    pending.refuse(
      response,
      (cut) => this.#platform.deadlines.setTimer(cut, this.options.closeTimeoutMs),
      () => {
        this.#refused.delete(pending);
        if (this.#refused.size === 0) for (const gone of this.#refusedGone.splice(0)) gone();
      },
    );
    tellRefused(this.#context.observer, refusal, pending.remoteAddress);
    this.#tell(pending, refusal);
  }

  #tell(pending: PendingUpgrade, refusal: ReasonedRefusal): void {
    const { refused } = this.#given;
    if (refused === undefined) return;
    callAside(
      () => refused.call(this.#given, describeRefusal(refusal, pending.remoteAddress)),
      (error) => this.reportError(error, "the refused handler"),
    );
  }

  async #refuseWith(pending: PendingUpgrade, response: Response): Promise<void> {
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = [...response.headers].filter(([name]) => !isHopByHop(name)).flat();
    // The peer may have left, or its time have passed, while the body was read.
    if (pending.signal.aborted) return;
    this.#refuse(pending, {
      code: "accept-refused",
      status: response.status,
      reasonPhrase: response.statusText,
      headers,
      body,
    });
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
    this.entrance.close(code, reason);
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
    this.entrance.close(settings.code, settings.reason);
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
    const undecided = [...this.#pending];
    for (const pending of undecided) {
      const error = new AdmissionError("server-closing");
      pending.giveUp(error);
      this.#refuse(pending, error);
    }
    return undecided.length;
  }

  async #untilRefusedGone(): Promise<void> {
    if (this.#refused.size === 0) return;
    await new Promise<void>((resolve) => this.#refusedGone.push(resolve));
  }
}

function isHopByHop(name: string): boolean {
  return name === "connection" || name === "content-length" || name === "transfer-encoding";
}
