import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientHttp2Session, Http2Server, ServerHttp2Stream } from "node:http2";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { Http2Sessions, isHttp2Server, resolveHttp2Options } from "#src/node/http2-sessions.js";
import { Deadline } from "#src/transport/index.js";
import { FakeClock } from "../support/fake-clock.js";

interface Fixture {
  readonly clock: FakeClock;
  readonly server: Http2Server;
  readonly sessions: Http2Sessions;
  readonly open: () => Promise<ClientHttp2Session>;
}

async function start(t: TestContext, given?: (clock: FakeClock) => Deadline): Promise<Fixture> {
  const clock = new FakeClock();
  const server = createServer();
  const sessions = new Http2Sessions(server, {
    sessionIdleTimeoutMs: 5000,
    handshakeTimeoutMs: 1000,
    deadlines: clock,
    deadlineOf: () => given?.(clock),
  });
  server.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  t.after(() => {
    sessions.cut();
    server.close();
  });
  const open = async (): Promise<ClientHttp2Session> => {
    const session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    session.on("error", () => undefined);
    t.after(() => session.destroy());
    await once(session, "remoteSettings");
    return session;
  };
  return { clock, server, sessions, open };
}

describe("the sessions of a port that speaks HTTP/2", () => {
  it("have handshakeTimeoutMs to open a stream", async (t) => {
    const { clock, sessions, open } = await start(t);
    const session = await open();
    assert.equal(sessions.size, 1);
    clock.advance(999);
    assert.equal(sessions.size, 1);
    clock.advance(1);
    await once(session, "close");
    assert.equal(sessions.size, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  it("have what is left of their connection's time, which the first stream may take over, and no other", async (t) => {
    const { clock, server, sessions, open } = await start(t, (of) => new Deadline(of, 300, () => undefined));
    const silent = await open();
    const asking = await open();
    let taken: (Deadline | undefined)[] = [];
    server.on("stream", (stream: ServerHttp2Stream) => {
      taken = [...taken, stream.session === undefined ? undefined : sessions.takeDeadline(stream.session)];
      stream.respond({}, { endStream: false });
    });
    for (let count = 0; count < 2; count++) await once(asking.request({ ":path": "/" }), "response");
    assert.equal(taken.length, 2);
    const [first, second] = taken;
    assert.equal(second, undefined);
    let isOver = false;
    (first ?? assert.fail()).expired = () => {
      isOver = true;
    };
    clock.advance(300);
    await once(silent, "close");
    assert.equal(isOver, true);
    assert.equal(asking.destroyed, false);
    assert.equal(sessions.size, 1);
  });

  it("stay while they have one, and for sessionIdleTimeoutMs after the last", async (t) => {
    const { clock, server, sessions, open } = await start(t);
    const session = await open();
    const request = session.request({ ":path": "/" });
    const [stream] = (await once(server, "stream")) as [NodeJS.EventEmitter & { respond(): void; end(): void }];
    clock.advance(100_000);
    assert.equal(sessions.size, 1);
    stream.respond();
    stream.end();
    request.resume();
    await once(stream, "close");
    clock.advance(4999);
    assert.equal(sessions.size, 1);
    clock.advance(1);
    await once(session, "close");
    assert.equal(clock.pendingTimers, 0);
  });

  it("leave no timer when they go by themselves", async (t) => {
    const { clock, sessions, open } = await start(t);
    const session = await open();
    session.destroy();
    while (sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("the options of HTTP/2", () => {
  it("are off by default", () => {
    assert.equal(resolveHttp2Options(undefined), undefined);
    assert.equal(resolveHttp2Options(false), undefined);
  });

  it("have defaults", () => {
    const defaults = { maxStreamsPerSession: 1000, sessionIdleTimeoutMs: 120_000, streamWindowBytes: 65_535 };
    assert.deepEqual(resolveHttp2Options(true), defaults);
    assert.deepEqual(resolveHttp2Options({ maxStreamsPerSession: 5 }), { ...defaults, maxStreamsPerSession: 5 });
  });

  it("are checked", () => {
    assert.throws(() => resolveHttp2Options({ maxStreamsPerSession: -1 }), { code: "invalid-limit" });
    assert.throws(() => resolveHttp2Options({ sessionIdleTimeoutMs: 1.5 }), { code: "invalid-limit" });
    for (const streamWindowBytes of [16_383, 2 ** 31]) {
      assert.throws(() => resolveHttp2Options({ streamWindowBytes }), { code: "invalid-limit" });
    }
    assert.throws(() => resolveHttp2Options("yes" as unknown as boolean), { code: "invalid-argument" });
  });

  it("know a server of HTTP/2", () => {
    const server = createServer();
    assert.equal(isHttp2Server(server), true);
    assert.equal(isHttp2Server({}), false);
    assert.equal(isHttp2Server(undefined), false);
    server.close();
  });
});
