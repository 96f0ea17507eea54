/**
 * What the types of the public API promise. The compiler checks it; nothing here is ever run.
 */
import type { IncomingMessage, RequestListener } from "node:http";
import { expectTypeOf } from "expect-type";
import type { CookieJar as ToughCookieJar } from "tough-cookie";
import type {
  Accept,
  Acceptance,
  AcceptContext,
  AdmissionCode,
  BrokenRule,
  ChannelEvent,
  ClientSocket,
  CloseOutcome,
  CloseReport,
  CompressionReport,
  ConnectOptions,
  CookieJar,
  CookieJarCode,
  CookieJarError,
  DrainReport,
  HostsOption,
  IncomingRequest,
  Message,
  MessageEvent,
  OriginsOption,
  PathOption,
  PerMessageDeflateOptions,
  PreparedMessage,
  ProtocolToken,
  PublishOptions,
  PublishResult,
  RedirectCode,
  RedirectError,
  RedirectOptions,
  RefusalReason,
  SendOptions,
  SendResult,
  ServeOptions,
  Server,
  ServerSocket,
  Socket,
  TrustedProxiesOption,
  UpgradeRefusal,
  UpgradeRefusalCode,
  UpgradeRefusedError,
  UrlCredentialsOption,
} from "#src/index.js";
import {
  AdmissionError,
  bearerToken,
  connect,
  cookie,
  cookies,
  observe,
  prepare,
  protocolToken,
  serve,
} from "#src/index.js";

declare const condition: boolean;
declare function findUser(request: Request): Promise<{ readonly name: string } | undefined>;

/** What `accept` attaches is what the handlers find, without a type being written anywhere. */
export async function dataIsInferred(): Promise<void> {
  const sync = await serve({
    port: 0,
    accept: () => ({ data: { user: "ada" } }),
    open(socket) {
      expectTypeOf(socket).toEqualTypeOf<ServerSocket<{ user: string }>>();
    },
    message(socket, message) {
      expectTypeOf(socket.data).toEqualTypeOf<{ user: string }>();
      expectTypeOf(message).toEqualTypeOf<string | Uint8Array>();
    },
    drain: (socket) => expectTypeOf(socket.data.user).toBeString(),
    close(socket, report) {
      expectTypeOf(socket.data.user).toBeString();
      expectTypeOf(report).toEqualTypeOf<CloseReport>();
    },
    error(error, socket) {
      expectTypeOf(error).toBeUnknown();
      expectTypeOf(socket).toEqualTypeOf<ServerSocket<{ user: string }> | undefined>();
    },
  });
  expectTypeOf(sync).toEqualTypeOf<Server<{ user: string }>>();

  const withRequest = await serve({
    port: 0,
    accept(request, { signal, httpRequest }) {
      expectTypeOf(request).toEqualTypeOf<IncomingRequest>();
      expectTypeOf(request).toExtend<Request>();
      expectTypeOf(request.remoteAddress).toEqualTypeOf<string | undefined>();
      expectTypeOf(request.protocols).toEqualTypeOf<readonly string[]>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(httpRequest).toEqualTypeOf<IncomingMessage | undefined>();
      return { data: { path: request.url } };
    },
    message: (socket) => expectTypeOf(socket.data).toEqualTypeOf<{ path: string }>(),
  });
  expectTypeOf(withRequest).toEqualTypeOf<Server<{ path: string }>>();

  const later = await serve({
    port: 0,
    async accept(request) {
      const user = await findUser(request);
      if (user === undefined) return new Response("who are you?", { status: 401 });
      return { protocol: "chat", headers: { "Set-Cookie": "a=1" }, data: user };
    },
    message: (socket) => expectTypeOf(socket.data).toEqualTypeOf<{ readonly name: string }>(),
  });
  expectTypeOf(later).toEqualTypeOf<Server<{ readonly name: string }>>();

  const refusing = await serve({
    port: 0,
    accept: () => (condition ? new Response(null, { status: 403 }) : { data: 5 }),
    message: (socket) => expectTypeOf(socket.data).toBeNumber(),
  });
  expectTypeOf(refusing).toEqualTypeOf<Server<number>>();

  // Without the handlers, the sockets that are iterated over have it.
  for await (const socket of await serve({ port: 0, accept: () => ({ data: [1, 2] }) })) {
    expectTypeOf(socket.data).toEqualTypeOf<number[]>();
    for await (const message of socket) expectTypeOf(message).toEqualTypeOf<Message>();
  }
}

