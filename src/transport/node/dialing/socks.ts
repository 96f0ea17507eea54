/**
 * SOCKS 5 (RFC 1928), the command CONNECT, with user name and password where they are wanted (RFC 1929); without I/O.
 *
 * No length that the proxy tells makes us reserve anything: the longest answer has 262 octets.
 */
import { UsageError } from "../../../protocol/index.js";
import { parseIpAddress } from "../../index.js";
import type { Negotiation, NegotiationStep } from "./negotiation.js";
import type { ProxyErrorCode, ProxyFailure } from "./proxy-error.js";

/** User name and password for a SOCKS server. */
export interface SocksCredentials {
  readonly username: string;
  readonly password: string;
}

const version = 5;
const authenticationVersion = 1;
const connectCommand = 1;
const reserved = 0;

const noAuthentication = 0x00;
const usernameAndPassword = 0x02;
const noAcceptableMethod = 0xff;

const ipv4Type = 0x01;
const nameType = 0x03;
const ipv6Type = 0x04;

/** Lengths are told in one octet. */
const maxFieldBytes = 255;

/** RFC 1928 §6, in the order of the reply codes from 1 on. */
const replyCodes: readonly ProxyErrorCode[] = [
  "socks-general-failure",
  "socks-not-allowed",
  "socks-network-unreachable",
  "socks-host-unreachable",
  "socks-connection-refused",
  "socks-ttl-expired",
  "socks-command-not-supported",
  "socks-address-type-not-supported",
];

/** What is waited for. */
type SocksState = "method" | "authentication" | "reply" | "open";

/**
 * Refuses what RFC 1929 has no room for.
 *
 * @throws UsageError `invalid-argument`; neither is repeated in it
 */
export function checkSocksCredentials({ username, password }: SocksCredentials): void {
  for (const [name, text] of Object.entries({ username, password })) {
    const bytes = Buffer.byteLength(text);
    // RFC 1929 §2: both fields have 1 to 255 octets.
    if (bytes < 1 || bytes > maxFieldBytes) {
      throw new UsageError("invalid-argument", bytes, maxFieldBytes, `octets of the ${name} for a SOCKS server`);
    }
  }
}

/** See the head of this file. */
export class SocksNegotiation implements Negotiation {
  readonly opening: Uint8Array;
  readonly #request: Uint8Array;
  readonly #credentials: SocksCredentials | undefined;
  #state: SocksState = "method";
  /** What has come of an answer that is not whole. */
  #pending: Uint8Array = new Uint8Array(0);

  /**
   * @param host a name, an IPv4 address, or an IPv6 address without brackets
   * @throws UsageError `url-invalid` for a name of more than 255 octets
   */
  constructor(host: string, port: number, credentials?: SocksCredentials) {
    this.#request = writeRequest(host, port);
    this.#credentials = credentials;
    const methods = credentials === undefined ? [noAuthentication] : [noAuthentication, usernameAndPassword];
    this.opening = Uint8Array.of(version, methods.length, ...methods);
  }

  receive(chunk: Uint8Array, send: (octets: Uint8Array) => void): NegotiationStep {
    let octets: Uint8Array = this.#pending.byteLength === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const taken = this.#take(octets, send);
      if (typeof taken === "object") return { kind: "failed", failure: taken };
      if (taken === 0) {
        this.#pending = octets.slice();
        return { kind: "more" };
      }
      octets = octets.subarray(taken);
      if (this.#state === "open") return { kind: "open", rest: octets };
    }
  }

  /** Reads one answer. @returns the octets that it had; 0 where it is not whole */
  #take(octets: Uint8Array, send: (octets: Uint8Array) => void): number | ProxyFailure {
    const [first, second] = octets;
    if (first === undefined) return 0;
    if (this.#state === "authentication") {
      if (first !== authenticationVersion) return { code: "socks-authentication-version", observed: first };
    } else if (first !== version) return { code: "socks-version", observed: first };
    if (second === undefined) return 0;
    switch (this.#state) {
      case "method":
        return this.#takeMethod(second, send);
      case "authentication":
        // RFC 1929 §2: "A STATUS field of X'00' indicates success."
        if (second !== 0) return { code: "socks-authentication-failed", observed: second };
        this.#ask(send);
        return 2;
      default:
        return this.#takeReply(second, octets);
    }
  }

  #takeMethod(method: number, send: (octets: Uint8Array) => void): number | ProxyFailure {
    // RFC 1928 §3: "If the selected METHOD is X'FF', none of the methods listed by the client are acceptable".
    if (method === noAcceptableMethod) return { code: "socks-no-acceptable-method" };
    if (method === noAuthentication) {
      this.#ask(send);
      return 2;
    }
    if (method !== usernameAndPassword || this.#credentials === undefined) {
      return { code: "socks-method-not-offered", observed: method };
    }
    this.#state = "authentication";
    const { username, password } = this.#credentials;
    send(Buffer.concat([Uint8Array.of(authenticationVersion), field(username), field(password)]));
    return 2;
  }

  #ask(send: (octets: Uint8Array) => void): void {
    this.#state = "reply";
    send(this.#request);
  }

  /** The reserved octet is not looked at: whatever a server leaves there, nothing depends on it. */
  #takeReply(code: number, octets: Uint8Array): number | ProxyFailure {
    // A failure is one whether the rest of it comes or not.
    if (code !== 0) return { code: replyCodes[code - 1] ?? "socks-reply-unknown", observed: code };
    const type = octets[3];
    if (type === undefined) return 0;
    const addressBytes = addressLength(type, octets[4]);
    if (addressBytes === undefined) return { code: "socks-reply-malformed", observed: type };
    // Version, code, reserved, type; the address; the port. Where the proxy connects from is of no use here.
    const bytes = 4 + addressBytes + 2;
    if (octets.byteLength < bytes) return 0;
    this.#state = "open";
    return bytes;
  }
}

/** @returns octets of an address with its length, where that is not whole at least one more than there is */
function addressLength(type: number, nameBytes: number | undefined): number | undefined {
  if (type === ipv4Type) return 4;
  if (type === ipv6Type) return 16;
  return type === nameType ? 1 + (nameBytes ?? 0) : undefined;
}

function field(text: string): Uint8Array {
  const octets = Buffer.from(text);
  return Buffer.concat([Uint8Array.of(octets.byteLength), octets]);
}

function writeRequest(host: string, port: number): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(version, connectCommand, reserved),
    writeAddress(host),
    Uint8Array.of(port >> 8, port & 0xff),
  ]);
}

function writeAddress(host: string): Uint8Array {
  const groups = parseIpAddress(host);
  if (groups === undefined) {
    if (host.length > maxFieldBytes) {
      throw new UsageError("url-invalid", host.length, maxFieldBytes, "octets of the host, for a SOCKS server");
    }
    return Buffer.concat([Uint8Array.of(nameType), field(host)]);
  }
  const octets = groups.flatMap((group) => [group >> 8, group & 0xff]);
  return host.includes(":") ? Uint8Array.of(ipv6Type, ...octets) : Uint8Array.of(ipv4Type, ...octets.slice(-4));
}
