import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connect, serve } from "#src/index.js";
import { FrameReader, frameType, preface, serveFrames, settingsFrame } from "../../../support/http2-frames.js";
import { rejection } from "../../../support/http2-servers.js";
import { connectRaw } from "../../../support/raw-http.js";

// Beyond the 65,535 that every session begins with (RFC 9113 §6.9.2).
const increment = 16 * 1024 * 1024 - 65_535;

describe("RFC 9113 §6.9 the window of a session", () => {
  it("is 16 MiB towards a server", async (t) => {
    const server = await serve({ port: 0, host: "127.0.0.1", http2: true, message: () => undefined });
    t.after(() => server.close());
    const socket = await connectRaw(t, server.port);
    socket.write(Buffer.concat([preface, settingsFrame()]));
    const reader = new FrameReader();
    for await (const chunk of socket) {
      const update = reader.push(chunk as Buffer).find(({ type }) => type === frameType.windowUpdate);
      if (update === undefined) continue;
      assert.deepEqual([update.streamId, update.payload.readUInt32BE()], [0, increment]);
      break;
    }
  });

  it("is as much towards a client", async (t) => {
    const updates: number[] = [];
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame()),
      ({ type, streamId, payload }, socket) => {
        if (type === frameType.windowUpdate && streamId === 0) updates.push(payload.readUInt32BE());
        if (type === frameType.ping) void once(socket.end(), "close");
      },
    );
    await rejection(connect(url, { http2: true }));
    assert.deepEqual(updates, [increment]);
  });
});

describe("RFC 9113 §6.9.2 the window of streams", () => {
  // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
  const initialWindowSize = 4;
  const valueOf = (payload: Buffer): number | undefined => {
    for (let at = 0; at < payload.byteLength; at += 6) {
      if (payload.readUInt16BE(at) === initialWindowSize) return payload.readUInt32BE(at + 2);
    }
    return undefined;
  };

  it("is what streamWindowBytes says towards a server, 65,535 where it says nothing", async (t) => {
    for (const [http2, expected] of [
      [true, undefined],
      [{ streamWindowBytes: 1_000_000 }, 1_000_000],
    ] as const) {
      const server = await serve({ port: 0, host: "127.0.0.1", http2, message: () => undefined });
      t.after(() => server.close());
      const socket = await connectRaw(t, server.port);
      socket.write(Buffer.concat([preface, settingsFrame()]));
      const reader = new FrameReader();
      for await (const chunk of socket) {
        const settings = reader.push(chunk as Buffer).find(({ type }) => type === frameType.settings);
        if (settings === undefined) continue;
        // What is as it is without it may be left out.
        assert.equal(valueOf(settings.payload) ?? 65_535, expected ?? 65_535);
        break;
      }
    }
  });

  it("is 256 KiB towards a client", async (t) => {
    let value: number | undefined;
    const url = await serveFrames(
      t,
      (socket) => socket.write(settingsFrame()),
      ({ type, payload }, socket) => {
        if (type === frameType.settings) value ??= valueOf(payload);
        if (type === frameType.ping) socket.end();
      },
    );
    await rejection(connect(url, { http2: true }));
    assert.equal(value, 256 * 1024);
  });
});
