/**
 * The opening handshake, by either version of HTTP: what is decided about it, and what the application is told.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import type { AcceptContext, IncomingRequest, ServeOptions, UpgradeRefusal } from "#src/index.js";
import { UpgradeRefusedError } from "#src/index.js";
import { deferred } from "../support/endpoints.js";
import { turns } from "../support/task-queue.js";
import { versions, visit } from "../support/versions.js";

const echo: ServeOptions["message"] = (socket, message) => void socket.send(message);
const never = (): Promise<undefined> => new Promise<undefined>(() => undefined);

for (const version of versions) {
  const { name, http2, isSecure } = version;

  describe(`accept over ${name}`, () => {
    it("gets the same web Request, but for the fields of an upgrade", async (t) => {
      let seen: IncomingRequest | undefined;
      const { connect, url, server } = await visit<{ user: string }>(t, version, {
        accept: (request) => {
          seen = request;
          return { data: { user: "ada" }, protocol: request.protocols[1], headers: { "X-Answer": "yes" } };
        },
        open: (socket) => void socket.send(`hello ${socket.data.user} at ${String(socket.remoteAddress)}`),
      });
      const headers = { "X-Mine": "1", Cookie: "a=b; c=d", Origin: url.replace("ws", "http") };
      const socket = await connect({ protocols: ["one", "two"], headers }, "/chat?room=1");
      assert.ok(seen !== undefined);
      assert.equal(seen.method, "GET");
      assert.equal(seen.url, `${isSecure ? "https" : "http"}://localhost:${String(server.port)}/chat?room=1`);
      assert.equal(seen.remoteAddress, "127.0.0.1");
      assert.deepEqual(seen.protocols, ["one", "two"]);
      const kept = ["x-mine", "cookie", "origin", "sec-websocket-version", "sec-websocket-protocol"];
      assert.deepEqual(
        kept.map((field) => seen?.headers.get(field)),
        ["1", "a=b; c=d", headers.Origin, "13", "one, two"],
      );
      // RFC 8441 §5: those are not of HTTP/2.
      for (const field of ["upgrade", "connection", "sec-websocket-key"]) assert.equal(seen.headers.has(field), !http2);
      assert.equal(socket.protocol, "two");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "hello ada at 127.0.0.1");
      await socket.close();
    });

    it("refuses with a Response: its status, headers, cookies and body", async (t) => {
      const refusals: UpgradeRefusal[] = [];
      const { ask, open } = await visit(t, version, {
        accept: (request) => {
          if (new URL(request.url).pathname === "/in") return undefined;
          const headers = new Headers([
            ["Set-Cookie", "a=1; HttpOnly"],
            ["Set-Cookie", "b=2"],
            ["WWW-Authenticate", "Bearer"],
          ]);
          return new Response("x".repeat(100_000), { status: 401, headers });
        },
        refused: (refusal) => void refusals.push(refusal),
        message: echo,
      });
      const answer = await ask();
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get("WWW-Authenticate"), "Bearer");
      assert.deepEqual(answer.headers.getSetCookie(), ["a=1; HttpOnly", "b=2"]);
      assert.equal(answer.body.length, 100_000);
      assert.deepEqual(refusals, [
        { code: "accept-refused", status: 401, error: undefined, remoteAddress: "127.0.0.1" },
      ]);
      // Whoever was refused may ask again, on the same session where there is one.
      const peer = await open({}, "/in");
      peer.sendText("hello");
      await peer.untilFrames(1);
    });

    it("is answered with 500 when it throws, which the error handler is told", async (t) => {
      const errors: unknown[] = [];
      const { ask } = await visit(t, version, {
        accept: () => {
          throw new Error("mine");
        },
        error: (error) => void errors.push(error),
        message: echo,
      });
      assert.equal((await ask()).status, 500);
      assert.deepEqual(
        errors.map((error) => (error as Error).message),
        ["mine"],
      );
    });

    it("keeps what comes while it thinks, and is told by its signal when the client leaves", async (t) => {
      const gate = deferred<undefined>();
      const asked = deferred<AbortSignal>();
      const { connect } = await visit(t, version, {
        accept: (request: IncomingRequest, { signal }: AcceptContext) => {
          if (new URL(request.url).pathname === "/slow") return gate.promise;
          asked.resolve(signal);
          return never();
        },
        message: echo,
      });
      const slow = connect({}, "/slow");
      await turns(20);
      gate.resolve(undefined);
      const socket = await slow;
      const controller = new AbortController();
      const given = connect({ signal: controller.signal });
      const signal = await asked.promise;
      const aborted = once(signal, "abort");
      controller.abort(new Error("never mind"));
      await assert.rejects(given, { message: "never mind" });
      await aborted;
      socket.send("still here");
      assert.equal((await socket[Symbol.asyncIterator]().next()).value, "still here");
      await socket.close();
    });

    it("has handshakeTimeoutMs: 503", async (t) => {
      const { ask } = await visit(t, version, { accept: never, handshakeTimeoutMs: 100, message: echo });
      const answer = await ask();
      assert.equal(answer.status, 503);
      assert.match(answer.body, /^accept-timeout: /u);
    });
  });

  describe(`refusals over ${name}`, () => {
    const cases: readonly (readonly [
      what: string,
      code: UpgradeRefusal["code"] | "node's own",
      status: number,
      options: Partial<ServeOptions>,
      fields?: Readonly<Record<string, string>>,
    ])[] = [
      ["a page of another origin", "origin-not-allowed", 403, {}, { origin: "https://evil.example" }],
      ["a name that is not this host's", "host-not-allowed", 421, { hosts: ["app.example"] }],
      ["too large a head", "node's own", 431, { limits: { maxHeaderBytes: 300 } }, { x: "y".repeat(300) }],
      ["too many lines", "request-header-count", 431, { limits: { maxHeaderCount: 8 } }, manyFields(http2 ? 8 : 4)],
      ["another version", "request-version-unsupported", 426, {}, { "sec-websocket-version": "8" }],
      ["a malformed offer", "request-extensions-malformed", 400, {}, { "sec-websocket-extensions": ";;" }],
      ["a malformed list", "request-protocol-malformed", 400, {}, { "sec-websocket-protocol": "a,,(" }],
      ["no room at all", "too-many-connections", 503, { maxConnections: 0 }],
      ["no room for this address", "too-many-connections-per-address", 429, { maxConnectionsPerAddress: 0 }],
      ["no room for pending upgrades", "too-many-pending-upgrades", 503, { maxPendingUpgrades: 0, accept: never }],
    ];
    for (const [what, code, status, options, fields] of cases) {
      it(`are the same for ${what}: ${code}`, async (t) => {
        const refusals: UpgradeRefusal[] = [];
        const { ask, server } = await visit(t, version, {
          refused: (refusal) => void refusals.push(refusal),
          message: echo,
          ...options,
        });
        const answer = await ask(fields);
        // RFC 9110 §15.5.22: 426 goes with an Upgrade field, which HTTP/2 has not.
        assert.equal(answer.status, http2 && status === 426 ? 400 : status);
        // Over HTTP/1.1, Node counts the octets of a head itself.
        if (code !== "node's own") {
          assert.deepEqual(
            refusals.map((refusal) => [refusal.code, refusal.remoteAddress]),
            [[code, "127.0.0.1"]],
          );
          assert.match(answer.body, /\S\n$/u);
        }
        if (status === 503 || status === 429) assert.equal(answer.headers.get("Retry-After"), "5");
        assert.equal(server.sockets.size, 0);
      });
    }

    it("end with the sockets that filled the room", async (t) => {
      const closed = deferred();
      const { connect } = await visit(t, version, { maxConnections: 2, message: echo, close: () => closed.resolve() });
      const [first, second] = [await connect(), await connect()];
      await assert.rejects(connect(), (error) => error instanceof UpgradeRefusedError && error.status === 503);
      await first.close();
      await closed.promise;
      const third = await connect();
      await Promise.all([second.close(), third.close()]);
    });

    it("believe a trusted proxy about who comes, and nobody else", async (t) => {
      const { open, server } = await visit(t, version, { trustedProxies: ["127.0.0.0/8"], message: echo });
      await open({ forwarded: 'for="[2001:db8::1]:4711";proto=https;host=app.example' });
      const other = await visit(t, version, { trustedProxies: ["192.0.2.1"], message: echo });
      await other.open({ "x-forwarded-for": "1.1.1.1" });
      const addresses = [server, other.server].flatMap(({ sockets }) => [...sockets].map((one) => one.remoteAddress));
      assert.deepEqual(addresses, ["2001:db8::1", "127.0.0.1"]);
    });
  });
}

/** With those that an upgrade has (five) or an extended CONNECT (one). Of many more than are allowed, Node makes an end itself. */
function manyFields(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${String(index)}`, "y"]));
}
