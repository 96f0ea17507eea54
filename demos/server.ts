// `npm start`: serves the demos. PORT chooses the port (0 picks a free one), HOST the address to listen on.
import { networkInterfaces } from "node:os";
import { createChat } from "./chat/chat.js";
import { docs } from "./docs/docs.js";
import { editor } from "./editor/editor.js";
import { front } from "./front/front.js";
import { createGame } from "./game/game.js";
import { type Site, startSite } from "./site/site.js";
import { stream } from "./stream/stream.js";
import { trading } from "./trading/trading.js";

const DEFAULT_PORT = 8080;
/** Longer than any close handshake may take: whatever else is stuck cannot hold the process for longer than this. */
const SHUTDOWN_TIMEOUT_MS = 5_000;

/** The port that `PORT` asks for, or nothing when it makes no sense. */
function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return DEFAULT_PORT;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function describeFailure(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return `Port ${port} is taken. Set PORT to another one, for example: PORT=${port + 1} npm start (PORT=0 picks a free one)`;
  }
  if (code === "EACCES")
    return `Port ${port} is not allowed for this user. Set PORT to another one, for example: PORT=8080 npm start`;
  if (code === "ENOENT") return "The pages have not been built. Run: npm run build";
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Addresses under which other devices on the network reach this one. */
function networkUrls(port: number): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses
    .filter((address) => address.family === "IPv4" && !address.internal)
    .map((address) => `http://${address.address}:${port}`);
}

function closeOnSignals(site: Site): void {
  let isClosing = false;
  const close = (): void => {
    // Somebody who asks twice does not want to wait.
    if (isClosing) process.exit(1);
    isClosing = true;
    setTimeout(() => fail("Some connections did not close in time"), SHUTDOWN_TIMEOUT_MS).unref();
    site.close().catch((error: unknown) => fail(String(error)));
  };
  process.on("SIGINT", close);
  process.on("SIGTERM", close);
}

const port = parsePort(process.env["PORT"]);
if (port === undefined) fail("PORT has to be a number from 0 to 65535");
const host = process.env["HOST"] || undefined;

try {
  const site = await startSite({
    port,
    host,
    demos: [front, createChat(), trading, createGame(), editor, stream, docs],
    publicFolder: new URL("public/", import.meta.url),
  });
  closeOnSignals(site);
  console.log(`The demos are at http://${host ?? "localhost"}:${site.port}`);
  if (host === undefined) {
    for (const url of networkUrls(site.port)) console.log(`and on your network at ${url}`);
  }
} catch (error) {
  fail(describeFailure(error, port));
}
