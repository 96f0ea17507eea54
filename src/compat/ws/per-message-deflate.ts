/**
 * `ws`'s PerMessageDeflate: negotiates the extension (RFC 7692), and deflates and inflates for one connection. For those
 * who drive `Receiver` and `Sender` themselves; our own sockets do without.
 *
 * Calls are done in order, each in a tick of its own, and answered through callbacks.
 */
import { Buffer } from "node:buffer";
import { readParameters, type WrittenParameters } from "../../protocol/extensions/deflate-parameters.js";
import { MessageDeflater } from "../../protocol/extensions/message-deflater.js";
import { MessageInflater } from "../../protocol/extensions/message-inflater.js";
import { windowBytes } from "../../protocol/extensions/sliding-window.js";
import { storedBlocks } from "../../protocol/extensions/stored-blocks.js";
import {
  type Compressor,
  createDeflateContext,
  type DeflateContext,
  type ExtensionParameter,
  isFailure,
  maxWindowBits,
  type OctetRange,
  type StreamReceiver,
  type TransformFailure,
  WindowMemory,
} from "../../protocol/index.js";
import { nodeCompressor } from "../../transport/node/zlib/index.js";
import { inflateError, tooLongError } from "./frame-errors.js";
import { asBuffer } from "./payload.js";

/** Options of the negotiation and of what follows from it. */
export interface PerMessageDeflateOptions {
  /** The client's window in bits, from 8 to 15: what a client may use, or a server asks for. `false`: not to be limited. */
  clientMaxWindowBits?: number | boolean | undefined;
  /** Whether the client begins each message with an empty window; `false` refuses that. */
  clientNoContextTakeover?: boolean | undefined;
  /** Default false: a client. */
  isServer?: boolean | undefined;
  /** Octets that what is inflated in one call may have. Default 0: any number. */
  maxPayload?: number | undefined;
  /** The server's window in bits, from 8 to 15. `false` refuses to have it limited. */
  serverMaxWindowBits?: number | boolean | undefined;
  /** Whether the server begins each message with an empty window; `false` refuses that. */
  serverNoContextTakeover?: boolean | undefined;
  /** Octets of a message below which a `Sender` without context takeover does not compress it. Default 1024. */
  threshold?: number | undefined;
  /** Of zlib's options, `level`: from 0, which does not compress, to 9. Default 6. */
  zlibDeflateOptions?: { readonly level?: number | undefined } | undefined;
}

/** The parameters in use, by the names that RFC 7692 §7.1 gives them. */
export interface DeflateParameters {
  client_max_window_bits?: number | true;
  client_no_context_takeover?: true;
  server_max_window_bits?: number;
  server_no_context_takeover?: true;
}

/** Parameters as `extension.parse` finds them. */
export type OfferedParameters = Readonly<Record<string, readonly (string | true)[]>>;

/** What was negotiated, by name. */
export interface DeflateExtensions {
  readonly "permessage-deflate"?: PerMessageDeflate;
}

type Answered = (error: Error | null, data: Buffer) => void;

const noData = Buffer.alloc(0);
/** Where windows lie. `ws` has no limit for them: whoever makes an instance has agreed to its memory. */
export const deflateWindows: WindowMemory = new WindowMemory(Number.MAX_SAFE_INTEGER);

/** What an instance works with, made when there is something to do. */
interface Halves {
  deflater: MessageDeflater | undefined;
  inflater: MessageInflater | undefined;
}

/** Gives back the windows of those who have gone without a `cleanup`. */
const leftBehind = new FinalizationRegistry<Halves>(closeBoth);
const defaultLevel = 6;

