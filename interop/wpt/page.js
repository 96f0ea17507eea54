/**
 * One test, in a process of its own: makes the global object look like a page's without a document, loads the harness
 * and the scripts, and tells what became of each subtest.
 */
import dns from "node:dns";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import tls from "node:tls";
import vm from "node:vm";
import { substitute } from "./files.js";

/** What `run.js` sends. */
process.once("message", (job) => void start(job));
process.send("ready");

// Names of servers are all ours, but for those that must not exist.
const { lookup } = dns;
dns.lookup = (hostname, options, callback) =>
  lookup(hostname.endsWith("invalid") || hostname.endsWith(".osa") ? hostname : "127.0.0.1", options, callback);
// The certificate of the server knows one of them.
tls.checkServerIdentity = () => undefined;
syncBuiltinESMExports();

async function classOf(name) {
  if (name === "openline") {
    const { WebSocket, WebSocketStream, WebSocketError } = await import("openline");
    return { WebSocket, WebSocketStream, WebSocketError, ...(await ownEvents()) };
  }
  if (name === "node") return { WebSocket: globalThis.WebSocket, CloseEvent: globalThis.CloseEvent };
  const { CloseEvent, MessageEvent, setGlobalOrigin, WebSocket, WebSocketError, WebSocketStream } = await import(
    "undici"
  );
  setGlobalOrigin(globalThis.location.href);
  return { WebSocket, CloseEvent, MessageEvent, WebSocketStream, WebSocketError };
}

/** What is not exported, since platforms have it. */
async function ownEvents() {
  const { CloseEvent } = await import(new URL("../../dist/client/index.js", import.meta.url));
  return { CloseEvent };
}

function defineGlobals(values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
  }
}

async function start({ root, page, className, place }) {
  const file = page.name.slice(0, page.name.length - page.search.length).replace(/\.js$/u, ".html");
  const isSecure = file.includes(".https.");
  const port = isSecure ? place.wss : place.ws;
  const href = `${isSecure ? "https" : "http"}://${place.host}:${port}/${file}${page.search}`;
  const { protocol, host, hostname, search, pathname, origin } = new URL(href);
  const global = { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false };
  defineGlobals({
    self: globalThis,
    window: globalThis,
    // Tells idlharness.js which interfaces to expect.
    Window: class Window {},
    GLOBAL: global,
    META_TITLE: page.title,
    location: { href, protocol, host, hostname, port: String(port), search, pathname, origin, toString: () => href },
  });
  defineGlobals(await classOf(className));
  const realFetch = globalThis.fetch;
  globalThis.fetch = (input, ...rest) =>
    typeof input === "string" && input.startsWith("/") && input.includes(".py")
      ? realFetch(new URL(input, href), ...rest)
      : typeof input === "string" && input.startsWith("/")
        ? Promise.resolve(new Response(readFileSync(path.join(root, input), "utf8")))
        : realFetch(input, ...rest);
  process.on("uncaughtException", (error) => report({ uncaught: String(error) }));
  process.on("unhandledRejection", (error) => report({ uncaught: String(error) }));
  load(root, { file: "resources/testharness.js" }, place);
  globalThis.add_completion_callback((tests, status) => {
    const subtests = tests.map((test) => ({ name: test.name, status: test.status, message: test.message }));
    report({ subtests, harness: { status: status.status, message: status.message } });
  });
  if (page.scripts.some(({ code }) => code?.includes("document."))) {
    defineGlobals({ document: scrapsOfDocument(page.title) });
  }
  setTimeout(() => globalThis.timeout(), page.isLong ? 55_000 : 9_000).unref();
  for (const script of page.scripts) load(root, script, place);
}

/** What some tests take from a document. The harness must not find it when it is loaded, or it would want a whole one. */
const scrapsOfDocument = (title) => ({
  title,
  body: { toString: () => "[object HTMLBodyElement]" },
  createElement: () => ({
    href: "",
    toString() {
      return this.href;
    },
  }),
  createEvent: (name) => (name === "UIEvents" ? new UIEvent("") : new Event("")),
  getElementsByTagName: (name) => (name === "title" ? [{ firstChild: { data: title } }] : []),
});

class UIEvent extends Event {
  detail = 0;

  initUIEvent(type, bubbles, cancelable, _view, detail) {
    this.initEvent(type, bubbles, cancelable);
    this.detail = detail;
  }
}

// As the pages' own server names it.
const aliases = { "resources/WebIDLParser.js": "resources/webidl2/lib/webidl2.js" };

function load(root, { file, code }, place) {
  // As the pages' own server hands them out.
  const text = code ?? readFileSync(path.join(root, aliases[file] ?? file), "utf8");
  vm.runInThisContext(/\.sub\./u.test(file) ? substitute(text, place) : text, { filename: file });
}

function report(result) {
  process.send(result, () => process.exit(0));
}
