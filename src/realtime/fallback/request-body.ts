/**
 * Reading the body of a request, within a bound of octets and of time.
 */
import type { IncomingMessage } from "node:http";
import type { RealtimePlatform } from "../server/index.js";

// As a request's head has.
const bodyTimeoutMs = 10_000;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What became of a body: its text, or why there is none. */
export type Body = { readonly text: string } | { readonly fault: "too-large" | "too-slow" | "broken" | "not-utf8" };

/** Reads a body of no more than `maxBytes` octets. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number, platform: RealtimePlatform): Promise<Body> {
  // What announces more than it may have is not read at all.
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve({ fault: "too-large" });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (body: Body): void => {
      timer.cancel();
      request.off("data", take);
      resolve(body);
    };
    const timer = platform.setTimer(() => finish({ fault: "too-slow" }), bodyTimeoutMs);
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) finish({ fault: "too-large" });
      else chunks.push(chunk);
    };
    request.on("data", take);
    request.on("end", () => finish(decoded(chunks)));
    request.on("error", () => finish({ fault: "broken" }));
    request.on("close", () => finish({ fault: "broken" }));
  });
}

function decoded(chunks: readonly Buffer[]): Body {
  try {
    return { text: decoder.decode(Buffer.concat(chunks)) };
  } catch {
    return { fault: "not-utf8" };
  }
}
