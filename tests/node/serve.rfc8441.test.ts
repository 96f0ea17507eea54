/**
 * Every MUST and MUST NOT of RFC 8441 that a server keeps, or sees broken, in the octets themselves.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { ServeOptions, Server } from "#src/index.js";
import { frame, sampleKey } from "../support/frames.js";
import { answerOf, openHttp2Client } from "../support/http2-client.js";
import type { Http2Frame } from "../support/http2-frames.js";
import {
  connectFields,
  enableConnectProtocol,
  endHeaders,
  endStream,
  FrameReader,
  fieldBlock,
  frameType,
  http2Frame,
  preface,
  resetFrame,
  settingsFrame,
} from "../support/http2-frames.js";
import { startServer } from "../support/http2-servers.js";
import { connectRaw } from "../support/raw-http.js";
import { turns } from "../support/task-queue.js";

// RFC 7541 appendix A: ":status: 200", which is how an answer begins that accepts.
const status200 = 0x88;
const protocolError = 1;
const cancel = 8;

/** A session whose octets the test writes itself. */
class RawSession {
  readonly socket: Socket;
  readonly frames: Http2Frame[] = [];
  readonly #reader = new FrameReader();
  hasEnded = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      this.frames.push(...this.#reader.push(chunk));
      socket.emit("frames");
    });
    socket.on("close", () => {
      this.hasEnded = true;
      socket.emit("frames");
    });
    socket.on("end", () => socket.end());
  }

  static async open(t: TestContext, port: number, ...settings: readonly Buffer[]): Promise<RawSession> {
    const session = new RawSession(await connectRaw(t, port));
    session.socket.write(Buffer.concat([preface, ...(settings.length === 0 ? [settingsFrame()] : settings)]));
    return session;
  }

  /** The first frame that is one of these, once it has come; undefined where the connection ends before. */
  async find(isIt: (one: Http2Frame) => boolean): Promise<Http2Frame | undefined> {
    for (;;) {
      const found = this.frames.find(isIt);
      if (found !== undefined || this.hasEnded) return found;
      await once(this.socket, "frames");
    }
  }

  /** Asks on a stream, and tells what becomes of it. */
  async ask(streamId: number, block: Uint8Array): Promise<string> {
    this.socket.write(http2Frame(frameType.headers, endHeaders, streamId, block));
    const types: readonly number[] = [frameType.headers, frameType.reset];
    const answer = await this.find((one) => one.streamId === streamId && types.includes(one.type));
    if (answer === undefined) return "the end";
    if (answer.type === frameType.reset) return `reset ${String(answer.payload.readUInt32BE())}`;
    return answer.payload[0] === status200 ? "accepted" : "refused";
  }

  sendFrame(streamId: number, octets: Uint8Array, flags = 0): void {
    this.socket.write(http2Frame(frameType.data, flags, streamId, octets));
  }

  /** The octets of a stream so far. */
  dataOf(streamId: number): Buffer {
    const data = this.frames.filter((one) => one.type === frameType.data && one.streamId === streamId);
    return Buffer.concat(data.map(({ payload }) => payload));
  }
}

async function start(t: TestContext, options: Partial<ServeOptions<unknown>> = {}): Promise<Server<unknown>> {
  // Who is refused here does not end its side, and is waited for.
  return await startServer(t, { host: "127.0.0.1", closeTimeoutMs: 100, ...options });
}

function windowUpdate(streamId: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return http2Frame(frameType.windowUpdate, 0, streamId, payload);
}

/** The values of a setting, in the order that they came. */
function settingsOf({ frames }: RawSession, identifier: number): number[] {
  return frames
    .filter(({ type }) => type === frameType.settings)
    .flatMap(({ payload }) => {
      const values: number[] = [];
      for (let at = 0; at < payload.byteLength; at += 6) {
        if (payload.readUInt16BE(at) === identifier) values.push(payload.readUInt32BE(at + 2));
      }
      return values;
    });
}

describe("RFC 8441 §3 SETTINGS_ENABLE_CONNECT_PROTOCOL of a server", () => {
  it('is 1 in its first frame ("MUST be 0 or 1"), and never 0 after that ("MUST NOT"), not even at its end', async (t) => {
    const server = await start(t);
    const session = await RawSession.open(t, server.port);
    await session.find(({ type }) => type === frameType.settings);
    assert.equal(session.frames[0]?.type, frameType.settings);
    assert.deepEqual(settingsOf(session, enableConnectProtocol), [1]);
    assert.equal(await session.ask(1, connectFields()), "accepted");
    const closing = server.close();
    session.socket.resume();
    await session.find(({ type }) => type === frameType.goaway);
    session.sendFrame(1, frame({ opcode: 8, payload: Uint8Array.of(3, 0xe9), key: sampleKey }), endStream);
    await closing;
    assert.deepEqual(settingsOf(session, enableConnectProtocol), [1]);
  });

  it('"does not have any impact" when a server receives it, be it 1, 0, or 0 after 1', async (t) => {
    const server = await start(t);
    const values = [0, 1, 0].map((value) => settingsFrame({ [enableConnectProtocol]: value }));
    const session = await RawSession.open(t, server.port, ...values);
    assert.equal(await session.ask(1, connectFields()), "accepted");
  });
});

