import assert from "node:assert/strict";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isInRange, isLoopback, ownerOf, parseIpAddress, parseIpRange } from "#src/transport/ip-address.js";

const nearlyAddresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom("0", "1", "f", "25", ":", "::", ".", "255", "g", " "), maxLength: 20 }),
  fc.string(),
);

function inRange(address: string, range: string): boolean {
  const parsedRange = parseIpRange(range);
  const parsed = parseIpAddress(address);
  assert.ok(parsed !== undefined && parsedRange !== undefined, `${address} ${range}`);
  return isInRange(parsed, parsedRange);
}

describe("an IP address", () => {
  it("is what Node takes for one", () => {
    fc.assert(
      fc.property(nearlyAddresses, (text) => {
        // What stands behind "%" is a zone, which means something to one machine only.
        fc.pre(!text.includes("%"));
        assert.equal(parseIpAddress(text) !== undefined, isIPv4(text) || isIPv6(text), text);
      }),
      { numRuns: 2000 },
    );
  });

  it("is the same address however it is written", () => {
    for (const [one, other] of [
      ["::1", "0:0:0:0:0:0:0:1"],
      ["2001:DB8::a", "2001:db8:0:0:0:0:0:000a"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["::ffff:c000:201", "192.0.2.1"],
      ["fe80::1%eth0", "fe80::1"],
      ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ] as const) {
      assert.deepEqual(parseIpAddress(one), parseIpAddress(other), one);
    }
  });

  it("is none with a leading zero, which some read as octal; nor short, long, or with anything else", () => {
    for (const text of [
      "010.0.0.1",
      "1.2.3",
      "1.2.3.4.5",
      "256.0.0.1",
      "1.2.3.4 ",
      "0x7f.1.1.1",
      "",
      ":",
      ":::",
      "1::2::3",
      // A zone is a name: not anything that stands behind "%".
      "fe80::1%",
      "fe80::1%<script>",
      "fe80::1%a b",
      `fe80::1%${"x".repeat(65)}`,
    ]) {
      assert.equal(parseIpAddress(text), undefined, text);
    }
    assert.equal(parseIpAddress("1".repeat(1_000_000)), undefined);
    assert.equal(parseIpAddress(":".repeat(1_000_000)), undefined);
  });

  it("is loopback in 127.0.0.0/8, mapped or not, and as ::1", () => {
    const tellsLoopback = (text: string): boolean => isLoopback(parseIpAddress(text) ?? assert.fail(text));
    for (const text of ["127.0.0.1", "127.255.1.2", "::1", "::ffff:127.0.0.1"])
      assert.equal(tellsLoopback(text), true, text);
    for (const text of ["0.0.0.0", "::", "128.0.0.1", "126.1.1.1", "::2", "::127.0.0.1"]) {
      assert.equal(tellsLoopback(text), false, text);
    }
  });
});

describe("a range of addresses", () => {
  it("has the addresses that Node's BlockList has in it", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat({ max: 32 }), (address, network, bits) => {
        const list = new BlockList();
        list.addSubnet(network, bits, "ipv4");
        assert.equal(inRange(address, `${network}/${bits}`), list.check(address, "ipv4"));
        assert.equal(inRange(network, `${network}/${bits}`), true);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), fc.nat({ max: 128 }), (address, network, bits) => {
        fc.pre(bits > 0);
        const list = new BlockList();
        list.addSubnet(network, bits, "ipv6");
        assert.equal(inRange(address, `${network}/${bits}`), list.check(address, "ipv6"));
      }),
    );
  });

  it("is a single address without a slash", () => {
    assert.equal(inRange("192.0.2.1", "192.0.2.1"), true);
    assert.equal(inRange("192.0.2.2", "192.0.2.1"), false);
    assert.equal(inRange("::ffff:192.0.2.1", "192.0.2.1"), true);
  });

  it("of IPv4 is also met by the addresses that map it, as sockets of both families show them", () => {
    assert.equal(inRange("::ffff:10.1.2.3", "10.0.0.0/8"), true);
    assert.equal(inRange("::ffff:11.1.2.3", "10.0.0.0/8"), false);
    assert.equal(inRange("2001:db8::1", "0.0.0.0/0"), false);
  });

  it("is none with too many bits, none, or half of them", () => {
    for (const text of [
      "10.0.0.0/33",
      "::/129",
      "10.0.0.0/",
      "10.0.0.0/8.5",
      "10.0.0.0/-1",
      "10.0.0.0/8/8",
      "/8",
      "x/8",
    ]) {
      assert.equal(parseIpRange(text), undefined, text);
    }
  });
});

describe("the owner of an address", () => {
  it("is the address of IPv4, mapped or not, and the subnet of 64 bits of IPv6", () => {
    assert.equal(ownerOf("192.0.2.1"), "192.0.2.1");
    assert.equal(ownerOf("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(ownerOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert.equal(ownerOf("2001:db8:1:2::"), "2001:db8:1:2::/64");
    assert.notEqual(ownerOf("2001:db8:1:3::"), ownerOf("2001:db8:1:2::"));
    assert.equal(ownerOf("memory"), "memory");
    assert.equal(ownerOf("a:b"), "a:b");
  });
});