/** Where nothing is attached, there is nothing to find. */
export async function dataIsUndefined(): Promise<void> {
  const plain = await serve({ port: 0, message: (socket) => expectTypeOf(socket.data).toBeUndefined() });
  expectTypeOf(plain).toEqualTypeOf<Server>();

  const choosing = await serve({
    port: 0,
    accept: ({ protocols }) => ({ protocol: protocols[0] }),
    message: (socket) => expectTypeOf(socket.data).toBeUndefined(),
  });
  expectTypeOf(choosing).toEqualTypeOf<Server>();

  const refusing = await serve({
    port: 0,
    accept: () => (condition ? new Response(null, { status: 403 }) : undefined),
    message: (socket) => expectTypeOf(socket.data).toBeUndefined(),
  });
  expectTypeOf(refusing).toEqualTypeOf<Server>();

  const refusingLater = await serve({
    port: 0,
    async accept(request) {
      return (await findUser(request)) === undefined ? new Response(null, { status: 401 }) : undefined;
    },
    message: (socket) => expectTypeOf(socket.data).toBeUndefined(),
  });
  expectTypeOf(refusingLater).toEqualTypeOf<Server>();

  expectTypeOf(await connect("ws://127.0.0.1/")).toEqualTypeOf<ClientSocket>();
}

/** The type may be written, and then `accept` has to keep it. */
export async function dataIsDeclared(): Promise<void> {
  interface User {
    name: string;
    room?: string;
  }
  const server = await serve<User>({
    port: 0,
    accept: () => ({ data: { name: "ada" } }),
    message: (socket) => {
      socket.data.room = "lobby";
    },
  });
  expectTypeOf(server).toEqualTypeOf<Server<User>>();
  // @ts-expect-error -- a user has a name
  await serve<User>({ port: 0, accept: () => ({ data: { room: "lobby" } }) });
  // @ts-expect-error -- a string decides nothing
  await serve({ port: 0, accept: () => "no" });
  expectTypeOf<Parameters<Accept<User>>>().toEqualTypeOf<[request: IncomingRequest, context: AcceptContext]>();
  expectTypeOf<Acceptance<User>["data"]>().toEqualTypeOf<User | undefined>();
}

/** Results and reports are closed sets, told apart by a literal. */
export function resultsAreUnions(socket: Socket, report: CloseReport): void {
  const result = socket.send("hello");
  expectTypeOf(result).toEqualTypeOf<SendResult>();
  if (result.ok) expectTypeOf(result.status).toEqualTypeOf<"sent" | "buffered">();
  else expectTypeOf(result.reason).toEqualTypeOf<RefusalReason>();
  expectTypeOf<RefusalReason>().toEqualTypeOf<"closing" | "closed" | "buffer-full">();
  expectTypeOf(report.outcome).toEqualTypeOf<CloseOutcome>();
  expectTypeOf(report.initiator).toEqualTypeOf<"us" | "peer">();
  expectTypeOf(report.cause).toEqualTypeOf<Error | undefined>();
  expectTypeOf(report.phase).toEqualTypeOf<"open" | "closing">();
  expectTypeOf(report.rule).toEqualTypeOf<BrokenRule | undefined>();
}

/** A socket takes strings and octets of every kind, and nothing else. */
export function whatCanBeSent(socket: Socket): void {
  socket.send(new ArrayBuffer(1));
  socket.send(new SharedArrayBuffer(1));
  socket.send(new DataView(new ArrayBuffer(1)));
  socket.send(Buffer.from("octets"));
  socket.send(new Float64Array(1));
  // @ts-expect-error -- a number is none of them
  socket.send(5);
  // @ts-expect-error -- nor is an array of numbers
  socket.send([1, 2]);
  expectTypeOf(socket.ping()).toEqualTypeOf<Promise<number>>();
  expectTypeOf(socket.close(1000, "bye")).toEqualTypeOf<Promise<CloseReport>>();
  expectTypeOf(socket).toExtend<AsyncDisposable>();
  // @ts-expect-error -- what was agreed on in the handshake stays
  socket.protocol = "other";
}

