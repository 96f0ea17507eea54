/**
 * What every example has to show: one login for HTTP and WebSockets, and one HTTP server for both and for others.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { connect, UpgradeRefusedError } from "openline";
import { startExample } from "./example.js";

/** The cookie that a login sets, as headers of later requests. */
export async function byCookie(response) {
  await response.arrayBuffer();
  const cookies = response.headers.getSetCookie().map((line) => line.split(";", 1)[0]);
  return { cookie: cookies.join("; ") };
}

/** The token that a login answers with, as headers of later requests. */
export async function byToken(response) {
  const { token } = await response.json();
  return { authorization: `Bearer ${token}` };
}

/** The same with the middle of the longest word changed, which a signature must not allow. */
function forged(headers) {
  const [[name, value]] = Object.entries(headers);
  const word = value.split(/[^A-Za-z0-9]/).reduce((longest, next) => (next.length > longest.length ? next : longest));
  const at = value.indexOf(word) + Math.floor(word.length / 2);
  const letter = value[at] === "A" ? "B" : "A";
  return { [name]: value.slice(0, at) + letter + value.slice(at + 1) };
}

async function statusOf(url, headers) {
  const error = await connect(url, { headers }).then(
    () => assert.fail(`${url} let it in`),
    (reason) => reason,
  );
  if (!(error instanceof UpgradeRefusedError)) throw error;
  return error.status;
}

/** The texts that a socket receives, one at a time. */
function receiving(socket, decode) {
  const messages = socket[Symbol.asyncIterator]();
  return async () => decode((await messages.next()).value);
}

// A development server compiles on the way; whoever takes longer than this will not come to an end.
const timeoutMs = 120_000;

const sameText = (text) => text;

/**
 * Tests an example from its start to its end.
 *
 * @param script what is started
 * @param options `credentials`: how a login is shown later on; `encode` and `decode`: a text as it is sent and received;
 *   `env`: variables of its environment; `beside`: further tests, which get what there is by then
 */
export function walk(script, options = {}) {
  const { credentials = byCookie, encode = sameText, decode = sameText, env, beside } = options;

  it("shares its login with WebSockets, and its port with others", { timeout: timeoutMs }, async (t) => {
    const example = await startExample(t, script, env);
    const http = example.url;
    const live = `${http.replace("http:", "ws:")}/live`;
    const post = (path, body, headers = {}) =>
      fetch(http + path, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const logIn = async (name) => credentials(await post("/login", { name }));

    await t.test("knows nobody who has not logged in, over HTTP and over WebSocket", async () => {
      assert.equal((await fetch(http)).status, 200);
      assert.equal((await fetch(`${http}/me`)).status, 401);
      assert.equal(await statusOf(live), 401);
    });

    const headers = await logIn("ada");
    const ada = await connect(live, { headers });
    const toAda = receiving(ada, decode);

    await t.test("knows who has", async () => {
      assert.deepEqual(await (await fetch(`${http}/me`, { headers })).json(), { name: "ada" });
      assert.equal(await toAda(), "hello, ada");
    });

    await t.test("believes nothing that it has not signed, and no page of another origin", async () => {
      assert.equal(await statusOf(live, forged(headers)), 401);
      assert.equal(await statusOf(live, { ...headers, origin: "https://evil.example" }), 403);
    });

    const grace = await connect(live, { headers: await logIn("grace") });
    const toGrace = receiving(grace, decode);
    assert.equal(await toGrace(), "hello, grace");

    await t.test("passes on what is said to everybody, from a socket and from a route", async () => {
      grace.send(encode("hi"));
      assert.deepEqual([await toAda(), await toGrace()], ["grace: hi", "grace: hi"]);
      const announced = await post("/announce", { text: "tea" }, headers);
      assert.deepEqual(await announced.json(), { delivered: 2, refused: 0 });
      assert.deepEqual([await toAda(), await toGrace()], ["ada announces: tea", "ada announces: tea"]);
      assert.equal((await post("/announce", { text: "tea" })).status, 401);
    });

    await t.test("leaves the upgrades for other paths to whoever else listens", async () => {
      assert.equal(await statusOf(live.replace("/live", "/theirs"), headers), 418);
    });

    await beside?.(t, { http, live, headers, post, ada, toAda, grace, toGrace });

    await t.test("closes its sockets in order when it is told to end", async () => {
      grace.send(encode("last words"));
      await grace.ping();
      const ended = await example.stop();
      assert.equal(await toAda(), "grace: last words");
      assert.deepEqual(
        (await Promise.all([ada.closed, grace.closed])).map(({ code }) => code),
        [1012, 1012],
      );
      assert.ok(ended === 0 || ended === "SIGTERM", String(ended));
    });
  });
}
