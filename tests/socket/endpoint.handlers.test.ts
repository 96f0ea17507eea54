import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SocketHandlers } from "#src/socket/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { createEndpoint, deferred, meetRawPeer } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { RawPeer } from "../support/raw-peer.js";
import { TaskQueue } from "../support/task-queue.js";

const failure = new Error("the application's");

describe("what arrives before the application is ready", () => {
  it("waits for an async open handler", async () => {
    const gate = deferred();
    const order: string[] = [];
    const { peer, idle } = meetRawPeer("server", {
      async open() {
        order.push("open begins");
        await gate.promise;
        order.push("open ends");
      },
      message: (_socket, message) => void order.push(String(message)),
    });
    peer.sendText("a", "b");
    await idle();
    assert.deepEqual(order, ["open begins"]);
    gate.resolve();
    await idle();
    assert.deepEqual(order, ["open begins", "open ends", "a", "b"]);
  });

  it("waits for the socket to be opened", async () => {
    const tasks = new TaskQueue();
    const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
    const peer = new RawPeer(theirs, "client");
    peer.sendText("early");
    await tasks.idle();
    const messages: unknown[] = [];
    const socket = createEndpoint("server", ours, createFakePlatform(), {
      message: (_socket, message) => messages.push(message),
    });
    await tasks.idle();
    socket.open(Buffer.from("head"));
    await tasks.idle();
    assert.deepEqual(messages, ["early"]);
  });

  it("comes after the open handler, whose sends come first", async () => {
    const { peer, idle } = meetRawPeer("server", {
      open: (socket) => socket.send("welcome"),
      message: (socket, message) => socket.send(message),
    });
    peer.sendText("hi");
    await idle();
    assert.deepEqual(peer.lines, ["text welcome", "text hi"]);
  });
});

describe("messages", () => {
  it("are strings where they were text, and octets of their own where they were binary", async () => {
    const messages: unknown[] = [];
    const { peer, idle } = meetRawPeer("server", { message: (_socket, message) => messages.push(message) });
    peer.send({ opcode: 1, payload: "tëxt" }, { opcode: 2, payload: Uint8Array.of(1, 2) });
    peer.send({ opcode: 2, payload: "ab", fin: false }, { opcode: 0, payload: "cd" }, { opcode: 2 });
    await idle();
    assert.deepEqual(messages, ["tëxt", Uint8Array.of(1, 2), Uint8Array.from(Buffer.from("abcd")), new Uint8Array(0)]);
  });

  it("have memory that nobody writes to afterwards", async () => {
    const messages: Uint8Array[] = [];
    const { peer, idle } = meetRawPeer("server", {
      message: (_socket, message) => {
        if (message instanceof Uint8Array) messages.push(message);
      },
    });
    const expected = Array.from({ length: 50 }, (_, index) => new Uint8Array(index * 100).fill(index));
    for (const payload of expected) peer.send({ opcode: 2, payload });
    await idle();
    assert.deepEqual(messages, expected);
  });
});

describe("closing from within a message handler", () => {
  for (const isAsync of [false, true]) {
    it(`lets no ${isAsync ? "async " : ""}handler begin before it has ended, though what was held back is read`, async () => {
      const order: string[] = [];
      const gate = deferred();
      const { socket, peer, idle } = meetRawPeer("server", {
        // One message fills the inbox, and what comes behind it is held back.
        maxInboxBytes: 1,
        message: (self, message) => {
          order.push(`${String(message)} begins`);
          if (message === "a") return gate.promise;
          if (message === "b") void self.close();
          order.push(`${String(message)} returns`);
          if (!isAsync) return undefined;
          return Promise.resolve().then(() => order.push(`${String(message)} ends`));
        },
      });
      peer.sendText("a", "b", "c");
      await idle();
      assert.deepEqual(order, ["a begins"]);
      gate.resolve();
      await idle();
      const expected = ["b", "c"].flatMap((name) => {
        return [`${name} begins`, `${name} returns`, ...(isAsync ? [`${name} ends`] : [])];
      });
      assert.deepEqual(order, ["a begins", ...expected]);
      peer.sendClose(1000);
      await idle();
      peer.stream.end();
      assert.equal((await socket.closed).outcome, "closed-by-us");
    });
  }
});

