import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { connect, UpgradeRefusedError } from "openline";
import { createClient, type LogEvent } from "openline/realtime/client";
import { Checksum } from "../../demos/chat/shared/checksum.js";
import { api } from "../../demos/chat/shared/contract.js";
import { CONNECTIONS_MAX } from "../../demos/chat/shared/limits.js";
import { ChatSite } from "./chat-site.js";
import { LiveProcess } from "./live-process.js";

const TIMEOUT_MS = 60_000;

describe("the chat's server", { timeout: TIMEOUT_MS }, () => {
  let chat: ChatSite;
  before(async () => {
    chat = await ChatSite.start();
  });
  after(() => chat.close());

  const visitor = (token: string) => chat.visitor(token);

  const refusedWith =
    (code: string, text = /./u) =>
    (error: unknown) =>
      (error as { code: string }).code === code && text.test((error as Error).message);

  it("lets in its own page alone, and whoever has a token", async () => {
    const url = `${chat.origin.replace("http:", "ws:")}/chat/socket`;
    const protocols = ["openline.v1.json"];
    const refused = (status: number) => (error: unknown) =>
      error instanceof UpgradeRefusedError && error.status === status;
    await assert.rejects(connect(url, { protocols, headers: { Origin: "http://evil.test" } }), refused(403));
    await assert.rejects(connect(url, { protocols }), refused(403));
    await assert.rejects(connect(`${url}s`, { protocols, headers: { Origin: chat.origin } }), refused(404));
    assert.equal((await fetch(`${chat.origin}/chat/kill`)).status, 405);
    assert.equal((await fetch(`${chat.origin}/chat/kill`, { method: "POST" })).status, 403);
    const foreign = { method: "POST", headers: { Origin: "http://evil.test" } };
    assert.equal((await fetch(`${chat.origin}/chat/socket`, foreign)).status, 403);
    const nobody = createClient(api, url, { token: "short", headers: { Origin: chat.origin } });
    assert.equal((await nobody.closed).why, "refused");
  });

  it("passes requests on without the fields that mean this connection alone (RFC 9110 §7.6.1)", async () => {
    const fields = ["Trailer: a", "TE: trailers", "Expect: 100-continue", "Keep-Alive: 1", "Connection: close"];
    for (const lines of [fields, [...fields, "Transfer-Encoding: chunked"]]) {
      const body = lines.includes("Transfer-Encoding: chunked") ? "1\r\na\r\n0\r\na: b\r\n\r\n" : "";
      const request = ["GET /chat/socket HTTP/1.1", "Host: a", ...lines, "", body].join("\r\n");
      const answer = await answerTo(chat.site.port, request);
      assert.match(answer, /^HTTP\/1\.1 426 /mu);
    }
  });

  it("takes as many that come by requests as it takes WebSockets", async () => {
    const abort = new AbortController();
    const headers = { Accept: "text/event-stream", "Openline-Protocol": "openline.v1.json" };
    const comes = () => fetch(`${chat.origin}/chat/socket`, { headers, signal: abort.signal });
    const answers = await Promise.all(Array.from({ length: CONNECTIONS_MAX + 1 }, comes));
    abort.abort();
    assert.deepEqual(
      answers.map(({ status }) => status).filter((status) => status !== 200),
      [503],
    );
  });

  it("lets nobody write what is not theirs, or too long, and says so", async () => {
    await using ada = visitor("ada");
    await assert.rejects(ada.channel("people").set("somebody", "Eve"), refusedWith("forbidden"));
    await assert.rejects(ada.channel("server").set("process", { pid: 1, run: 1 }), refusedWith("forbidden"));
    await assert.rejects(ada.channel("room/attic").publish({ text: "hello" }), refusedWith("forbidden"));
    const tooLong = { text: "x".repeat(1001) };
    await assert.rejects(ada.channel("room/lobby").publish(tooLong), refusedWith("invalid-value", /1000 characters/u));
    await assert.rejects(ada.call("rename", "x".repeat(25)), refusedWith("invalid-value", /24 characters/u));
    await assert.rejects(ada.call("rename", "  "), refusedWith("invalid-value", /say something/u));
  });

  it("keeps what is said and done when it is killed, and what is sent again once", async () => {
    await using ada = visitor("ada");
    await using bob = visitor("bob");
    const heard: LogEvent<{ text: string }>[] = [];
    bob.channel("room/kitchen").listen((event) => heard.push(event));
    assert.equal(await ada.call("rename", " Ada "), "Ada");
    const first = await ada.channel("room/kitchen").publish({ text: "before" }, { idempotencyKey: "k1" });
    chat.stayAway();
    assert.equal((await chat.kill()).status, 202);
    assert.equal((await fetch(`${chat.origin}/chat/socket`)).status, 503);
    const meanwhile = ada.channel("room/kitchen").publish({ text: "meanwhile" });
    chat.comeBack();
    await meanwhile;
    // Another page of the same browser, which has found it in the outbox.
    await using again = visitor("ada");
    const known = await again.channel("room/kitchen").publish({ text: "before" }, { idempotencyKey: "k1" });
    assert.deepEqual(known, { position: first.position, isDuplicate: true });
    const last = await ada.channel("room/kitchen").publish({ text: "last" });
    if (heard.at(-1)?.position !== last.position) {
      await new Promise<void>((resolve) => {
        bob.channel("room/kitchen").listen(({ position }) => position === last.position && resolve());
      });
    }
    const messages = heard.filter((event) => event.type === "message");
    assert.deepEqual(
      messages.map(({ value }) => value.text),
      ["before", "meanwhile", "last"],
    );
    assert.ok(!heard.some(({ type }) => type === "gap"));

    const sum = new Checksum();
    for (const { position, previous, user, key, value } of messages) {
      sum.add({ position, previous, user, key, text: value.text });
    }
    const [{ previous: beginning } = assert.fail()] = messages;
    const part = { room: "kitchen", after: beginning, upTo: last.position };
    assert.deepEqual(await ada.call("audit", part), {
      isWhole: true,
      ...{ count: 3, checksum: sum.toString() },
    });
    assert.ok(!(await ada.call("audit", { ...part, upTo: `${last.position}0` })).isWhole);
    await assert.rejects(ada.call("audit", { ...part, room: "attic" }), refusedWith("not-found"));

    const people = new Map<string, string>();
    for await (const { set } of bob.channel("people")) {
      for (const [user, name] of set) people.set(user, name);
      break;
    }
    assert.ok([...people.values()].includes("Ada"));
  });

  it("has bots that talk as long as somebody listens and wants them to", async () => {
    await using ada = visitor("ada");
    const numbers: number[] = [];
    const clock = ada.channel("room/clock");
    for await (const event of clock) {
      if (event.type === "message") numbers.push(Number(event.value.text));
      if (numbers.length === 2) break;
    }
    assert.equal(numbers[1], (numbers[0] ?? 0) + 1);
    assert.equal(await ada.call("setBots", false), false);
    for await (const { set } of ada.channel("bots")) {
      assert.equal(set.get("on"), false);
      break;
    }
  });
});

