/**
 * That the fuzzing peer can be trusted: it writes the frames of RFC 6455 §5.7, and lets nothing wrong pass.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryPair } from "#src/transport/index.js";
import { TaskQueue } from "../support/task-queue.js";
import { encodeFrame, Opcode } from "./frames.js";
import { closeBody, FuzzingPeer } from "./fuzzing-peer.js";
import { MemoryWire } from "./wire.js";

const hello = Buffer.from("Hello");

describe("the fuzzing peer's frames", () => {
  it("are those of §5.7", () => {
    const key = Buffer.from("37fa213d", "hex");
    const samples: [Buffer, string][] = [
      [encodeFrame({ opcode: Opcode.text, payload: hello }, undefined), "810548656c6c6f"],
      [encodeFrame({ opcode: Opcode.text, payload: hello }, key), "818537fa213d7f9f4d5158"],
      [encodeFrame({ opcode: Opcode.text, fin: false, payload: hello.subarray(0, 3) }, undefined), "010348656c"],
      [encodeFrame({ opcode: Opcode.continuation, payload: hello.subarray(3) }, undefined), "80026c6f"],
      [encodeFrame({ opcode: Opcode.ping, payload: hello }, undefined), "890548656c6c6f"],
      [encodeFrame({ opcode: Opcode.pong, payload: hello }, key), "8a8537fa213d7f9f4d5158"],
    ];
    for (const [octets, expected] of samples) assert.equal(octets.toString("hex"), expected);
    const header = (length: number): string =>
      encodeFrame({ opcode: Opcode.binary, payload: Buffer.alloc(length) }, undefined)
        .subarray(0, -length)
        .toString("hex");
    assert.equal(header(256), "827e0100");
    assert.equal(header(65_536), "827f0000000000010000");
  });

  it("have the reserved bits that they are told to have", () => {
    assert.equal(encodeFrame({ opcode: Opcode.text, rsv: 4 }, undefined).toString("hex"), "c100");
    assert.equal(encodeFrame({ opcode: 15, rsv: 1, fin: false }, undefined).toString("hex"), "1f00");
  });
});

describe("the fuzzing peer", () => {
  it("joins fragments, with a pong between them", async () => {
    const peer = await clientThatReceives("010348656c", "8a0179", "80026c6f");
    await peer.expectPong(Buffer.from("y"));
    await peer.expectMessage("text", hello);
  });

  const messages: readonly (readonly [string, string, RegExp])[] = [
    ["a message of another kind", "820548656c6c6f", /binary, 5 octets/u],
    ["another message", "810548656c6c70", /48656c6c70/u],
    ["a message that is too short", "810448656c6c", /text, 4 octets/u],
    ["a pong instead of a message", "8a00", /pong/u],
    ["a reserved bit", "c10548656c6c6f", /§5\.2/u],
    ["a reserved opcode", "8300", /§5\.2/u],
    ["a masked frame from a server", "818537fa213d7f9f4d5158", /§5\.1/u],
    ["a length in more octets than it needs", "817e000548656c6c6f", /§5\.2/u],
    ["a continuation of nothing", "800548656c6c6f", /§5\.4/u],
    ["a message within another", "010348656c810548656c6c6f", /§5\.4/u],
    ["a fragmented control frame", "0900", /§5\.5/u],
    ["a control frame that is too long", `897e007e${"00".repeat(126)}`, /§5\.5/u],
    ["the end of the stream within a frame", "810548", /within a frame/u],
    ["the end of the stream within a header", "81", /within a frame's header/u],
    ["the end of the stream", "", /end of the stream/u],
  ];
  for (const [what, octets, complaint] of messages) {
    it(`does not take ${what} for the message expected`, async () => {
      const peer = await clientThatReceives(octets);
      await assert.rejects(peer.expectMessage("text", hello), complaint);
    });
  }

  it("tells where a long message differs", async () => {
    const payload = Buffer.alloc(200, "a");
    const peer = await clientThatReceives(encodeFrame({ opcode: Opcode.text, payload }, undefined).toString("hex"));
    await assert.rejects(peer.expectMessage("text", Buffer.alloc(200, "a").fill("b", 150)), /from octet 150 on/u);
  });

  const bad1002 = encodeFrame({ opcode: Opcode.close, payload: closeBody(1002) }, undefined).toString("hex");
  const endings: readonly (readonly [string, string, RegExp])[] = [
    ["another code", `${bad1002.slice(0, 4)}03ef`, /status code/u],
    ["an empty Close frame", "8800", /status code/u],
    ["a Close frame of one octet", "880103", /§5\.5\.1/u],
    ["a reason that is not UTF-8", "880303eaff", /§5\.5\.1/u],
    ["no Close frame", "", /expected a Close frame, received the end of the stream/u],
    ["a pong before the Close frame", `8a00${bad1002}`, /expected a Close frame, received pong/u],
    ["a frame behind the Close frame", `${bad1002}8a00`, /what follows the Close frame/u],
  ];
  for (const [what, octets, complaint] of endings) {
    it(`does not take ${what} for the failure expected`, async () => {
      const peer = await clientThatReceives(octets);
      await assert.rejects(peer.expectFailure(1002), complaint);
      assert.equal(peer.ending, undefined);
    });
  }

  it("takes the Close frame and the end of the stream for a failure", async () => {
    const peer = await clientThatReceives(bad1002);
    await peer.expectFailure(1002);
    assert.deepEqual(peer.ending, { kind: "failed", code: 1002 });
  });

  it("hears what breaks a silence", async () => {
    const peer = await clientThatReceives("8a00");
    await assert.rejects(peer.expectSilence(), /expected silence, received pong/u);
  });
});

/** A fuzzing client that receives these octets and then the end of the stream. */
async function clientThatReceives(...octets: readonly string[]): Promise<FuzzingPeer> {
  const tasks = new TaskQueue();
  const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
  const peer = new FuzzingPeer(new MemoryWire(ours, tasks), "client", 1);
  const server = new MemoryWire(theirs, tasks);
  await server.write(Buffer.from(octets.join(""), "hex"));
  server.end();
  return peer;
}