/** Throws, or rejects, where it is told to. */
function failing(
  where: keyof SocketHandlers,
  how: "throws" | "rejects",
  errors: unknown[],
  thrown: { readonly value: unknown } = { value: failure },
): SocketHandlers {
  const fail = (): never => {
    throw thrown.value;
  };
  return {
    error: (error) => void errors.push(error),
    [where]: how === "throws" ? fail : () => Promise.resolve().then(fail),
  };
}

describe("an error in a handler", () => {
  for (const where of ["open", "message"] as const) {
    for (const how of ["throws", "rejects"] as const) {
      it(`of ${where} (it ${how}) closes with 1011 and is reported`, async () => {
        const errors: unknown[] = [];
        const { socket, peer, idle } = meetRawPeer("server", failing(where, how, errors));
        peer.sendText("a", "b");
        await idle();
        assert.deepEqual(peer.lines, ["close 1011"]);
        assert.deepEqual(errors, [failure]);
        peer.sendClose(1011);
        peer.stream.end();
        const report = await socket.closed;
        assert.deepEqual([report.outcome, report.code, report.initiator], ["closed-by-us", 1011, "us"]);
        assert.equal(report.cause, failure);
      });
    }
  }

  for (const how of ["throws", "rejects"] as const) {
    it(`of drain (it ${how}) closes with 1011 and is reported`, async () => {
      const errors: unknown[] = [];
      const setup = { highWaterMarkBytes: 10, ...failing("drain", how, errors) };
      const { socket, peer, idle } = meetRawPeer("server", setup, { capacityBytes: 1 });
      socket.send("x".repeat(100));
      await idle();
      assert.deepEqual(peer.lines.slice(1), ["close 1011"]);
      assert.deepEqual(errors, [failure]);
    });

    it(`of close (it ${how}) is reported`, async () => {
      const errors: unknown[] = [];
      const { socket, peer, idle } = meetRawPeer("server", failing("close", how, errors));
      peer.sendClose(1000);
      peer.stream.end();
      const report = await socket.closed;
      await idle();
      assert.deepEqual(errors, [failure]);
      assert.equal(report.outcome, "closed-by-peer");
    });

    it(`of error itself (it ${how}) goes to the platform, and leaves nobody without a report`, async () => {
      const setup = {
        message: () => {
          throw new Error("first");
        },
        ...failing("error", how, []),
      };
      const { peer, platform, idle } = meetRawPeer("server", setup);
      peer.sendText("a");
      await idle();
      assert.deepEqual(peer.lines, ["close 1011"]);
      assert.equal(platform.reported.length, 1);
      assert.equal(platform.reported[0]?.error, failure);
      assert.equal(platform.reported[0]?.during, "the error handler");
    });
  }

  for (const how of ["throws", "rejects"] as const) {
    it(`closes with 1011 also while the peer's Close waits for its answer (it ${how})`, async () => {
      const gate = deferred<undefined>();
      const { peer, idle } = meetRawPeer("server", {
        error: () => undefined,
        message(_socket, message) {
          if (message === "first") return gate.promise;
          if (how === "throws") throw failure;
          return Promise.reject(failure);
        },
      });
      peer.sendText("first", "second");
      peer.sendClose(1000);
      await idle();
      assert.deepEqual(peer.lines, []);
      gate.resolve(undefined);
      await idle();
      assert.deepEqual(peer.lines, ["close 1011"]);
    });
  }

  it("goes to the platform where there is no error handler", async () => {
    const { peer, platform, idle } = meetRawPeer("server", {
      message: () => {
        throw failure;
      },
    });
    peer.sendText("a");
    await idle();
    assert.deepEqual(platform.reported, [{ error: failure, during: "the message handler" }]);
  });

  it("may be anything", async () => {
    for (const thrown of [undefined, null, "text", 5, { code: "x" }]) {
      const errors: unknown[] = [];
      const { socket, peer, idle } = meetRawPeer("server", failing("message", "throws", errors, { value: thrown }));
      peer.sendText("a");
      await idle();
      assert.deepEqual(errors, [thrown]);
      assert.deepEqual(peer.lines, ["close 1011"]);
      peer.stream.destroy();
      assert.ok((await socket.closed).cause instanceof Error);
    }
  });

  it("drops the messages that wait behind it, and those that still come", async () => {
    const handled: string[] = [];
    const gate = deferred();
    const { peer, stream, idle } = meetRawPeer("server", {
      maxInboxBytes: 1000,
      error: () => undefined,
      async message(_socket, message) {
        handled.push(String(message));
        await gate.promise;
      },
    });
    peer.sendText("a", ...Array.from({ length: 100 }, () => "b"));
    await idle();
    assert.equal(stream.isPaused, true);
    gate.reject(failure);
    await idle();
    peer.sendText("c");
    await idle();
    assert.deepEqual(handled, ["a"]);
    assert.deepEqual(peer.lines, ["close 1011"]);
    assert.equal(stream.isPaused, false);
  });

  it("does not keep the error handler from closing with a code of its own", async () => {
    const { peer, idle } = meetRawPeer("server", {
      message: () => {
        throw failure;
      },
      error: (_error, socket) => void socket?.close(4500, "mine"),
    });
    peer.sendText("a");
    await idle();
    assert.deepEqual(peer.lines, ["close 4500 mine"]);
  });

  it("that comes when the connection is over is reported, and no more", async () => {
    const errors: unknown[] = [];
    const gate = deferred();
    const { socket, peer, idle } = meetRawPeer("server", {
      message: () => gate.promise,
      error: (error) => void errors.push(error),
    });
    peer.sendText("a");
    await idle();
    peer.stream.destroy();
    await socket.closed;
    gate.reject(failure);
    await idle();
    assert.deepEqual(errors, [failure]);
  });
});

