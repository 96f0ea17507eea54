/**
 * Loaded into an example before it starts: somebody who listens for upgrades on the same HTTP server, and answers those for
 * a path of their own.
 */
import { Server } from "node:http";

const { listen } = Server.prototype;

Server.prototype.listen = function (...where) {
  this.on("upgrade", (request, socket) => {
    if (request.url === "/theirs") socket.end("HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\n\r\n");
  });
  return listen.apply(this, where);
};
