/**
 * What the server does on each path; a path's dashes are underscores here.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {object} Handler
 * @property {(request: import("openline").IncomingRequest, url: URL) => unknown} [accept] decides, as the option of `serve`
 * @property {(socket: import("openline").ServerSocket<Data>, data: Data) => unknown} [open]
 * @property {(socket: import("openline").ServerSocket<Data>, message: import("openline").Message) => unknown} [message]
 * @typedef {{ handler: Handler, request: import("openline").IncomingRequest, url: URL }} Data
 */

/** Closes at once, as a handler that has nothing to say. */
const close = (socket) => void socket.close();

/** Sends one message and closes. @param {(data: Data) => string} text */
const say = (text) => (socket, data) => {
  socket.send(text(data));
  close(socket);
};

/** Accepts with a cookie. @param {(url: URL) => readonly string[]} cookies @returns {Handler} */
const setCookies = (cookies) => ({
  accept: (_request, url) => ({ headers: cookies(url).map((cookie) => ["Set-Cookie", cookie]) }),
});

/**
 * Answers a Close frame with its own reason, too, which openline's servers do not: past the public interface, since there
 * is nothing that an application would do so for.
 */
function echoReason(socket) {
  const receivedClose = socket.receivedClose.bind(socket);
  socket.receivedClose = (body) => {
    receivedClose(body);
    socket.beginClose(body.code === 1005 ? undefined : body.code, body.reason);
    return false;
  };
}

/** @type {Handler} */
const echo = {
  accept: ({ protocols }) => (protocols.includes("echo") ? { protocol: "echo" } : {}),
  open: echoReason,
  message: (socket, message) => {
    socket.send(message);
    if (message === "Goodbye") close(socket);
  },
};

/** @type {Handler} */
const exitOnGoodbye = { message: (socket, message) => message === "Goodbye" && close(socket) };

/** @type {Handler} */
const firstProtocol = {
  accept: ({ protocols }) => ({ protocol: protocols[0] }),
  open: say(({ request }) => request.protocols[0] ?? ""),
};

const query = (url) => url.search.slice(1);

/** With permessage-deflate. @type {Record<string, Handler>} */
export const handlers = {
  basic_auth: {
    accept: ({ headers }) =>
      headers.get("authorization") === `Basic ${btoa("foo:bar")}`
        ? {}
        : new Response(null, { status: 401, headers: { "WWW-Authenticate": 'Basic realm="camelot"' } }),
    open: close,
  },
  delayed_passive_close: {
    // The answer to a Close frame waits for the handlers before it.
    open: async (socket) => {
      while (socket.readyState === "open") await sleep(10);
      await sleep(1000);
    },
  },
  echo_close_data: exitOnGoodbye,
  echo_cookie: { open: say(({ request }) => request.headers.get("cookie") ?? "(none)") },
  echo_exit: exitOnGoodbye,
  echo_query: { open: say(({ url }) => query(url)) },
  echo_query_v13: { open: say(({ url }) => query(url)) },
  empty_message: { message: (socket, message) => say(() => (message === "" ? "pass" : "fail"))(socket) },
  handshake_no_protocol: { open: close },
  handshake_sleep_2: { accept: () => sleep(2000, {}), open: close },
  origin: { open: say(({ request }) => request.headers.get("origin") ?? "") },
  protocol: firstProtocol,
  protocol_array: firstProtocol,
  referrer: { open: say(({ request }) => request.headers.get("referer") ?? "MISSING AS PER FETCH") },
  set_cookie: setCookies((url) => [`ws_test_${query(url)}=test; Path=/`]),
  set_cookie_http: setCookies((url) => [`ws_test_${query(url)}=test; Path=/; HttpOnly`]),
  set_cookie_secure: setCookies((url) => [`ws_test_${query(url)}=test; Secure; Path=/`]),
  sleep_10_v13: { ...echo, accept: () => sleep(10_000, {}) },
};

