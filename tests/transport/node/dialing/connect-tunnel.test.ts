import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectNegotiation, writeConnectRequest } from "#src/transport/node/dialing/connect-tunnel.js";
import type { NegotiationStep } from "#src/transport/node/dialing/negotiation.js";
import { seededRandom } from "../../../support/random.js";

const target = { host: "example.com", port: 443 };

function negotiate(chunks: readonly string[], maxHeadBytes = 1000): NegotiationStep {
  const negotiation = new ConnectNegotiation(target, maxHeadBytes);
  let step: NegotiationStep = { kind: "more" };
  for (const [index, chunk] of chunks.entries()) {
    assert.equal(step.kind, "more", `before chunk ${String(index)}`);
    step = negotiation.receive(Buffer.from(chunk, "latin1"));
  }
  return step;
}

/** The answer whole, octet by octet, and cut at random: always the same outcome. */
function outcomeOf(answer: string, maxHeadBytes?: number): string {
  const describeStep = (step: NegotiationStep): string => {
    if (step.kind === "failed") {
      const { code, status, observed } = step.failure;
      return [code, status, code === "proxy-response-too-long" ? undefined : observed].filter((part) => part).join(" ");
    }
    return step.kind;
  };
  const whole = describeStep(negotiate([answer], maxHeadBytes));
  const random = seededRandom(answer.length);
  for (let round = 0; round < 20; round++) {
    const negotiation = new ConnectNegotiation(target, maxHeadBytes ?? 1000);
    let outcome = "more";
    let rest = answer;
    while (rest !== "" && outcome === "more") {
      const length = round === 0 ? 1 : 1 + Math.floor(random() * 9);
      outcome = describeStep(negotiation.receive(Buffer.from(rest.slice(0, length), "latin1")));
      rest = rest.slice(length);
    }
    assert.equal(outcome, whole, `round ${String(round)} of ${JSON.stringify(answer)}`);
  }
  return whole;
}

function restOf(step: NegotiationStep): string {
  assert.equal(step.kind, "open");
  return step.kind === "open" ? Buffer.from(step.rest).toString("latin1") : "";
}

describe("RFC 9110 §9.3.6 the request for a tunnel", () => {
  it("names host and port, and nothing else", () => {
    assert.equal(
      Buffer.from(writeConnectRequest(target)).toString("latin1"),
      "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    );
  });

  it("carries authorization and further headers, and keeps an IPv6 address in brackets", () => {
    const headers = ["X-Team", "blue", "X-Team", "red"];
    assert.equal(
      Buffer.from(writeConnectRequest({ host: "[::1]", port: 80, authorization: "Basic eA==", headers })).toString(),
      "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nProxy-Authorization: Basic eA==\r\n" +
        "X-Team: blue\r\nX-Team: red\r\n\r\n",
    );
  });

  it("has no room for what would make it another (CVE-2026-1527)", () => {
    for (const headers of [["X-A", "a\r\nX-B: b"], ["X-A\r\nX-B", "b"], ["X-A", "a\0"], ["X-A"]]) {
      assert.throws(() => writeConnectRequest({ ...target, headers }), { code: "header-invalid" });
    }
    for (const name of ["Host", "content-length", "Transfer-Encoding"]) {
      assert.throws(() => writeConnectRequest({ ...target, headers: [name, "1"] }), { code: "header-not-allowed" });
    }
    assert.throws(() => writeConnectRequest({ ...target, authorization: "a\r\nX: y" }), { code: "header-invalid" });
  });
});

describe("RFC 9110 §9.3.6 the answer to a request for a tunnel", () => {
  it("is a tunnel for every 2xx, with or without a reason", () => {
    for (const line of ["HTTP/1.1 200 Connection established", "HTTP/1.0 200 OK", "HTTP/1.1 204 ", "HTTP/1.1 299"]) {
      assert.equal(outcomeOf(`${line}\r\n\r\n`), "open", line);
    }
  });

  it("leaves every octet behind its head to the tunnel, whatever Content-Length and Transfer-Encoding say", () => {
    for (const header of ["", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"]) {
      assert.equal(restOf(negotiate([`HTTP/1.1 200 OK\r\n${header}\r\n`])), "");
      assert.equal(restOf(negotiate([`HTTP/1.1 200 OK\r\n${header}\r\nearly\r\n\r\n`])), "early\r\n\r\n");
      assert.equal(restOf(negotiate([`HTTP/1.1 200 OK\r\n${header}\r`, "\n\x81\x00"])), "\x81\x00");
    }
  });

  it("is waited for behind informational ones (§15.2)", () => {
    const answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert.equal(outcomeOf(answer), "open");
    assert.equal(restOf(negotiate([`${answer}x`])), "x");
    assert.equal(outcomeOf("HTTP/1.1 100 Continue\r\n\r\n"), "more");
  });

  it("is a refusal otherwise, and 407 has a name of its own (§15.5.8)", () => {
    assert.equal(outcomeOf("HTTP/1.1 403 Forbidden\r\n\r\n<html>"), "proxy-refused 403");
    assert.equal(outcomeOf("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n"), "proxy-refused 302");
    assert.equal(outcomeOf("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "proxy-refused 101");
    const step = negotiate(['HTTP/1.1 407 Auth\r\nProxy-Authenticate:  Basic realm="a" \r\nX-Empty:\r\n\r\n']);
    assert.deepEqual(step, {
      kind: "failed",
      failure: {
        code: "proxy-authentication-required",
        status: 407,
        rawHeaders: ["Proxy-Authenticate", 'Basic realm="a"', "X-Empty", ""],
      },
    });
  });

  it("is no answer where it is no HTTP/1.1", () => {
    const malformed = [
      "SSH-2.0-OpenSSH_9.0\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 O\0K\r\n\r\n",
      "\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : space\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\r\nX: a\n\r\n",
    ];
    for (const answer of malformed) {
      assert.match(outcomeOf(answer), /^proxy-response-malformed /, JSON.stringify(answer));
    }
  });

  it("shows of what is no answer only what a terminal may see", () => {
    const step = negotiate(["\x1b[2Jhello\r\n\r\n"]);
    assert.ok(step.kind === "failed");
    assert.equal(step.failure.observed, '"\\u001b[2Jhello"');
  });

  it("has no more octets than the limit, however many heads they are in", () => {
    const head = "HTTP/1.1 200 OK\r\n\r\n";
    assert.equal(outcomeOf(head, head.length), "open");
    assert.equal(outcomeOf(head, head.length - 1), "proxy-response-too-long");
    assert.equal(outcomeOf("x".repeat(1001)), "proxy-response-too-long");
    assert.equal(outcomeOf(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1000)}`), "proxy-response-too-long");
    assert.equal(outcomeOf("HTTP/1.1 100 Continue\r\n\r\n".repeat(100)), "proxy-response-too-long");
    // What comes through the tunnel is nobody's head.
    assert.equal(negotiate([`${head}${"x".repeat(5000)}`], head.length).kind, "open");
  });
});
