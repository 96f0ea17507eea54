/**
 * One round of everything that connections do, after which none is left.
 */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { type ConnectOptions, connect, prepare, type Server, type Socket } from "#src/index.js";
import type { SeededRandom } from "#src/testing/index.js";

const prepared = prepare("prepared ".repeat(100));
const messagesPerSocket = 20;

/** What came of a round. */
export interface RoundResult {
  readonly connections: number;
  readonly messages: number;
}

/**
 * Connects so many clients, lets each do what it may, and ends all of them, in one way or the other.
 *
 * @param server echoes, and publishes what begins with "publish"
 */
export async function runRound(server: Server, connections: number, random: SeededRandom): Promise<RoundResult> {
  const counts = await Promise.all(
    Array.from({ length: connections }, async () => {
      const fork = random.fork();
      return fork.chance(0.05) ? leaveInHandshake(server) : live(server, fork);
    }),
  );
  await untilEmpty(server);
  return { connections, messages: counts.reduce((sum, count) => sum + count, 0) };
}

async function live(server: Server, random: SeededRandom): Promise<number> {
  let received = 0;
  const options: ConnectOptions = {
    transport: random.pick(["auto", "net"]),
    perMessageDeflate: random.chance(0.5),
    message: () => received++,
  };
  const socket = await connect(server.url, options);
  for (let count = 0; count < messagesPerSocket; count++) act(socket, random);
  // Whoever does not wait leaves with everything under way.
  if (random.chance(0.7)) await socket.ping().catch(() => undefined);
  if (random.chance(0.2)) socket.terminate();
  else await socket.close(random.pick([1000, 3000]), "done");
  await socket.closed;
  return received;
}

function act(socket: Socket, random: SeededRandom): void {
  const length = random.pick([0, 10, 125, 126, 1000, 5000, 70_000]);
  const dice = random.next();
  if (dice < 0.3) socket.send("x".repeat(length));
  else if (dice < 0.6) socket.send(new Uint8Array(length));
  else if (dice < 0.7) socket.send(prepared);
  else if (dice < 0.9) socket.send("publish");
  else void socket.ping().catch(() => undefined);
}

/** Connects, sends half a request, and is gone. */
async function leaveInHandshake(server: Server): Promise<number> {
  const tcp = connectTcp(server.port, "localhost");
  tcp.on("error", () => undefined);
  await once(tcp, "connect");
  tcp.write("GET / HTTP/1.1\r\nHost: loc");
  tcp.destroy();
  await once(tcp, "close");
  return 0;
}

/** The server hears of the last ends a little later than the clients. */
async function untilEmpty(server: Server): Promise<void> {
  await Promise.all([...server.sockets].map(({ closed }) => closed));
}
