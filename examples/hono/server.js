/**
 * Hono on @hono/node-server, with hono/jwt in a cookie. `accept` gets a web Request and may answer with a web Response,
 * which is what Hono is made of: so a route decides about WebSockets, behind the middleware of all other routes.
 */
import { randomBytes } from "node:crypto";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { jwt, sign } from "hono/jwt";
import { serve } from "openline";

const secret = process.env.JWT_SECRET ?? randomBytes(32).toString("hex");
const loggedIn = jwt({ secret, alg: "HS256", cookie: "token" });

const app = new Hono();

app.get("/", (context) => context.text("This is Hono. WebSockets are at /live.\n"));

app.post("/login", async (context) => {
  const { name } = await context.req.json();
  const token = await sign({ name, exp: Math.floor(Date.now() / 1000) + 3600 }, secret, "HS256");
  setCookie(context, "token", token, { httpOnly: true, sameSite: "Lax" });
  return context.json({ name });
});

app.get("/me", loggedIn, (context) => context.json({ name: context.get("jwtPayload").name }));

app.post("/announce", loggedIn, async (context) => {
  const { text } = await context.req.json();
  return context.json(live.publish("lobby", `${context.get("jwtPayload").name} announces: ${text}`));
});

// Asked for each WebSocket: what it answers becomes the socket's data, and anything but 200 refuses.
app.get("/live", loggedIn, (context) => context.json({ name: context.get("jwtPayload").name }));

const http = createAdaptorServer({ fetch: app.fetch });

const live = await serve({
  server: http,
  path: "/live",
  async accept(request) {
    const answer = await app.fetch(request);
    return answer.ok ? { data: await answer.json() } : answer;
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
