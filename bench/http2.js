/**
 * What a WebSocket costs over HTTP/2 (RFC 8441) and over a TCP connection of its own: `node http2.js [sockets] [messages]`.
 *
 * Server and client are processes of their own, ours on both sides, in clear text over the loopback interface. The two
 * ways take turns, in new processes for each round, and what is printed are medians of the rounds.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect, serve } from "openline";

const [role, socketsText = "1000", messagesText = "50", roundsText = "5"] = process.argv.slice(2).includes("server")
  ? ["server"]
  : ["judge", ...process.argv.slice(2)];
const payload = "x".repeat(64);
// Handshakes that are under way at a time.
const atATime = 50;

function usage() {
  globalThis.gc?.();
  return { rssBytes: process.memoryUsage.rss(), cpuUs: process.cpuUsage().user + process.cpuUsage().system };
}

async function serveHere() {
  const server = await serve({
    port: 0,
    http2: { maxStreamsPerSession: 100_000 },
    heartbeat: false,
    message: (socket, message) => socket.send(message),
  });
  process.on("message", (question) => {
    if (question === "usage") process.send(usage());
    else process.exit(0);
  });
  process.send({ url: server.url });
}

async function ask(child, question) {
  child.send(question);
  const [answer] = await once(child, "message");
  return answer;
}

/** One round of one way. */
async function round(http2, sockets, messages) {
  const child = fork(fileURLToPath(import.meta.url), ["server"], { execArgv: ["--expose-gc"] });
  const [{ url }] = await once(child, "message");
  let answerAlone = () => undefined;
  const warmUp = await connect(url, { http2, heartbeat: false, message: () => answerAlone() });
  const serverBefore = await ask(child, "usage");
  const opened = [];
  const began = performance.now();
  let answered = 0;
  let whenAll = () => undefined;
  const message = () => {
    if (++answered % sockets === 0) whenAll();
  };
  const openSome = async () => {
    while (opened.length < sockets) {
      const index = opened.push(undefined) - 1;
      opened[index] = await connect(url, { http2, message, heartbeat: false });
    }
  };
  await Promise.all(Array.from({ length: atATime }, openSome));
  const openedMs = performance.now() - began;
  const serverOpen = await ask(child, "usage");
  const clientOpen = usage();
  // One message on each socket at a time.
  const latencies = [];
  for (let count = 0; count < messages; count++) {
    const all = new Promise((resolve) => {
      whenAll = resolve;
    });
    const start = performance.now();
    for (const socket of opened) socket.send(payload);
    await all;
    latencies.push(performance.now() - start);
  }
  const serverDone = await ask(child, "usage");
  const clientDone = usage();
  // One socket alone.
  const alone = [];
  for (let count = 0; count < 500; count++) {
    const start = performance.now();
    const answer = new Promise((resolve) => {
      answerAlone = resolve;
    });
    warmUp.send(payload);
    await answer;
    alone.push(performance.now() - start);
  }
  child.send("exit");
  for (const socket of opened) socket.terminate();
  warmUp.terminate();
  await once(child, "exit");
  const echoed = sockets * messages;
  return {
    "handshakes per second": sockets / (openedMs / 1000),
    "server KiB per socket": (serverOpen.rssBytes - serverBefore.rssBytes) / 1024 / sockets,
    "server µs of processor per echo": (serverDone.cpuUs - serverOpen.cpuUs) / echoed,
    "client µs of processor per echo": (clientDone.cpuUs - clientOpen.cpuUs) / echoed,
    "ms for one echo on each socket": median(latencies),
    "µs for an echo on one socket alone": median(alone) * 1000,
  };
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

if (role === "server") await serveHere();
else {
  const sockets = Number(socketsText);
  const messages = Number(messagesText);
  const results = { tcp: [], http2: [] };
  for (let index = 0; index < Number(roundsText); index++) {
    for (const way of ["tcp", "http2"]) results[way].push(await round(way === "http2", sockets, messages));
  }
  console.log(
    `| ${sockets} sockets | one TCP connection each | one session of HTTP/2 | ratio |\n| --- | --- | --- | --- |`,
  );
  for (const name of Object.keys(results.tcp[0])) {
    const [tcp, http2] = [results.tcp, results.http2].map((rounds) => median(rounds.map((one) => one[name])));
    console.log(`| ${name} | ${tcp.toFixed(1)} | ${http2.toFixed(1)} | ${(http2 / tcp).toFixed(2)} |`);
  }
  process.exit(0);
}
