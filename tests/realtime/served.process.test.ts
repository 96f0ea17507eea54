/**
 * Processes that are killed while clients publish and listen.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { createClient, type LogEvent } from "#src/realtime/client/node/index.js";
import { LineProcess } from "../support/line-process.js";

const publishers = 20;
const rounds = 2;
const messagesInRound = 20;

describe("a real-time server that is killed", () => {
  it("loses nothing that it has acknowledged, and nobody gets anything twice", async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "openline-journal-"));
    const start = () =>
      LineProcess.start(t, new URL("../support/realtime-process.js", import.meta.url), path.join(folder, "journal"));
    let running = start();
    let url = String((await running.next("url"))["url"]);
    const clients = Array.from({ length: publishers }, () =>
      createClient(() => url, { reconnect: { minDelayMs: 20, maxDelayMs: 200 } }),
    );
    const heard = clients.map((client) => {
      const events: LogEvent<unknown>[] = [];
      client.channel("room").listen((event) => events.push(event));
      return events;
    });
    const acknowledged: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const publishing = clients.flatMap((client, index) =>
        Array.from({ length: messagesInRound }, async (_, count) => {
          const value = `${String(round)}/${String(index)}/${String(count)}`;
          await client.channel("room").publish(value);
          acknowledged.push(value);
        }),
      );
      // In the midst of it.
      await Promise.race(publishing);
      running.signal("SIGKILL");
      await running.exited;
      running = start();
      url = String((await running.next("url"))["url"]);
      for (const client of clients) client.reconnectNow();
      await Promise.all(publishing);
    }
    assert.equal(new Set(acknowledged).size, publishers * rounds * messagesInRound);
    // The log keeps a hundred: who has the last of them has what came before, or has been told of a gap.
    const last = await clients[0]?.channel("room").publish("last");
    const hasLast = (events: readonly LogEvent<unknown>[]) =>
      events.some(({ position }) => position === last?.position);
    for (const [index, events] of heard.entries()) {
      if (hasLast(events)) continue;
      await new Promise<void>((resolve) => {
        clients[index]?.channel("room").listen(() => {
          if (hasLast(events)) resolve();
        });
      });
    }
    for (const events of heard) {
      let position: string | undefined;
      const seen = new Set<unknown>();
      for (const event of events) {
        if (event.type === "message") {
          if (position !== undefined) assert.equal(event.previous, position);
          assert.ok(!seen.has(event.value), "twice");
          seen.add(event.value);
        }
        position = event.position;
      }
    }
    for (const client of clients) await client.close();
    running.endInput();
    await running.exited;
    rmSync(folder, { recursive: true });
  });
});
