import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { HandshakeRequest } from "#src/protocol/index.js";
import type { ByteStream, Deadline } from "#src/transport/index.js";
import type { StreamBinding } from "#src/transport/node/index.js";
import { Door, HandleTransport, loadStreamBinding, nodeText, nodeTurns } from "#src/transport/node/index.js";
import { everyChunking } from "../../../support/chunking.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { connectRaw, listen, requestText } from "../../../support/raw-http.js";
import { StreamRecorder } from "../../../support/stream-recorder.js";
import { turns } from "../../../support/task-queue.js";
import { upgradeHeaders } from "../../../support/upgrades.js";

const handshakeTimeoutMs = 10_000;
const binding: StreamBinding = loadStreamBinding() ?? assert.fail("this Node has no stream binding");

interface Upgraded {
  readonly request: HandshakeRequest;
  readonly stream: ByteStream;
  readonly recorder: StreamRecorder;
}

/** An HTTP server with a door before it, which notes everything that is told of. */
class Scene {
  readonly clock = new FakeClock();
  readonly http: HttpServer;
  readonly transport = new HandleTransport(binding, nodeTurns);
  readonly door: Door;
  readonly upgraded: Upgraded[] = [];
  readonly timedOut: ByteStream[] = [];
  readonly failed: Error[] = [];
  /** Whose time is up after it was handed on: the target, or the HTTP server. Undefined where nobody wants to know. */
  expired: string[] | undefined;
  /** What the HTTP server was asked for. */
  readonly requests: string[] = [];
  port = 0;
  #waiters: (() => void)[] = [];

  /** @param receive what to do with octets of upgraded streams */
  private constructor(receive?: (stream: ByteStream) => StreamRecorder) {
    this.http = createHttpServer((request, response) => {
      this.requests.push(`${String(request.method)} ${String(request.url)}`);
      this.#note();
      // Not before the body: the end of the connection would come upon whoever still writes it.
      request.on("end", () => response.end("<page>")).resume();
    });
    this.door = new Door(this.transport, {
      http: this.http,
      limits: { maxHeaderCount: 20, maxHeaderBytes: 2000 },
      text: nodeText,
      deadlines: this.clock,
      handshakeTimeoutMs,
      upgrade: (request, stream, deadline) => {
        this.#take(deadline, request.target);
        const recorder = receive?.(stream) ?? new StreamRecorder();
        stream.start(recorder);
        this.upgraded.push({ request, stream, recorder });
        this.#note();
      },
      handedOver: (_socket, deadline) => {
        this.#take(deadline, "http");
        this.#note();
      },
      timedOut: (stream) => {
        stream.start(new StreamRecorder());
        this.timedOut.push(stream);
        this.#note();
      },
      failed: (error) => {
        this.failed.push(error);
        this.#note();
      },
    });
  }

  static async open(t: TestContext, receive?: (stream: ByteStream) => StreamRecorder): Promise<Scene> {
    const scene = new Scene(receive);
    scene.port = await listen(scene.http);
    assert.equal(scene.door.open(), true);
    t.after(() => {
      scene.door.close();
      for (const { stream } of scene.upgraded) stream.destroy();
      for (const stream of scene.timedOut) stream.destroy();
      scene.http.closeAllConnections();
      scene.http.close();
    });
    return scene;
  }

  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async untilUpgraded(count = 1): Promise<Upgraded> {
    await this.until(() => this.upgraded.length >= count);
    return this.upgraded[count - 1] as Upgraded;
  }

  #take(deadline: Deadline, by: string): void {
    const { expired } = this;
    if (expired === undefined) deadline.cancel();
    else deadline.expired = () => expired.push(by);
  }

  #note(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Somebody at the door, whom it has noticed. */
  async visit(t: TestContext): Promise<Socket> {
    const before = this.clock.pendingTimers;
    const socket = await connectRaw(t, this.port);
    socket.on("error", () => undefined);
    while (this.clock.pendingTimers === before) await turns(1);
    return socket;
  }
}

async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await Promise.race([once(socket, "end"), once(socket, "close")]);
  return text;
}