/** See the head of this file. */
export class PerMessageDeflate {
  /** The parameters in use; null before `accept`. */
  params: DeflateParameters | null = null;
  /** Whether it is a server's. */
  readonly isServer: boolean;
  /** `options.threshold`. */
  readonly threshold: number;
  readonly #options: PerMessageDeflateOptions;
  readonly #maxPayload: number;
  readonly #context: DeflateContext;
  readonly #halves: Halves = { deflater: undefined, inflater: undefined };
  /** Whether the next octets to deflate begin a message. */
  #beginsSending = true;
  /** A message that is being inflated fragment by fragment. */
  #stream: StreamReceiver | undefined;
  #inflated: Buffer[] = [];
  #inflatedBytes = 0;
  #lastCall: Promise<void> = Promise.resolve();
  /** Callbacks of calls to `compress` that have not been answered. */
  readonly #compressing = new Set<Answered>();

  constructor(options: PerMessageDeflateOptions = {}) {
    const { isServer = false, maxPayload = 0, threshold = 1024, zlibDeflateOptions } = options;
    this.#options = options;
    this.isServer = isServer;
    this.threshold = threshold;
    this.#maxPayload = maxPayload > 0 ? maxPayload : Number.MAX_SAFE_INTEGER;
    const level = zlibDeflateOptions?.level ?? defaultLevel;
    const compressor = level === 0 ? storing(nodeCompressor()) : nodeCompressor();
    leftBehind.register(this, this.#halves);
    this.#context = createDeflateContext(compressor, {
      memory: deflateWindows,
      level: level < 0 ? defaultLevel : level,
    });
  }

  static get extensionName(): "permessage-deflate" {
    return "permessage-deflate";
  }

  /** What a client offers. */
  offer(): DeflateParameters {
    const { clientMaxWindowBits, clientNoContextTakeover, serverMaxWindowBits, serverNoContextTakeover } =
      this.#options;
    const params: DeflateParameters = {};
    if (serverNoContextTakeover === true) params.server_no_context_takeover = true;
    if (clientNoContextTakeover === true) params.client_no_context_takeover = true;
    if (typeof serverMaxWindowBits === "number") params.server_max_window_bits = serverMaxWindowBits;
    if (clientMaxWindowBits !== false) params.client_max_window_bits = clientMaxWindowBits ?? true;
    return params;
  }

  /**
   * A server chooses among offers; a client takes a response.
   *
   * @returns the parameters in use from now on
   * @throws Error where none can be accepted, TypeError for a value that no parameter of that name has
   */
  accept(configurations: readonly OfferedParameters[]): DeflateParameters {
    const read = configurations.map((configuration) => readStrictly(configuration, this.isServer));
    this.params = this.isServer ? this.#acceptOffer(read) : this.#acceptResponse(read[0] ?? {});
    return this.params;
  }

  #acceptOffer(offers: readonly DeflateParameters[]): DeflateParameters {
    const { clientMaxWindowBits, clientNoContextTakeover, serverMaxWindowBits, serverNoContextTakeover } =
      this.#options;
    const params = offers.find((offer) => this.#isAcceptable(offer));
    if (params === undefined) throw new Error("None of the extension offers can be accepted");
    if (serverNoContextTakeover === true) params.server_no_context_takeover = true;
    if (clientNoContextTakeover === true) params.client_no_context_takeover = true;
    if (typeof serverMaxWindowBits === "number") params.server_max_window_bits = serverMaxWindowBits;
    if (typeof clientMaxWindowBits === "number") params.client_max_window_bits = clientMaxWindowBits;
    else if (clientMaxWindowBits === false || params.client_max_window_bits === true) {
      delete params.client_max_window_bits;
    }
    return params;
  }

  #isAcceptable(offer: DeflateParameters): boolean {
    const { clientMaxWindowBits, serverMaxWindowBits, serverNoContextTakeover } = this.#options;
    if (serverNoContextTakeover === false && offer.server_no_context_takeover === true) return false;
    const serverBits = offer.server_max_window_bits;
    if (serverBits !== undefined) {
      if (serverMaxWindowBits === false) return false;
      if (typeof serverMaxWindowBits === "number" && serverMaxWindowBits > serverBits) return false;
    }
    const clientBits = offer.client_max_window_bits;
    // RFC 7692 §7.1.2.2: a response may name it only where the offer does, and no more than there.
    return typeof clientMaxWindowBits !== "number" || clientBits === true || (clientBits ?? 0) >= clientMaxWindowBits;
  }

  #acceptResponse(params: DeflateParameters): DeflateParameters {
    const { clientMaxWindowBits, clientNoContextTakeover } = this.#options;
    if (clientNoContextTakeover === false && params.client_no_context_takeover === true) {
      throw new Error('Unexpected parameter "client_no_context_takeover"');
    }
    const bits = params.client_max_window_bits;
    const wanted = typeof clientMaxWindowBits === "number" ? clientMaxWindowBits : undefined;
    if (bits === undefined) {
      if (wanted !== undefined) params.client_max_window_bits = wanted;
    } else if (clientMaxWindowBits === false || (wanted !== undefined && Number(bits) > wanted)) {
      throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
    }
    return params;
  }

  /**
   * Deflates a message, or a fragment of one.
   *
   * @param fin whether the message ends with it
   */
  compress(data: Uint8Array | string, fin: boolean, answered: Answered): void {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    this.#compressing.add(answered);
    this.#inTurn(async () => {
      if (!this.#compressing.has(answered)) return;
      const octets = { bytes, start: 0, end: bytes.byteLength, reserved: 0, isOwned: false };
      const isFirst = this.#beginsSending;
      this.#beginsSending = fin;
      const sent = await this.#sending().fragment(octets, isFirst, fin, { compress: true });
      // zlib flushes what is empty, too: to those who know it, no octets at all would be an error.
      const { start, end, bytes: deflated } = sent.start === sent.end ? storedBlocks(bytes, 0, 0) : sent;
      // What it returns is lent until anybody deflates again.
      if (this.#compressing.delete(answered)) call(answered, null, Buffer.from(deflated.subarray(start, end)));
    });
  }

  /**
   * Inflates a message, or a fragment of one.
   *
   * @param fin whether the message ends with it
   */
  decompress(data: Uint8Array, fin: boolean, answered: Answered): void {
    this.#inTurn(async () => {
      const failure = await this.#inflate(data, fin);
      const inflated = Buffer.concat(this.#inflated);
      const isTooLong = this.#inflatedBytes > this.#maxPayload;
      this.#inflated = [];
      this.#inflatedBytes = 0;
      if (isTooLong || failure !== undefined) this.#stream = undefined;
      if (isTooLong || failure?.failure === "message-too-big") call(answered, tooLongError(), noData);
      else if (failure !== undefined) call(answered, inflateError(failure.cause), noData);
      else call(answered, null, inflated);
    });
  }

  async #inflate(data: Uint8Array, fin: boolean): Promise<TransformFailure | undefined> {
    const inflater = this.#receiving();
    if (this.#stream === undefined && fin) {
      const message = { bytes: data, start: 0, end: data.byteLength, reserved: 0, isOwned: true };
      const result = await inflater.message(message, this.#maxPayload);
      if (isFailure(result)) return result;
      // As above.
      this.#inflated = [Buffer.from(result.bytes.subarray(result.start, result.end))];
      return undefined;
    }
    const stream = (this.#stream ??= inflater.stream({
      piece: (bytes, start, end) => {
        this.#inflatedBytes += end - start;
        if (this.#inflatedBytes > this.#maxPayload) stream.abort();
        else this.#inflated.push(asBuffer(bytes, start, end));
        return true;
      },
    }));
    let failure = await stream.push(data, 0, data.byteLength);
    if (fin) {
      failure ??= await stream.finish();
      this.#stream = undefined;
    }
    return failure;
  }

  /** Gives back what it holds. Calls to `compress` that have not been answered fail. */
  cleanup(): void {
    this.#beginsSending = true;
    this.#stream?.abort();
    this.#stream = undefined;
    closeBoth(this.#halves);
    const unanswered = [...this.#compressing];
    this.#compressing.clear();
    const error = new Error("The deflate stream was closed while data was being processed");
    for (const answered of unanswered) answered(error, noData);
  }

  #sending(): MessageDeflater {
    const bits = this.#windowBits(this.isServer);
    const takesOver = !this.#isEmptied(this.isServer);
    return (this.#halves.deflater ??= new MessageDeflater(this.#context, bits, takesOver));
  }

  #receiving(): MessageInflater {
    return (this.#halves.inflater ??= this.#makeInflater());
  }

  #makeInflater(): MessageInflater {
    const bits = this.#windowBits(!this.isServer);
    const takesOver = !this.#isEmptied(!this.isServer);
    if (takesOver) deflateWindows.reserve(windowBytes(bits));
    return new MessageInflater(this.#context, bits, takesOver);
  }

  #windowBits(isServers: boolean): number {
    const bits = isServers ? this.params?.server_max_window_bits : this.params?.client_max_window_bits;
    return typeof bits === "number" ? bits : maxWindowBits;
  }

  #isEmptied(isServers: boolean): boolean {
    const { params } = this;
    return (isServers ? params?.server_no_context_takeover : params?.client_no_context_takeover) === true;
  }

  #inTurn(work: () => Promise<void>): void {
    const { promise, resolve } = withResolver();
    const before = this.#lastCall;
    this.#lastCall = promise;
    // Not before the caller is done, who may do something that it has to wait for.
    setImmediate(() => void before.then(work).finally(resolve));
  }
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}

