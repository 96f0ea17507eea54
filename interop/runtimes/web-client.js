/**
 * The build for browsers over the WebSocket of whatever runtime runs this: `web-client.js URL`, with the export condition
 * `browser`, and a server of openline's at that URL. Prints a line of JSON for each check.
 */
// Node before 22 has none: it gets the one that later versions have built in.
globalThis.WebSocket ??= (await import("undici")).WebSocket;
const { CloseCode, ConnectError, connect, InboxFullError, UsageError, WebSocket } = await import("openline");
const { reconnecting } = await import("openline/reconnecting");

const url = process.argv[2];

const checks = {
  async "wraps the platform's own"() {
    return [WebSocket === globalThis.WebSocket, CloseCode.normalClosure];
  },
  async "sends, iterates and closes"() {
    const socket = await connect(url, { protocols: ["a", "b"] });
    const long = "long ".repeat(100_000);
    const octets = new Uint8Array([0, 1, 2, 255]).subarray(1);
    for (const message of ["héllo", octets, new Uint8Array(new SharedArrayBuffer(2)), long, ""]) socket.send(message);
    const received = [];
    for await (const message of socket) {
      received.push(typeof message !== "string" ? [...message] : message === long ? "the long one" : message);
      if (received.length === 5) break;
    }
    const { outcome, code, wasClean } = await socket.close(4000, "bye");
    return [received, socket.protocol, outcome, code, wasClean];
  },
  async "tells that it was refused"() {
    const error = await connect(new URL("/refused", url)).catch((error) => error);
    return [error instanceof ConnectError, error.code];
  },
  async "tells how the server ended it"() {
    const reports = [];
    for (const wish of ["close me", "cut me"]) {
      const socket = await connect(url);
      socket.send(wish);
      const { outcome, code, reason } = await socket.closed;
      reports.push([outcome, code, reason]);
    }
    return reports;
  },
  async "tells what the platform cannot do"() {
    const socket = await connect(url);
    const codes = [];
    for (const call of [
      async () => socket.close(1001),
      () => socket.ping(),
      () => connect(url, { headers: {} }),
      () => connect(url, { protocols: "a b" }),
      () => connect("ftp://localhost"),
    ]) {
      codes.push(await call().catch((error) => error instanceof UsageError && error.code));
    }
    await socket.close();
    return codes;
  },
  async "awaits its handlers, and closes when one fails"() {
    const seen = [];
    const socket = await connect(url, {
      async message(_socket, message) {
        seen.push(`begin ${message}`);
        await new Promise((resolve) => setTimeout(resolve));
        if (message === "fail") throw new Error("a bug");
        seen.push(`end ${message}`);
      },
      error: (error) => void seen.push(error.message),
    });
    socket.send("a");
    socket.send("fail");
    const { outcome, code } = await socket.closed;
    return [seen, outcome, code];
  },
  async "closes when more waits than maxInboxBytes"() {
    const socket = await connect(url, { maxInboxBytes: 1000 });
    socket.send("x".repeat(2000));
    const { cause, code } = await socket.closed;
    return [cause instanceof InboxFullError, code];
  },
  async "waits for room"() {
    const socket = await connect(url, { highWaterMarkBytes: 1000 });
    const { ok } = socket.send(new Uint8Array(8_000_000));
    await socket.ready();
    const { bufferedBytes } = socket;
    await socket.close();
    return [ok, bufferedBytes <= 1000];
  },
  async "comes back by itself"() {
    const received = [];
    const socket = reconnecting(url, {
      reconnect: { retry: () => 0 },
      message: (_socket, message) => received.push(message),
    });
    socket.send("cut me");
    for await (const { name } of socket.states()) if (name === "waiting") break;
    socket.send("again");
    await socket.ready();
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const { why } = await socket.close();
    return [received, why];
  },
  async "lets go at once"() {
    const socket = await connect(url);
    socket.terminate();
    const { outcome, code, initiator } = await socket.closed;
    return [outcome, code, initiator, socket.readyState];
  },
};

for (const [name, check] of Object.entries(checks)) {
  const result = await check().catch((error) => ({ error: String(error?.stack ?? error) }));
  console.log(JSON.stringify([name, result]));
}
process.exit();
