/**
 * The `WebSocket` interface of the WHATWG WebSockets standard (https://websockets.spec.whatwg.org/), over our client.
 *
 * The comments quote the standard's steps; section numbers are its own. Everything that comes from the connection has a
 * task of its own, so that promise continuations run between two events as they do in a browser.
 */
import type { CloseReport } from "../../protocol/index.js";
import { CloseCode, OpenlineError } from "../../protocol/index.js";
import type { Message, SocketHandlers } from "../../socket/index.js";
import { rawHeadersOf } from "../../socket/index.js";
import type { ClientOptions } from "../open-client.js";
import { resolveClientOptions } from "../open-client.js";
import { checkProtocols, parseUrl, syntaxError } from "./arguments.js";
import { BufferedAmount } from "./buffered-amount.js";
import { CloseEvent } from "./close-event.js";
import { Establisher, type EstablishOwner, type WebSocketEnvironment } from "./establish.js";
import { EventHandlers, fire } from "./event-handlers.js";
import { messageEvent } from "./message-event.js";
import { SendQueue } from "./send-queue.js";
import {
  type ConvertedData,
  defineConstants,
  layOutInterface,
  requireArguments,
  toClampedUnsignedShort,
  toDOMString,
  toSendData,
  toStringOrSequence,
  toUSVString,
} from "./web-idl.js";
import type { WebSocketEndpoint } from "./web-socket-endpoint.js";
import type { BinaryType, WebSocketConstructor, WebSocket as WebSocketInterface } from "./web-socket-types.js";

/** What the constructor takes beside the standard's arguments: what is not the object's own business. */
export type WebSocketOptions<Options extends ClientOptions> = Omit<
  Options,
  "protocols" | "signal" | "messageMemory" | keyof SocketHandlers
>;

const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
type ReadyState = (typeof readyStates)[keyof typeof readyStates];

const members = [
  ...["url", "readyState", "bufferedAmount", "onopen", "onerror", "onclose", "extensions", "protocol", "close"],
  ...["onmessage", "binaryType", "send"],
];

// RFC 6455 §5.5: a control frame has at most 125 octets, two of which are the status code.
const maxReasonBytes = 123;

// From here on, octets that an extension is at work on are read where they lie.
const referencedFromBytes = 16 * 1024;