describe("the door lets an upgrade in", () => {
  it("with what an HTTP parser would have given, however its octets arrive, and what follows in order", async (t) => {
    const scene = await Scene.open(t);
    scene.http.on("connection", () => assert.fail("it made a socket"));
    const text = requestText(upgradeHeaders("Cookie", "a=1", "X-Empty", ""), "GET /chat?room=1 HTTP/1.1");
    const octets = new Uint8Array(Buffer.from(`${text}early frames`, "latin1"));
    for (const { name, chunks } of everyChunking(octets, 4)) {
      const before = scene.upgraded.length;
      const socket = await connectRaw(t, scene.port);
      socket.setNoDelay(true);
      for (const chunk of chunks) {
        socket.write(chunk);
        await turns(1);
      }
      const { request, stream, recorder } = await scene.untilUpgraded(before + 1);
      assert.deepEqual(
        request,
        {
          method: "GET",
          httpVersion: "1.1",
          target: "/chat?room=1",
          rawHeaders: upgradeHeaders("Cookie", "a=1", "X-Empty", ""),
        },
        name,
      );
      assert.equal(stream.remoteAddress, "127.0.0.1");
      await recorder.untilReceived(12);
      assert.equal(Buffer.from(recorder.bytes).toString(), "early frames", name);
      stream.write([Buffer.from("answer")]);
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.equal(answer.toString(), "answer");
    }
    assert.equal(scene.clock.pendingTimers, 0);
  });

  it("gives what followed the head to the receiver there is then, and nothing where the stream was cut", async (t) => {
    const scene = await Scene.open(t, (stream) => {
      const recorder = new StreamRecorder();
      stream.start(new StreamRecorder({ received: () => assert.fail("it was replaced") }));
      return recorder;
    });
    const socket = await connectRaw(t, scene.port);
    socket.write(`${requestText()}early`);
    const { recorder } = await scene.untilUpgraded();
    await recorder.untilReceived(5);

    const cutting = await Scene.open(t, (stream) => {
      stream.destroy();
      return new StreamRecorder();
    });
    const cut = await connectRaw(t, cutting.port);
    cut.on("error", () => undefined);
    cut.write(`${requestText()}early`);
    const { recorder: nothing } = await cutting.untilUpgraded();
    await nothing.untilEvent("closed");
    assert.deepEqual(nothing.events, ["closed"]);
  });

  it("of many at once, each with its own octets, though all are read into the same memory", async (t) => {
    const scene = await Scene.open(t);
    const count = 50;
    const sockets = await Promise.all(Array.from({ length: count }, () => connectRaw(t, scene.port)));
    const halves = sockets.map((_, index) => requestText(upgradeHeaders(), `GET /${index} HTTP/1.1`));
    for (const [index, socket] of sockets.entries()) socket.write(halves[index]?.slice(0, 60) ?? "");
    await turns(5);
    for (const [index, socket] of sockets.entries()) socket.write(`${halves[index]?.slice(60) ?? ""}rest ${index};`);
    await scene.until(() => scene.upgraded.length === count);
    for (const { request, recorder } of scene.upgraded) {
      const rest = `rest ${request.target.slice(1)};`;
      await recorder.untilReceived(rest.length);
      assert.equal(Buffer.from(recorder.bytes).toString(), rest);
    }
    assert.equal(new Set(scene.upgraded.map(({ request }) => request.target)).size, count);
  });
});

describe("the door hands over to the HTTP server", () => {
  it("every other request, whole or in pieces, with every octet", async (t) => {
    const scene = await Scene.open(t);
    const text = "POST /form HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
    for (const { name, chunks } of everyChunking(new Uint8Array(Buffer.from(text)), 4)) {
      const socket = await connectRaw(t, scene.port);
      const answered = answerOf(socket);
      for (const chunk of chunks) {
        socket.write(chunk);
        await turns(1);
      }
      assert.match(await answered, /^HTTP\/1\.1 200 OK\r\n.*<page>/su, name);
      assert.equal(scene.requests.pop(), "POST /form");
    }
    assert.deepEqual([scene.upgraded.length, scene.clock.pendingTimers], [0, 0]);
  });

  it("upgrades that are in doubt: the server tells of them", async (t) => {
    const scene = await Scene.open(t);
    const told = once(scene.http, "upgrade") as Promise<[IncomingMessage, Socket, Buffer]>;
    const socket = await connectRaw(t, scene.port);
    socket.write(`${requestText(upgradeHeaders("Content-Length", "0"))}rest`);
    const [request, itsSocket, head] = await told;
    t.after(() => itsSocket.destroy());
    assert.deepEqual([request.rawHeaders.length, head.toString()], [12, "rest"]);
    assert.equal(scene.upgraded.length, 0);
  });

  it("heads beyond its limits, however much of them there is", async (t) => {
    const scene = await Scene.open(t);
    for (const extra of ["x".repeat(1990), "x".repeat(5000)]) {
      const handedOver = once(scene.http, "connection");
      const socket = await connectRaw(t, scene.port);
      socket.write(requestText(upgradeHeaders("X-Long", extra)));
      await handedOver;
    }
    const handedOver = once(scene.http, "connection");
    const counted = await connectRaw(t, scene.port);
    counted.write(requestText(upgradeHeaders(...Array.from({ length: 40 }, () => "x"))));
    await handedOver;
    assert.equal(scene.upgraded.length, 0);
  });

  it("half a request that ends, which is answered with 400", async (t) => {
    const scene = await Scene.open(t);
    const socket = await scene.visit(t);
    const answered = answerOf(socket);
    socket.end(requestText().slice(0, 50));
    assert.match(await answered, /^HTTP\/1\.1 400 Bad Request\r\n/u);
    assert.equal(scene.clock.pendingTimers, 0);
  });
});

