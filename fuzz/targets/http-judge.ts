/**
 * What `node:http` makes of octets: an HTTP server without a port, whose connections are streams in memory.
 */
import type { ServerOptions } from "node:http";
import { createServer } from "node:http";
import { Duplex } from "node:stream";

export type HttpVerdict =
  | {
      readonly kind: "upgrade";
      readonly method: string;
      readonly target: string;
      readonly httpVersion: string;
      readonly rawHeaders: readonly string[];
      /** What followed the head, one character for an octet. */
      readonly rest: string;
    }
  /** An ordinary request. */
  | { readonly kind: "request" }
  /** What the server tells in an error. */
  | { readonly kind: "error"; readonly code: string }
  /** Cut without a word. */
  | { readonly kind: "cut" }
  /** Nothing yet. */
  | { readonly kind: "more" };

export interface HttpJudge {
  /** Gives octets to a new connection, chunk by chunk, until there is a verdict. */
  judge(chunks: readonly Uint8Array[]): Promise<HttpVerdict>;
}

/**
 * @param options of the HTTP server
 * @param maxHeadersCount as the server's property of this name. Default: Node's
 */
export function createHttpJudge(options: ServerOptions = {}, maxHeadersCount?: number): HttpJudge {
  const server = createServer(options);
  if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount;
  // Whatever there is to tell, the server tells within the call that gives it the octets.
  let verdict = undefined as HttpVerdict | undefined;
  server.on("upgrade", ({ method = "", url = "", httpVersion, rawHeaders }, _socket, head) => {
    verdict ??= { kind: "upgrade", method, target: url, httpVersion, rawHeaders, rest: head.toString("latin1") };
  });
  const sawRequest = (): void => {
    verdict ??= { kind: "request" };
  };
  for (const event of ["request", "checkContinue", "checkExpectation", "connect"]) server.on(event, sawRequest);
  server.on("clientError", ({ code = "" }: NodeJS.ErrnoException) => {
    verdict ??= { kind: "error", code };
  });
  return {
    judge: async (chunks) => {
      const connection = new Duplex({
        read: () => undefined,
        write(_chunk, _encoding, done) {
          // Some requests are answered before anybody is told of them.
          verdict ??= { kind: "request" };
          done();
        },
      });
      connection.on("error", () => undefined);
      server.emit("connection", connection);
      // The server begins to read in the next tick; from then on it takes what is pushed at once.
      await new Promise((resolve) => process.nextTick(resolve));
      verdict = undefined;
      let taken = 0;
      while (taken < chunks.length && verdict === undefined && !connection.destroyed) connection.push(chunks[taken++]);
      const found: HttpVerdict = verdict ?? { kind: connection.destroyed ? "cut" : "more" };
      connection.destroy();
      if (found.kind !== "upgrade") return found;
      // What comes in later chunks follows the head, too.
      return { ...found, rest: found.rest + Buffer.concat(chunks.slice(taken)).toString("latin1") };
    },
  };
}
