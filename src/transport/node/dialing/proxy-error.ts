/**
 * What goes wrong between us and a proxy, before there is a way to the server.
 */
import type { RawHeaders } from "../../../protocol/index.js";
import { OpenlineError } from "../../../protocol/index.js";

interface ProxyRule {
  readonly section: string | undefined;
  readonly text: string;
}

/** The codes of `ProxyError`. */
export type ProxyErrorCode =
  | "proxy-unreachable"
  | "proxy-closed"
  | "proxy-authentication-required"
  | "proxy-refused"
  | "proxy-response-malformed"
  | "proxy-response-too-long"
  | "socks-version"
  | "socks-no-acceptable-method"
  | "socks-method-not-offered"
  | "socks-authentication-version"
  | "socks-authentication-failed"
  | "socks-general-failure"
  | "socks-not-allowed"
  | "socks-network-unreachable"
  | "socks-host-unreachable"
  | "socks-connection-refused"
  | "socks-ttl-expired"
  | "socks-command-not-supported"
  | "socks-address-type-not-supported"
  | "socks-reply-unknown"
  | "socks-reply-malformed";

const proxyRules: Readonly<Record<ProxyErrorCode, ProxyRule>> = {
  "proxy-unreachable": { section: undefined, text: "there is no connection to the proxy" },
  "proxy-closed": { section: undefined, text: "the proxy ended the connection before there was a tunnel" },
  "proxy-authentication-required": {
    section: "RFC 9110 §15.5.8",
    text: "the proxy wants a user name and a password, or others than these",
  },
  "proxy-refused": { section: "RFC 9110 §9.3.6", text: "the proxy refused to make a tunnel" },
  "proxy-response-malformed": { section: "RFC 9112 §4", text: "what the proxy answered is no HTTP/1.1 response" },
  "proxy-response-too-long": {
    section: "RFC 9110 §5.4",
    text: "the head of the proxy's response is longer than the limit maxHeaderBytes",
  },
  "socks-version": { section: "RFC 1928 §3", text: "the proxy does not speak version 5 of SOCKS" },
  "socks-no-acceptable-method": {
    section: "RFC 1928 §3",
    text: "the proxy takes none of the methods of authentication that were offered",
  },
  "socks-method-not-offered": {
    section: "RFC 1928 §3",
    text: "the proxy chose a method of authentication that was not offered",
  },
  "socks-authentication-version": {
    section: "RFC 1929 §2",
    text: "the proxy's answer to user name and password is not of version 1",
  },
  "socks-authentication-failed": { section: "RFC 1929 §2", text: "the proxy does not take user name and password" },
  "socks-general-failure": { section: "RFC 1928 §6", text: "the SOCKS server failed" },
  "socks-not-allowed": { section: "RFC 1928 §6", text: "the proxy's rules do not allow this connection" },
  "socks-network-unreachable": { section: "RFC 1928 §6", text: "the proxy does not reach the server's network" },
  "socks-host-unreachable": { section: "RFC 1928 §6", text: "the proxy does not reach the server" },
  "socks-connection-refused": { section: "RFC 1928 §6", text: "the server refused the proxy's connection" },
  "socks-ttl-expired": { section: "RFC 1928 §6", text: "the proxy's connection to the server timed out" },
  "socks-command-not-supported": { section: "RFC 1928 §6", text: "the proxy does not know the command CONNECT" },
  "socks-address-type-not-supported": {
    section: "RFC 1928 §6",
    text: "the proxy does not take an address of this type; socks5 sends an IP address, socks5h the host's name",
  },
  "socks-reply-unknown": { section: "RFC 1928 §6", text: "the proxy failed with a code that has no meaning" },
  "socks-reply-malformed": {
    section: "RFC 1928 §6",
    text: "the type of the address in the proxy's reply has no meaning",
  },
};

/** Every code of `ProxyError`, for documentation and tests. */
export const proxyErrorCodes: readonly ProxyErrorCode[] = Object.keys(proxyRules) as ProxyErrorCode[];

/** What is known of a failure beside its code. */
export interface ProxyFailure {
  readonly code: ProxyErrorCode;
  /** What was seen, in the unit of the rule: a version, a method, a code, a number of octets, a line. */
  readonly observed?: number | string | undefined;
  readonly limit?: number | undefined;
  /** The HTTP status of a refusal. */
  readonly status?: number | undefined;
  /** The header lines of a refusal. */
  readonly rawHeaders?: RawHeaders | undefined;
  /** The network's or TLS's own error. */
  readonly cause?: unknown;
}

/** The proxy could not be reached, or made no tunnel. Nothing was sent to the server. */
export class ProxyError extends OpenlineError {
  override readonly name = "ProxyError";
  override readonly code: ProxyErrorCode;
  override readonly section: string | undefined;
  /** Scheme, host and port of the proxy; never its user name or password. */
  readonly proxy: string;
  /** What was seen, in the unit of the rule: a version, a method, a code, a number of octets, a line. */
  readonly observed: number | string | undefined;
  /** What is allowed, where the rule is a limit. */
  readonly limit: number | undefined;
  /** The HTTP status, where the proxy answered with one. */
  readonly status: number | undefined;
  /** The headers of that answer: `Proxy-Authenticate` tells what a 407 wants. Its body is not read. */
  readonly headers: Headers | undefined;

  constructor(proxy: string, failure: ProxyFailure) {
    const { code, observed, limit, status, rawHeaders, cause } = failure;
    const rule = proxyRules[code];
    const details = [
      ...(status === undefined ? [] : [`status ${String(status)}`]),
      ...(observed === undefined ? [] : [`got ${String(observed)}`]),
      ...(limit === undefined ? [] : [`the limit is ${String(limit)}`]),
      ...(cause instanceof Error ? [cause.message] : []),
    ].join(", ");
    super(`${rule.text} (${proxy})${details === "" ? "" : `: ${details}`}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.section = rule.section;
    this.proxy = proxy;
    this.observed = observed;
    this.limit = limit;
    this.status = status;
    this.headers = rawHeaders === undefined ? undefined : headersOf(rawHeaders);
  }
}

function headersOf(rawHeaders: RawHeaders): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  return headers;
}
