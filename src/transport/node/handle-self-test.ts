/**
 * Tries the handle transport on a connection to ourselves before anybody relies on it.
 */
import { once } from "node:events";
import type { AddressInfo, Server, Socket as TcpSocket } from "node:net";
import { connect, createServer } from "node:net";
import type { HandleStream, HandleTransport } from "./handle-stream.js";

// More than a socket's buffers hold, so that a part of it has to be written later.
const largeBytes = 8 * 1024 * 1024;
const deadlineMs = 2000;

/**
 * Sends octets both ways, few and many, and ends both sides.
 *
 * @returns whether all of it went as it does over `net.Socket`; never rejects
 */
export async function passesHandleSelfTest(transport: HandleTransport): Promise<boolean> {
  let server: Server | undefined;
  let far: TcpSocket | undefined;
  let near: HandleStream | undefined;
  const timer = new AbortController();
  try {
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening", { signal: AbortSignal.timeout(deadlineMs) });
    far = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
    const [accepted] = (await once(server, "connection", { signal: AbortSignal.timeout(deadlineMs) })) as [TcpSocket];
    near = transport.take(accepted, undefined);
    if (near === undefined) return false;
    const result = await Promise.race([exchange(near, far), failAfter(deadlineMs, timer.signal)]);
    return result;
  } catch {
    return false;
  } finally {
    timer.abort();
    near?.destroy();
    far?.destroy();
    server?.close();
  }
}

async function failAfter(delayMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timeout = setTimeout(resolve, delayMs, false);
    signal.addEventListener("abort", () => clearTimeout(timeout));
  });
}

async function exchange(near: HandleStream, far: TcpSocket): Promise<boolean> {
  const large = new Uint8Array(largeBytes).fill(7);
  let nearReceived = "";
  let drained = 0;
  const nearClosed = new Promise<boolean>((resolve) => {
    near.start({
      streamReceived(bytes, start, end) {
        nearReceived += String.fromCharCode(...bytes.subarray(start, end));
        if (nearReceived !== "ping") return;
        // In two segments, and more than can be taken at once.
        if (near.write([new Uint8Array([1, 2]), large])) resolve(false);
      },
      streamDrained() {
        drained++;
        near.end();
      },
      streamEnded: () => undefined,
      streamClosed: (error) => resolve(error === undefined),
    });
  });
  far.on("error", () => undefined);
  far.write("ping");
  let farReceived = 0;
  let isRight = true;
  for await (const chunk of far as AsyncIterable<Uint8Array>) {
    if (farReceived === 0) isRight = chunk[0] === 1 && chunk[1] === 2;
    farReceived += chunk.byteLength;
  }
  far.end();
  return (await nearClosed) && isRight && drained === 1 && farReceived === largeBytes + 2;
}
