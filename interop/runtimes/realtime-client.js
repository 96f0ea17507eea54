/**
 * A real-time client on whatever runtime runs this: `realtime-client.js URL NAME`, with the server of
 * tests/support/realtime-scenario-server.ts at that URL. Prints a line of JSON for each codec.
 */
// Node before 22 has none, where the build for browsers is asked for.
globalThis.WebSocket ??= (await import("undici")).WebSocket;
const { createClient } = await import("openline/realtime/client");
const contracts = await import("openline/realtime/contract");
const { msgpackCodec } = await import("openline/realtime/msgpack");
const { runScenario } = await import("../../build/tests/support/realtime-scenario.js");

const [url, name] = process.argv.slice(2);

for (const [codec, codecs] of Object.entries({ JSON: undefined, MessagePack: [msgpackCodec] })) {
  const run = `${name} ${codec}`;
  const outcome = await runScenario({ ...contracts, createClient }, url, run, codecs).catch((error) => ({
    error: String(error?.stack ?? error),
  }));
  console.log(JSON.stringify([run, outcome]));
}
process.exit();
