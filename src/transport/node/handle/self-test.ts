/**
 * Tries the handle transport on a connection to ourselves before anybody relies on it.
 */
import { once } from "node:events";
import type { AddressInfo, Server, Socket as TcpSocket } from "node:net";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { isStreamHandle } from "./binding.js";
import type { HandleStream } from "./handle-stream.js";
import type { HandleTransport } from "./handle-transport.js";
import { acceptHandles } from "./listening.js";

// More than a socket's buffers hold, so that a part of it has to be written later.
const largeBytes = 8 * 1024 * 1024;
// So many waits without an octet, one after the other. Each begins when the last one is over, so that a process that gets
// no processor time, as when all workers of a cluster start at once, does not run out of them meanwhile.
const maxWaits = 40;
const waitMs = 50;

// A key that both sides have is the kind of TLS that needs no certificate.
const sharedKey = new Uint8Array(32).fill(1);
const keyOptions = { ciphers: "PSK", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

/** What is tried: taking the handle of a TCP or TLS socket, or one that was accepted and never had a socket. */
export type SelfTest = "tcp" | "tls" | "accept";

/** How the two sides meet. */
interface Meeting {
  listen(): Server;
  /** Resolves to the near side of the first connection to a server that listens. */
  take(server: Server, transport: HandleTransport, signal: AbortSignal): Promise<HandleStream | undefined>;
  connect(port: number): TcpSocket;
}

function connectTcpSocket(port: number): TcpSocket {
  return connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
}

function takeAfter(event: "connection" | "secureConnection"): Meeting["take"] {
  return async (server, transport, signal) => {
    const [accepted] = (await once(server, event, { signal })) as [TcpSocket];
    return transport.take(accepted, undefined);
  };
}

const meetings: Readonly<Record<SelfTest, Meeting>> = {
  tcp: {
    listen: () => createTcpServer({ allowHalfOpen: true, pauseOnConnect: true }),
    take: takeAfter("connection"),
    connect: connectTcpSocket,
  },
  accept: {
    listen: () => createTcpServer(),
    take: (server, transport) =>
      new Promise((resolve) => {
        const isTaken = acceptHandles(server, (_status, handle) =>
          resolve(isStreamHandle(handle) ? transport.adopt(handle) : undefined),
        );
        if (!isTaken) resolve(undefined);
      }),
    connect: connectTcpSocket,
  },
  tls: {
    listen: () => createTlsServer({ ...keyOptions, pskCallback: () => sharedKey }),
    take: takeAfter("secureConnection"),
    connect: (port) =>
      connectTls({
        ...keyOptions,
        port,
        host: "127.0.0.1",
        pskCallback: () => ({ psk: sharedKey, identity: "self-test" }),
        // There is none to check: the key is what both sides are known by.
        checkServerIdentity: () => undefined,
      }),
  },
};

/**
 * Sends octets both ways, few and many, and ends both sides.
 *
 * @returns whether all of it went as it does over `net.Socket`; never rejects
 */
export async function passesSelfTest(transport: HandleTransport, over: SelfTest): Promise<boolean> {
  const meeting = meetings[over];
  let server: Server | undefined;
  let far: TcpSocket | undefined;
  let near: HandleStream | undefined;
  const patience = new Patience();
  try {
    const { signal } = patience;
    server = meeting.listen();
    // In a cluster, a port of 0 is the same one for all workers, who would be given each other's connections.
    server.listen({ port: 0, host: "127.0.0.1", exclusive: true });
    await once(server, "listening", { signal });
    const taken = meeting.take(server, transport, signal);
    far = meeting.connect((server.address() as AddressInfo).port);
    far.on("error", () => undefined);
    near = await Promise.race([taken, patience.end]);
    if (near === undefined) return false;
    return (await Promise.race([exchange(near, far, patience), patience.end])) === true;
  } catch {
    return false;
  } finally {
    patience.stop();
    near?.destroy();
    far?.destroy();
    server?.close();
  }
}

/** Ends when nothing has come for a while. */
class Patience {
  /** Resolves when it is over. */
  readonly end: Promise<undefined>;
  readonly #over = new AbortController();
  #waits = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    const { signal } = this.#over;
    this.end = new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined));
    });
    this.#wait();
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Something has come: it begins anew. */
  renew(): void {
    this.#waits = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#waits++;
      if (this.#waits < maxWaits) this.#wait();
      else this.#over.abort();
    }, waitMs);
  }
}

async function exchange(near: HandleStream, far: TcpSocket, patience: Patience): Promise<boolean> {
  const large = new Uint8Array(largeBytes).fill(7);
  let nearReceived = "";
  let drained = 0;
  const nearClosed = new Promise<boolean>((resolve) => {
    near.start({
      streamReceived(bytes, start, end) {
        patience.renew();
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
  far.write("ping");
  let farReceived = 0;
  let isRight = true;
  for await (const chunk of far as AsyncIterable<Uint8Array>) {
    patience.renew();
    if (farReceived === 0) isRight = chunk[0] === 1 && (chunk[1] ?? 2) === 2;
    farReceived += chunk.byteLength;
  }
  far.end();
  return (await nearClosed) && isRight && drained === 1 && farReceived === largeBytes + 2;
}
