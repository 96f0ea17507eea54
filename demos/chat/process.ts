// The chat's server, in a process of its own that may be killed at any time: what it has acknowledged is in its journal. It
// ends with the process that started it, however that ends.
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { serve } from "openline";
import { createRealtime, fileJournal, memory, RealtimeError } from "openline/realtime";
import { TrafficMeter } from "../site/traffic.js";
import { SECRET_HEADER } from "./secret-header.js";
import { Checksum } from "./shared/checksum.js";
import { type Audit, api, type Part } from "./shared/contract.js";
import { CONNECTIONS_MAX, IDEMPOTENCY_WINDOW_MS, ROOMS } from "./shared/limits.js";

/** What the process is told by the one that started it. */
export interface Settings {
  /** For the journal, and removed when the process that started it is gone. */
  readonly folder: string;
  /** What the site adds to each request: whoever comes past it, from a page of somebody else's, does not know it. */
  readonly secret: string;
  readonly run: number;
}

const TOKEN_MIN_LENGTH = 16;
const TOKEN_MAX_LENGTH = 64;
/** Names that are kept, the newest. */
const PEOPLE_MAX = 1_000;
const HISTORY_PAGE = 1_000;
/** Somebody who types with both hands; a page that has been offline has more to say at first. */
const REQUESTS_PER_SECOND = 20;
const REQUEST_BURST = 300;
const GOODBYE_MS = 300;

const notWhole: Audit = { isWhole: false, count: 0, checksum: "" };

const isRoom = (_user: unknown, { room }: { readonly room: string }): boolean => ROOMS.some(({ id }) => id === room);

function userOf(token: unknown): string | undefined {
  if (typeof token !== "string" || token.length < TOKEN_MIN_LENGTH || token.length > TOKEN_MAX_LENGTH) return undefined;
  return createHash("sha256").update(token).digest("base64url").slice(0, 12);
}

/** What the process is told later: to end, or to say what it has counted. */
export type Order = "close" | "traffic";

async function run({ folder, secret, run: count }: Settings): Promise<void> {
  const meter = new TrafficMeter();
  const people = new Set<string>();
  const realtime = createRealtime(api, {
    engine: memory({ journal: fileJournal(path.join(folder, "journal")) }),
    authenticate: ({ token }) => {
      const user = userOf(token);
      return user === undefined ? undefined : { user };
    },
    authorize: {
      "room/{room}": isRoom,
      "typing/{room}": isRoom,
      people: (_user, _params, action) => action === "subscribe",
      server: (_user, _params, action) => action === "subscribe",
      bots: (_user, _params, action) => action === "subscribe",
    },
    calls: {
      async rename(name, { user: { id } }) {
        if (id === null) throw new RealtimeError("forbidden", "nobody knows who this is");
        await realtime.set("people", id, name);
        people.delete(id);
        people.add(id);
        for (const oldest of people) {
          if (people.size <= PEOPLE_MAX) break;
          people.delete(oldest);
          await realtime.delete("people", oldest);
        }
        return name;
      },
      async setBots(areOn) {
        await realtime.set("bots", "on", areOn);
        return areOn;
      },
      audit,
    },
    limits: {
      idempotencyWindowMs: IDEMPOTENCY_WINDOW_MS,
      requestsPerSecond: REQUESTS_PER_SECOND,
      requestBurst: REQUEST_BURST,
      maxMessageBytes: 64 * 1024,
    },
  });

  async function audit({ room, after, upTo }: Part): Promise<Audit> {
    if (!ROOMS.some(({ id }) => id === room)) throw new RealtimeError("not-found", `there is no room "${room}"`);
    const sum = new Checksum();
    let position = after;
    while (position !== upTo) {
      const page = await realtime.history(`room/${room}`, { after: position, limit: HISTORY_PAGE });
      if (page.length === 0) return notWhole;
      for (const { position: next, previous, value, meta } of page) {
        if (previous !== position) return notWhole;
        const { text } = value as { readonly text: string };
        sum.add({ position: next, previous, user: meta.user, key: meta.key, text });
        position = next;
        if (position === upTo) break;
      }
    }
    return { isWhole: true, count: sum.count, checksum: sum.toString() };
  }

  for await (const { key } of realtime.entries("people")) people.add(key);
  await realtime.set("server", "process", { pid: process.pid, run: count });

  const { handlers } = realtime;
  const takes = realtime.requestTaker({ origins: "*", maxConnections: CONNECTIONS_MAX });
  // Of its own, so that nothing is answered here without the secret.
  const http = createServer((request, response) => {
    if (request.headers[SECRET_HEADER] !== secret) response.writeHead(403).end("Only the site may connect\n");
    // Pages whose WebSockets do not pass come by ordinary requests.
    else if (!takes(request, response)) response.writeHead(426, { Upgrade: "websocket" }).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server = await serve({
    server: http,
    // The site has looked at them, and says so with the secret.
    origins: "*",
    ...handlers,
    accept: (request, context) =>
      request.headers.get(SECRET_HEADER) === secret
        ? handlers.accept(request, context)
        : new Response("Only the site may connect\n", { status: 403 }),
  });
  process.send?.({ port: (http.address() as AddressInfo).port });

  process.on("message", (order: Order) => {
    if (order === "traffic") {
      process.send?.(meter.traffic, () => undefined);
      return;
    }
    void realtime
      .drain({ spreadMs: GOODBYE_MS })
      .then(() => server.close())
      .then(() => realtime.close())
      .finally(() => process.exit());
  });
}

// A terminal tells all processes at once; this one is told by the one that started it.
process.on("SIGINT", () => undefined);
process.once("message", (settings: Settings) => {
  process.once("disconnect", () => {
    rmSync(settings.folder, { recursive: true, force: true });
    process.exit();
  });
  run(settings).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
