/**
 * The opening handshake of a client: the request, the answer, and from one to the next where redirects are followed.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { clientObserver } from "../../observe/index.js";
import type { DeflateContext, Extension, OfferedExtension } from "../../protocol/index.js";
import {
  acceptValue,
  confirmExtensions,
  createKey,
  DeflateClientExtension,
  ExtensionChain,
  formatExtensions,
  parseExtensions,
} from "../../protocol/index.js";
import { createCompression } from "../../socket/index.js";
import { nodePlatform } from "../../transport/node/index.js";
import type { AnyClientOptions, Target } from "./client-request.js";
import {
  basicAuthorization,
  checkProtocols,
  checkVersion,
  createRequest,
  credentialsIn,
  targetOf,
} from "./client-request.js";
import { createLinkContext, Link, type LinkContext } from "./link.js";
import { type ResolvedLinkOptions, resolveLinkOptions } from "./link-options.js";
import { readyStates } from "./ready-state.js";
import type { OpeningHandshake, Session } from "./session.js";
import { streamOver } from "./transports.js";
import type { WebSocket } from "./web-socket.js";

const defaultMaxRedirects = 10;

/** Reads the arguments of the constructor of `WebSocket`. */
export function openingOf(
  webSocket: WebSocket,
  session: Session,
  address: string | URL,
  protocols: unknown,
  options: unknown,
): Opening {
  // Options may stand in the place of subprotocols, and carry some.
  const isOptions = typeof protocols === "object" && protocols !== null && !Array.isArray(protocols);
  const given = ((isOptions ? protocols : options) ?? {}) as AnyClientOptions;
  const list = isOptions || protocols === undefined ? (given.protocols ?? []) : protocols;
  return new Opening(webSocket, session, address, Array.isArray(list) ? list : [list], given);
}

/** Where the first request has gone: nobody else gets its secrets. */
interface Origin {
  readonly isSecure: boolean;
  readonly isIpc: boolean;
  /** Host and port, or the path of a Unix socket. */
  readonly place: string;
}

/** See the head of this file. */
class Opening implements OpeningHandshake {
  readonly #webSocket: WebSocket;
  readonly #session: Session;
  readonly #first: Target;
  readonly #given: AnyClientOptions;
  readonly #protocols: ReadonlySet<string>;
  readonly #version: number;
  readonly #options: ResolvedLinkOptions;
  readonly #deflate: DeflateContext | undefined;
  /** Of the application's, to be sent with each request. */
  #headers: Record<string, unknown>;
  #request: ClientRequest | undefined;
  #offered: OfferedExtension | undefined;
  #isAborted = false;
  #redirects = 0;
  #origin: Origin | undefined;

  constructor(
    webSocket: WebSocket,
    session: Session,
    address: string | URL,
    protocols: readonly unknown[],
    given: AnyClientOptions,
  ) {
    this.#webSocket = webSocket;
    this.#session = session;
    this.#given = given;
    this.#version = checkVersion(given.protocolVersion ?? 13);
    this.#options = resolveLinkOptions(given, true);
    this.#deflate = createCompression(this.#options.socket.perMessageDeflate, nodePlatform);
    this.#headers = { ...given.headers };
    session.opening = this;
    // The URL is judged before the subprotocols are.
    this.#first = targetOf(address);
    session.url = this.#first.url.href;
    this.#protocols = checkProtocols(protocols);
  }

  /** Sends the first request. */
  begin(): void {
    this.#ask(this.#first);
  }

