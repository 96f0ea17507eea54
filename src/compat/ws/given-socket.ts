/**
 * A `WebSocket` over a stream whose handshake others have done.
 */
import type { Duplex } from "node:stream";
import { clientObserver, serverObserver } from "../../observe/index.js";
import { createLinkContext, Link } from "./link.js";
import { type LinkOptions, resolveLinkOptions } from "./link-options.js";
import { sessionOf } from "./session.js";
import { streamOver } from "./transports.js";
import type { WebSocket } from "./web-socket.js";

/**
 * Opens a `WebSocket` that was made without an address. It is a server's, unless `_isServer` says otherwise: that is how
 * those who do so have come to say it.
 *
 * @param head octets that were read from the stream already
 */
export function openOver(webSocket: WebSocket, socket: Duplex, head: Uint8Array, options: LinkOptions): void {
  const isClient = Reflect.get(webSocket, "_isServer") === false;
  const role = isClient ? "client" : "server";
  const observer = isClient ? clientObserver : serverObserver;
  const context = createLinkContext(role, resolveLinkOptions(options, false), observer);
  const session = sessionOf(webSocket);
  const details = { protocol: session.protocol, extensions: "", chain: undefined, data: session };
  const link = new Link(context, streamOver(socket, head, undefined), details);
  session.begin(link, socket);
  link.open();
  webSocket.emit("open");
}
