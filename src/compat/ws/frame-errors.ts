/**
 * The errors of a `Receiver`: as `ws` tells them, and with the status code that the connection is to be closed with.
 */
import { ProtocolError } from "../../protocol/index.js";
import { statusCode } from "./constants.js";
import { wsErrorOf } from "./ws-error.js";

/** An error that a frame of the peer's has caused. */
export interface FrameError extends Error {
  /** `WS_ERR_…`, or zlib's own where a message could not be inflated. */
  readonly code: string;
  /** What the connection is to be closed with. */
  readonly [statusCode]: number;
}

/** The peer broke a rule. */
export function frameErrorOf(error: ProtocolError): FrameError {
  const told = wsErrorOf(error);
  return Object.assign(told, { code: Reflect.get(told, "code") as string, [statusCode]: error.closeCode });
}

/** A message is longer than `maxPayload`. */
export function tooLongError(): FrameError {
  return frameErrorOf(new ProtocolError("message-too-big"));
}

/** A message that is not valid UTF-8. */
export function invalidUtf8Error(): FrameError {
  return frameErrorOf(new ProtocolError("invalid-utf8"));
}

/** More chunks were held back than `maxBufferedChunks`. */
export function tooManyChunksError(): FrameError {
  return Object.assign(new RangeError("Too many buffered chunks"), {
    code: "WS_ERR_TOO_MANY_BUFFERED_PARTS",
    [statusCode]: 1008,
  });
}

/** A compressed message that cannot be inflated, with zlib's own number beside its code. */
export function inflateError(cause: unknown): FrameError {
  return Object.assign(frameErrorOf(new ProtocolError("compressed-data-invalid", undefined, undefined, cause)), {
    errno: -3,
  });
}
