/**
 * How a client reaches a server over a simulated link: it writes the head of its request, and reads that of the answer.
 */
import type { HandshakeRequest, HandshakeResponse } from "../protocol/index.js";
import type { DialOptions, DialResult } from "../transport/index.js";
import type { Head } from "./http-head.js";
import { HeadReader, joined, latin1 } from "./http-head.js";
import type { SimulatedStream } from "./simulated-network.js";

/** Writes the request, and waits for the answer. Rejects when the stream ends before, or the signal is aborted. */
export function dialOver(
  stream: SimulatedStream,
  request: HandshakeRequest,
  options: DialOptions,
): Promise<DialResult> {
  return new Promise((resolve, reject) => {
    const { signal, maxBodyBytes } = options;
    const giveUp = (): void => {
      stream.destroy();
      reject(signal.reason as Error);
    };
    const settle = (result: DialResult): void => {
      signal.removeEventListener("abort", giveUp);
      resolve(result);
    };
    let refused: { readonly response: HandshakeResponse; body: Uint8Array } | undefined;
    new HeadReader(stream, {
      headReceived: (head, rest) => {
        const response = responseOf(head);
        if (response.status === 101) {
          stream.unread(rest);
          settle({ isUpgraded: true, response, stream });
        } else {
          refused = { response, body: rest };
        }
      },
      bodyReceived: (octets) => {
        if (refused !== undefined) refused.body = joined(refused.body, octets);
      },
      ended: (error) => {
        stream.destroy();
        if (refused !== undefined) {
          settle({ isUpgraded: false, response: refused.response, body: refused.body.subarray(0, maxBodyBytes) });
          return;
        }
        signal.removeEventListener("abort", giveUp);
        reject(error ?? new Error("the server ended the connection without an answer"));
      },
    });
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    else stream.write([latin1(headOf(request))]);
  });
}

function headOf({ method, target, rawHeaders }: HandshakeRequest): string {
  let head = `${method} ${target} HTTP/1.1`;
  for (const [index, text] of rawHeaders.entries()) head += index % 2 === 0 ? `\r\n${text}: ` : text;
  return `${head}\r\n\r\n`;
}

function responseOf({ startLine, rawHeaders }: Head): HandshakeResponse {
  return { status: Number(startLine.slice(9, 12)), httpVersion: startLine.slice(5, 8), rawHeaders };
}