describe("the process of the chat's server", { timeout: TIMEOUT_MS }, () => {
  it("is killed once in a while, whoever asks", async () => {
    const chat = await ChatSite.start(60_000);
    assert.equal((await chat.kill()).status, 202);
    const refused = await chat.kill();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get("retry-after")) >= 50);
    await chat.close();
  });

  it("ends with the site, however that ends, and leaves nothing behind", async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("openline-chat-"));
    const before = new Set(folders());
    const live = new LiveProcess("0");
    const url = await live.url();
    const killed = await fetch(`${url}/chat/kill`, { method: "POST", headers: { Origin: url } });
    const first = Number(await killed.text());
    while (isRunning(first)) await new Promise((resolve) => setTimeout(resolve, 20));
    while ((await fetch(`${url}/chat/socket`)).status === 503) await new Promise((resolve) => setTimeout(resolve, 20));
    const created = folders().filter((name) => !before.has(name));
    assert.ok(created.length > 0);
    live.signal("SIGKILL");
    await live.ended;
    // The process of the chat hears of it from the system, a moment later.
    while (created.some((name) => existsSync(`${tmpdir()}/${name}`)))
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe("a chat whose process cannot be started", { timeout: TIMEOUT_MS }, () => {
  it("is tried again, ever later, and the site goes on meanwhile", async (t) => {
    const programs: string[] = [];
    const failures: number[] = [];
    t.mock.method(console, "error", () => undefined);
    const chat = await ChatSite.start(0, {
      beforeRestart: async (count) => {
        failures.push(count);
      },
      fork: (program) => {
        programs.push(program);
        // What throws at once, what fails a moment later, and what ends before it listens.
        if (programs.length === 2) throw new Error("out of memory");
        if (programs.length === 3) return fork(program, { execPath: "/there/is/nothing" });
        if (programs.length === 4) return fork(program, { execArgv: ["--there-is-no-such-option"], silent: true });
        return fork(program, { execArgv: [] });
      },
    });
    t.after(() => chat.close());
    await using ada = chat.visitor("ada");
    const first = await ada.channel("room/lobby").publish({ text: "before" });
    assert.equal((await chat.kill()).status, 202);
    const second = await ada.channel("room/lobby").publish({ text: "after" });
    assert.notEqual(second.position, first.position);
    assert.deepEqual([programs.length, failures], [5, [0, 1, 2, 3]]);
    assert.equal((await fetch(`${chat.origin}/chat/`)).status, 200);
  });
});

/** What comes for a request as it stands, until the server ends the connection. */
async function answerTo(port: number, request: string): Promise<string> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.write(request);
  return text(socket);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
