import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { createServer } from "node:http2";
import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { ClientSession } from "#src/transport/node/http2/client-session.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { listen } from "../../../support/raw-http.js";

const dialOptions = { signal: new AbortController().signal, maxBodyBytes: 1000, maxHeaderBytes: 16_384 };
const request = { method: "GET", httpVersion: "1.1", target: "/", rawHeaders: ["Host", "localhost"] } as const;

async function start(t: TestContext) {
  const server = createServer({ settings: { enableConnectProtocol: true } });
  const port = await listen(server);
  const begun = once(server, "session") as Promise<[ServerHttp2Session]>;
  const socket = connectTcp({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  const clock = new FakeClock();
  const session = new ClientSession(socket, false, clock);
  t.after(() => {
    session.destroy();
    server.close();
  });
  await session.settings(dialOptions.signal);
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
  });
  const [theirs] = await begun;
  return { clock, session, theirs };
}

/** Asks for a WebSocket, which is accepted. */
async function ask(session: ClientSession) {
  assert.equal(session.reserve(), true);
  const result = await session.ask(request, dialOptions);
  assert.ok(result.isUpgraded);
  return result.stream;
}

describe("a client's session without a stream", () => {
  it("ends after five seconds with GOAWAY, if nobody has come", async (t) => {
    const { clock, session, theirs } = await start(t);
    const left = once(theirs, "goaway") as Promise<[number]>;
    clock.advance(4999);
    assert.equal(session.isUsable, true);
    clock.advance(1);
    assert.equal(session.isUsable, false);
    assert.equal(session.reserve(), false);
    const [code] = await left;
    assert.equal(code, 0);
    if (!theirs.closed) await once(theirs, "close");
    assert.equal(clock.pendingTimers, 0);
  });

  it("stays while it has one, or keeps room for one, and has its time anew after the last", async (t) => {
    const { clock, session, theirs } = await start(t);
    clock.advance(4999);
    const streams = [await ask(session), await ask(session)];
    assert.equal(clock.pendingTimers, 0);
    for (const stream of streams) {
      clock.advance(100_000);
      assert.equal(session.isUsable, true);
      const gone = once(theirs, "testing");
      stream.start({
        streamReceived: () => undefined,
        streamDrained: () => undefined,
        streamEnded: () => undefined,
        streamClosed: () => void theirs.emit("testing"),
      });
      stream.destroy();
      await gone;
    }
    clock.advance(4999);
    assert.equal(session.isUsable, true);
    clock.advance(1);
    assert.equal(session.isUsable, false);
  });
});

describe("the room of a client's session", () => {
  it("is given back by whoever was aborted before there was a stream", async (t) => {
    const { clock, session } = await start(t);
    assert.equal(session.reserve(), true);
    assert.equal(clock.pendingTimers, 0);
    const signal = AbortSignal.abort(new Error("never mind"));
    await assert.rejects(session.ask(request, { ...dialOptions, signal }), { message: "never mind" });
    assert.equal(clock.pendingTimers, 1);
  });
});
