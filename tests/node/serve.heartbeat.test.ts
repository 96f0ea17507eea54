/**
 * Heartbeats between processes of which one is stopped, as a laptop is that sleeps. Time has to pass for real here.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as realTime } from "node:timers/promises";
import { type CloseReport, connect, HeartbeatTimeoutError, type Socket, serve } from "#src/index.js";
import { LineProcess } from "../support/line-process.js";

const script = new URL("../support/heartbeat-process.js", import.meta.url);

/** Stops a process; it goes on when `resume` is called, and before the test ends in any case. */
function stop(t: TestContext, child: LineProcess): { readonly resume: () => void } {
  const resume = (): void => child.signal("SIGCONT");
  t.after(resume);
  child.signal("SIGSTOP");
  return { resume };
}

async function echo(socket: Socket): Promise<unknown> {
  socket.send("how many?");
  for await (const message of socket) return message;
  return undefined;
}

describe("heartbeats", () => {
  it("of a server that was stopped drop no client that answers", async (t) => {
    // First of all, so that it goes on before it is waited for.
    let resume = (): void => {};
    t.after(() => resume());
    const server = LineProcess.start(t, script);
    const { url } = await server.next("url");
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(String(url), { heartbeat: false })));
    t.after(() => {
      for (const client of clients) client.terminate();
    });
    for (let round = 0; round < 3; round++) {
      // Somewhere between two pings, and for several times as long as a client has to answer one.
      await realTime(170);
      ({ resume } = stop(t, server));
      await realTime(1500);
      resume();
      await realTime(900);
    }
    const [first] = clients;
    assert.ok(first !== undefined);
    assert.equal(await echo(first), "20");
  });

  it("find a client that was stopped, and leave the others alone", async (t) => {
    const reports: CloseReport[] = [];
    let closed = (): void => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await serve({
      port: 0,
      host: "127.0.0.1",
      heartbeat: { intervalMs: 300, timeoutMs: 300 },
      message: () => {},
      close: (_socket, report) => {
        reports.push(report);
        closed();
      },
    });
    t.after(() => server.close());
    const other = await connect(server.url, { heartbeat: false });
    t.after(() => other.terminate());
    let resume = (): void => {};
    t.after(() => resume());
    const client = LineProcess.start(t, script, server.url);
    await client.next("open");
    ({ resume } = stop(t, client));
    await isClosed;
    assert.equal(reports.length, 1);
    assert.ok(reports[0]?.cause instanceof HeartbeatTimeoutError);
    assert.deepEqual(
      [...server.sockets].map(({ readyState }) => readyState),
      ["open"],
    );
    assert.equal(other.readyState, "open");
  });
});