/** Makes the class, for a platform and a way to reach servers. */
export function createWebSocketClass<Options extends ClientOptions>(
  environment: WebSocketEnvironment<Options>,
): WebSocketConstructor<WebSocketOptions<Options>> {
  const { queueTask, platform } = environment;
  const establisher = new Establisher(environment);

  class WebSocket extends EventTarget {
    readonly #url: URL;
    readonly #handlers = new EventHandlers(this);
    readonly #bufferedAmount = new BufferedAmount(queueTask);
    readonly #sending = new SendQueue();
    /** Gives up establishing the connection. */
    readonly #giveUp = new AbortController();
    #endpoint: WebSocketEndpoint | undefined;
    #readyState: ReadyState = readyStates.CONNECTING;
    #binaryType: BinaryType = "blob";
    #extensions = "";
    #protocol = "";
    /** Whether "the user agent was required to fail the WebSocket connection" by `close`. */
    #isFailed = false;
    /** Whether it was "flagged as full". */
    #isFull = false;

    // What stands behind a default does not count, so that `length` is 1.
    constructor(url: string | URL, protocols: string | Iterable<string> = [], options?: unknown) {
      // biome-ignore lint/complexity/noArguments: an argument that is undefined counts as given
      requireArguments(arguments.length, 1, "WebSocket");
      const urlString = toUSVString(url);
      const protocolsGiven = toStringOrSequence(protocols);
      super();
      // Steps 1 to 7, and 10: "Set this's url to urlRecord."
      this.#url = parseUrl(urlString);
      // Steps 8 and 9.
      const sequence = checkProtocols(protocolsGiven);
      const settings = settingsOf(options) as Options;
      environment.check?.(settings);
      // 12. "Run this step in parallel: Establish a WebSocket connection given urlRecord, protocols, and client."
      void this.#establish(sequence, settings);
    }

    get url(): string {
      return this.#url.href;
    }

    get readyState(): ReadyState {
      return this.#readyState;
    }

    get bufferedAmount(): number {
      return this.#bufferedAmount.value;
    }

    get extensions(): string {
      return this.#extensions;
    }

    get protocol(): string {
      return this.#protocol;
    }

    get binaryType(): BinaryType {
      return this.#binaryType;
    }

    set binaryType(value: BinaryType) {
      // Web IDL §3.7.6: an attribute ignores what is no value of its enumeration.
      const given = toDOMString(value);
      const isKnown = given === "blob" || given === "arraybuffer";
      // Outside of the condition, so that another object is refused whatever the value.
      this.#binaryType = isKnown ? given : this.#binaryType;
    }

    get onopen(): WebSocketInterface["onopen"] {
      return this.#handlers.get("open") as WebSocketInterface["onopen"];
    }

    set onopen(handler: WebSocketInterface["onopen"]) {
      this.#handlers.set("open", handler);
    }

    get onmessage(): WebSocketInterface["onmessage"] {
      return this.#handlers.get("message") as WebSocketInterface["onmessage"];
    }

    set onmessage(handler: WebSocketInterface["onmessage"]) {
      this.#handlers.set("message", handler);
    }

    get onerror(): WebSocketInterface["onerror"] {
      return this.#handlers.get("error") as WebSocketInterface["onerror"];
    }

    set onerror(handler: WebSocketInterface["onerror"]) {
      this.#handlers.set("error", handler);
    }

    get onclose(): WebSocketInterface["onclose"] {
      return this.#handlers.get("close") as WebSocketInterface["onclose"];
    }

    set onclose(handler: WebSocketInterface["onclose"]) {
      this.#handlers.set("close", handler);
    }

    // §3.1 close(code, reason); the `length` of which is 0.
    close(...[code, reason]: readonly [code?: number, reason?: string]): void {
      const state = this.#readyState;
      const codeGiven = code === undefined ? undefined : toClampedUnsignedShort(code);
      const reasonGiven = reason === undefined ? undefined : toUSVString(reason);
      // 1. "If code is present, but is neither an integer equal to 1000 nor an integer in the range 3000 to 4999,
      // inclusive, throw an "InvalidAccessError" DOMException."
      if (codeGiven !== undefined && codeGiven !== CloseCode.normalClosure && (codeGiven < 3000 || codeGiven > 4999)) {
        throw new DOMException(
          `the code must be 1000 or 3000-4999, and not ${String(codeGiven)}`,
          "InvalidAccessError",
        );
      }
      // 2. "If reason is present": "If reasonBytes is longer than 123 bytes, then throw a "SyntaxError" DOMException."
      const reasonBytes = platform.text.byteLength(reasonGiven ?? "");
      if (reasonBytes > maxReasonBytes) {
        throw syntaxError(`the reason has ${String(reasonBytes)} octets of UTF-8, and at most 123 are allowed`);
      }
      // 3. "CLOSING (2) or CLOSED (3): Do nothing."
      if (state === readyStates.CLOSING || state === readyStates.CLOSED) return;
      this.#readyState = readyStates.CLOSING;
      const endpoint = this.#endpoint;
      if (state === readyStates.CONNECTING) {
        // "If the WebSocket connection is not yet established: Fail the WebSocket connection". Where it is by now, and
        // nobody has been told, it is cut.
        this.#isFailed = true;
        this.#giveUp.abort(new ClosedWhileConnectingError());
        endpoint?.terminate();
        return;
      }
      // "If the WebSocket closing handshake has not yet been started: Start the WebSocket closing handshake". "If neither
      // code nor reason is present, the WebSocket Close message must not have a body."; a reason needs a code before it.
      const codeToSend =
        codeGiven ?? (reasonGiven === undefined || reasonGiven === "" ? undefined : CloseCode.normalClosure);
      this.#sending.run(() => endpoint?.beginClose(codeToSend, reasonGiven ?? ""));
    }

    // §3.1 send(data)
    send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      const state = this.#readyState;
      // biome-ignore lint/complexity/noArguments: an argument that is undefined counts as given
      requireArguments(arguments.length, 1, "send");
      const converted = toSendData(data);
      // 1. "If this's ready state is CONNECTING, then throw an "InvalidStateError" DOMException."
      if (state === readyStates.CONNECTING) {
        throw new DOMException("the connection is still being established", "InvalidStateError");
      }
      // 2. "Any invocation of this method ... that does not throw an exception must increase the bufferedAmount attribute".
      const byteLength = this.#byteLengthOf(converted);
      this.#bufferedAmount.queued(byteLength);
      // "If the WebSocket connection is established and the WebSocket closing handshake has not yet started, then the
      // user agent must send a WebSocket Message comprised of the data argument".
      if (this.#readyState !== readyStates.OPEN) return;
      if (converted instanceof Blob) {
        this.#sending.runWithOctets(
          converted,
          (octets) => this.#transmit(new Uint8Array(octets), byteLength),
          () => this.#flagAsFull(),
        );
      } else {
        const octets = this.#mayWait(converted) ? converted.slice() : converted;
        this.#sending.run(() => this.#transmit(octets, byteLength));
      }
    }

    #byteLengthOf(data: ConvertedData): number {
      if (typeof data === "string") return platform.text.byteLength(data);
      return data instanceof Blob ? data.size : data.byteLength;
    }

    /** Whether octets may be read after `send` has returned, when their owner may have changed them. */
    #mayWait(data: string | Uint8Array): data is Uint8Array {
      if (typeof data === "string") return false;
      return this.#sending.isWaiting || (data.byteLength >= referencedFromBytes && this.#extensions !== "");
    }

    #transmit(data: string | Uint8Array, byteLength: number): void {
      // Where the peer has closed meanwhile, it is discarded, and counts for ever.
      if (this.#endpoint?.sendPayload(data, byteLength) === "buffer-full") this.#flagAsFull();
    }

    /** "If the data cannot be sent ...: flag the WebSocket as full and then close the WebSocket connection". */
    #flagAsFull(): void {
      this.#isFull = true;
      this.#endpoint?.terminate();
    }

    async #establish(protocols: readonly string[], settings: Options): Promise<void> {
      const owner: EstablishOwner = {
        bufferedAmount: this.#bufferedAmount,
        reached: (endpoint) => {
          this.#endpoint = endpoint;
        },
        closingStarted: () => queueTask(() => this.#closingHandshakeStarted()),
      };
      const options = {
        ...settings,
        signal: this.#giveUp.signal,
        // Each message is the application's to keep.
        messageMemory: "own",
        open: () => this.#task(() => this.#connectionEstablished()),
        message: (_socket: unknown, message: Message) => this.#receive(message),
        close: (_socket: unknown, report: CloseReport) => queueTask(() => this.#connectionClosed(report)),
      } as const;
      try {
        await establisher.establish(this.#url, protocols, options, owner);
      } catch {
        // §4: "User agents must not convey any failure information to scripts"; who observes the client is told.
        this.#isFailed = true;
        queueTask(() => this.#connectionClosed(undefined));
      }
    }

    /** "Queue a task to run these steps"; the next message waits until it has run. */
    #task(steps: () => void): Promise<void> {
      return new Promise((resolve) => {
        queueTask(() => {
          try {
            steps();
          } finally {
            resolve();
          }
        });
      });
    }

    /** The task that a message needs is there already, where it is the first of what has been read. */
    #receive(message: Message): Promise<void> | undefined {
      if (this.#endpoint?.takeFreshTask() !== true) return this.#task(() => this.#messageReceived(message));
      this.#messageReceived(message);
      return undefined;
    }

    // §4 "When the WebSocket connection is established"
    #connectionEstablished(): void {
      const endpoint = this.#endpoint;
      if (endpoint === undefined) return;
      if (this.#readyState !== readyStates.CONNECTING) {
        // `close` has failed it.
        endpoint.terminate();
        return;
      }
      // 1. "Change the ready state to OPEN (1)."
      this.#readyState = readyStates.OPEN;
      // 2. "Change the extensions attribute's value to the extensions in use".
      this.#extensions = endpoint.extensions;
      // 3. "Change the protocol attribute's value to the subprotocol in use".
      this.#protocol = endpoint.protocol;
      // 4. "Fire an event named open at the WebSocket object."
      fire(this, new Event("open"));
    }

    // §4 "When a WebSocket message has been received with type type and data data"
    #messageReceived(message: Message): void {
      // 1. "If ready state is not OPEN (1), then return."
      if (this.#readyState !== readyStates.OPEN) return;
      // 2. "Let dataForEvent be determined by switching on type and binary type".
      const data = typeof message === "string" ? message : this.#exposed(message);
      // 3. "Fire an event named message at the WebSocket object, using MessageEvent".
      fire(this, messageEvent(data, this.#url.origin));
    }

    #exposed(octets: Uint8Array): Blob | ArrayBufferLike {
      if (this.#binaryType === "blob") return new Blob([octets]);
      const { buffer } = octets;
      return buffer.byteLength === octets.byteLength ? buffer : octets.slice().buffer;
    }

    // §4 "When the WebSocket closing handshake is started"
    #closingHandshakeStarted(): void {
      // "change the ready state to CLOSING (2)"
      if (this.#readyState === readyStates.OPEN) this.#readyState = readyStates.CLOSING;
    }

    // §4 "When the WebSocket connection is closed, possibly cleanly"
    #connectionClosed(report: CloseReport | undefined): void {
      // 1. "Change the ready state to CLOSED (3)."
      this.#readyState = readyStates.CLOSED;
      // 2. "If the user agent was required to fail the WebSocket connection, or if the WebSocket connection was closed
      // after being flagged as full, fire an event named error at the WebSocket object."
      const isFailed = this.#isFailed || report === undefined || isFailure(report);
      if (isFailed || this.#isFull) fire(this, new Event("error"));
      // 3. "Fire an event named close at the WebSocket object, using CloseEvent". RFC 6455 §7.1.5: the code is 1006 where
      // no Close frame was received.
      const init =
        isFailed || this.#isFull
          ? { wasClean: false, code: CloseCode.abnormalClosure, reason: "" }
          : { wasClean: report.wasClean, code: report.code, reason: report.reason };
      fire(this, new CloseEvent("close", init));
    }
  }

  defineConstants(WebSocket, readyStates);
  defineConstants(WebSocket.prototype, readyStates);
  layOutInterface(WebSocket.prototype, "WebSocket", members);
  return WebSocket as unknown as WebSocketConstructor<WebSocketOptions<Options>>;
}

/**
 * Whether we were "required to fail the WebSocket connection". The end of an open connection without a Close frame
 * counts, as it does in browsers.
 */
function isFailure({ outcome, phase }: CloseReport): boolean {
  return outcome === "failed" || (outcome === "dropped" && phase === "open");
}

/** `close` was called before the connection was established. */
class ClosedWhileConnectingError extends OpenlineError {
  override readonly name = "ClosedWhileConnectingError";
  override readonly code = "closed-while-connecting";
  override readonly section = "WHATWG WebSockets §3.1";

  constructor() {
    super("the WebSocket was closed before the connection was established");
  }
}

/**
 * The options of our own; an argument more is ignored, as everywhere in Web IDL, unless it is an object.
 *
 * @throws UsageError for options that make no sense; TypeError for headers that are none
 */
function settingsOf(given: unknown): ClientOptions {
  const settings: ClientOptions = typeof given === "object" && given !== null ? given : {};
  // Told at once, and not by an event that tells no reason.
  resolveClientOptions(settings);
  rawHeadersOf(settings.headers);
  return settings;
}
