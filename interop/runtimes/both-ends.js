/**
 * A server and clients of openline's in one process, over TCP, on whatever runtime runs this. Prints a line of JSON for
 * each check.
 */
import { readFileSync } from "node:fs";
import { connect, prepare, serve, UpgradeRefusedError } from "openline";

const checks = {
  async "echoes text and octets, compressed"() {
    const server = await serve({ port: 0, message: (socket, message) => socket.send(message) });
    const socket = await connect(server.url);
    const octets = crypto.getRandomValues(new Uint8Array(60_000));
    const sent = ["", "héllo €😀", "long ".repeat(100_000), new Uint8Array(0), octets, new Uint8Array(1 << 20)];
    for (const message of sent) socket.send(message);
    const received = [];
    for await (const message of socket) if (received.push(message) === sent.length) break;
    const isSame = received.every((message, index) =>
      typeof message === "string" ? message === sent[index] : Buffer.compare(message, sent[index]) === 0,
    );
    const { extensions } = socket;
    const { outcome, code } = await socket.close(4000, "bye");
    await server.close();
    return [isSame, /^permessage-deflate/.test(extensions), outcome, code];
  },
  async "awaits handlers, and loses no message"() {
    const seen = [];
    let tellClosed;
    const closed = new Promise((resolve) => {
      tellClosed = resolve;
    });
    const server = await serve({
      port: 0,
      async open() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push("open");
      },
      async message(_socket, message) {
        seen.push(`begin ${message}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(`end ${message}`);
      },
      close: (_socket, report) => tellClosed(report),
    });
    const socket = await connect(server.url);
    socket.send("a");
    socket.send("b");
    await socket.close();
    const { outcome, initiator } = await closed;
    await server.close();
    return [seen, outcome, initiator];
  },
  async "refuses with a status and a body"() {
    const server = await serve({ port: 0, accept: () => new Response("who are you?", { status: 401 }) });
    const error = await connect(server.url).catch((error) => error);
    await server.close();
    return [error instanceof UpgradeRefusedError, error.status, new TextDecoder().decode(error.body)];
  },
  async "sends headers and subprotocols"() {
    let seen;
    const server = await serve({
      port: 0,
      accept(request) {
        seen = [request.headers.get("authorization"), request.protocols];
        return { protocol: request.protocols[1] };
      },
    });
    const socket = await connect(server.url, { headers: { authorization: "Bearer x" }, protocols: ["a", "b"] });
    const { protocol } = socket;
    await socket.close();
    await server.close();
    return [seen, protocol];
  },
  async "answers ordinary HTTP on the same port"() {
    const server = await serve({ port: 0, request: (request, response) => response.end(`this is ${request.url}`) });
    const text = await (await fetch(`http://localhost:${server.port}/health`)).text();
    await server.close();
    return text;
  },
  async pings() {
    const server = await serve({ port: 0 });
    const socket = await connect(server.url);
    const roundTrip = await socket.ping();
    await socket.close();
    await server.close();
    return roundTrip >= 0;
  },
  async "tells how a connection ends that is cut"() {
    const ends = [];
    const server = await serve({
      port: 0,
      message: (socket) => socket.terminate(),
      close: (_socket, { outcome, initiator }) => ends.push([outcome, initiator]),
    });
    const socket = await connect(server.url);
    socket.send("cut me");
    const { outcome, code, initiator } = await socket.closed;
    await server.close();
    return [outcome, code, initiator, ends];
  },
  async "waits for a peer that reads slowly"() {
    const server = await serve({
      port: 0,
      async open(socket) {
        const chunk = new Uint8Array(64 * 1024);
        let buffered = 0;
        for (let sent = 0; sent < 256; sent++) {
          if (socket.send(chunk).status === "buffered") {
            buffered += 1;
            await socket.ready();
          }
        }
        await socket.close(4000 + Math.min(buffered, 1));
      },
      perMessageDeflate: false,
    });
    const socket = await connect(server.url);
    let bytes = 0;
    for await (const message of socket) bytes += message.length;
    const { code } = await socket.closed;
    await server.close();
    return [bytes, code];
  },
  async publishes() {
    const server = await serve({ port: 0, open: (socket) => socket.subscribe("news") });
    const sockets = [await connect(server.url), await connect(server.url)];
    server.publish("news", prepare("to all"));
    const received = [];
    for (const socket of sockets) {
      for await (const message of socket) {
        received.push(message);
        break;
      }
    }
    await server.close();
    return received;
  },
  async "closes, and tells its clients"() {
    const server = await serve({ port: 0 });
    const socket = await connect(server.url);
    await server.close();
    const { outcome, code } = await socket.closed;
    return [outcome, code];
  },
  async encrypts() {
    const pem = (name) => readFileSync(new URL(`../../bench/tls/bench-only.${name}.pem`, import.meta.url), "utf8");
    const cert = pem("cert");
    let isSecure;
    const server = await serve({
      port: 0,
      tls: { cert, key: pem("key") },
      accept: (request) => {
        isSecure = request.url.startsWith("https:");
      },
      message: (socket, message) => socket.send(message),
    });
    const socket = await connect(server.url, { tls: { ca: cert, servername: "localhost" } });
    socket.send("secret");
    const { value } = await socket[Symbol.asyncIterator]().next();
    await socket.close();
    const refused = await connect(server.url).catch(({ code }) => code);
    await server.close();
    return [new URL(server.url || "wss:x").protocol, isSecure, value, refused];
  },
  async "cannot connect where nobody listens"() {
    const server = await serve({ port: 0 });
    const { url } = server;
    await server.close();
    const error = await connect(url).catch((error) => error);
    return error.code;
  },
};

for (const [name, check] of Object.entries(checks)) {
  const result = await check().catch((error) => ({ error: String(error?.stack ?? error) }));
  console.log(JSON.stringify([name, result]));
}
