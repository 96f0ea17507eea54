/**
 * The connection to NATS: requests of JetStream's API, messages with and without an acknowledgement, and what all of
 * them fail with. JetStream's API is JSON over requests, which needs no library of its own.
 */
import {
  headers as createHeaders,
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  RequestError,
} from "@nats-io/transport-node";
import type { EngineHost } from "../index.js";
import { EngineError, Silences } from "../index.js";
import type { ResolvedOptions } from "./options.js";
import { Requests, type RequestTraits } from "./requests.js";
import { type SendOptions, TurnEnd } from "./turn-end.js";

/** JetStream's error codes that something follows from. */
export const apiErrors = {
  /** No message has this sequence or subject. */
  noMessage: 10037,
  /** A stream, or the account, has no room. */
  storageFull: [10023, 10028, 10047, 10077],
  noStream: 10059,
  streamNameInUse: 10058,
  subjectsOverlap: 10065,
  /** Another message of the same id is just being kept. */
  idInProcess: 10158,
  wrongLastSequence: 10071,
  /** Nobody leads JetStream, or this stream cannot be reached. */
  noLeader: [10008, 10118],
} as const;

/** JetStream answered with an error. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly errorCode: number;

  constructor(errorCode: number, description: string) {
    super(`JetStream: ${description} (${errorCode})`);
    this.errorCode = errorCode;
  }
}

/** Whether JetStream refused because of this. */
export function isApiError(error: unknown, errorCode: number): boolean {
  return error instanceof ApiError && error.errorCode === errorCode;
}

/** What JetStream says of a message that it keeps. */
export interface PublishAck {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate?: boolean;
}

/** The headers of a message that are anything to us. */
export interface PublishHeaders {
  /** JetStream keeps one message with the same id within the stream's window. */
  readonly id?: string;
  /** The sequence of the subject's last message, 0 where there is none; otherwise it is refused. */
  readonly expected?: number;
  /** Whether keeping it twice is the same as once, as it is with an id: it is sent again where the connection broke. */
  readonly isIdempotent?: boolean;
}

interface ApiResponse {
  readonly error?: { readonly err_code?: number; readonly code?: number; readonly description?: string };
}

/** The part of what is asked that no stream has to do with. */
const serverItself = "";
// Until a message of the same id is kept, or is not.
const inProcessRetryMs = 20;
// What a message's headers and its subject take of the payload's limit, about.
const headerBytes = 512;

/** See the head of this file. */
export class NatsLink {
  readonly connection: NatsConnection;
  readonly host: EngineHost;
  readonly options: ResolvedOptions;
  readonly #reconnected = new Set<() => void>();
  readonly #silences: Silences;
  readonly #requests: Requests;
  readonly #turnEnd = new TurnEnd();
  #isAskingAgain = false;
  #isConnected = true;
  #isClosed = false;

  constructor(connection: NatsConnection, host: EngineHost, options: ResolvedOptions) {
    this.connection = connection;
    this.host = host;
    this.options = options;
    this.#silences = new Silences(host);
    this.#requests = new Requests(options.timeoutMs);
    void this.#followStatus();
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What was not answered over this connection, and for how long; undefined where everything is. */
  get silence(): string | undefined {
    return this.#silences.reason;
  }

  /** Whether there are several servers, of which each has a copy of its own, or none. */
  get isCluster(): boolean {
    return this.connection.info?.cluster !== undefined;
  }

  /** Octets that a message may have. */
  get maxPayloadBytes(): number {
    return (this.connection.info?.max_payload ?? 1_048_576) - headerBytes;
  }

  /** @throws EngineError "closed" */
  check(): void {
    if (this.#isClosed) throw new EngineError("closed", "the engine has been closed");
  }

  /** Calls back after each reconnect: what was told meanwhile has not been heard. */
  onReconnect(callback: () => void): () => void {
    this.#reconnected.add(callback);
    return () => this.#reconnected.delete(callback);
  }

  async #followStatus(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === "disconnect") this.#lost();
      else if (type === "reconnect") this.#back();
    }
    this.#lost();
  }