/** Servers publish what sockets send, and their sockets subscribe. */
export async function topicsAreTyped(client: Socket): Promise<void> {
  const server = await serve({
    port: 0,
    accept: () => ({ data: { user: "ada" } }),
    message(socket, message) {
      expectTypeOf(socket.subscribe("news")).toBeBoolean();
      expectTypeOf(socket.unsubscribe("news")).toBeBoolean();
      expectTypeOf(socket.topics).toEqualTypeOf<ReadonlySet<string>>();
      expectTypeOf(server.publish("news", message, { except: socket })).toEqualTypeOf<PublishResult>();
    },
  });
  expectTypeOf<PublishResult>().toEqualTypeOf<{ readonly delivered: number; readonly refused: number }>();
  server.publish("news", new DataView(new ArrayBuffer(1)));
  server.publish("news", "text", { except: undefined });
  server.publish("news", prepare("text"));
  expectTypeOf(server.subscriberCount("news")).toBeNumber();
  // @ts-expect-error -- a topic is a string
  server.publish(5, "text");
  // @ts-expect-error -- a number cannot be sent
  server.publish("news", 5);
  // @ts-expect-error -- only a socket of this server can be left out
  server.publish("news", "text", { except: client });
  // Clients have no topics.
  expectTypeOf(client).not.toHaveProperty("subscribe");
}

/** A prepared message is sent like any other; it cannot be changed, made by hand or prepared again. */
export function messagesArePrepared(socket: Socket): void {
  const message = prepare("hello");
  expectTypeOf(message).toEqualTypeOf<PreparedMessage>();
  expectTypeOf(message.type).toEqualTypeOf<"text" | "binary">();
  expectTypeOf(message.byteLength).toBeNumber();
  expectTypeOf(socket.send(message)).toEqualTypeOf<SendResult>();
  expectTypeOf(prepare(Buffer.from("octets"))).toEqualTypeOf<PreparedMessage>();
  // @ts-expect-error -- it is made ready once
  prepare(message);
  // @ts-expect-error -- and stays as it is
  message.type = "binary";
  // @ts-expect-error -- a number cannot be sent
  prepare(5);
}

/** Ordinary requests are those of `node:http`, whether the port is encrypted or not. */
export async function ordinaryRequests(): Promise<void> {
  await serve({
    port: 0,
    request(request, response) {
      expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
      response.writeHead(200).end(request.url);
    },
  });
  expectTypeOf<ServeOptions["request"]>().toEqualTypeOf<RequestListener | undefined>();
  // @ts-expect-error -- this is no web Request, and no Response comes back
  await serve({ port: 0, request: (request: Request) => new Response(request.url) });
}