const pressure = { messages: 16, bytes: 1024 * 1024, messageBytes: 8 * 1024 * 1024 };

/**
 * Without extensions, which would make little of much: it would have left before the peer's Close frame comes.
 *
 * @type {Record<string, Handler>}
 */
export const plainHandlers = {
  echo,
  handshake_no_extensions: { open: close },
  receive_many_with_backpressure: {
    message: async (socket, message) => {
      await sleep(100);
      socket.send(String(message.length));
    },
  },
  // Past the public interface: an application cannot send a Close frame without a code.
  remote_close: {
    open: (socket, { url }) => {
      const { searchParams } = url;
      const code = searchParams.get("code");
      if (searchParams.has("abrupt")) {
        socket.ping().catch(() => undefined);
        setImmediate(() => socket.terminate());
      } else if (code === null) socket.beginClose(undefined, "");
      else void socket.close(Number(code), searchParams.get("reason") ?? "");
    },
  },
  send_backpressure: {
    open: async (socket) => {
      socket.send(new Uint8Array(0));
      const start = performance.now();
      for (let count = 0; count < pressure.messages; count++) {
        socket.send(new Uint8Array(pressure.bytes).fill(0x20));
        await socket.ready();
      }
      socket.send(String((performance.now() - start) / 1000));
      close(socket);
    },
  },
};

/** The head of an answer that accepts. @param {import("node:http").IncomingMessage} request @param {string[]} more */
function acceptance(request, ...more) {
  const key = request.headers["sec-websocket-key"];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return head("Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, ...more);
}

/** @param {string[]} lines */
const head = (...lines) => Buffer.from(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));

/** The payload of a short masked frame. @param {Buffer} frame */
function payloadOf(frame) {
  const key = frame.subarray(2, 6);
  return frame.subarray(6, 6 + (frame[1] & 0x7f)).map((octet, index) => octet ^ key[index % 4]);
}

const closeWith1001 = Buffer.concat([Buffer.from([0x88, 6, 0x03, 0xe9]), Buffer.from("PASS")]);

/**
 * What no proper server does.
 *
 * @type {Record<string, (request: import("node:http").IncomingMessage, socket: import("node:stream").Duplex) => void>}
 */
export const rawHandlers = {
  // Each message is written to the connection as it is, to be read as frames.
  echo_raw: (request, socket) => {
    socket.write(acceptance(request));
    socket.on("data", (frame) => {
      const payload = payloadOf(frame);
      if ((frame[0] & 0x0f) === 8 || payload.toString() === "exit") socket.end(Buffer.from([0x88, 0]));
      else socket.write(payload);
    });
  },
  handshake_protocol: (request, socket) => socket.write(acceptance(request, "Sec-WebSocket-Protocol: foobar")),
  // Reads nothing for two seconds, and then one message of 8 MiB.
  receive_backpressure: async (request, socket) => {
    let bytes = 0;
    socket.pause();
    socket.write(acceptance(request));
    await sleep(2000);
    socket.on("data", (chunk) => {
      const isRead = bytes < pressure.messageBytes && bytes + chunk.byteLength >= pressure.messageBytes;
      bytes += chunk.byteLength;
      if (isRead) socket.end(Buffer.from([0x88, 0]));
    });
    socket.resume();
  },
  // Takes a Close frame, and leaves without one of its own.
  passive_close_abort: (request, socket) => {
    socket.write(acceptance(request));
    socket.once("data", () => socket.end());
  },
  invalid: (_request, socket) => socket.end("FOO BAR BAZ\r\n\r\n"),
  // The head and a Close frame in one write.
  simple_handshake: (request, socket) => {
    socket.write(Buffer.concat([acceptance(request, "Set-Cookie: ws_test=test"), closeWith1001]));
    socket.once("data", () => socket.end());
  },
  wrong_accept_key: (_request, socket) =>
    socket.write(head("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: thisisawrongacceptkey")),
};
