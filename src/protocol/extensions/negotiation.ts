/**
 * How two ends agree on extensions (RFC 6455 §9.1), for any extension.
 *
 * What is accepted has been opened: it may hold memory, and whoever gives up the handshake closes it.
 */
import type { ExtensionOffer } from "../handshake/extension-header.js";
import type { FaultyParameters } from "./deflate-parameters.js";
import type { Extension } from "./extension.js";

/** An extension that a server has accepted. */
export interface AcceptedExtension {
  readonly answer: ExtensionOffer;
  readonly extension: Extension;
}

/** An extension that a server offers to use. */
export interface ServerExtension {
  readonly name: string;
  /** Reserved bits that it claims, in place. */
  readonly claimedBits: number;
  /**
   * Chooses.
   *
   * @param offers those that carry its name, the most wanted first; at least one
   * @returns undefined where none of them can be accepted
   */
  accept(offers: readonly ExtensionOffer[]): AcceptedExtension | undefined;
}

/** An extension that a client would like to use. */
export interface ClientExtension {
  /** Makes offers for one connection. What follows is either `confirm` or `cancel`. */
  offer(): OfferedExtension;
}

/** An extension that a client has offered for one connection. */
export interface OfferedExtension {
  readonly name: string;
  readonly claimedBits: number;
  /** Its elements of the header, the most wanted first. */
  readonly offers: readonly ExtensionOffer[];
  /** The server has accepted it with these parameters. Where they are at fault, the connection fails. */
  confirm(answer: ExtensionOffer): Extension | FaultyParameters;
  /** The server has not accepted it, or there is no connection. */
  cancel(): void;
}

/** Why what a server answered cannot be used. */
export interface NegotiationFault extends FaultyParameters {
  readonly extension: string;
}

/**
 * The server chooses among the offers of a request, in the order of `available`, which is the order in which they will
 * apply.
 *
 * RFC 7692 §5: a server "MUST NOT accept a PMCE extension negotiation offer together with another extension if the PMCE
 * will conflict with the extension on their use of the RSV1 bit"; the same goes for any two extensions and any bit.
 */
export function acceptExtensions(
  offers: readonly ExtensionOffer[],
  available: readonly ServerExtension[],
): readonly AcceptedExtension[] {
  const accepted: AcceptedExtension[] = [];
  let claimed = 0;
  for (const candidate of available) {
    const named = offers.filter(({ name }) => name === candidate.name);
    if (named.length === 0 || (candidate.claimedBits & claimed) !== 0) continue;
    const found = candidate.accept(named);
    if (found === undefined) continue;
    claimed |= candidate.claimedBits;
    accepted.push(found);
  }
  return accepted;
}

/**
 * The client takes up what the server has answered, in the server's order. What was offered and not accepted is
 * cancelled; at a fault everything is given back.
 *
 * @param answers each names an offered extension, and none twice: what `readUpgradeResponse` has made sure of
 * @returns the extensions in use, or why the connection fails
 */
export function confirmExtensions(
  answers: readonly ExtensionOffer[],
  offered: readonly OfferedExtension[],
): readonly Extension[] | NegotiationFault {
  const confirmed: Extension[] = [];
  const open = new Set(offered);
  let claimed = 0;
  let fault: NegotiationFault | undefined;
  for (const answer of answers) {
    const found = offered.find(({ name }) => name === answer.name);
    if (found === undefined || !open.delete(found)) continue;
    if ((found.claimedBits & claimed) !== 0) {
      // RFC 7692 §5: "A client that received a response accepting a PMCE extension negotiation offer together with such
      // an extension MUST _Fail the WebSocket Connection_."
      found.cancel();
      fault = { extension: answer.name, fault: "not-offered", parameter: "a reserved bit that is taken" };
      break;
    }
    const extension = found.confirm(answer);
    if ("fault" in extension) {
      fault = { extension: answer.name, ...extension };
      break;
    }
    claimed |= found.claimedBits;
    confirmed.push(extension);
  }
  for (const rest of open) rest.cancel();
  if (fault === undefined) return confirmed;
  for (const extension of confirmed) extension.close();
  return fault;
}