describe("RFC 8441 §4 an extended CONNECT request", () => {
  const without = (name: string): Buffer => {
    const all: Record<string, string> = {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":path": "/",
      ":authority": "localhost",
      "sec-websocket-version": "13",
    };
    return fieldBlock(Object.fromEntries(Object.entries(all).filter(([field]) => field !== name)));
  };

  for (const name of [":scheme", ":path"]) {
    it(`that has no ${name}, which "MUST also be included", makes no tunnel`, async (t) => {
      const server = await start(t);
      const session = await RawSession.open(t, server.port);
      assert.equal(await session.ask(1, without(name)), `reset ${String(protocolError)}`);
      assert.equal(await session.ask(3, connectFields()), "accepted");
      assert.equal(server.sockets.size, 1);
    });
  }

  it("that has no :protocol is an ordinary one, and makes no tunnel to the host of :authority", async (t) => {
    const server = await start(t);
    const session = await RawSession.open(t, server.port);
    const ordinary = fieldBlock({ ":method": "CONNECT", ":authority": `127.0.0.1:${String(server.port)}` });
    session.socket.write(http2Frame(frameType.headers, endHeaders, 1, ordinary));
    assert.equal(await session.ask(3, connectFields()), "accepted");
    const answers = session.frames.filter(({ type, streamId }) => type === frameType.headers && streamId === 1);
    assert.ok(answers.every(({ payload }) => payload[0] !== status200));
  });

  it('has :protocol once ("single valued")', async (t) => {
    const server = await start(t);
    const session = await RawSession.open(t, server.port);
    const twice = Buffer.concat([fieldBlock({ ":protocol": "websocket" }), connectFields()]);
    assert.equal(await session.ask(1, twice), `reset ${String(protocolError)}`);
    assert.equal(server.sockets.size, 0);
  });

  it("is for the server itself, whatever :authority says: hosts and origins are held against it", async (t) => {
    const server = await start(t, { hosts: ["app.example"] });
    const session = await RawSession.open(t, server.port);
    assert.equal(await session.ask(1, connectFields({ ":authority": "other.example" })), "refused");
    assert.equal(await session.ask(3, connectFields({ ":authority": "app.example" })), "accepted");
  });
});

describe("RFC 8441 §5 the opening handshake", () => {
  it('wants :protocol to be "websocket" ("MUST have a value of")', async (t) => {
    const server = await start(t);
    const client = await openHttp2Client(t, server.url);
    for (const protocol of ["connect-udp", "WebSocket"]) {
      const answer = await answerOf(client.ask({ ":protocol": protocol }));
      assert.equal(answer[":status"], 501, protocol);
    }
  });

  for (const name of ["connection", "upgrade"]) {
    it(`has no ${name} field ("MUST NOT be included"): it is malformed`, async (t) => {
      const server = await start(t);
      const session = await RawSession.open(t, server.port);
      const answer = await session.ask(1, connectFields({ [name]: name === "upgrade" ? "websocket" : "Upgrade" }));
      assert.equal(answer, `reset ${String(protocolError)}`);
      assert.equal(server.sockets.size, 0);
    });
  }

  it('has names in lower case ("HTTP/2 requires"), in the answer, too', async (t) => {
    const server = await start(t, { accept: () => ({ headers: { "X-Mixed-Case": "yes" } }) });
    const session = await RawSession.open(t, server.port);
    assert.equal(await session.ask(1, connectFields({ "X-Mixed": "1" })), `reset ${String(protocolError)}`);
    const client = await openHttp2Client(t, server.url);
    const stream = client.ask();
    const [, , rawHeaders] = (await once(stream, "response")) as [unknown, number, string[]];
    const names = rawHeaders.filter((_, index) => index % 2 === 0);
    assert.ok(names.includes("x-mixed-case"));
    assert.deepEqual(
      names,
      names.map((name) => name.toLowerCase()),
    );
    stream.destroy();
  });

  it("does no processing of Sec-WebSocket-Key, and has no Sec-WebSocket-Accept", async (t) => {
    const server = await start(t);
    const client = await openHttp2Client(t, server.url);
    for (const key of [undefined, "dGhlIHNhbXBsZSBub25jZQ==", "no key at all"]) {
      const stream = client.ask({ "sec-websocket-key": key });
      const answer = await answerOf(stream);
      assert.equal(answer[":status"], 200);
      assert.equal("sec-websocket-accept" in answer, false);
      stream.destroy();
    }
  });

  it("uses version, protocols and extensions as RFC 6455 has them", async (t) => {
    const server = await start(t, { accept: () => ({ protocol: "superchat" }) });
    const client = await openHttp2Client(t, server.url);
    const stream = client.ask({
      "sec-websocket-protocol": "chat, superchat",
      "sec-websocket-extensions": "permessage-deflate",
    });
    const answer = await answerOf(stream);
    assert.equal(answer["sec-websocket-protocol"], "superchat");
    assert.match(String(answer["sec-websocket-extensions"]), /^permessage-deflate/u);
    stream.destroy();
    assert.equal((await answerOf(client.ask({ "sec-websocket-version": "12" })))["sec-websocket-version"], "13");
  });
});

