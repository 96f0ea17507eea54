/**
 * Who is let in, and what a refusal looks like from both sides.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HandshakeRequest } from "#src/protocol/index.js";
import type { Arrival, IncomingRequest, ServerOptions, UpgradeRefusal } from "#src/server/index.js";
import { ServerCore } from "#src/server/index.js";
import { Deadline } from "#src/transport/index.js";
import { deferred } from "../support/endpoints.js";
import { createFakePlatform } from "../support/fake-platform.js";
import { upgrade, upgradeHeaders } from "../support/upgrades.js";

function createCore<Data = undefined>(options: ServerOptions<Data>) {
  const platform = createFakePlatform();
  const refusals: UpgradeRefusal[] = [];
  const given = {
    message: () => undefined,
    refused: (refusal: UpgradeRefusal) => void refusals.push(refusal),
    ...options,
  };
  return { core: new ServerCore<Data>(given, platform), platform, refusals };
}

interface Attempt {
  readonly origin?: string;
  readonly host?: string;
  readonly extra?: readonly string[];
  readonly remoteAddress?: string;
  readonly arrival?: Arrival;
}

function attempt<Data>(core: ServerCore<Data>, { origin, host, extra = [], remoteAddress, arrival }: Attempt = {}) {
  const rawHeaders = upgradeHeaders(...(origin === undefined ? [] : ["Origin", origin]), ...extra);
  if (host !== undefined) rawHeaders[1] = host;
  const head: Partial<HandshakeRequest> = { rawHeaders };
  return upgrade(core, head, remoteAddress === undefined ? {} : { remoteAddress }, [], arrival);
}

async function statusOf<Data>(core: ServerCore<Data>, how: Attempt = {}): Promise<number> {
  const { idle, reply } = attempt(core, how);
  await idle();
  return reply().status;
}

describe("§10.2 the origin of a page", () => {
  it("has to be the server's own", async () => {
    const { core, refusals } = createCore({});
    assert.equal(await statusOf(core, { origin: "http://server.example:9000" }), 101);
    assert.equal(await statusOf(core, { origin: "HTTP://Server.example:9000" }), 101);
    const { idle, reply } = attempt(core, { origin: "http://evil.example" });
    await idle();
    const { status, body, headers } = reply();
    assert.equal(status, 403);
    assert.match(body, /^origin-not-allowed: .*origins.*trustedProxies/u);
    assert.match(headers.get("Content-Type") ?? "", /^text\/plain/u);
    assert.deepEqual(
      refusals.map(({ code, status: told, remoteAddress, error }) => [code, told, remoteAddress, error?.code]),
      [["origin-not-allowed", 403, "192.0.2.7", "origin-not-allowed"]],
    );
  });

  it("is asked for of nobody who sends none: that is no browser", async () => {
    for (const origins of [undefined, [], () => false] as const) {
      const { core } = createCore(origins === undefined ? {} : { origins });
      assert.equal(await statusOf(core), 101);
    }
  });

  it("is not known of a page whose origin is null: that is refused unless it is listed", async () => {
    assert.equal(await statusOf(createCore({}).core, { origin: "null" }), 403);
    assert.equal(await statusOf(createCore({ origins: ["http://server.example:9000"] }).core, { origin: "null" }), 403);
    assert.equal(await statusOf(createCore({ origins: ["null"] }).core, { origin: "null" }), 101);
    assert.equal(await statusOf(createCore({ origins: "*" }).core, { origin: "null" }), 101);
  });

  it("may be one of a list, which takes the place of the server's own", async () => {
    const { core } = createCore({ origins: ["https://app.example"] });
    assert.equal(await statusOf(core, { origin: "https://app.example" }), 101);
    assert.equal(await statusOf(core, { origin: "http://server.example:9000" }), 403);
  });

  it("may be decided about by a function, which gets the request that accept gets", async () => {
    const seen: [string, IncomingRequest][] = [];
    let accepted: IncomingRequest | undefined;
    const { core } = createCore({
      origins: (origin, request) => {
        seen.push([origin, request]);
        return new URL(request.url).searchParams.has("room");
      },
      accept: (request) => {
        accepted = request;
        return undefined;
      },
    });
    assert.equal(await statusOf(core, { origin: "https://Any.example" }), 101);
    assert.deepEqual(
      seen.map(([origin]) => origin),
      ["https://any.example"],
    );
    assert.equal(seen[0]?.[1], accepted);
  });

  it("is not allowed by anything that is not true", async () => {
    for (const answer of [false, 1, "yes", undefined, null, {}]) {
      const { core } = createCore({ origins: (() => answer) as unknown as () => boolean });
      assert.equal(await statusOf(core, { origin: "http://server.example:9000" }), 403);
    }
  });

  it("is not allowed by a function that throws: that is 500, which tells nothing, and reported", async () => {
    const failure = new Error("secret");
    const { core, platform, refusals } = createCore({
      origins: () => {
        throw failure;
      },
    });
    const { idle, reply } = attempt(core, { origin: "http://server.example:9000" });
    await idle();
    assert.equal(reply().status, 500);
    assert.doesNotMatch(reply().body, /secret/u);
    assert.deepEqual(platform.reported, [{ error: failure, during: "a check at the door" }]);
    assert.equal(refusals[0]?.error?.cause, failure);
  });

  it("is not decided about by a promise: that is 500 and reported, whatever becomes of it", async () => {
    for (const answer of [() => Promise.resolve(true), () => Promise.reject(new Error("later"))]) {
      const { core, platform } = createCore({ origins: answer as unknown as () => boolean });
      assert.equal(await statusOf(core, { origin: "http://server.example:9000" }), 500);
      assert.match(String(platform.reported[0]?.error), /origins has to decide at once/u);
    }
  });

  it("is not asked of a function where Host and target make no URL: that is 400", async () => {
    const { core, platform, refusals } = createCore({ origins: () => assert.fail("it was asked") });
    assert.equal(await statusOf(core, { origin: "http://a", host: "1.2.3.256" }), 400);
    assert.equal(refusals[0]?.code, "request-url-invalid");
    assert.deepEqual(platform.reported, []);
  });
});

describe("§4.2.2 the path that WebSockets are at", () => {
  it("is asked for before anything else is looked at: elsewhere is 404", async () => {
    const { core, refusals } = createCore({ path: "/live", accept: () => assert.fail("it was asked") });
    assert.equal(core.isAt("/live?room=1"), true);
    assert.equal(core.isAt("/chat"), false);
    const { idle, reply } = attempt(core, { origin: "http://evil.example", host: "evil.example" });
    await idle();
    assert.equal(reply().status, 404);
    assert.match(reply().body, /^path-not-found: .*option path/u);
    assert.deepEqual(
      refusals.map(({ code, status, error }) => [code, status, error?.code]),
      [["path-not-found", 404, "path-not-found"]],
    );
  });

  it("lets in where it is, whatever the query", async () => {
    assert.equal(await statusOf(createCore({ path: ["/chat", "/live"] }).core), 101);
    assert.equal(createCore({}).core.isAt("/anything"), undefined);
  });

  it("is not there where a function throws: that is 500, and reported", async () => {
    const failure = new Error("secret");
    const { core, platform } = createCore({
      path: () => {
        throw failure;
      },
    });
    assert.equal(core.isAt("/chat"), true);
    assert.equal(await statusOf(core), 500);
    assert.deepEqual(platform.reported, [{ error: failure, during: "a check at the door" }]);
  });
});

describe("the names of a server", () => {
  const onLoopback: Arrival = { isOnLoopback: () => true };

  it("are its own where it lists them, for everybody", async () => {
    const { core, refusals } = createCore({ hosts: ["app.example"] });
    assert.equal(await statusOf(core, { host: "app.example:9000" }), 101);
    assert.equal(await statusOf(core, { host: "app.example", origin: "http://app.example" }), 101);
    const { idle, reply } = attempt(core, { host: "evil.example", origin: "http://evil.example" });
    await idle();
    assert.equal(reply().status, 421);
    assert.match(reply().body, /^host-not-allowed: .*hosts/u);
    assert.equal(await statusOf(core, { host: "localhost", arrival: onLoopback }), 421);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ["host-not-allowed", "host-not-allowed"],
    );
  });

  it("are those of the machine for pages, on a server that listens there only", async () => {
    const { core } = createCore({});
    for (const host of ["localhost:9000", "127.0.0.1:9000", "[::1]:9000", "app.localhost"]) {
      assert.equal(await statusOf(core, { host, origin: `http://${host}`, arrival: onLoopback }), 101, host);
    }
    assert.equal(
      await statusOf(core, { host: "evil.example", origin: "http://evil.example", arrival: onLoopback }),
      421,
    );
    // Whoever is no browser was led here by nobody.
    assert.equal(await statusOf(core, { host: "box.internal", arrival: onLoopback }), 101);
  });

  it("are not known of a server that listens elsewhere, too", async () => {
    const { core } = createCore({});
    assert.equal(await statusOf(core, { host: "any.example", origin: "http://any.example" }), 101);
  });

  it("may be any on demand", async () => {
    const { core } = createCore({ hosts: "*" });
    assert.equal(await statusOf(core, { host: "any.example", origin: "http://any.example", arrival: onLoopback }), 101);
  });

  it("are asked for even where every origin may connect", async () => {
    const { core } = createCore({ origins: "*" });
    assert.equal(
      await statusOf(core, { host: "evil.example", origin: "http://evil.example", arrival: onLoopback }),
      421,
    );
  });
});

describe("a client behind a trusted proxy", () => {
  const forwarded = ["X-Forwarded-For", "203.0.113.5", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "app.example"];

  it("has its own address, scheme and host: for the checks, for accept and on its socket", async () => {
    let seen: IncomingRequest | undefined;
    const addresses: unknown[] = [];
    const { core } = createCore({
      trustedProxies: ["192.0.2.0/24"],
      hosts: ["app.example"],
      accept: (request) => {
        seen = request;
        return undefined;
      },
      open: (socket) => void addresses.push(socket.remoteAddress),
    });
    assert.equal(await statusOf(core, { origin: "https://app.example", extra: forwarded }), 101);
    assert.equal(seen?.url, "https://app.example/chat?room=1");
    assert.equal(seen.remoteAddress, "203.0.113.5");
    assert.deepEqual(addresses, ["203.0.113.5"]);
    assert.equal(await statusOf(core, { origin: "http://server.example:9000", extra: forwarded }), 403);
  });

  it("has names that the machine does not know, even where the server listens on a loopback address", async () => {
    const { core } = createCore({ trustedProxies: ["192.0.2.7"] });
    const arrival = { isOnLoopback: () => true };
    assert.equal(await statusOf(core, { origin: "https://app.example", extra: forwarded, arrival }), 101);
    assert.equal(await statusOf(core, { origin: "http://server.example:9000", arrival }), 421);
  });

  it("is nobody special where the proxy is not trusted", async () => {
    for (const trustedProxies of [undefined, ["192.0.2.8"]]) {
      const addresses: unknown[] = [];
      const { core } = createCore({
        ...(trustedProxies && { trustedProxies }),
        open: (socket) => void addresses.push(socket.remoteAddress),
      });
      assert.equal(await statusOf(core, { origin: "https://app.example", extra: forwarded }), 403);
      assert.equal(await statusOf(core, { extra: forwarded }), 101);
      assert.deepEqual(addresses, ["192.0.2.7"]);
    }
  });

  it("is refused with 500 where nobody can tell whether the proxy is trusted, which is reported", async () => {
    const failure = new Error("no list");
    const throwing = (): boolean => {
      throw failure;
    };
    const later = (() => Promise.reject(failure)) as unknown as () => boolean;
    for (const trustedProxies of [throwing, later]) {
      const { core, platform } = createCore({ trustedProxies });
      assert.equal(await statusOf(core), 500);
      assert.equal(platform.reported.length, 1);
    }
  });

  it("is refused with 400 where the proxy tells what is malformed", async () => {
    const { core, refusals } = createCore({ trustedProxies: ["192.0.2.7"] });
    assert.equal(await statusOf(core, { extra: ["Forwarded", "for=a.example"] }), 400);
    assert.deepEqual(
      refusals.map(({ code, remoteAddress }) => [code, remoteAddress]),
      [["forwarded-malformed", "192.0.2.7"]],
    );
  });
});

describe("the caps on connections", () => {
  it("maxConnections counts sockets and pending upgrades; beyond it, 503 tells when to come back", async () => {
    const gate = deferred<undefined>();
    const { core, refusals } = createCore({
      maxConnections: 2,
      accept: ({ url }) => (url.includes("later") ? gate.promise : undefined),
    });
    const first = attempt(core);
    const second = upgrade(core, { target: "/later" });
    await second.idle();
    const third = attempt(core);
    await third.idle();
    assert.equal(third.reply().status, 503);
    assert.equal(third.reply().headers.get("Retry-After"), "5");
    assert.match(third.reply().body, /^too-many-connections: .*maxConnections is reached: 2\n$/u);
    first.client.destroy();
    await first.idle();
    assert.equal(await statusOf(core), 101);
    gate.resolve(undefined);
    await second.idle();
    assert.equal(second.reply().status, 101);
    assert.equal(await statusOf(core), 503);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ["too-many-connections", "too-many-connections"],
    );
  });

  it("maxNewConnectionsPerSecond paces those who come at once; beyond it is 503", async () => {
    const { core, refusals, platform } = createCore({ maxNewConnectionsPerSecond: 2 });
    const come = async (): Promise<number[]> => [await statusOf(core), await statusOf(core), await statusOf(core)];
    assert.deepEqual(await come(), [101, 101, 503]);
    assert.equal(refusals[0]?.code, "too-many-new-connections");
    assert.match(refusals[0]?.error?.message ?? "", /maxNewConnectionsPerSecond is reached: 2 /u);
    platform.clock.advance(500);
    assert.deepEqual(await come(), [101, 503, 503]);
    platform.clock.advance(60_000);
    assert.deepEqual(await come(), [101, 101, 503]);
  });

  it("maxNewConnectionsPerSecond gives each who is sent away a turn behind the others, a minute at most", async () => {
    const { core, platform } = createCore({ maxNewConnectionsPerSecond: 2 });
    const retryAfter = async (): Promise<string | null> => {
      const { idle, reply } = attempt(core);
      await idle();
      return reply().headers.get("Retry-After");
    };
    const told = [];
    for (let count = 0; count < 7; count++) told.push(await retryAfter());
    assert.deepEqual(told, [null, null, "1", "1", "2", "2", "3"]);
    // Those whose turn was within the first second find room.
    platform.clock.advance(1000);
    assert.deepEqual([await retryAfter(), await retryAfter(), await retryAfter()], [null, null, "2"]);
    for (let count = 0; count < 200; count++) await retryAfter();
    assert.equal(await retryAfter(), "60");
    platform.clock.advance(61_000);
    for (let count = 0; count < 2; count++) await retryAfter();
    assert.equal(await retryAfter(), "1");
  });

  it("maxNewConnectionsPerSecond does not count those who are kept out for something else", async () => {
    const { core, refusals } = createCore({
      maxNewConnectionsPerSecond: 2,
      maxWaitingSockets: 1,
      message: undefined as never,
    });
    assert.equal(await statusOf(core), 101);
    assert.equal(await statusOf(core), 503);
    assert.equal(refusals[0]?.code, "too-many-waiting-sockets");
    await core[Symbol.asyncIterator]().next();
    assert.equal(await statusOf(core), 101);
  });

  it("isOverloaded keeps out those against whom there is nothing else, and is asked at once", async () => {
    let isFull: unknown = true;
    let asked = 0;
    const errors: unknown[] = [];
    const { core, refusals } = createCore({
      error: (error) => void errors.push(error),
      isOverloaded: () => {
        asked++;
        return isFull as boolean;
      },
      origins: ["https://app.example"],
    });
    assert.equal(await statusOf(core, { origin: "https://evil.example" }), 403);
    assert.equal(asked, 0);
    assert.equal(await statusOf(core), 503);
    assert.equal(refusals.at(-1)?.code, "overloaded");
    isFull = Promise.resolve(false);
    assert.equal(await statusOf(core), 500);
    assert.match(String(errors[0]), /isOverloaded has to decide at once/u);
    isFull = 1;
    assert.equal(await statusOf(core), 101);
  });

  it("maxConnectionsPerAddress counts them by address, and IPv6 by its subnet; beyond it is 429", async () => {
    const { core, refusals } = createCore({ maxConnectionsPerAddress: 1 });
    const first = attempt(core, { remoteAddress: "2001:db8::1" });
    await first.idle();
    assert.equal(first.reply().status, 101);
    assert.equal(await statusOf(core, { remoteAddress: "2001:db8::ffff:1" }), 429);
    assert.equal(await statusOf(core, { remoteAddress: "2001:db8:0:1::1" }), 101);
    assert.equal(await statusOf(core, { remoteAddress: "192.0.2.1" }), 101);
    assert.equal(await statusOf(core, { remoteAddress: "::ffff:192.0.2.1" }), 429);
    assert.equal(refusals[0]?.code, "too-many-connections-per-address");
    first.client.destroy();
    await first.idle();
    assert.equal(await statusOf(core, { remoteAddress: "2001:db8::2" }), 101);
  });

  it("maxConnectionsPerAddress counts the clients of a trusted proxy, not the proxy", async () => {
    const { core } = createCore({ maxConnectionsPerAddress: 1, trustedProxies: ["192.0.2.7"] });
    assert.equal(await statusOf(core, { extra: ["X-Forwarded-For", "203.0.113.5"] }), 101);
    assert.equal(await statusOf(core, { extra: ["X-Forwarded-For", "203.0.113.6"] }), 101);
    assert.equal(await statusOf(core, { extra: ["X-Forwarded-For", "203.0.113.5"] }), 429);
  });

  it("maxConnectionsPerAddress is free again whatever became of an upgrade", async () => {
    const decisions = [
      () => new Response(null, { status: 401 }),
      () => Promise.reject(new Error("no")),
      () => ({ protocol: "not asked for" }),
      () => new Response(null, { status: 101, statusText: "\n" }),
    ];
    for (const decide of decisions) {
      let isFirst = true;
      const { core } = createCore({
        maxConnectionsPerAddress: 1,
        error: () => undefined,
        accept: () => {
          const mustDecide = isFirst;
          isFirst = false;
          return mustDecide ? decide() : undefined;
        },
      });
      assert.notEqual(await statusOf(core), 101);
      assert.equal(await statusOf(core), 101);
      assert.equal(await statusOf(core), 429);
    }
  });

  it("maxPendingUpgrades holds for those who wait for accept; beyond it is 503", async () => {
    const gates = [deferred<undefined>(), deferred<undefined>()];
    let asked = 0;
    const { core, refusals } = createCore({ maxPendingUpgrades: 2, accept: () => gates[asked++]?.promise });
    const waiting = [attempt(core), attempt(core)];
    for (const { idle } of waiting) await idle();
    assert.equal(await statusOf(core), 503);
    assert.equal(refusals[0]?.code, "too-many-pending-upgrades");
    assert.equal(asked, 2);
    gates[0]?.resolve(undefined);
    await waiting[0]?.idle();
    assert.equal(await statusOf(core), 101);
  });

  it("are free at once of a peer that leaves, though its accept never settles", async () => {
    for (const options of [{ maxPendingUpgrades: 1 }, { maxConnections: 1 }, { maxConnectionsPerAddress: 1 }]) {
      const { core } = createCore({ ...options, accept: () => new Promise<undefined>(() => undefined) });
      for (let count = 0; count < 3; count++) {
        const leaving = attempt(core);
        await leaving.idle();
        assert.equal(leaving.received.receivedBytes, 0, "it was refused");
        leaving.client.destroy();
        await leaving.idle();
      }
    }
  });

  it("hold for nobody where they are not set", async () => {
    const { core } = createCore({});
    for (let count = 0; count < 50; count++) assert.equal(await statusOf(core), 101);
  });
});

describe("the time of a handshake", () => {
  it("goes on from the deadline that came with the connection", async () => {
    const { core, platform, refusals } = createCore({
      handshakeTimeoutMs: 1000,
      accept: () => new Promise<undefined>(() => undefined),
    });
    const deadline = new Deadline(platform.deadlines, 1000, () => assert.fail("it was handed on"));
    platform.clock.advance(900);
    const { idle, reply } = attempt(core, { arrival: { deadline } });
    await idle();
    platform.clock.advance(99);
    assert.equal(refusals.length, 0);
    platform.clock.advance(1);
    await idle();
    assert.equal(reply().status, 503);
    assert.equal(refusals[0]?.code, "accept-timeout");
  });

  it("is over with the decision, whatever it is", async () => {
    for (const options of [
      {},
      { accept: () => undefined },
      { origins: [] },
      { accept: () => Promise.reject(new Error("no")), error: () => undefined },
    ]) {
      const { core, platform } = createCore(options);
      const deadline = new Deadline(platform.deadlines, 1000, () => assert.fail("it was over"));
      const { idle, client } = attempt(core, { origin: "http://server.example:9000", arrival: { deadline } });
      await idle();
      client.end();
      await idle();
      for (const socket of core.sockets) socket.terminate();
      await idle();
      assert.equal(platform.clock.pendingTimers, 0);
    }
  });

  it("leaves nothing of an accept that never settles: room and refusal are done with", async () => {
    const { core, platform } = createCore({
      handshakeTimeoutMs: 1000,
      maxPendingUpgrades: 1,
      maxConnectionsPerAddress: 1,
      accept: () => new Promise<undefined>(() => undefined),
    });
    for (let count = 0; count < 3; count++) {
      const { idle, reply, client } = attempt(core);
      await idle();
      platform.clock.advance(1000);
      await idle();
      assert.equal(reply().status, 503);
      assert.match(reply().body, /^accept-timeout/u);
      client.end();
      await idle();
    }
    await core.close(1001, "");
    assert.equal(platform.clock.pendingTimers, 0);
  });

  it("also ends a body that never does", async () => {
    const endless = new ReadableStream({ pull: () => new Promise<void>(() => undefined) });
    const { core, platform, refusals } = createCore({
      handshakeTimeoutMs: 1000,
      accept: () => new Response(endless, { status: 403 }),
    });
    const { idle, reply } = attempt(core);
    await idle();
    platform.clock.advance(1000);
    await idle();
    assert.equal(reply().status, 503);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ["accept-timeout"],
    );
  });
});

describe("a refusal", () => {
  it("is told of with its reason, whoever refused and why", async () => {
    const { core, refusals } = createCore({
      accept: ({ url }) => {
        if (url.includes("throw")) throw new Error("no");
        return new Response("no", { status: 418 });
      },
      error: () => undefined,
    });
    for (const head of [{ method: "POST" }, { target: "/throw" }, {}]) await upgrade(core, head).idle();
    core.refuseSlowRequest(upgrade(core).stream);
    void core.close(1001, "");
    await upgrade(core).idle();
    assert.deepEqual(refusals.map(({ code, status, error }) => [code, status, error?.name]).sort(), [
      ["accept-failed", 500, "AdmissionError"],
      ["accept-refused", 418, undefined],
      ["request-method", 405, "UpgradeRequestError"],
      ["request-timeout", 408, "AdmissionError"],
      ["server-closing", 503, "AdmissionError"],
      ["server-closing", 503, "AdmissionError"],
    ]);
  });

  it("goes out even where the handler for it throws, which is reported", async () => {
    const failure = new Error("in the handler");
    const { core, platform } = createCore({
      origins: [],
      refused: () => {
        throw failure;
      },
    });
    assert.equal(await statusOf(core, { origin: "http://a" }), 403);
    assert.deepEqual(platform.reported, [{ error: failure, during: "the refused handler" }]);
  });

  it("goes out even where the handler for it is async and rejects, which is reported", async () => {
    const failure = new Error("later");
    const refused = (() => Promise.reject(failure)) as () => void;
    const { core, platform } = createCore({ origins: [], refused });
    assert.equal(await statusOf(core, { origin: "http://a" }), 403);
    assert.deepEqual(platform.reported, [{ error: failure, during: "the refused handler" }]);
  });

  it("of the application's that cannot be written is told of once, as the 500 that it becomes", async () => {
    const { core, refusals } = createCore({ accept: () => Response.error(), error: () => undefined });
    assert.equal(await statusOf(core), 500);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ["accept-failed"],
    );
  });
});

describe("the options of the door", () => {
  it("are checked before the server starts", () => {
    for (const options of [
      { origins: ["app.example"] },
      { hosts: ["*"] },
      { hosts: "app.example" as "*" },
      { trustedProxies: ["proxy"] },
    ]) {
      assert.throws(() => createCore(options), { code: "invalid-argument" }, JSON.stringify(options));
    }
    for (const name of ["maxConnections", "maxConnectionsPerAddress", "maxPendingUpgrades"]) {
      assert.throws(() => createCore({ [name]: -1 }), { code: "invalid-limit" }, name);
    }
  });
});
