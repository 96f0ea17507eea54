/**
 * Fastify with @fastify/jwt: a token from a login, in the header of whoever is no browser, and among the subprotocols of a
 * page, which can set no header.
 */
import { randomBytes } from "node:crypto";
import jwt from "@fastify/jwt";
import Fastify from "fastify";
import { bearerToken, protocolToken, serve } from "openline";

const app = Fastify();
await app.register(jwt, {
  secret: process.env.JWT_SECRET ?? randomBytes(32).toString("hex"),
  sign: { expiresIn: "1h" },
});

const live = await serve({
  server: app.server,
  path: "/live",
  accept(request) {
    // In a page: new WebSocket(url, ["chat", `bearer.${token}`])
    const found = protocolToken(request);
    const user = verified(bearerToken(request) ?? found?.token);
    if (user !== undefined) return { protocol: found?.protocol, data: { name: user.name } };
    return new Response("who are you?\n", { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
  },
  open(socket) {
    socket.subscribe("lobby");
    socket.send(`hello, ${socket.data.name}`);
  },
  message(socket, text) {
    live.publish("lobby", `${socket.data.name}: ${text}`);
  },
});

function verified(token) {
  try {
    return token === undefined ? undefined : app.jwt.verify(token);
  } catch {
    return undefined; // forged, or expired
  }
}

// Routes and plugins find it as `app.live`, and closing Fastify drains it.
app.decorate("live", live);
app.addHook("preClose", async () => {
  await live.drain();
});

app.get("/", () => "This is Fastify. WebSockets are at /live.\n");

const name = { type: "string", minLength: 1, maxLength: 40 };
app.post("/login", { schema: { body: { type: "object", required: ["name"], properties: { name } } } }, (request) => ({
  token: app.jwt.sign({ name: request.body.name }),
}));

const onRequest = (request) => request.jwtVerify();
app.get("/me", { onRequest }, (request) => ({ name: request.user.name }));
app.post("/announce", { onRequest }, (request) =>
  app.live.publish("lobby", `${request.user.name} announces: ${request.body.text}`),
);

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`http://localhost:${app.server.address().port}`);

const stop = () => app.close();
process.once("SIGTERM", stop).once("SIGINT", stop);