/** Who may connect: closed sets, and functions that decide at once. */
export async function theDoorIsTyped(request: IncomingRequest): Promise<void> {
  await serve({ port: 0, origins: "*", hosts: "*" });
  await serve({ port: 0, origins: ["https://app.example"], hosts: ["app.example"], trustedProxies: ["10.0.0.0/8"] });
  await serve({
    port: 0,
    maxConnections: 10,
    maxConnectionsPerAddress: 2,
    maxPendingUpgrades: 5,
    origins(origin, asking) {
      expectTypeOf(origin).toBeString();
      expectTypeOf(asking).toEqualTypeOf<IncomingRequest>();
      return origin.endsWith(".example");
    },
    trustedProxies: (address) => address === undefined,
    refused(refusal) {
      expectTypeOf(refusal).toEqualTypeOf<UpgradeRefusal>();
      expectTypeOf(refusal.remoteAddress).toEqualTypeOf<string | undefined>();
      if (refusal.error instanceof AdmissionError) expectTypeOf(refusal.error.code).toEqualTypeOf<AdmissionCode>();
    },
  });
  expectTypeOf<ServeOptions["origins"]>().toEqualTypeOf<OriginsOption | undefined>();
  expectTypeOf<ServeOptions["hosts"]>().toEqualTypeOf<HostsOption | undefined>();
  expectTypeOf<ServeOptions["trustedProxies"]>().toEqualTypeOf<TrustedProxiesOption | undefined>();
  expectTypeOf<UpgradeRefusal["code"]>().toEqualTypeOf<UpgradeRefusalCode>();
  expectTypeOf<ServeOptions["path"]>().toEqualTypeOf<PathOption | undefined>();
  // @ts-expect-error -- a promise is no answer
  await serve({ port: 0, path: () => Promise.resolve(true) });
  // @ts-expect-error -- one origin is a list of one
  await serve({ port: 0, origins: "https://app.example" });
  // @ts-expect-error -- a promise is no answer
  await serve({ port: 0, origins: () => Promise.resolve(true) });
  // @ts-expect-error -- a name is no number of hops
  await serve({ port: 0, trustedProxies: 1 });
  expectTypeOf(bearerToken(request)).toEqualTypeOf<string | undefined>();
  expectTypeOf(cookie(new Request("http://a/"), "session")).toEqualTypeOf<string | undefined>();
  expectTypeOf(cookies(request)).toEqualTypeOf<ReadonlyMap<string, string>>();
  expectTypeOf(protocolToken(request)).toEqualTypeOf<ProtocolToken | undefined>();
  // @ts-expect-error -- a web Request does not tell the subprotocols
  protocolToken(new Request("http://a/"));
}

/** A server drains within a time, and tells how it went. */
export async function drainingIsTyped(server: Server): Promise<void> {
  const report = await server.drain({ deadlineMs: 1000, spreadMs: 100, code: 1012, reason: "restart" });
  expectTypeOf(report).toEqualTypeOf<DrainReport>();
  expectTypeOf(report.terminated).toBeNumber();
  expectTypeOf(await server.drain()).toEqualTypeOf<DrainReport>();
  // @ts-expect-error -- milliseconds are a number
  await server.drain({ deadlineMs: "1s" });
}

