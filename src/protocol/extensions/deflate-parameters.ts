/**
 * The parameters of permessage-deflate (RFC 7692 §7.1), read strictly and chosen without surprises.
 *
 * Nothing here throws on what a peer sends: an offer that breaks a rule is passed over, a response that does is a
 * failure with a name.
 */
import type { ExtensionOffer, ExtensionParameter } from "../handshake/extension-header.js";

/** The registered name (RFC 7692 §7). */
export const permessageDeflateName = "permessage-deflate";

/** The shortest window that can be agreed on, as the base-2 logarithm of its octets. */
export const minWindowBits = 8;
/** The longest, which is also the one that counts where none is named. */
export const maxWindowBits = 15;

/** The parameters of one element, as they were written. */
export interface WrittenParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  /** `true` where it stands without a value, as it may in an offer. */
  readonly clientMaxWindowBits: number | true | undefined;
}

/** What both ends have agreed on. */
export interface AgreedParameters {
  /** Whether the server begins each message with an empty window. */
  readonly serverNoContextTakeover: boolean;
  /** Whether the client begins each message with an empty window. */
  readonly clientNoContextTakeover: boolean;
  /** The longest window of the server's, from 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** The longest window of the client's, from 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** What one end wants, and no less than it can do: every value that a peer names within these is accepted. */
export interface WantedParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
}

/** Why parameters cannot be read. */
export type ParameterFault = "unknown" | "repeated" | "value-invalid" | "not-offered";

/** Parameters that cannot be read, or do not answer what was offered. */
export interface FaultyParameters {
  readonly fault: ParameterFault;
  /** The parameter, with its value. */
  readonly parameter: string;
}

const serverNoContextTakeover = "server_no_context_takeover";
const clientNoContextTakeover = "client_no_context_takeover";
const serverMaxWindowBits = "server_max_window_bits";
const clientMaxWindowBits = "client_max_window_bits";

/**
 * Reads the parameters of one element.
 *
 * RFC 7692 §7: a server declines an offer, and a client fails the connection on a response, with "an extension
 * parameter not defined for use in an offer" or response, "with an invalid value", or with "multiple extension
 * parameters with the same name". Only `client_max_window_bits` differs between the two: in an offer it may stand
 * without a value.
 */
export function readParameters(
  parameters: readonly ExtensionParameter[],
  isOffer: boolean,
): WrittenParameters | FaultyParameters {
  const read: { -readonly [Name in keyof WrittenParameters]: WrittenParameters[Name] } = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const seen = new Set<string>();
  for (const parameter of parameters) {
    const { name, value } = parameter;
    if (seen.has(name)) return faulty("repeated", parameter);
    seen.add(name);
    const bits = value === undefined ? undefined : windowBitsOf(value);
    if (name === serverNoContextTakeover && value === undefined) read.serverNoContextTakeover = true;
    else if (name === clientNoContextTakeover && value === undefined) read.clientNoContextTakeover = true;
    else if (name === serverMaxWindowBits && bits !== undefined) read.serverMaxWindowBits = bits;
    else if (name === clientMaxWindowBits && bits !== undefined) read.clientMaxWindowBits = bits;
    else if (name === clientMaxWindowBits && value === undefined && isOffer) read.clientMaxWindowBits = true;
    else return faulty(knownNames.has(name) ? "value-invalid" : "unknown", parameter);
  }
  return read;
}

const knownNames: ReadonlySet<string> = new Set([
  serverNoContextTakeover,
  clientNoContextTakeover,
  serverMaxWindowBits,
  clientMaxWindowBits,
]);

function faulty(fault: ParameterFault, { name, value }: ExtensionParameter): FaultyParameters {
  return { fault, parameter: value === undefined ? name : `${name}=${value}` };
}

/** §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function windowBitsOf(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/u.test(value) ? Number(value) : undefined;
}

/**
 * The server answers one offer (§7.1).
 *
 * A receiver's window has to be there for as long as the connection, so memory is reserved for it here, before anything
 * is promised. Where there is none, or where the client would use a longer window than we want and cannot be told so, it
 * is asked to go without: §7.1.1.2 "A client MUST support the "client_no_context_takeover" extension parameter in an
 * extension negotiation response."
 *
 * @param reserve takes memory for a window of so many bits, and says whether it got it
 */
export function answerOffer(
  offer: WrittenParameters,
  wanted: WantedParameters,
  reserve: (windowBits: number) => boolean,
): AgreedParameters {
  const offered = offer.clientMaxWindowBits;
  let clientBits = maxWindowBits;
  // §7.1.2.2: without it in the offer, the response "MUST NOT include" it; with a value, "equal to or smaller than" that.
  if (offered !== undefined)
    clientBits = Math.min(wanted.clientMaxWindowBits, offered === true ? maxWindowBits : offered);
  const isEmptied = wanted.clientNoContextTakeover || offer.clientNoContextTakeover;
  const isBounded = clientBits <= wanted.clientMaxWindowBits;
  return {
    serverNoContextTakeover: wanted.serverNoContextTakeover || offer.serverNoContextTakeover,
    clientNoContextTakeover: isEmptied || !isBounded || !reserve(clientBits),
    serverMaxWindowBits: Math.min(wanted.serverMaxWindowBits, offer.serverMaxWindowBits ?? maxWindowBits),
    clientMaxWindowBits: clientBits,
  };
}