describe("RFC 9113 §8.1 a stream that was refused", () => {
  it("is gone after its answer, though its client goes on: RST_STREAM with NO_ERROR", async (t) => {
    const gone: unknown[] = [];
    const server = await start(t, {
      closeTimeoutMs: 10_000,
      accept: (request: Request) =>
        new URL(request.url).pathname === "/" ? new Response("x".repeat(40_000), { status: 403 }) : undefined,
      refused: (refusal) => void gone.push(refusal.code),
      http2: { maxStreamsPerSession: 1 },
    });
    const session = await RawSession.open(t, server.port);
    await session.find(({ type }) => type === frameType.settings);
    for (const streamId of [1, 3, 5]) {
      // As many as may be open at a time; not one more would be taken while another is there.
      assert.equal(await session.ask(streamId, connectFields()), "refused");
      const reset = await session.find(({ type, streamId: id }) => type === frameType.reset && id === streamId);
      assert.equal(reset?.payload.readUInt32BE(), 0);
      assert.equal(session.dataOf(streamId).byteLength, streamId === 1 ? 40_000 : session.dataOf(1).byteLength);
      session.socket.write(windowUpdate(0, 40_000));
    }
    assert.equal(await session.ask(7, connectFields({ ":path": "/in" })), "accepted");
    assert.deepEqual(gone, ["accept-refused", "accept-refused", "accept-refused"]);
  });
});

describe("RFC 8441 §5 the stream as if it were the TCP connection", () => {
  it("carries frames in DATA, cut anywhere, and ends with END_STREAM both ways", async (t) => {
    const server = await start(t);
    const session = await RawSession.open(t, server.port);
    assert.equal(await session.ask(1, connectFields()), "accepted");
    const hello = frame({ opcode: 1, payload: "hello", key: sampleKey });
    for (const octet of hello) session.sendFrame(1, Uint8Array.of(octet));
    const echoed = frame({ opcode: 1, payload: "hello" });
    while (session.dataOf(1).byteLength < echoed.byteLength) await once(session.socket, "frames");
    assert.deepEqual(new Uint8Array(session.dataOf(1)), echoed);
    session.sendFrame(1, frame({ opcode: 8, payload: Uint8Array.of(3, 0xe8), key: sampleKey }), endStream);
    const last = await session.find(
      ({ type, flags, streamId }) => type === frameType.data && streamId === 1 && (flags & endStream) !== 0,
    );
    assert.ok(last !== undefined);
    const reset = session.frames.find(({ type }) => type === frameType.reset);
    assert.equal(reset, undefined);
    while (server.sockets.size > 0) await turns(1);
  });

  it('takes RST_STREAM for a reset, and cuts by RST_STREAM "with the CANCEL error code"', async (t) => {
    const reports: [number, string | undefined][] = [];
    const server = await start(t, {
      close: (_socket, { code, cause }) =>
        void reports.push([code, (cause as NodeJS.ErrnoException | undefined)?.code]),
    });
    const session = await RawSession.open(t, server.port);
    assert.equal(await session.ask(1, connectFields()), "accepted");
    session.socket.write(resetFrame(1, cancel));
    while (server.sockets.size > 0) await turns(1);
    assert.deepEqual(reports, [[1006, "ECONNRESET"]]);
    assert.equal(await session.ask(3, connectFields()), "accepted");
    for (const socket of server.sockets) socket.terminate();
    const reset = await session.find(({ type, streamId }) => type === frameType.reset && streamId === 3);
    assert.equal(reset?.payload.readUInt32BE(), cancel);
    assert.equal(await session.ask(5, connectFields()), "accepted");
  });
});