/** Each channel has events of its own type. */
export function eventsAreTyped(): void {
  const stop = observe("openline:server:message-received", (event) => {
    expectTypeOf(event).toEqualTypeOf<MessageEvent>();
    expectTypeOf(event.type).toEqualTypeOf<"text" | "binary">();
    expectTypeOf(event.socket).toEqualTypeOf<Socket<unknown>>();
  });
  expectTypeOf(stop).toEqualTypeOf<() => void>();
  observe("openline:client:close", ({ report }) => expectTypeOf(report).toEqualTypeOf<CloseReport>());
  observe("openline:client:limit", ({ socket }) => expectTypeOf(socket).toEqualTypeOf<Socket<unknown> | undefined>());
  expectTypeOf<ChannelEvent<"openline:server:limit">["rule"]["limit"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<ChannelEvent<"openline:server:handshake-refused">["status"]>().toEqualTypeOf<number | undefined>();
  // @ts-expect-error -- there is no such channel
  observe("openline:server:message", () => undefined);
}

/** Options that are not there yet do not compile. */
export async function optionsAreChecked(): Promise<void> {
  await serve({ port: 0, perMessageDeflate: true });
  await serve({ port: 0, perMessageDeflate: { serverMaxWindowBits: 15, clientNoContextTakeover: true } });
  // @ts-expect-error -- levels are numbers
  await serve({ port: 0, perMessageDeflate: { level: "best" } });
  // @ts-expect-error -- there is no such policy
  await serve({ port: 0, slowPeer: "drop" });
  // @ts-expect-error -- memory is one's own, or lent
  await serve({ port: 0, messageMemory: "shared" });
  await serve({ port: 0, messageMemory: "lent", maxTopicsPerSocket: 10 });
  await connect("ws://127.0.0.1/", { messageMemory: "lent" });
  expectTypeOf<ServeOptions["messageMemory"]>().toEqualTypeOf<"own" | "lent" | undefined>();
  expectTypeOf<ServeOptions["maxTopicsPerSocket"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<ServeOptions["port"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<ConnectOptions["signal"]>().toEqualTypeOf<AbortSignal | undefined>();
}

/** Compression is set, hinted at and counted. */
export async function compressionIsTyped(socket: Socket, server: Server, own: ServerSocket): Promise<void> {
  expectTypeOf<ServeOptions["perMessageDeflate"]>().toEqualTypeOf<boolean | PerMessageDeflateOptions | undefined>();
  expectTypeOf<ConnectOptions["perMessageDeflate"]>().toEqualTypeOf<boolean | PerMessageDeflateOptions | undefined>();
  expectTypeOf<keyof PerMessageDeflateOptions>().toEqualTypeOf<
    | "serverNoContextTakeover"
    | "clientNoContextTakeover"
    | "serverMaxWindowBits"
    | "clientMaxWindowBits"
    | "thresholdBytes"
    | "level"
    | "maxWindowMemoryBytes"
  >();
  await serve({ port: 0, perMessageDeflate: { serverMaxWindowBits: 15, level: 1 } });
  await connect("ws://127.0.0.1/", { perMessageDeflate: false });
  // @ts-expect-error -- the names are the standard's, written as TypeScript does
  await serve({ port: 0, perMessageDeflate: { server_max_window_bits: 15 } });
  // @ts-expect-error -- bits are a number
  await connect("ws://127.0.0.1/", { perMessageDeflate: { clientMaxWindowBits: "15" } });

  expectTypeOf<SendOptions["compress"]>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<PublishOptions<ServerSocket>["compress"]>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<PublishOptions<ServerSocket>["except"]>().toEqualTypeOf<ServerSocket | undefined>();
  expectTypeOf(socket.send("secret", { compress: false })).toEqualTypeOf<SendResult>();
  expectTypeOf(prepare("secret", { compress: false })).toEqualTypeOf<PreparedMessage>();
  expectTypeOf(server.publish("news", "x", { compress: true, except: own })).toEqualTypeOf<PublishResult>();
  // @ts-expect-error -- it is compressed or not
  socket.send("x", { compress: "yes" });

  expectTypeOf(socket.extensions).toEqualTypeOf<string>();
  expectTypeOf(server.compression).toEqualTypeOf<CompressionReport | undefined>();
  expectTypeOf<CompressionReport[keyof CompressionReport]>().toEqualTypeOf<number>();
  // @ts-expect-error -- it is a report
  (server.compression as CompressionReport).sentMessages = 0;
}

/** What `connect` may do on its way; tough-cookie's jar fits as it is. */
export async function connectingIsTyped(jar: ToughCookieJar, refused: UpgradeRefusedError): Promise<void> {
  const socket = await connect("ws://127.0.0.1/", { cookieJar: jar, redirects: { max: 3, keepHeaders: ["X-Trace"] } });
  expectTypeOf(socket.url).toBeString();
  expectTypeOf(socket).toExtend<Socket>();
  expectTypeOf<keyof RedirectOptions>().toEqualTypeOf<"max" | "allowInsecure" | "keepHeaders">();
  expectTypeOf<ConnectOptions["cookieJar"]>().toEqualTypeOf<CookieJar | undefined>();
  expectTypeOf<ConnectOptions["urlCredentials"]>().toEqualTypeOf<UrlCredentialsOption | undefined>();
  expectTypeOf<RedirectError["code"]>().toEqualTypeOf<RedirectCode>();
  expectTypeOf<CookieJarError["code"]>().toEqualTypeOf<CookieJarCode>();
  expectTypeOf(refused.retryAfterMs(Date.now())).toEqualTypeOf<number | undefined>();
  // @ts-expect-error -- the URL of a socket stays what it is
  socket.url = "ws://127.0.0.1/";
  // @ts-expect-error -- a jar has both
  await connect("ws://127.0.0.1/", { cookieJar: { getCookieString: () => "" } });
}
