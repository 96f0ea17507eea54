/**
 * Reading the body of a request, within a bound of octets and of time.
 */
import type { IncomingMessage } from "node:http";
import type { RealtimePlatform } from "../server/index.js";

// As a request's head has.
const bodyTimeoutMs = 10_000;

// As most have at most.
const firstBytes = 4096;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What became of a body: its text, or why there is none. */
export type Body = { readonly text: string } | { readonly fault: "too-large" | "too-slow" | "broken" | "not-utf8" };

/** Reads a body of no more than `maxBytes` octets. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number, platform: RealtimePlatform): Promise<Body> {
  // What announces more than it may have is not read at all.
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.resolve({ fault: "too-large" });
  return new Promise((resolve) => {
    // In one piece: of a body in many small ones, the pieces would take far more memory than their octets.
    let body = Buffer.allocUnsafe(firstBytes);
    let bytes = 0;
    const finish = (body: Body): void => {
      timer.cancel();
      request.off("data", take);
      resolve(body);
    };
    const timer = platform.setTimer(() => finish({ fault: "too-slow" }), bodyTimeoutMs);
    const take = (chunk: Buffer): void => {
      const length = bytes + chunk.length;
      if (length > maxBytes) {
        finish({ fault: "too-large" });
        return;
      }
      if (length > body.length) body = Buffer.concat([body.subarray(0, bytes)], Math.max(length, 2 * body.length));
      body.set(chunk, bytes);
      bytes = length;
    };
    request.on("data", take);
    request.on("end", () => finish(decoded(body.subarray(0, bytes))));
    request.on("error", () => finish({ fault: "broken" }));
    request.on("close", () => finish({ fault: "broken" }));
  });
}

function decoded(body: Buffer): Body {
  try {
    return { text: decoder.decode(body) };
  } catch {
    return { fault: "not-utf8" };
  }
}
