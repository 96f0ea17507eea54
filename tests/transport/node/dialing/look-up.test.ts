import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { lookup as systemLookUp } from "node:dns";
import { describe, it } from "node:test";
import type { AddressFamilyOption, LookupOption } from "#src/transport/node/dialing/look-up.js";
import { lookUp } from "#src/transport/node/dialing/look-up.js";

const { signal } = new AbortController();

async function addressesOf(
  host: string,
  lookup?: LookupOption,
  family: AddressFamilyOption = "race",
): Promise<readonly string[]> {
  return (await lookUp(host, family, lookup, signal)).map(({ address }) => address);
}

describe("looking a host up", () => {
  it("asks the system where nothing else is said", async () => {
    const addresses = await addressesOf("localhost");
    assert.ok(addresses.includes("127.0.0.1") || addresses.includes("::1"), addresses.join());
    await assert.rejects(addressesOf("no-such-host.invalid"), (error: NodeJS.ErrnoException) => {
      return error.code === "ENOTFOUND" || error.code === "EAI_AGAIN";
    });
  });

  it("takes a look-up that calls back, with one address or with all", async () => {
    const asked: unknown[] = [];
    const one: LookupOption = (hostname, options, callback) => {
      asked.push([hostname, options]);
      callback(null, "10.0.0.1", 4);
    };
    assert.deepEqual(await addressesOf("a.b", one), ["10.0.0.1"]);
    assert.deepEqual(asked, [["a.b", { all: true, family: 0 }]]);
    const all: LookupOption = (_hostname, { family }, callback) => {
      assert.equal(family, 6);
      process.nextTick(() => callback(null, [{ address: "2001:db8::1", family: 6 }]));
    };
    assert.deepEqual(await addressesOf("a.b", all, 6), ["2001:db8::1"]);
    assert.ok((await addressesOf("localhost", systemLookUp)).length > 0);
  });

  it("takes a look-up that returns a promise, of text or of what dns.lookup gives", async () => {
    assert.deepEqual(await addressesOf("a.b", async () => "10.0.0.1"), ["10.0.0.1"]);
    assert.deepEqual(await addressesOf("a.b", async () => ["10.0.0.1", "2001:db8::1"]), ["10.0.0.1", "2001:db8::1"]);
    const given: LookupAddress = { address: "10.0.0.1", family: 4 };
    assert.deepEqual(await addressesOf("a.b", async () => given), ["10.0.0.1"]);
    assert.deepEqual(await addressesOf("a.b", async () => [given, "10.0.0.2"]), ["10.0.0.1", "10.0.0.2"]);
  });

  it("fails as the look-up does", async () => {
    const reason = Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    await assert.rejects(
      addressesOf("a.b", (_hostname, _options, callback) => callback(reason, [])),
      reason,
    );
    await assert.rejects(
      addressesOf("a.b", () => Promise.reject(reason)),
      reason,
    );
    await assert.rejects(
      addressesOf("a.b", () => {
        throw reason;
      }),
      reason,
    );
  });

  it("fails where it gave no address, or none of the family, or what is none", async () => {
    await assert.rejects(
      addressesOf("a.b", async () => []),
      { code: "ENOTFOUND", message: '"a.b" has no address' },
    );
    await assert.rejects(
      addressesOf("a.b", async () => ["::1"], 4),
      { message: '"a.b" has no address of IPv4' },
    );
    // A name would be looked up once more, by whoever connects.
    for (const wrong of ["another.name", "", "10.0.0", "1.2.3.4\r\n", undefined, null, 5, [undefined], [{}]]) {
      const lookup = (async () => wrong) as unknown as LookupOption;
      await assert.rejects(addressesOf("a.b", lookup), /no IP address/, JSON.stringify(wrong));
    }
  });

  it("has each address once, and no more than 32", async () => {
    assert.deepEqual(await addressesOf("a.b", async () => ["10.0.0.1", "::1", "10.0.0.1"]), ["10.0.0.1", "::1"]);
    const many = Array.from({ length: 1000 }, (_, index) => `10.0.${String(index >> 8)}.${String(index & 255)}`);
    assert.deepEqual(await addressesOf("a.b", async () => many), many.slice(0, 32));
  });

  it("looks no address up", async () => {
    const lookup: LookupOption = () => assert.fail("was asked");
    assert.deepEqual(await addressesOf("10.0.0.1", lookup), ["10.0.0.1"]);
    assert.deepEqual(await addressesOf("::1", lookup), ["::1"]);
    await assert.rejects(addressesOf("::1", lookup, 4), /no address of IPv4/);
  });

  it("is given up when the signal is aborted, and a late answer is nobody's", async () => {
    const controller = new AbortController();
    let answerLate: (() => void) | undefined;
    const lookup: LookupOption = (_hostname, _options, callback) => {
      answerLate = () => callback(new Error("late"), []);
    };
    const looking = lookUp("a.b", "race", lookup, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(looking, reason);
    answerLate?.();
    await new Promise(setImmediate);
  });
});
