import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import type { StreamHandle } from "#src/transport/node/handle/binding.js";
import { isStreamHandle } from "#src/transport/node/handle/binding.js";
import type { AcceptListener } from "#src/transport/node/handle/listening.js";
import { acceptHandles } from "#src/transport/node/handle/listening.js";
import { connectRaw, listen } from "../../../support/raw-http.js";

/** A listening handle, as `net.Server` has it. */
interface Listening {
  onconnection?: unknown;
  setNoDelay?: unknown;
}

function listeningHandle(server: Server): Listening {
  return (server as unknown as { _handle: Listening })._handle;
}

async function startServer(t: TestContext): Promise<{ server: Server; port: number }> {
  const server = createServer();
  t.after(() => server.close());
  return { server, port: await listen(server) };
}

describe("connections from a listening handle", () => {
  it("come as handles with all that is needed, before there is a socket", async (t) => {
    const { server, port } = await startServer(t);
    server.on("connection", () => assert.fail("there is a socket"));
    const accepted = new Promise<StreamHandle>((resolve) => {
      acceptHandles(server, (status, handle) => {
        assert.equal(status, 0);
        assert.ok(isStreamHandle(handle));
        resolve(handle);
      });
    });
    await connectRaw(t, port);
    (await accepted).close();
  });

  it("may still be what they would have been: the server's own", async (t) => {
    const { server, port } = await startServer(t);
    const handles: unknown[] = [];
    const accepting = acceptHandles(server, (status, handle) => {
      handles.push(handle);
      accepting?.ordinary(status, handle);
    });
    assert.ok(accepting);
    const connected = once(server, "connection") as Promise<[Socket]>;
    const client = await connectRaw(t, port);
    const [socket] = await connected;
    assert.equal((socket as unknown as { _handle: unknown })._handle, handles[0]);
    assert.equal(server.listenerCount("connection"), 0);
    socket.end("hello");
    const [chunk] = (await once(client, "data")) as [Buffer];
    assert.equal(String(chunk), "hello");
  });

  it("bring an error as the server would have told it, where there is one", async (t) => {
    const { server } = await startServer(t);
    const told: unknown[][] = [];
    acceptHandles(server, (...all) => told.push(all));
    const handle = listeningHandle(server);
    (handle.onconnection as AcceptListener).call(handle, -24, undefined);
    assert.deepEqual(told, [[-24, undefined]]);
  });

  it("have TCP_NODELAY set by the listening handle on Linux, and nowhere else", async (t) => {
    for (const platform of ["linux", "darwin"] as const) {
      const { server } = await startServer(t);
      const asked: unknown[] = [];
      listeningHandle(server).setNoDelay = (enable: unknown) => {
        asked.push(enable);
        return 0;
      };
      const { restore } = replacePlatform(platform);
      const accepting = acceptHandles(server, () => undefined);
      restore();
      assert.equal(accepting?.hasNoDelay, platform === "linux", platform);
      assert.deepEqual(asked, platform === "linux" ? [true] : []);
    }
  });

  it("are said to have it only where it could be set", async (t) => {
    const { restore } = replacePlatform("linux");
    t.after(restore);
    for (const setNoDelay of [undefined, () => -22]) {
      const { server } = await startServer(t);
      listeningHandle(server).setNoDelay = setNoDelay;
      assert.equal(acceptHandles(server, () => undefined)?.hasNoDelay, false);
    }
  });

  it("cannot be had, and nothing is changed, where the server has no such handle", async (t) => {
    assert.equal(
      acceptHandles(createServer(), () => undefined),
      undefined,
    );
    const { server } = await startServer(t);
    const handle = listeningHandle(server);
    const setNoDelay = (): never => assert.fail("it was changed");
    Object.assign(handle, { onconnection: undefined, setNoDelay });
    assert.equal(
      acceptHandles(server, () => undefined),
      undefined,
    );
    assert.equal(handle.onconnection, undefined);
    const closed = createServer();
    await listen(closed);
    closed.close();
    await once(closed, "close");
    assert.equal(
      acceptHandles(closed, () => undefined),
      undefined,
    );
  });
});

function replacePlatform(platform: NodeJS.Platform): { restore: () => void } {
  const original = process.platform;
  Object.defineProperty(process, "platform", { value: platform });
  return { restore: () => Object.defineProperty(process, "platform", { value: original }) };
}
