import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { observe } from "#src/index.js";

const run = promisify(execFile);
const library = JSON.stringify(import.meta.resolve("#src/index.js"));

/** A listener that throws, and a process that goes on: whoever decides that is the application. */
const script = `
process.on("uncaughtException", (error) => console.log("uncaught", error.message));
const { connect, observe, serve } = await import(${library});
observe("openline:server:message-received", () => { throw new Error("listener"); });
const server = await serve({ port: 0, host: "127.0.0.1", message: (socket, message) => socket.send(message) });
const socket = await connect(server.url);
socket.send("hello");
console.log((await socket[Symbol.asyncIterator]().next()).value);
await server.close();
`;

describe("observe", () => {
  it("subscribes to the channel of that name, until it is told to stop", () => {
    const name = "openline:server:limit";
    const heard: unknown[] = [];
    const listener = (event: unknown): void => void heard.push(event);
    subscribe(name, listener);
    const stop = observe(name, (event) => heard.push(event));
    channel(name).publish("published");
    stop();
    channel(name).publish("published");
    assert.equal(heard.length, 3);
    unsubscribe(name, listener);
    assert.equal(channel(name).hasSubscribers, false);
  });

  it("keeps what a listener throws away from the connection", async () => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script]);
    assert.deepEqual(stdout.trimEnd().split("\n").sort(), ["hello", "uncaught listener"]);
  });
});
