/**
 * Hands a connection to an HTTP server after its first octets have been read: they were no upgrade request that we
 * recognize, and nothing may be lost of whatever they are. The server goes on as if it had accepted the connection and
 * read them itself: it keeps it alive, times it out, answers what is broken, and tells of an upgrade.
 *
 * A socket is handed over by documented means: its octets are put back, and the server is told of a connection.
 *
 * A bare handle becomes a socket again first. What that rests on, the same on Node 20, 22, 24 and 26:
 *
 * - `new net.Socket({ handle })` takes a libuv handle, as `net.Server` itself calls it, with `allowHalfOpen` as HTTP
 *   servers have it. It makes itself the handle's owner and sets its `onread`. `manualStart` leaves the reading to
 *   whoever resumes the socket.
 * - The socket keeps in `handle.reading` whether it reads; a handle that has been read from by others has to be stopped.
 * - A handle that was ever told to read into a buffer (`useUserBuffer`) does so for good. The documented option `onread`
 *   is how a socket lives with that.
 * - At the end of its stream a handle tells so again when it is read from again.
 * - `server._connections` is what `server.close` waits for, and a socket with `_server` counts it down.
 * - A server sets up its list of connections, with which it enforces its timeouts and `closeIdleConnections`, at the
 *   event `listening`; `prepareHandover` emits it for one that does not listen.
 *
 * The server's timeouts begin anew with the handover.
 */
import { Buffer } from "node:buffer";
import type { Server as HttpServer } from "node:http";
import type { OnReadOpts } from "node:net";
import { Socket as TcpSocket } from "node:net";
import { Server as TlsServer } from "node:tls";

/** A libuv stream as Node's native code exposes it: as much of it as is needed here. */
export interface DetachedHandle {
  readStop(): number;
  /** Whether its socket reads from it, as that socket keeps it. */
  reading?: boolean;
}

/** What sockets and servers keep of each other, beside what is documented. */
interface CountedServer {
  _connections?: number;
}
interface CountingSocket {
  _server?: CountedServer;
}

/** What Node answers to a request that breaks off. */
const badRequest = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

/**
 * Lets a server that does not listen itself enforce its timeouts on the connections that are handed to it. `close` ends
 * that again, as for any server.
 */
export function prepareHandover(server: HttpServer): void {
  server.emit("listening");
}

/**
 * Hands over a socket. Nobody else may use it any more.
 *
 * It stays with the server that accepted it: that one counts it, and waits for it when it is closed.
 *
 * @param server for a TLS socket, a plain HTTP server (the encryption is done with already), or an HTTPS server
 * @param socket connected, and without listeners of ours
 * @param octets what was read from it, in order; copied
 */
export function handOverSocket(server: HttpServer, socket: TcpSocket, octets: readonly Uint8Array[]): void {
  if (socket.destroyed) return;
  const read = Buffer.concat(octets);
  if (socket.readableEnded) {
    // A stream that has told of its end takes nothing back. What it brought is unfinished, or nobody would have waited
    // for its end.
    socket.on("error", () => socket.destroy());
    if (read.byteLength > 0) socket.write(badRequest);
    socket.end();
    return;
  }
  socket.setTimeout(0);
  // Whether it flows until now or not, it does so again from the next tick on, after what is put back.
  socket.pause();
  if (read.byteLength > 0) socket.unshift(read);
  // Told of a "connection", an HTTPS server would begin another handshake.
  server.emit(server instanceof TlsServer ? "secureConnection" : "connection", socket);
  socket.resume();
}

/**
 * Hands over the bare handle of a TCP connection. Nobody else may use it any more.
 *
 * The server counts it, and waits for it when it is closed.
 *
 * @param server a plain HTTP server
 * @param handle taken from a `net.Socket`, or never owned by one
 * @param octets what was read from it, in order; copied
 * @param userBuffer the buffer that the handle was told to read into, where it was
 * @returns the socket that it is now
 */
export function handOverHandle(
  server: HttpServer,
  handle: DetachedHandle,
  octets: readonly Uint8Array[],
  userBuffer?: Uint8Array,
): TcpSocket {
  handle.readStop();
  handle.reading = false;
  const options = { handle, allowHalfOpen: true, readable: true, writable: true, manualStart: true };
  const onread: OnReadOpts | undefined = userBuffer && {
    buffer: userBuffer,
    // Others read into the same buffer.
    callback: (count, buffer) => socket.push(Buffer.from(buffer.subarray(0, count))),
  };
  const socket: TcpSocket = new TcpSocket(onread === undefined ? options : Object.assign(options, { onread }));
  socket.setNoDelay(true);
  const { _connections: connections } = server as CountedServer;
  if (typeof connections === "number") {
    (server as CountedServer)._connections = connections + 1;
    (socket as CountingSocket)._server = server as CountedServer;
  }
  handOverSocket(server, socket, octets);
  return socket;
}
