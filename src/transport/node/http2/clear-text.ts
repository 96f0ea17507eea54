/**
 * HTTP/1.1 and HTTP/2 in clear text on one port. A client that knows that a server speaks HTTP/2 begins with its preface
 * (RFC 9113 §3.3), which is no request of HTTP/1.1, and is made so that servers of that take it for none.
 */
import type { Server as HttpServer } from "node:http";

import type { Socket as TcpSocket } from "node:net";
import { handOverSocket } from "../http-handover.js";
import type { AnyHttp2Server } from "./connect-requests.js";

/** RFC 9113 §3.4: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n". */
const preface: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (character) => character.charCodeAt(0));

/** Whether the first octets of a connection are the preface of HTTP/2; "more" while they may become it. */
export function readPreface(octets: Uint8Array): "http2" | "other" | "more" {
  const length = Math.min(octets.byteLength, preface.byteLength);
  for (let index = 0; index < length; index++) if (octets[index] !== preface[index]) return "other";
  return length === preface.byteLength ? "http2" : "more";
}

/**
 * Gives a connection to a server of HTTP/2, with the octets that were read from it.
 *
 * @param socket connected, and without listeners of ours
 */
export function giveToHttp2(server: AnyHttp2Server, socket: TcpSocket, octets: Uint8Array): void {
  if (socket.destroyed) return;
  socket.pause();
  // A session takes what lies in its socket before it takes the socket's handle.
  socket.unshift(octets);
  server.emit("connection", socket);
}

/**
 * Lets an HTTP server take only those of its connections that do not begin with the preface of HTTP/2. To be called before
 * anybody else listens to its connections.
 *
 * @param http2 gets the others
 */
export function splitConnections(http: HttpServer, http2: AnyHttp2Server): void {
  const ordinary = http.listeners("connection") as ((this: HttpServer, socket: TcpSocket) => void)[];
  http.removeAllListeners("connection");
  // What the handing over tells the server of must not come here again.
  const known = new WeakSet<TcpSocket>();
  http.on("connection", (socket: TcpSocket) => {
    if (known.has(socket)) {
      for (const listener of ordinary) listener.call(http, socket);
      return;
    }
    known.add(socket);
    readFirst(socket, (octets) => {
      if (readPreface(octets) === "http2") giveToHttp2(http2, socket, octets);
      else handOverSocket(http, socket, [octets]);
    });
  });
}

/** Reads until it is clear whether the preface comes, or nothing more does. */
function readFirst(socket: TcpSocket, decided: (octets: Uint8Array) => void): void {
  const chunks: Uint8Array[] = [];
  const decide = (octets: Uint8Array): void => {
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("error", onError);
    decided(octets);
  };
  const onReadable = (): void => {
    for (let chunk = socket.read() as Uint8Array | null; chunk !== null; chunk = socket.read() as Uint8Array | null) {
      chunks.push(chunk);
    }
    const octets = Buffer.concat(chunks);
    if (readPreface(octets) !== "more") decide(octets);
  };
  const onEnd = (): void => decide(Buffer.concat(chunks));
  const onError = (): void => {
    socket.destroy();
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("error", onError);
}