  #lost(): void {
    this.#isConnected = false;
    this.#requests.lost();
  }

  #back(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.#silences.clear();
    this.#requests.back();
    for (const callback of this.#reconnected) callback();
  }

  /**
   * Asks JetStream's API.
   *
   * @throws ApiError when it answers with an error; EngineError when it does not
   */
  async api<Response>(name: string, body: object = {}): Promise<Response> {
    const subject = `${this.options.api}.${name}`;
    // What is asked of it twice is the same as once.
    const answer = await this.#request(subject, JSON.stringify(body), true);
    const response = answer.json<Response & ApiResponse>();
    this.#heard(subject, response);
    throwError(response);
    return response;
  }

  /**
   * Publishes to a stream. It leaves at the end of the turn; the order of calls is that of the messages.
   *
   * @throws ApiError when JetStream refuses; EngineError when it does not answer
   */
  async publish(subject: string, payload: string, headers: PublishHeaders = {}): Promise<PublishAck> {
    const { id, expected } = headers;
    const octets = Buffer.from(payload);
    this.#checkLength(octets);
    // Before 2.10, of two that compare at once in a cluster both may be taken; of two with one id, one is.
    const isByIdToo = id === undefined && expected !== undefined && this.isCluster;
    if (!isByIdToo) return await this.#publish(subject, octets, headers);
    return await this.#publishOnce(subject, octets, expected, `${subject} ${expected}`);
  }

  #checkLength({ length }: Uint8Array): void {
    if (length <= this.maxPayloadBytes) return;
    throw new EngineError("full", `${length} octets are more than a message of this NATS may have (max_payload)`);
  }

  async #publishOnce(subject: string, octets: Uint8Array, expected: number, id: string): Promise<PublishAck> {
    const ack = await this.#publish(subject, octets, { id, expected });
    if (ack.duplicate !== true) return ack;
    // What was there may have been forgotten since, and the subject is as new.
    if (expected === 0 && !(await this.#hasMessage(ack.stream, subject))) {
      return await this.#publishOnce(subject, octets, expected, `${id} ${ack.seq}`);
    }
    throw new ApiError(apiErrors.wrongLastSequence, "another was first");
  }

  async #hasMessage(stream: string, subject: string): Promise<boolean> {
    try {
      await this.api(`STREAM.MSG.GET.${stream}`, { last_by_subj: subject });
      return true;
    } catch (error) {
      if (isApiError(error, apiErrors.noMessage)) return false;
      throw error;
    }
  }

  async #publish(
    subject: string,
    octets: Uint8Array,
    { id, expected, isIdempotent = id !== undefined && expected === undefined }: PublishHeaders,
  ): Promise<PublishAck> {
    const isPlain = id === undefined && expected === undefined;
    const headers = createHeaders();
    if (id !== undefined) headers.set("Nats-Msg-Id", id);
    if (expected !== undefined) headers.set("Nats-Expected-Last-Subject-Sequence", String(expected));
    const all = isPlain ? undefined : headers;
    for (const deadlineMs = performance.now() + this.options.timeoutMs; ; ) {
      const answer = await this.#request(subject, octets, isIdempotent, all);
      const ack = answer.json<PublishAck & ApiResponse>();
      this.#heard(subject, ack);
      // Another message of the same id is on its way to being kept, and its place is not known yet.
      const isInProcess = ack.error?.err_code === apiErrors.idInProcess || (ack.duplicate === true && ack.seq === 0);
      if (isInProcess && expected !== undefined) {
        throw new ApiError(apiErrors.wrongLastSequence, "another is just being first");
      }
      if (!isInProcess || !isIdempotent || performance.now() > deadlineMs) {
        throwError(ack);
        if (isInProcess) throw new ApiError(apiErrors.idInProcess, "a message of this id is being kept");
        return ack;
      }
      await new Promise((resolve) => setTimeout(resolve, inProcessRetryMs));
    }
  }

  /** @throws EngineError "closed"; "unavailable" when nobody answers */
  async #request(
    subject: string,
    payload: string | Uint8Array,
    isIdempotent: boolean,
    headers?: MsgHdrs,
  ): Promise<Msg> {
    this.check();
    try {
      return await this.#requests.run({ isIdempotent, bytes: payload.length }, (timeout) =>
        this.#turnEnd.run(() =>
          this.connection.request(subject, payload, headers === undefined ? { timeout } : { timeout, headers }),
        ),
      );
    } catch (error) {
      if (!(error instanceof EngineError)) this.#unanswered(subject, isNobody(error) ? 0 : this.options.timeoutMs);
      throw this.#failure(error);
    }
  }

  /** An answer came, be it that nobody leads. */
  #heard(subject: string, { error }: ApiResponse): void {
    if ((apiErrors.noLeader as readonly unknown[]).includes(error?.err_code)) {
      this.#unanswered(subject, 0);
    } else if (!this.#silences.isNone) {
      this.#silences.answered(serverItself);
      this.#silences.answered(this.#partOf(subject));
      if (!this.#silences.isNone && !this.#isAskingAgain) void this.#askAgain();
    }
  }

  /** Who is answered by one stream asks the others, so that it is known at once whether all is well again. */
  async #askAgain(): Promise<void> {
    this.#isAskingAgain = true;
    await Promise.allSettled(this.#silences.parts.map((stream) => this.api(`STREAM.INFO.${stream}`)));
    this.#isAskingAgain = false;
  }

  /** @param waitedMs for how long there was no answer */
  #unanswered(subject: string, waitedMs: number): void {
    // Without a connection, that is what is wrong.
    if (!this.isConnected) return;
    const part = this.#partOf(subject);
    const what = subject.startsWith("$") ? subject : `a message for ${part}`;
    this.#silences.unanswered(part, what, this.host.now() - waitedMs);
  }

  /** The stream that is asked. */
  #partOf(subject: string): string {
    const { api, prefix } = this.options;
    if (subject.startsWith(api)) return subject.slice(subject.lastIndexOf(".") + 1);
    const [kind] = subject.slice(prefix.length + 1).split(".", 1);
    return `${prefix}_${kind}`;
  }

  /**
   * Sends a message that nobody has to hear, now or as soon as there is a connection, in the order of the calls.
   *
   * @param left called when it is on its way
   * @throws EngineError "unavailable" when there was none in time; "closed"
   */
  async tell(subject: string, payload: string, left: () => void): Promise<void> {
    this.check();
    if (this.isConnected) {
      this.send(subject, payload, { left });
      return;
    }
    await this.#waiting({ isIdempotent: false, bytes: payload.length }, () => this.send(subject, payload, { left }));
  }

  /** Resolves when there is a connection. @throws EngineError "unavailable" when there was none in time; "closed" */
  async connected(): Promise<void> {
    this.check();
    if (!this.isConnected) await this.#waiting({ isIdempotent: true, bytes: 0 }, () => undefined);
  }

  async #waiting(traits: RequestTraits, run: () => void): Promise<void> {
    await this.#requests.run(
      traits,
      () =>
        new Promise<void>((resolve) => {
          run();
          resolve();
        }),
    );
  }

  /**
   * Sends a message that nobody has to hear; without a connection, nobody does.
   *
   * @throws EngineError "full" where it is longer than a message may be; "closed"
   */
  send(subject: string, payload: string | Uint8Array, { reply, left }: SendOptions = {}): void {
    this.check();
    const octets = typeof payload === "string" ? Buffer.from(payload) : payload;
    this.#checkLength(octets);
    const publish = (): void => {
      this.connection.publish(subject, octets, reply === undefined ? {} : { reply });
      left?.();
    };
    // It has been closed meanwhile.
    this.#turnEnd.run(publish).catch(() => undefined);
  }

  /** Hears what is sent, until it is told to stop. Reconnects keep it. */
  subscribe(subject: string, receive: (message: Msg) => void): () => void {
    this.check();
    try {
      const subscription = this.connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) receive(message);
        },
      });
      return () => {
        if (!this.#isClosed && !subscription.isClosed()) subscription.unsubscribe();
      };
    } catch (error) {
      throw this.#failure(error);
    }
  }

  createInbox(): string {
    return createInbox();
  }

  /** Resolves when the server has taken everything that was sent, and what it had to say of it has come. */
  async flush(): Promise<void> {
    this.check();
    const askedAtMs = this.host.now();
    try {
      await this.#requests.run({ isIdempotent: true, bytes: 0 }, (timeoutMs) => this.#ping(timeoutMs, askedAtMs));
      this.#silences.answered(serverItself);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #ping(timeoutMs: number, askedAtMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isSilent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (this.isConnected) this.#silences.unanswered(serverItself, "PING", askedAtMs);
        reject(this.silent());
      }, timeoutMs);
    });
    try {
      this.#turnEnd.flush();
      await Promise.race([this.connection.flush(), isSilent]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What an answer that did not come is. */
  silent(): EngineError {
    return this.#failure(new Error(`no answer within ${this.options.timeoutMs} ms`));
  }

  #failure(cause: unknown): EngineError {
    if (cause instanceof EngineError) return cause;
    if (this.#isClosed) return new EngineError("closed", "the engine has been closed", { cause });
    const who = isNobody(cause)
      ? "JetStream does not answer: it is not enabled (nats-server -js), or too few of its servers are there to lead:"
      : "NATS does not answer:";
    return new EngineError("unavailable", `${who} ${String(cause)}`, { cause });
  }

  /** Nothing is said any more. */
  end(): void {
    this.#isClosed = true;
    this.#reconnected.clear();
    this.#requests.end(new EngineError("closed", "the engine has been closed"));
  }

  async close(): Promise<void> {
    this.#turnEnd.flush();
    this.end();
    await this.connection.close();
  }
}

/** Whether the server knows of nobody who could answer. */
function isNobody(error: unknown): boolean {
  return error instanceof RequestError && error.isNoResponders();
}

function throwError({ error }: ApiResponse): void {
  if (error === undefined) return;
  throw new ApiError(error.err_code ?? error.code ?? 0, error.description ?? "refused");
}

/** What the engine's caller gets of an error. */
export function engineErrorOf(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const isFull = (apiErrors.storageFull as readonly number[]).includes(error.errorCode);
  return new EngineError(isFull ? "full" : "unavailable", error.message, { cause: error });
}

/** Runs something, and makes errors of JetStream the engine's. */
export async function translating<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw engineErrorOf(error);
  }
}