describe("at the door", () => {
  for (const said of ["", requestText().slice(0, 50)]) {
    const who = said === "" ? "whoever says nothing" : "whoever says only half of it";

    it(`${who} has handshakeTimeoutMs, and is then given to be answered`, async (t) => {
      const scene = await Scene.open(t);
      const socket = await scene.visit(t);
      if (said !== "") socket.write(said);
      await turns(10);
      scene.clock.advance(handshakeTimeoutMs - 1);
      assert.equal(scene.timedOut.length, 0);
      scene.clock.advance(1);
      assert.equal(scene.timedOut.length, 1);
      scene.timedOut[0]?.write([Buffer.from("too slow")]);
      scene.timedOut[0]?.end();
      assert.equal(await answerOf(socket), "too slow");
      assert.equal(scene.clock.pendingTimers, 0);
    });

    it(`${who} and resets is forgotten`, async (t) => {
      const scene = await Scene.open(t);
      const socket = await scene.visit(t);
      if (said !== "") socket.write(said);
      await turns(10);
      socket.resetAndDestroy();
      while (scene.clock.pendingTimers > 0) await turns(1);
      scene.clock.advance(handshakeTimeoutMs);
      assert.deepEqual([scene.timedOut.length, scene.failed.length], [0, 0]);
    });

    it(`${who} is cut when it closes; whoever was let in is not`, async (t) => {
      const scene = await Scene.open(t);
      const inside = await connectRaw(t, scene.port);
      inside.write(requestText());
      const { stream } = await scene.untilUpgraded();
      const socket = await scene.visit(t);
      const answered = answerOf(socket);
      if (said !== "") socket.write(said);
      await turns(10);
      scene.door.close();
      assert.equal(await answered, "");
      assert.equal(scene.clock.pendingTimers, 0);
      stream.write([Buffer.from("still here")]);
      const [chunk] = (await once(inside, "data")) as [Buffer];
      assert.equal(chunk.toString(), "still here");
    });
  }

  for (const [by, text] of [
    ["/later", requestText(upgradeHeaders(), "GET /later HTTP/1.1")],
    ["http", requestText(["Host", "a"], "GET /page HTTP/1.1")],
  ] as const) {
    it(`whoever goes on to ${by} takes what is left of its time along`, async (t) => {
      const scene = await Scene.open(t);
      scene.expired = [];
      const socket = await scene.visit(t);
      scene.clock.advance(handshakeTimeoutMs - 1);
      socket.write(text);
      await scene.until(() => scene.upgraded.length === 1 || scene.requests.length === 1);
      assert.deepEqual(scene.expired, []);
      scene.clock.advance(1);
      assert.deepEqual([scene.expired, scene.timedOut.length], [[by], 0]);
    });
  }

  it("whoever ends without a word is let go without one", async (t) => {
    const scene = await Scene.open(t);
    scene.http.on("connection", () => assert.fail("it was handed over"));
    const socket = await scene.visit(t);
    const answered = answerOf(socket);
    socket.end();
    assert.equal(await answered, "");
    assert.equal(scene.clock.pendingTimers, 0);
  });
});

describe("a connection that could not be accepted", () => {
  it("is told of as a system error, and the next ones are welcome", async (t) => {
    const scene = await Scene.open(t);
    scene.http.on("error", () => assert.fail("it would end the process"));
    const { _handle: listening } = scene.http as unknown as {
      _handle: { onconnection: (status: number, handle: unknown) => void };
    };
    listening.onconnection(-24, undefined);
    const [error] = scene.failed as NodeJS.ErrnoException[];
    assert.deepEqual([error?.code, error?.errno, error?.syscall], ["EMFILE", -24, "accept"]);
    const socket = await connectRaw(t, scene.port);
    socket.write(requestText());
    await scene.untilUpgraded();
  });

  it("is left to the server where its handle is of another kind", async (t) => {
    const scene = await Scene.open(t);
    const { _handle: listening } = scene.http as unknown as {
      _handle: { onconnection: (status: number, handle: unknown) => void };
    };
    const ours = listening.onconnection;
    // A handle without one of the methods: the real one, with that hidden.
    listening.onconnection = (status, handle) => {
      Object.defineProperty(handle, "writev", { value: undefined, configurable: true });
      ours.call(listening, status, handle);
      delete (handle as { writev?: unknown }).writev;
    };
    const connected = once(scene.http, "connection");
    const socket = await connectRaw(t, scene.port);
    socket.write("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await connected;
    assert.match(await answerOf(socket), /<page>/u);
    assert.deepEqual([scene.upgraded.length, scene.clock.pendingTimers], [0, 0]);
  });
});

describe("a door that cannot be opened", () => {
  it("says so, and leaves the connections to the server", async (t) => {
    const http = createHttpServer((_request, response) => response.end("<page>"));
    const refuse = (): never => assert.fail("it was opened");
    const door = new Door(new HandleTransport(binding, nodeTurns), {
      ...{ http, text: nodeText, deadlines: new FakeClock(), handshakeTimeoutMs },
      limits: { maxHeaderCount: 20, maxHeaderBytes: 2000 },
      ...{ upgrade: refuse, handedOver: refuse, timedOut: refuse, failed: refuse },
    });
    assert.equal(door.open(), false);
    t.after(() => http.close());
    const port = await listen(http);
    const socket = connectTcp({ port, host: "127.0.0.1" });
    t.after(() => socket.destroy());
    socket.write("GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match(await answerOf(socket), /<page>/u);
  });
});
