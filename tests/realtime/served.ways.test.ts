/**
 * What the real-time layer promises, over whatever carries it: WebSockets, and requests where those do not pass.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { serve } from "#src/index.js";
import { createClient, type LogEvent, type UntypedClient } from "#src/realtime/client/node/index.js";
import { createRealtime, type PlainRealtimeOptions } from "#src/realtime/index.js";
import { BreakingProxy } from "../support/breaking-proxy.js";

const ways = [
  { way: "a WebSocket", transport: "websocket", fallback: "never" },
  { way: "events and requests", transport: "events", fallback: "only" },
] as const;

async function started(t: TestContext, fallback: "never" | "only", options: PlainRealtimeOptions<unknown> = {}) {
  const realtime = createRealtime({
    authenticate: ({ token }) => ({ user: typeof token === "string" ? token : null }),
    ...options,
  });
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  const proxy = await BreakingProxy.start(t, server.port, "pass");
  const clients: UntypedClient[] = [];
  t.after(async () => {
    for (const client of clients) await client.close();
    await realtime.close();
    await server.close();
  });
  const client = (token: string, url = proxy.url): UntypedClient => {
    const made = createClient(url, { token, fallback, reconnect: { minDelayMs: 10, maxDelayMs: 50 } });
    clients.push(made);
    return made;
  };
  return { realtime, server, proxy, client };
}

/** Resolves when enough events have come. */
function heard(client: UntypedClient, name: string) {
  const events: LogEvent<unknown>[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const values = (): unknown[] => events.flatMap((event) => (event.type === "message" ? [event.value] : []));
  const look = (): void => {
    for (const { count, resolve } of waiting) if (values().length >= count) resolve();
  };
  client.channel(name, { last: 100 }).listen((event) => {
    events.push(event);
    look();
  });
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ count, resolve });
      look();
    });
  return { events, values, until };
}

for (const { way, transport, fallback } of ways) {
  describe(`the real-time layer over ${way}`, () => {
    it("handles each message once, in order, over connections that are cut", async (t) => {
      const { proxy, client } = await started(t, fallback);
      const [ann, bob] = [client("ann"), client("bob")];
      const log = heard(bob, "room");
      const sent: number[] = [];
      for (let round = 0; round < 5; round++) {
        const publishing = Array.from({ length: 20 }, (_, index) => {
          sent.push(round * 20 + index);
          return ann.channel("room").publish(round * 20 + index);
        });
        // In the midst of it.
        await publishing[3];
        assert.equal(ann.transport, transport);
        proxy.cut();
        await Promise.all(publishing);
      }
      await log.until(sent.length);
      assert.deepEqual(log.values(), sent);
      assert.ok(log.events.every(({ type }) => type !== "gap"));
    });

    it("calls both ways, streams results, and tells errors", async (t) => {
      const { realtime, client } = await started(t, fallback, {
        calls: {
          async *count(to) {
            for (let index = 0; index < Number(to); index++) yield await Promise.resolve(index);
          },
          ask: async (question, { session }) =>
            await [...realtime.sessions].find(({ id }) => id === session)?.call("answer", question),
        },
      });
      const ann = client("ann");
      ann.handle("answer", (question) => `${String(question)}!`);
      assert.equal(await ann.call("ask", "why"), "why!");
      const items: unknown[] = [];
      for await (const item of ann.stream("count", 300)) items.push(item);
      assert.equal(items.length, 300);
      await assert.rejects(ann.call("nothing"), { code: "not-found" });
    });

    it("shows who is there, and who has left", async (t) => {
      const { client } = await started(t, fallback, { limits: { presenceGraceMs: 1 } });
      const [ann, bob] = [client("ann"), client("bob")];
      const seen = ann.channel("room", { presence: true }).presence;
      const events = seen[Symbol.asyncIterator]();
      const until = async (count: number): Promise<void> => {
        while (seen.count !== count || seen.users.size !== count) await events.next();
      };
      await until(1);
      const stop = bob.channel("room", { presence: true }).listen(() => undefined);
      await until(2);
      assert.deepEqual([...seen.users.keys()].toSorted(), ["ann", "bob"]);
      stop();
      await bob.close();
      await until(1);
    });

    it("ends with the close code of a server that does not want a client, and comes back to one that goes away", async (t) => {
      const { realtime, server, client } = await started(t, fallback);
      const [ann, bob] = [client("ann", server.url), client("bob", server.url)];
      await Promise.allSettled([ann.call("nothing"), bob.call("nothing")]);
      assert.equal(await realtime.revoke("ann", "enough"), 1);
      const { why, loss } = await ann.closed;
      assert.equal(why, "refused");
      assert.ok(loss?.kind === "connection-lost");
      const { code, reason, initiator } = loss.report;
      assert.deepEqual([code, reason, initiator], [4403, "enough", "peer"]);
      const states = bob.states();
      await states.next();
      await realtime.drain({ spreadMs: 1 });
      await server.close();
      for await (const state of states) if (state.name === "waiting") break;
      assert.equal([...realtime.sessions].length, 0);
    });
  });
}