  #ask(target: Target): void {
    const given = this.#given;
    const credentials = credentialsIn(target.url) ?? given.auth ?? undefined;
    const key = createKey(nodePlatform.randomBytes(16));
    this.#offered = this.#offer();
    const extensions = this.#offered === undefined ? undefined : formatExtensions(this.#offered.offers);
    const handshake = { key, version: this.#version, extensions, protocols: this.#protocols };
    const { headers, auth } = this.#headersFor(target, credentials);
    const request = createRequest(target, given, headers, handshake, auth);
    this.#request = request;
    if (this.#redirects > 0) this.#webSocket.emit("redirect", this.#session.url, request);
    if (given.handshakeTimeout) request.on("timeout", () => this.abort("Opening handshake has timed out"));
    request.on("error", (error) => {
      if (this.#request === request && !this.#isAborted) this.#fail(error);
    });
    request.on("response", (response) => this.#answered(request, response, target));
    request.on("upgrade", (response, socket, head) => {
      this.#webSocket.emit("upgrade", response);
      // A listener may have closed it.
      if (this.#session.readyState !== readyStates.CONNECTING) return;
      this.#upgraded(response, socket, head, key);
    });
    if (given.finishRequest) given.finishRequest(request, this.#webSocket);
    else request.end();
  }

  #offer(): OfferedExtension | undefined {
    const { perMessageDeflate } = this.#options.socket;
    if (this.#deflate === undefined || perMessageDeflate === undefined) return undefined;
    return new DeflateClientExtension(this.#deflate, perMessageDeflate.wanted).offer();
  }

  /** What of the application's headers and credentials goes to where the request goes. */
  #headersFor(
    { url, isSecure, socketPath }: Target,
    credentials: string | undefined,
  ): { readonly headers: Readonly<Record<string, unknown>>; readonly auth: string | undefined } {
    if (this.#given.followRedirects !== true) return { headers: this.#headers, auth: credentials };
    const here: Origin = { isSecure, isIpc: socketPath !== undefined, place: socketPath ?? url.host };
    const origin = (this.#origin ??= here);
    if (this.#redirects === 0) {
      const lowered = Object.entries(this.#headers).map(([name, value]) => [name.toLowerCase(), value]);
      this.#headers = Object.fromEntries(lowered) as Record<string, unknown>;
    }
    const headers = { ...this.#headers };
    let auth = credentials;
    // Who listens to `redirect` judges for itself.
    if (this.#redirects > 0 && this.#webSocket.listenerCount("redirect") === 0) {
      const isSame = here.isIpc === origin.isIpc && here.place === origin.place;
      if (!isSame || (origin.isSecure && !isSecure)) {
        delete headers["authorization"];
        delete headers["cookie"];
        if (!isSame) delete headers["host"];
        auth = undefined;
      }
    }
    // The first one counts for all requests that are to have it.
    if (auth !== undefined) this.#headers["authorization"] ??= basicAuthorization(auth);
    return { headers, auth };
  }

  #answered(request: ClientRequest, response: IncomingMessage, target: Target): void {
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    const isRedirect = location !== undefined && statusCode >= 300 && statusCode < 400;
    if (isRedirect && this.#given.followRedirects === true) {
      this.#redirect(request, location, target);
    } else if (!this.#webSocket.emit("unexpected-response", request, response)) {
      this.abort(`Unexpected server response: ${statusCode}`);
    }
  }

  #redirect(request: ClientRequest, location: string, { url }: Target): void {
    if (++this.#redirects > (this.#given.maxRedirects ?? defaultMaxRedirects)) {
      this.abort("Maximum redirects exceeded");
      return;
    }
    this.#offered?.cancel();
    this.#request = undefined;
    request.destroy();
    let target: Target;
    try {
      target = targetOf(URL.canParse(location, url.href) ? new URL(location, url) : location);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#session.url = target.url.href;
    this.#ask(target);
  }

  #upgraded(response: IncomingMessage, socket: Duplex, head: Uint8Array, key: string): void {
    const { headers } = response;
    const { upgrade, "sec-websocket-accept": accept, "sec-websocket-protocol": protocol } = headers;
    if (upgrade?.toLowerCase() !== "websocket") this.#refuse(socket, "Invalid Upgrade header");
    else if (accept !== acceptValue(key)) this.#refuse(socket, "Invalid Sec-WebSocket-Accept header");
    else {
      const problem = this.#problemWith(protocol);
      if (problem !== undefined) this.#refuse(socket, problem);
      else this.#open(socket, head, protocol ?? "", headers["sec-websocket-extensions"]);
    }
  }

  #problemWith(protocol: string | undefined): string | undefined {
    if (protocol === undefined) return this.#protocols.size > 0 ? "Server sent no subprotocol" : undefined;
    if (this.#protocols.size === 0) return "Server sent a subprotocol but none was requested";
    return this.#protocols.has(protocol) ? undefined : "Server sent an invalid subprotocol";
  }

  #open(socket: Duplex, head: Uint8Array, protocol: string, header: string | undefined): void {
    const extensions = this.#confirm(header);
    if (typeof extensions === "string") {
      this.#refuse(socket, extensions);
      return;
    }
    this.#request = undefined;
    this.#session.opening = undefined;
    const context: LinkContext = createLinkContext("client", this.#options, clientObserver);
    const chain = extensions.length === 0 ? undefined : new ExtensionChain(extensions);
    const details = { protocol, extensions: header ?? "", chain, data: this.#session };
    const link = new Link(context, streamOver(socket, head, undefined), details);
    this.#session.protocol = protocol;
    this.#session.extensions = extensions.length === 0 ? "" : "permessage-deflate";
    this.#session.begin(link, socket);
    link.open();
    this.#webSocket.emit("open");
  }

  /** @returns the extensions in use, or what is wrong with the answer */
  #confirm(header: string | undefined): readonly Extension[] | string {
    const offered = this.#offered;
    this.#offered = undefined;
    if (header === undefined) {
      offered?.cancel();
      return [];
    }
    if (offered === undefined) {
      return "Server sent a Sec-WebSocket-Extensions header but no extension was requested";
    }
    const parsed = parseExtensions([header]);
    const isOurs = parsed.ok && parsed.extensions.length === 1 && parsed.extensions[0]?.name === offered.name;
    if (!parsed.ok || !isOurs) {
      offered.cancel();
      return parsed.ok
        ? "Server indicated an extension that was not requested"
        : "Invalid Sec-WebSocket-Extensions header";
    }
    const confirmed = confirmExtensions(parsed.extensions, [offered]);
    return "fault" in confirmed ? "Invalid Sec-WebSocket-Extensions header" : confirmed;
  }

  abort(message: string): void {
    this.#isAborted = true;
    this.#offered?.cancel();
    this.#session.readyState = readyStates.CLOSING;
    const request = this.#request;
    // Also where the answer has come: then the request is over, and its socket is not.
    request?.destroy();
    request?.socket?.destroy();
    process.nextTick(() => this.#session.fail(new Error(message)));
  }

  /** The answer is none that a connection could begin with. */
  #refuse(socket: Duplex, message: string): void {
    this.#offered?.cancel();
    this.#session.readyState = readyStates.CLOSING;
    socket.once("error", (error) => this.#webSocket.emit("error", error));
    socket.once("close", () => this.#session.end());
    socket.destroy(new Error(message));
  }

  #fail(error: Error): void {
    this.#request = undefined;
    this.#offered?.cancel();
    this.#session.fail(error);
  }
}
