/**
 * A server and clients over TCP, with the default limits: the command `openline echo` in a process of its own, and
 * clients that `connect` makes.
 */
import assert from "node:assert/strict";
import type { ChildProcessByStdio } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { connect as connectTcp, createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { connect } from "#src/index.js";
import type { DeflateRequest } from "../deflate.js";
import { answerOffers, readAnswer, writeOffers } from "../deflate.js";
import { FuzzingPeer } from "../fuzzing-peer.js";
import { expectAccepted, header, readHead, upgradeRequest, upgradeResponse } from "../handshake.js";
import { SocketWire } from "../wire.js";
import type { Session, Target } from "./target.js";

const command = fileURLToPath(new URL("../../../../dist/cli/main.js", import.meta.url));
const maskingSeed = 6455;

type Settle = () => Promise<void>;

/**
 * Tells when the target has seen all that was written on one connection: when round trips on another have passed. On
 * this machine what is written is there to be read at once, so that the target reads it no later than the first ping;
 * its reaction leaves before the second pong, and has been read here before the third.
 */
class Witness {
  readonly #open: (settle: Settle) => Promise<Session>;
  #session: Promise<Session> | undefined;

  constructor(open: (settle: Settle) => Promise<Session>) {
    this.#open = open;
  }

  readonly settle = async (): Promise<void> => {
    // Nobody is a witness to the witness.
    this.#session ??= this.#open(() => Promise.resolve());
    const { peer } = await this.#session;
    for (let trip = 0; trip < 3; trip++) await peer.expectNothing();
  };

  async close(): Promise<void> {
    const session = await this.#session;
    session?.peer.destroy();
  }
}

/** `openline echo --port 0`. */
export function tcpServer(): Target {
  const start = startEcho();
  const open = async (settle: Settle, deflate?: readonly DeflateRequest[]): Promise<Session> => {
    const { url } = await start;
    const { hostname, port } = new URL(url);
    const socket = connectTcp({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, "connect");
    const wire = new SocketWire(socket, settle);
    const offers = deflate === undefined ? undefined : writeOffers(deflate);
    await wire.write(Buffer.from(upgradeRequest(`${hostname}:${port}`, offers)));
    const extensions = await expectAccepted(wire);
    const codec = deflate === undefined ? undefined : readAnswer(extensions, deflate);
    return { peer: new FuzzingPeer(wire, "client", maskingSeed, codec), report: undefined };
  };
  const witness = new Witness(open);
  return {
    open: (_arrival, deflate) => open(witness.settle, deflate),
    close: async () => {
      await witness.close();
      const { child } = await start;
      const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
      child.kill("SIGTERM");
      assert.deepEqual(await exited, [0, null], "`openline echo` ends cleanly on SIGTERM");
    },
  };
}

type EchoProcess = ChildProcessByStdio<null, Readable, null>;

/** Starts the command and reads the URL that it prints. */
async function startEcho(): Promise<{ readonly child: EchoProcess; readonly url: string }> {
  const child = spawn(process.execPath, [command, "echo", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  // Whatever becomes of the tests, it does not outlive them.
  process.once("exit", () => child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ws:\/\/\S+/u.exec(line)?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error("`openline echo` has printed no URL");
}

/** Clients made by `connect`, to a server that is nothing but the fuzzing peer. */
export function tcpClient(): Target {
  const arrived: ((socket: TcpSocket) => void)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => arrived.shift()?.(socket));
  const listening = once(server.listen(0, "127.0.0.1"), "listening");
  const open = async (settle: Settle, deflate?: readonly DeflateRequest[]): Promise<Session> => {
    await listening;
    const { port } = server.address() as AddressInfo;
    const accepted = new Promise<TcpSocket>((resolve) => arrived.push(resolve));
    const connected = connect(`ws://127.0.0.1:${port}/`, {
      message: (client, message) => {
        client.send(message);
      },
    });
    const wire = new SocketWire(await accepted, settle);
    const head = await readHead(wire);
    const agreed = deflate === undefined ? undefined : answerOffers(header(head, "Sec-WebSocket-Extensions"), deflate);
    await wire.write(Buffer.from(upgradeResponse(header(head, "Sec-WebSocket-Key") ?? "", agreed?.answer)));
    const { closed } = await connected;
    return { peer: new FuzzingPeer(wire, "server", maskingSeed, agreed?.codec), report: closed };
  };
  const witness = new Witness(open);
  return {
    open: (_arrival, deflate) => open(witness.settle, deflate),
    close: async () => {
      await witness.close();
      server.close();
      await once(server, "close");
    },
  };
}
