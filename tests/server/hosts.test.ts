import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HostList, isLoopbackHost } from "#src/server/hosts.js";

describe("a list of hosts", () => {
  const list = new HostList(["App.example", "api.example:8443", ".apps.example", "[2001:db8::1]", "192.0.2.1"]);

  it("has a name with every port, unless it lists a port", () => {
    for (const host of ["app.example", "APP.example:8080", "api.example:8443", "[2001:DB8::1]:9000", "192.0.2.1:80"]) {
      assert.equal(list.has(host), true, host);
    }
    for (const host of ["api.example", "api.example:443", "evil.example", "app.example.evil", "192.0.2.2"]) {
      assert.equal(list.has(host), false, host);
    }
  });

  it("has what is below a name with a dot before it, and not that name itself", () => {
    for (const host of ["a.apps.example", "a.b.apps.example:1", "A.APPS.EXAMPLE"])
      assert.equal(list.has(host), true, host);
    for (const host of ["apps.example", ".apps.example", "evilapps.example", "apps.example.evil"]) {
      assert.equal(list.has(host), false, host);
    }
  });

  it("has what is below a name with the port alone that it lists", () => {
    const listed = new HostList([".apps.example:8443"]);
    assert.equal(listed.has("a.apps.example:8443"), true);
    for (const host of ["a.apps.example", "a.apps.example:8444"]) assert.equal(listed.has(host), false, host);
  });

  it("has nothing that is no host, and throws at nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(list.has(`${text}@`), false);
      }),
    );
  });

  it("is refused where an entry would match nothing", () => {
    for (const entry of ["*", "*.example", "https://a.example", "a.example/", "", ".", "::1", 5, null]) {
      assert.throws(() => new HostList([entry as string]), { code: "invalid-argument" }, String(entry));
    }
    assert.throws(() => new HostList("app.example" as unknown as string[]), { code: "invalid-argument" });
  });
});

describe("a name of this machine", () => {
  it("is localhost, what ends in it, and the loopback addresses", () => {
    for (const host of [
      ...["localhost", "LOCALHOST:9000", "app.localhost:1", "localhost.", "127.0.0.1", "127.1.2.3:80"],
      ...["[::1]", "[::1]:9000", "[0:0:0:0:0:0:0:1]", "[::ffff:7f00:1]"],
    ]) {
      assert.equal(isLoopbackHost(host), true, host);
    }
  });

  it("is no other: names that look like it, and addresses that some take for it", () => {
    for (const host of [
      ...["evil.example", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example", "127.0.0.1.nip.io"],
      ...["0.0.0.0", "[::]", "2130706433", "0177.0.0.1", "127.1", "192.168.0.1", "", "localhost:x"],
    ]) {
      assert.equal(isLoopbackHost(host), false, host);
    }
  });
});
