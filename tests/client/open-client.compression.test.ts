/** What a client offers (RFC 7692 §7.1), what it makes of the answer, and that its memory comes back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientOptions } from "#src/client/index.js";
import { openClient } from "#src/client/index.js";
import { acceptValue, InflationMemory, WindowMemory } from "#src/protocol/index.js";
import type { Dialer, DialResult } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { CountingStream } from "../support/counting-stream.js";
import { deflated, JudgeInflater, rsv1 } from "../support/deflate.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { RawPeer } from "../support/raw-peer.js";
import { TaskQueue } from "../support/task-queue.js";

interface Answer {
  readonly extensions?: string;
  readonly isAccepted?: boolean;
  readonly status?: number;
  readonly error?: Error;
}

function network({ extensions, isAccepted = true, status = 101, error }: Answer, windowMemoryBytes?: number) {
  const windows = new WindowMemory(windowMemoryBytes);
  const compressor = new NodeCompressor();
  const compression = {
    compressor: () => compressor,
    windows,
    inflations: new InflationMemory(),
    spentMs: () => 0,
  };
  const tasks = new TaskQueue();
  const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
  const stream = new CountingStream(ours);
  const peer = new RawPeer(theirs, "server");
  const offered: string[] = [];
  const reserved: number[] = [];
  const dialer: Dialer = (_address, request, { signal }) => {
    const headerAt = (name: string): string => request.rawHeaders[request.rawHeaders.indexOf(name) + 1] ?? "";
    if (request.rawHeaders.includes("Sec-WebSocket-Extensions")) offered.push(headerAt("Sec-WebSocket-Extensions"));
    reserved.push(windows.reservedBytes);
    if (error !== undefined) return Promise.reject(error);
    if (status === 0) {
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    }
    const accept = isAccepted ? acceptValue(headerAt("Sec-WebSocket-Key")) : "wrong";
    const rawHeaders = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", accept];
    if (extensions !== undefined) rawHeaders.push("Sec-WebSocket-Extensions", extensions);
    const response = { status, httpVersion: "1.1", rawHeaders };
    if (status !== 101) return Promise.resolve<DialResult>({ isUpgraded: false, response, body: new Uint8Array(0) });
    return Promise.resolve<DialResult>({ isUpgraded: true, response, stream });
  };
  const platform = { ...createFakePlatform(), compression };
  const open = (options: ClientOptions = {}) => openClient("ws://example.com/", options, platform, dialer);
  return { open, peer, stream, platform, windows, offered, reserved, idle: () => tasks.idle() };
}

describe("RFC 7692 §5 a client's offer", () => {
  it("is permessage-deflate with windows of 4 KiB by default, and nothing where that is not wanted", async () => {
    const wanting = network({});
    assert.equal((await wanting.open()).extensions, "");
    assert.deepEqual(wanting.offered, [
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, " +
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=12",
    ]);
    const declining = network({});
    await declining.open({ perMessageDeflate: false });
    assert.deepEqual(declining.offered, []);
  });

  it("asks for no context takeover when there is no memory for the server's window", async () => {
    const { open, offered } = network({}, 0);
    await open();
    const each = offered.join().split(", ");
    assert.ok(each.length > 0 && each.every((one) => one.includes("server_no_context_takeover")), offered.join());
  });
});

describe("RFC 7692 §5 a client that the server has agreed with", () => {
  it("compresses and inflates, and says what was agreed on", async () => {
    const answer = "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9";
    const { open, peer, windows, idle } = network({ extensions: answer });
    const messages: unknown[] = [];
    const socket = await open({ message: (_socket, message) => messages.push(message) });
    assert.equal(socket.extensions, answer);
    peer.send({ opcode: 1, rsv: rsv1, payload: deflated("from the server", { windowBits: 10 }) });
    const text = "from the client ".repeat(100);
    socket.send(text);
    socket.send(text);
    await idle();
    assert.deepEqual(messages, ["from the server"]);
    const judge = new JudgeInflater({ windowBits: 9, takesOver: true });
    assert.deepEqual(
      (await judge.messages(peer.frames)).map(String),
      [Buffer.from(text), Buffer.from(text)].map((each) => String(Uint8Array.from(each))),
    );
    assert.equal(judge.compressedMessages, 2);
    assert.ok(windows.reservedBytes > 0 && windows.lentBytes > 0);
    socket.terminate();
    await socket.closed;
    assert.deepEqual([windows.reservedBytes, windows.lentBytes], [0, 0]);
  });
});

describe("RFC 7692 §5 a client whose handshake fails", () => {
  const failures: readonly (readonly [string, Answer, ClientOptions, RegExp])[] = [
    ["is refused", { status: 403 }, {}, /UpgradeRefusedError/u],
    ["cannot reach the server", { error: new Error("unreachable") }, {}, /ConnectError/u],
    ["gets a wrong accept value", { isAccepted: false }, {}, /UpgradeResponseError/u],
    [
      'gets "an extension parameter not defined" (§7)',
      { extensions: "permessage-deflate; unknown" },
      {},
      /UpgradeResponseError.*permessage-deflate; unknown/u,
    ],
    [
      "gets a longer window than it has offered (§7.1.2.1)",
      { extensions: "permessage-deflate; server_max_window_bits=15" },
      {},
      /UpgradeResponseError.*server_max_window_bits/u,
    ],
    [
      "gets an extension that it has not offered",
      { extensions: "permessage-deflate; server_max_window_bits=12" },
      { perMessageDeflate: false },
      /UpgradeResponseError/u,
    ],
    ["gives up by itself", { status: 0 }, { signal: AbortSignal.abort(new Error("AbortedError")) }, /AbortedError/u],
    ["has a header that cannot be sent", {}, { headers: { Host: "other" } }, /UsageError/u],
  ];
  for (const [name, answer, options, error] of failures) {
    it(`gives back its memory, and leaves no stream, when it ${name}`, async () => {
      const { open, windows, stream } = network(answer);
      await assert.rejects(open(options), (thrown: Error) => {
        assert.match(`${thrown.name}: ${thrown.message}`, error);
        return true;
      });
      assert.equal(windows.reservedBytes, 0);
      const wasReached = (answer.status ?? 101) === 101 && answer.error === undefined && options.headers === undefined;
      assert.equal(stream.isDestroyed, wasReached);
    });
  }

  it("gives back its memory when it takes too long", async () => {
    const { open, windows, reserved, platform } = network({ status: 0 });
    const opening = assert.rejects(open({ handshakeTimeoutMs: 100 }), { name: "HandshakeTimeoutError" });
    platform.clock.advance(100);
    await opening;
    assert.ok((reserved[0] ?? 0) > 0);
    assert.equal(windows.reservedBytes, 0);
  });
});
