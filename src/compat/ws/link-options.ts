/**
 * The options of `ws` that are about open connections, as this library has them.
 */
import { Buffer } from "node:buffer";
import type { Limits, MaskingKeySource } from "../../protocol/index.js";
import { UsageError } from "../../protocol/index.js";
import type { PerMessageDeflateOptions as OwnDeflateOptions, ResolvedSocketOptions } from "../../socket/index.js";
import { maxTimerMs, resolveSocketOptions } from "../../socket/index.js";
import type { PerMessageDeflateOptions } from "./option-types.js";

/** As `ws` takes them. */
export interface LinkOptions {
  readonly allowSynchronousEvents?: boolean | undefined;
  readonly autoPong?: boolean | undefined;
  readonly closeTimeout?: number | undefined;
  readonly generateMask?: ((mask: Buffer) => void) | undefined;
  readonly maxFragments?: number | undefined;
  readonly maxPayload?: number | undefined;
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  readonly skipUTF8Validation?: boolean | undefined;
}

/** As links take them. */
export interface ResolvedLinkOptions {
  readonly socket: ResolvedSocketOptions;
  readonly allowsSynchronousEvents: boolean;
  readonly answersPings: boolean;
  readonly skipsUtf8Validation: boolean;
  /** Where the application makes the masking keys. */
  readonly maskingKeys: MaskingKeySource | undefined;
}

// The defaults of `ws`.
const defaultCloseTimeoutMs = 30_000;
const defaultMaxFragments = 16 * 1024;
const defaultMaxPayloadBytes = 100 * 1024 * 1024;

// Octets of overhead around an unfinished message.
const overheadBytes = 1024 * 1024;
// A buffer that grows is copied into one of up to four times what has come.
const heldPerByte = 5;

/**
 * Reads the options.
 *
 * @param deflate what `perMessageDeflate` is where it is not given
 * @throws UsageError `invalid-limit` for numbers out of range
 */
export function resolveLinkOptions(options: LinkOptions, deflate: boolean): ResolvedLinkOptions {
  const { generateMask, closeTimeout = defaultCloseTimeoutMs } = options;
  return {
    socket: resolveSocketOptions({
      limits: limitsOf(options),
      closeTimeoutMs: Math.min(closeTimeout, maxTimerMs),
      perMessageDeflate: deflateOptions(options.perMessageDeflate ?? deflate),
      // What is sent is the application's affair in `ws`: it has `bufferedAmount` to look at.
      maxSendBufferBytes: Number.MAX_SAFE_INTEGER,
      sendTimeoutMs: false,
      // And so is finding out who is not there any more.
      heartbeat: false,
      messageTimeoutMs: false,
    }),
    allowsSynchronousEvents: options.allowSynchronousEvents ?? true,
    answersPings: options.autoPong ?? true,
    skipsUtf8Validation: options.skipUTF8Validation ?? false,
    maskingKeys: generateMask === undefined ? undefined : maskingKeysOf(generateMask),
  };
}

function limitsOf({ maxPayload, maxFragments }: LinkOptions): Partial<Limits> {
  const maxMessageBytes = limit(maxPayload ?? defaultMaxPayloadBytes);
  return {
    maxMessageBytes,
    maxFrameBytes: maxMessageBytes,
    maxFragmentsPerMessage: limit(maxFragments ?? defaultMaxFragments),
    maxBufferedBytes: Math.min(heldPerByte * maxMessageBytes + overheadBytes, Number.MAX_SAFE_INTEGER),
  };
}

/** Zero, and what is no positive number of 32 bits, is no limit to `ws`. */
function limit(given: number): number {
  const number = given | 0;
  return number > 0 ? number : Number.MAX_SAFE_INTEGER;
}

function maskingKeysOf(generateMask: (mask: Buffer) => void): MaskingKeySource {
  const key = Buffer.alloc(4);
  return {
    next: () => {
      generateMask(key);
      return key.readInt32BE(0);
    },
  };
}

/** The options of permessage-deflate. Those of zlib that are no matter of the wire are left out, but for the level. */
function deflateOptions(given: boolean | PerMessageDeflateOptions): boolean | OwnDeflateOptions {
  if (typeof given === "boolean") return given;
  const { serverMaxWindowBits, clientMaxWindowBits, threshold, zlibDeflateOptions } = given;
  const level = zlibDeflateOptions?.level;
  for (const bits of [serverMaxWindowBits, clientMaxWindowBits]) {
    if (typeof bits === "number" && !(bits >= 8 && bits <= 15)) throw new UsageError("invalid-limit", bits, 15);
  }
  return {
    serverNoContextTakeover: given.serverNoContextTakeover === true,
    clientNoContextTakeover: given.clientNoContextTakeover === true,
    ...(typeof serverMaxWindowBits === "number" ? { serverMaxWindowBits } : {}),
    ...(typeof clientMaxWindowBits === "number" ? { clientMaxWindowBits } : {}),
    ...(threshold === undefined ? {} : { thresholdBytes: threshold }),
    ...(level !== undefined && level >= 1 && level <= 9 ? { level } : {}),
  };
}