describe("a handler", () => {
  it("may close, terminate or send in the midst of a chunk, and gets no message after it terminated", async () => {
    const handled: string[] = [];
    const { peer, idle } = meetRawPeer("server", {
      message: (socket, message) => {
        handled.push(String(message));
        if (message === "2") socket.terminate();
      },
    });
    peer.sendText("1", "2", "3");
    await idle();
    assert.deepEqual(handled, ["1", "2"]);
    assert.equal(peer.isClosed, true);
  });

  it("still gets the messages of a chunk after it began to close", async () => {
    const handled: string[] = [];
    const { peer, idle } = meetRawPeer("server", {
      message: (socket, message) => {
        handled.push(String(message));
        void socket.close();
      },
    });
    peer.sendText("1", "2");
    await idle();
    assert.deepEqual(handled, ["1", "2"]);
    assert.deepEqual(peer.lines, ["close 1000"]);
  });

  it("may end the connection before it has begun", async () => {
    for (const how of ["terminate", "close"] as const) {
      const messages: unknown[] = [];
      const { socket, peer, idle } = meetRawPeer("server", {
        open: (self) => void self[how](),
        message: (_socket, message) => messages.push(message),
      });
      if (how === "close") {
        await idle();
        peer.sendClose(1000);
        peer.stream.end();
      }
      const report = await socket.closed;
      assert.equal(report.initiator, "us");
      assert.deepEqual(messages, []);
    }
  });

  it("may attach data that others find", async () => {
    const { socket } = meetRawPeer("server");
    const other = socket as { data: unknown };
    other.data = { user: "ada" };
    assert.deepEqual(socket.data, { user: "ada" });
  });
});