function closeBoth(halves: Halves): void {
  halves.deflater?.close();
  halves.deflater = undefined;
  halves.inflater?.close();
  halves.inflater = undefined;
}

/** Calls outside of the promise, so that what a callback throws is thrown at nobody else. */
function call(answered: Answered, error: Error | null, data: Buffer): void {
  process.nextTick(answered, error, data);
}

/** Reads the parameters of one offer or response. */
function readStrictly(configuration: OfferedParameters, isOffer: boolean): DeflateParameters {
  const parameters = Object.entries(configuration).flatMap(([name, values]) =>
    values.map((value): ExtensionParameter => ({ name, value: value === true ? undefined : value })),
  );
  const read = readParameters(parameters, isOffer);
  if ("fault" in read) {
    const [name = "", value = "true"] = read.parameter.split("=");
    if (read.fault === "repeated") throw new Error(`Parameter "${name}" must have only a single value`);
    if (read.fault === "unknown") throw new Error(`Unknown parameter "${name}"`);
    throw new TypeError(`Invalid value for parameter "${name}": ${value}`);
  }
  // What `extension.parse` made has no prototype, and what comes of it has none.
  return Object.assign(
    Object.create(Object.getPrototypeOf(configuration) as object | null) as DeflateParameters,
    named(read),
  );
}

function named(read: WrittenParameters): DeflateParameters {
  return {
    ...(read.serverNoContextTakeover ? { server_no_context_takeover: true } : {}),
    ...(read.clientNoContextTakeover ? { client_no_context_takeover: true } : {}),
    ...(read.serverMaxWindowBits === undefined ? {} : { server_max_window_bits: read.serverMaxWindowBits }),
    ...(read.clientMaxWindowBits === undefined ? {} : { client_max_window_bits: read.clientMaxWindowBits }),
  };
}

/** A compressor that does not compress. */
function storing(compressor: Compressor): Compressor {
  const deflate = (bytes: Uint8Array, start: number, end: number): OctetRange => storedBlocks(bytes, start, end);
  return {
    deflate,
    deflateLater: (bytes, start, end) => Promise.resolve(deflate(bytes, start, end)),
    inflate: (...inflation) => compressor.inflate(...inflation),
    inflateLater: (...inflation) => compressor.inflateLater(...inflation),
    inflateStream: (...inflation) => compressor.inflateStream(...inflation),
  };
}
