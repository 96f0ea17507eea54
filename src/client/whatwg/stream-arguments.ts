/**
 * What `new WebSocketStream(url, options)` is given, converted.
 */
import { toDictionary, toSequence } from "./web-idl.js";

/** What can be said about a `WebSocketStream`. */
export interface WebSocketStreamOptions {
  /** Subprotocols to ask for, the most wanted first. The server has to choose one. Default none. */
  protocols?: Iterable<string> | undefined;
  /** Gives up the handshake when it is aborted; afterwards it does nothing. */
  signal?: AbortSignal | undefined;
}

/** The same, converted. */
export interface StreamOptions {
  readonly protocols: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** Converts to the dictionary `WebSocketStreamOptions`. Throws a TypeError for what cannot be converted. */
export function toStreamOptions(value: unknown): StreamOptions {
  const dictionary = toDictionary(value, "options");
  const protocols: unknown = Reflect.get(dictionary, "protocols");
  const converted = protocols === undefined ? [] : toSequence(protocols, "protocols");
  const signal: unknown = Reflect.get(dictionary, "signal");
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError("signal must be an AbortSignal");
  return { protocols: converted, signal };
}
