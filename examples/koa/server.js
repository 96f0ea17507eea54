/**
 * Koa with koa-session: a handshake gets a context of Koa's own, and its session from the same middleware.
 */
import { randomBytes } from "node:crypto";
import { createServer, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import Koa from "koa";
import { createSession } from "koa-session";
import { serve } from "openline";

const app = new Koa();
app.keys = [process.env.SESSION_SECRET ?? randomBytes(32).toString("hex")];

const sessions = createSession({ httpOnly: true, sameSite: "lax" }, app);

const routes = {
  "GET /": (context) => {
    context.body = "This is Koa. WebSockets are at /live.\n";
  },
  "POST /login": async (context) => {
    const { name } = await json(context.req);
    context.session.name = name;
    context.body = { name };
  },
  "GET /me": (context) => {
    context.body = { name: nameOf(context) };
  },
  "POST /announce": async (context) => {
    const name = nameOf(context);
    const { text } = await json(context.req);
    context.body = live.publish("lobby", `${name} announces: ${text}`);
  },
};

function nameOf(context) {
  return context.session.name ?? context.throw(401, "log in first");
}

app.use(sessions);
app.use((context) => routes[`${context.method} ${context.path}`]?.(context));

const http = createServer(app.callback());

const live = await serve({
  server: http,
  path: "/live",
  async accept(_request, { httpRequest }) {
    const context = app.createContext(httpRequest, new ServerResponse(httpRequest));
    let name;
    await sessions(context, async () => {
      ({ name } = context.session);
    });
    return name === undefined ? new Response("log in first\n", { status: 401 }) : { data: { name } };
  },
  open(socket) {
    socket.subscribe("lobby");
    socket.send(`hello, ${socket.data.name}`);
  },
  message(socket, text) {
    live.publish("lobby", `${socket.data.name}: ${text}`);
  },
});

http.listen(Number(process.env.PORT ?? 3000), () => console.log(`http://localhost:${http.address().port}`));

async function stop() {
  http.close();
  await live.drain();
}
process.once("SIGTERM", stop).once("SIGINT", stop);