/** Writes the server's answer to one offer. */
export function writeAnswer(agreed: AgreedParameters, offer: WrittenParameters): ExtensionOffer {
  return {
    name: permessageDeflateName,
    parameters: [
      ...flag(serverNoContextTakeover, agreed.serverNoContextTakeover),
      ...flag(clientNoContextTakeover, agreed.clientNoContextTakeover),
      // §7.1.2.1: an offer with it is accepted "by including" it. Without, it may be named, but a client that did not
      // ask saves nothing by it.
      ...bits(serverMaxWindowBits, offer.serverMaxWindowBits === undefined ? undefined : agreed.serverMaxWindowBits),
      ...bits(clientMaxWindowBits, offer.clientMaxWindowBits === undefined ? undefined : agreed.clientMaxWindowBits),
    ],
  };
}

/**
 * What a client offers, the most wanted first.
 *
 * Where the server's window is to be shorter than the longest, a second offer is for servers that cannot limit theirs:
 * §7.1.2.1 "A server declines an extension negotiation offer with this parameter if the server doesn't support it." It
 * asks for no context takeover instead, so that our memory stays as small.
 */
export function clientOffers(wanted: WantedParameters): readonly ExtensionOffer[] {
  const isLimited = wanted.serverMaxWindowBits < maxWindowBits;
  const first = {
    serverNoContextTakeover: wanted.serverNoContextTakeover,
    serverMaxWindowBits: isLimited ? wanted.serverMaxWindowBits : undefined,
  };
  const fallback = { serverNoContextTakeover: true, serverMaxWindowBits: undefined };
  return (isLimited ? [first, fallback] : [first]).map((offer) => ({
    name: permessageDeflateName,
    parameters: [
      ...flag(serverNoContextTakeover, offer.serverNoContextTakeover),
      // A hint that the server need not keep a window for us (§7.1.1.2).
      ...flag(clientNoContextTakeover, wanted.clientNoContextTakeover),
      ...bits(serverMaxWindowBits, offer.serverMaxWindowBits),
      wanted.clientMaxWindowBits < maxWindowBits
        ? { name: clientMaxWindowBits, value: String(wanted.clientMaxWindowBits) }
        : { name: clientMaxWindowBits, value: undefined },
    ],
  }));
}

function flag(name: string, isSet: boolean): ExtensionParameter[] {
  return isSet ? [{ name, value: undefined }] : [];
}

function bits(name: string, value: number | undefined): ExtensionParameter[] {
  return value === undefined ? [] : [{ name, value: String(value) }];
}

/**
 * The client judges the server's answer (§7.1): it has to accept one of the offers, with everything that this one asked
 * for.
 *
 * @returns what is agreed on, or why the connection fails
 */
export function judgeAnswer(
  answer: ExtensionOffer,
  offers: readonly ExtensionOffer[],
  wanted: WantedParameters,
): AgreedParameters | FaultyParameters {
  const read = readParameters(answer.parameters, false);
  if ("fault" in read) return read;
  let fault: FaultyParameters | undefined;
  for (const offer of offers) {
    const offered = readParameters(offer.parameters, true) as WrittenParameters;
    const found = mismatch(read, offered);
    if (found === undefined) return agreedFrom(read, wanted);
    fault ??= found;
  }
  return fault ?? { fault: "not-offered", parameter: answer.name };
}

/** Where an answer does not fit an offer. */
function mismatch(answer: WrittenParameters, offer: WrittenParameters): FaultyParameters | undefined {
  if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) {
    return { fault: "not-offered", parameter: `no ${serverNoContextTakeover}` };
  }
  const limit = offer.serverMaxWindowBits;
  if (limit !== undefined && (answer.serverMaxWindowBits ?? maxWindowBits) > limit) {
    return { fault: "not-offered", parameter: `${serverMaxWindowBits}=${answer.serverMaxWindowBits ?? maxWindowBits}` };
  }
  const value = answer.clientMaxWindowBits as number | undefined;
  if (value === undefined) return undefined;
  const allowed = offer.clientMaxWindowBits;
  if (allowed === undefined || (allowed !== true && value > allowed)) {
    return { fault: "not-offered", parameter: `${clientMaxWindowBits}=${value}` };
  }
  return undefined;
}

function agreedFrom(answer: WrittenParameters, wanted: WantedParameters): AgreedParameters {
  const value = answer.clientMaxWindowBits as number | undefined;
  return {
    serverNoContextTakeover: answer.serverNoContextTakeover,
    // What we want for ourselves needs nobody's consent.
    clientNoContextTakeover: answer.clientNoContextTakeover || wanted.clientNoContextTakeover,
    serverMaxWindowBits: answer.serverMaxWindowBits ?? maxWindowBits,
    clientMaxWindowBits: Math.min(wanted.clientMaxWindowBits, value ?? maxWindowBits),
  };
}
