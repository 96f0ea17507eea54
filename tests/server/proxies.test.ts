import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { TrustedProxiesOption } from "#src/server/index.js";
import type { Client } from "#src/server/proxies.js";
import { TrustedProxies } from "#src/server/proxies.js";

const connection: Client = { address: "10.0.0.1", isSecure: false, host: "inside:9000", isForwarded: false };

function clientOf(rawHeaders: readonly string[], trusted: TrustedProxiesOption = ["10.0.0.0/8"], of = connection) {
  return new TrustedProxies(trusted).clientOf(rawHeaders, of);
}

const addressOf = (...rawHeaders: readonly string[]): string | undefined => clientOf(rawHeaders)?.address;

describe("a client behind proxies", () => {
  it("is whom the trusted one got the request from, with the scheme and host of that request", () => {
    const client = { address: "192.0.2.43", isSecure: true, host: "app.example", isForwarded: true };
    assert.deepEqual(clientOf(["Forwarded", "for=192.0.2.43;proto=https;host=app.example"]), client);
    const headers = ["X-Forwarded-For", "192.0.2.43", "X-Forwarded-Proto", "wss", "X-Forwarded-Host", "app.example"];
    assert.deepEqual(clientOf(headers), client);
    assert.deepEqual(clientOf([...headers, "Forwarded", "for=192.0.2.43"]), client);
  });

  it("is whoever connects where that is no trusted proxy, whatever they tell", () => {
    for (const of of [
      { ...connection, address: "192.0.2.9" },
      { ...connection, address: undefined },
    ]) {
      assert.equal(clientOf(["Forwarded", "for=1.1.1.1;proto=https", "X-Forwarded-For", "!!"], ["10.0.0.0/8"], of), of);
    }
  });

  it("is the rightmost that is not trusted: what stands before it, that one may have made up", () => {
    assert.equal(addressOf("X-Forwarded-For", "1.1.1.1, 192.0.2.43, 10.0.0.7"), "192.0.2.43");
    assert.equal(addressOf("X-Forwarded-For", "!, <script>, 192.0.2.43"), "192.0.2.43");
    assert.equal(addressOf("Forwarded", "for=1.1.1.1, for=192.0.2.43", "Forwarded", "for=10.0.0.7"), "192.0.2.43");
    const { isSecure, host } =
      clientOf(["Forwarded", "for=1.1.1.1;proto=ftp;host=evil.example, for=192.0.2.43;proto=https;host=app.example"]) ??
      assert.fail();
    assert.deepEqual([isSecure, host], [true, "app.example"]);
  });

  it("is the farthest where all are trusted", () => {
    assert.equal(addressOf("X-Forwarded-For", "10.0.0.9, 10.0.0.8"), "10.0.0.9");
  });

  it("keeps what nobody tells of", () => {
    assert.deepEqual(clientOf([]), connection);
    assert.deepEqual(clientOf(["X-Forwarded-Proto", "https"]), { ...connection, isSecure: true, isForwarded: true });
    assert.deepEqual(clientOf(["Forwarded", "by=_x"]), { ...connection, isForwarded: true });
  });

  it("is the proxy that does not tell who it was", () => {
    for (const node of ["unknown", "_hidden"]) {
      assert.equal(addressOf("Forwarded", `for=1.1.1.1, for=${node}`), "10.0.0.1");
      assert.equal(addressOf("X-Forwarded-For", `1.1.1.1, ${node}, 10.0.0.2`), "10.0.0.2");
    }
  });

  it("is nobody where a trusted proxy tells what is malformed", () => {
    for (const headers of [
      ["Forwarded", "for"],
      ["Forwarded", "for=a.example"],
      ["Forwarded", "for=1.1.1.1;proto=gopher"],
      ["Forwarded", 'for=1.1.1.1;host="a/b"'],
      ["X-Forwarded-For", "1.1.1.1, x"],
      ["X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "on"],
      ["X-Forwarded-For", "1.1.1.1", "X-Forwarded-Host", "a b"],
    ]) {
      assert.equal(clientOf(headers), undefined, headers.join(": "));
    }
  });

  it("is nobody where the two headers name two: a proxy writes one of them, and the other may be the client's", () => {
    assert.equal(clientOf(["X-Forwarded-For", "192.0.2.43", "Forwarded", "for=10.9.9.9"]), undefined);
    assert.equal(clientOf(["X-Forwarded-For", "10.9.9.9", "Forwarded", "for=192.0.2.43"]), undefined);
    assert.equal(clientOf(["X-Forwarded-For", "192.0.2.43", "Forwarded", "proto=https"]), undefined);
  });

  it("may be named in two ways by the two headers", () => {
    const mapped = ["X-Forwarded-For", "::ffff:192.0.2.43", "Forwarded", "for=192.0.2.43"];
    assert.equal(addressOf(...mapped), "192.0.2.43");
    const long = ["X-Forwarded-For", "2001:db8:0:0:0:0:0:1", "Forwarded", 'for="[2001:DB8::1]"'];
    assert.equal(addressOf(...long), "2001:db8::1");
  });

  it("cannot make up an address before a proxy that adds to what it gets", () => {
    const made = fc.string({
      unit: fc.constantFrom("1", ".", ",", " ", "10.0.0.1", "192.0.2.1", '"', "=", "for=", ";", "_"),
    });
    fc.assert(
      fc.property(made, (text) => {
        assert.equal(addressOf("X-Forwarded-For", `${text}, 192.0.2.43`), "192.0.2.43");
        // As a line of its own, or behind a comma: what is malformed is refused, and nothing else is believed.
        for (const lines of [[text, "for=192.0.2.43"], [`${text}, for=192.0.2.43`]]) {
          const address = addressOf(...lines.flatMap((line) => ["Forwarded", line]));
          assert.ok(address === undefined || address === "192.0.2.43", address);
        }
      }),
    );
  });
});

describe("headers of proxies", () => {
  it("are read to an end whatever they are: what comes of them is an address, or nothing", () => {
    const name = fc.constantFrom("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host");
    const piece = fc.constantFrom(
      "for=",
      "proto=",
      "host=",
      "https",
      "1.2.3.4",
      "10.0.0.2",
      "[::1]:80",
      '"',
      "\\",
      ",",
      ";",
      " ",
      "_x",
      "a.b",
    );
    const value = fc.oneof(fc.string({ unit: piece, maxLength: 12 }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (lines) => {
        const client = clientOf(lines.flat());
        if (client === undefined) return;
        assert.ok(client.address !== undefined && isIP(client.address) !== 0, client.address);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the proxies that are trusted", () => {
  it("may be told by a function, that of a Unix socket, too; only true is true", () => {
    const headers = ["X-Forwarded-For", "192.0.2.43"];
    assert.equal(
      clientOf(headers, (address) => address === undefined, { ...connection, address: undefined })?.address,
      "192.0.2.43",
    );
    const truthy = (() => "yes") as unknown as (address: string | undefined) => boolean;
    assert.equal(clientOf(headers, truthy)?.address, "10.0.0.1");
    const later = (() => Promise.resolve(true)) as unknown as (address: string | undefined) => boolean;
    assert.throws(() => clientOf(headers, later), { code: "invalid-argument" });
  });

  it("are met by mapped addresses", () => {
    const mapped = { ...connection, address: "::ffff:10.0.0.1" };
    assert.equal(clientOf(["X-Forwarded-For", "192.0.2.43"], ["10.0.0.1"], mapped)?.address, "192.0.2.43");
  });

  it("are refused where they are no addresses", () => {
    for (const entry of ["proxy.example", "10.0.0.0/40", "10.0.0", "*", "", 5]) {
      assert.throws(() => new TrustedProxies([entry as string]), { code: "invalid-argument" }, String(entry));
    }
    for (const option of ["10.0.0.1", true, {}]) {
      assert.throws(() => new TrustedProxies(option as TrustedProxiesOption), { code: "invalid-argument" });
    }
  });
});
