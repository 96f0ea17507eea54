/**
 * TLS over a socket that is connected: to the server, to a proxy, or to the server through a proxy.
 */
import type { Socket as TcpSocket } from "node:net";
import { isIP } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import type { OpenedSockets } from "./opened-sockets.js";
import { settling } from "./settling.js";

/**
 * Has the other side prove who it is, and encrypts from there on.
 *
 * @param socket connected; what it has read already is taken for TLS
 * @param host whom it should be: a name, or an address without brackets. `tls.servername` names somebody else
 * @param tls options of `tls.connect`; of them `socket`, `host`, `port` and `path` do not count
 * @throws the error of TLS, or the signal's reason
 */
export function secure(
  socket: TcpSocket,
  host: string,
  tls: ConnectionOptions,
  opened: OpenedSockets,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return settling(signal, (resolve, reject) => {
    if (socket.destroyed) {
      reject(closedError());
      return () => undefined;
    }
    const secured = opened.add(connectTls(tlsOptions(socket, host, tls)));
    const onSecure = (): void => resolve(secured);
    const onClose = (): void => reject(secured.errored ?? socket.errored ?? closedError());
    secured.once("secureConnect", onSecure);
    secured.once("error", reject);
    secured.once("close", onClose);
    return () => {
      secured.off("secureConnect", onSecure);
      secured.off("error", reject);
      secured.off("close", onClose);
    };
  });
}

function tlsOptions(socket: TcpSocket, host: string, tls: ConnectionOptions): ConnectionOptions {
  return {
    // An upgrade is a matter of HTTP/1.1, and a server that speaks others has to know (RFC 7301).
    ALPNProtocols: ["http/1.1"],
    // RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted in "HostName"."
    ...(isIP(host) === 0 && { servername: host }),
    ...tls,
    // Not verifying has to be said in so many words: neither "undefined" nor NODE_TLS_REJECT_UNAUTHORIZED says it.
    rejectUnauthorized: tls.rejectUnauthorized !== false,
    socket,
    host,
  };
}

function closedError(): Error {
  const message = "the connection ended before there was a secure one";
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}
