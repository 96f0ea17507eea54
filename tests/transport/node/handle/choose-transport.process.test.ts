/**
 * The choice of a transport in processes that keep something back.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const library = JSON.stringify(import.meta.resolve("#src/index.js"));

/** Echoes over both kinds of ports, and prints what "auto" has become, and what "handle" says. */
const script = `
const { connect, serve } = await import(${library});
const server = await serve({ port: 0, host: "127.0.0.1", message: (socket, message) => socket.send(message) });
const socket = await connect(server.url);
socket.send("hello");
const { value } = await socket[Symbol.asyncIterator]().next();
await socket.close();
await server.close();
const explicit = await serve({ port: 0, host: "127.0.0.1", transport: "handle" }).then(
  (taken) => taken.close().then(() => "taken"),
  (error) => error.name + " " + error.code + ": " + error.message,
);
const net = await serve({ port: 0, host: "127.0.0.1", transport: "net" });
await net.close();
console.log([server.transport, value, explicit, net.transport].join("\\n"));
`;

const [major] = process.versions.node.split(".").map(Number) as [number];
const permission = [
  major < 24 ? "--experimental-permission" : "--permission",
  "--allow-fs-read=*",
  ...(major < 25 ? [] : ["--allow-net"]),
];

interface Outcome {
  readonly lines: readonly string[];
  readonly warnings: string;
}

async function runWith(flags: readonly string[], before = ""): Promise<Outcome> {
  const { stdout, stderr } = await run(process.execPath, [...flags, "--input-type=module", "--eval", before + script]);
  return { lines: stdout.trimEnd().split("\n"), warnings: stderr };
}

describe("where Node gives out its insides", () => {
  for (const [what, flags] of [
    ["by itself", []],
    ["with a warning that is pending", ["--pending-deprecation"]],
    ["with a warning that is an error", ["--pending-deprecation", "--throw-deprecation"]],
  ] as const) {
    it(`${what}, "auto" is the handle, and nobody is warned`, async () => {
      const { lines, warnings } = await runWith(flags);
      assert.deepEqual(lines, ["handle", "hello", "taken", "net"]);
      assert.equal(warnings, "");
    });
  }

  it("leaves warnings of deprecation as they were set for others", async () => {
    const before = `
      process.noDeprecation = undefined;
      process.on("exit", () => console.log(String(process.noDeprecation)));
    `;
    const { lines } = await runWith([], before);
    assert.equal(lines.at(-1), "undefined");
  });
});

describe("where Node gives out nothing of its insides", () => {
  for (const [what, flags, before] of [
    ["under the permission model", permission, ""],
    ["without process.binding", [], "delete process.binding; Object.getPrototypeOf(process).binding = undefined;"],
    ["where process.binding throws", [], "process.binding = () => { throw new Error('no'); };"],
    ["where it is something else", [], "process.binding = () => ({});"],
  ] as const) {
    it(`${what}, "auto" is net.Socket without a word, and "handle" says why it is not to be had`, async () => {
      const { lines, warnings } = await runWith(flags, before);
      assert.deepEqual(lines.slice(0, 2), ["net", "hello"]);
      assert.match(
        String(lines[2]),
        /^UsageError invalid-argument: .*this Node does not offer what this transport needs/u,
      );
      assert.equal(lines[3], "net");
      // Node's own about the flag itself is none of ours.
      assert.equal(
        warnings.replaceAll(/^.*(?:ExperimentalWarning: (?:Permission|The flag)|--trace-warnings).*\n/gmu, ""),
        "",
      );
    });
  }

  it("as where the self-test fails: libuv's answers stand elsewhere", async () => {
    const before = `
      const whole = process.binding("stream_wrap");
      process.binding = () => ({
        WriteWrap: whole.WriteWrap,
        ShutdownWrap: whole.ShutdownWrap,
        streamBaseState: whole.streamBaseState,
        kReadBytesOrError: whole.kLastWriteWasAsync,
        kLastWriteWasAsync: whole.kReadBytesOrError,
      });
    `;
    const { lines, warnings } = await runWith([], before);
    assert.deepEqual(lines.slice(0, 2), ["net", "hello"]);
    assert.match(String(lines[2]), /^UsageError invalid-argument/u);
    assert.equal(warnings, "");
  });
});
