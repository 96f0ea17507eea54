/**
 * What a connection tells whoever sends messages in fragments.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionSink } from "#src/protocol/index.js";
import {
  BufferPool,
  Connection,
  createDeflateContext,
  type ExtensionChain,
  ProtocolError,
  portableTextCodec,
  resolveLimits,
} from "#src/protocol/index.js";
import { SteeredCompressor } from "../support/compressors.js";
import { deflateChain } from "../support/deflate.js";
import { frame, sampleKey } from "../support/frames.js";
import { octets } from "../support/octets.js";
import { jsonSample } from "../support/samples.js";

function setUp(chain?: ExtensionChain) {
  const told: string[] = [];
  const made: { connection?: Connection } = {};
  const ignore = (): void => undefined;
  const sink: ConnectionSink = {
    receivedText: ignore,
    receivedBinary: ignore,
    receivedPing: ignore,
    receivedPong: ignore,
    receivedClose: () => true,
    failed: ignore,
    sendingEnded: () => told.push(`ended ${String(made.connection?.canSend)}`),
    messageWritten: (opcode, payload, isTransformed) =>
      told.push(`written ${String(opcode)} ${String(payload)} ${isTransformed ? "compressed" : "plain"}`),
  };
  const context = {
    role: "server" as const,
    limits: resolveLimits(),
    text: portableTextCodec,
    pool: new BufferPool(),
    allocate: (byteLength: number) => new Uint8Array(byteLength),
  };
  const connection = new Connection(context, sink, undefined, chain);
  made.connection = connection;
  return { connection, told };
}

describe("the end of sending (§5.5.1: after a Close frame nothing is sent)", () => {
  const ways: Readonly<Record<string, (connection: Connection) => void>> = {
    "our Close frame": (connection) => connection.close(1000),
    "the answer to the peer's": (connection) =>
      connection.receive(frame({ opcode: 8, payload: octets("03e8"), key: sampleKey })),
    "a failure": (connection) => connection.fail(new ProtocolError("frame-too-big", 2, 1)),
    "the end of the stream": (connection) => void connection.streamEnded(),
  };
  for (const [name, end] of Object.entries(ways)) {
    it(`is told with ${name}, when nothing can be sent any more`, () => {
      const { connection, told } = setUp();
      connection.sendFragment("text", "begun", false);
      end(connection);
      assert.deepEqual(told, ["ended false"]);
      assert.equal(connection.sendFragment("text", "late", true), false);
    });
  }

  it("is told while the Close frame waits behind what is being compressed", async () => {
    const compressor = new SteeredCompressor();
    const { connection, told } = setUp(deflateChain(createDeflateContext(compressor), "server"));
    connection.sendBinary(jsonSample(100_000, 1));
    connection.close(1000);
    assert.equal(connection.state, "open");
    assert.deepEqual(told, ["ended false"]);
    await compressor.all();
    assert.equal(connection.state, "closing-by-us");
  });
});

describe("§9 a message in fragments, where extensions are in use", () => {
  it("is told of once, with its last fragment, with all its octets and whether it was compressed", async () => {
    const compressor = new SteeredCompressor();
    const { connection, told } = setUp(deflateChain(createDeflateContext(compressor), "server"));
    connection.sendFragment("binary", jsonSample(1000, 1), false);
    connection.sendFragment("binary", jsonSample(100_000, 2), false);
    connection.sendFragment("binary", jsonSample(500, 3), true);
    assert.deepEqual(told, []);
    await compressor.all();
    connection.sendFragment("text", "abc", false, { compress: false });
    connection.sendFragment("text", "d€", true, { compress: false });
    assert.deepEqual(told, ["written 2 101500 compressed", "written 1 7 plain"]);
  });
});
