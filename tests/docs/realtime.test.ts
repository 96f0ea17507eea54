/**
 * docs/limits.md tells of the limits of real-time clients as they are, and docs/protocol.md has a script that really speaks
 * the protocol.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { defaultClientLimits } from "#src/realtime/client/index.js";
import { type ClientFrame, clientFrames, FrameFault, jsonCodec, readMessage } from "#src/realtime/wire/index.js";

function read(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

describe("docs/limits.md", () => {
  it("has every limit of a real-time client, with its default", () => {
    const page = read("limits.md");
    const units = {
      Ms: (value: number) => `${value / 1000} s`,
      Bytes: (value: number) => `${value / 1024 / 1024} MiB`,
    };
    for (const [name, value] of Object.entries<number>({ ...defaultClientLimits })) {
      const unit = Object.entries(units).find(([ending]) => name.endsWith(ending))?.[1] ?? String;
      assert.ok(page.includes(`\n| \`${name}\` | ${unit(value)} |`), `${name} of ${unit(value)}`);
    }
  });
});

describe("the script of docs/protocol.md", () => {
  const source = /^```js\n(.*?)^```$/msu.exec(read("protocol.md"))?.[1] ?? "";

  class ScriptedSocket {
    static readonly all: ScriptedSocket[] = [];
    readonly frames: ClientFrame[] = [];
    onopen: (() => void) | undefined;
    onmessage: ((event: { data: string }) => void) | undefined;
    onclose: (() => void) | undefined;
    readonly protocol: string;

    constructor(_url: string, protocol: string) {
      this.protocol = protocol;
      ScriptedSocket.all.push(this);
    }

    send(message: string): void {
      for (const frame of readMessage(jsonCodec, message, clientFrames)) {
        assert.ok(!(frame instanceof FrameFault), message);
        this.frames.push(frame);
      }
    }

    say(...frames: unknown[]): void {
      this.onmessage?.({ data: JSON.stringify(frames.length === 1 ? frames[0] : frames) });
    }
  }

  it("has twenty lines, and recovers what it missed", () => {
    assert.ok(source.trim().split("\n").length <= 20);
    const printed: unknown[] = [];
    const later: (() => void)[] = [];
    runInNewContext(source, {
      WebSocket: ScriptedSocket,
      setTimeout: (callback: () => void) => later.push(callback),
      console: { log: (value: unknown) => printed.push(JSON.parse(JSON.stringify(value))) },
    });
    const [first] = ScriptedSocket.all;
    assert.equal(first?.protocol, "openline.v1.json");
    first.onopen?.();
    assert.deepEqual(first.frames.splice(0), [
      ["hello", {}],
      ["sub", 1, "room/7", { last: 10 }],
    ]);
    first.say(["welcome", { session: "s", user: null, timeMs: 1, pingMs: 25_000, maxMessageBytes: 65_536 }]);
    first.say(
      ["ok", 1, { n: 4, kind: "log", epoch: "e", position: "5" }],
      ["m", 4, "6", "5", "a"],
      ["page", 4, "6", false],
    );
    assert.deepEqual(first.frames.splice(0), [["more", 4]]);
    first.say(["m", 4, "7", "6", { text: "b" }], ["page", 4, "7", true], ["m", 4, "7", "6", "again"], ["ping", 9]);
    assert.deepEqual(
      first.frames.splice(0).map(([operation, r]) => [operation, r]),
      [["ok", 9]],
    );
    first.say(["m", 4, "9", "8", "after a hole"]);
    assert.deepEqual(first.frames.splice(0), [["sub", 1, "room/7", { since: ["e", "7"] }]]);
    first.onclose?.();
    assert.equal(later.length, 1);
    later[0]?.();
    const [, second] = ScriptedSocket.all;
    second?.onopen?.();
    assert.deepEqual(second?.frames, [
      ["hello", {}],
      ["sub", 1, "room/7", { since: ["e", "7"] }],
    ]);
    second.say(["ok", 1, { n: 2, kind: "log", epoch: "f", position: "0", recovered: false }]);
    second.say(
      ["gap", 2, { reason: "epoch", epoch: "f", position: "0" }],
      ["m", 2, "1", "0", "c"],
      ["page", 2, "1", true],
    );
    assert.deepEqual(printed, ["a", { text: "b" }, "c"]);
  });
});
