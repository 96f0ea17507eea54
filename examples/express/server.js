/**
 * Express with express-session: whoever is logged in over HTTP is known on the WebSocket, by the same session.
 */
import { randomBytes } from "node:crypto";
import { createServer, ServerResponse } from "node:http";
import { promisify } from "node:util";
import express from "express";
import session from "express-session";
import { serve } from "openline";

const sessions = session({
  secret: process.env.SESSION_SECRET ?? randomBytes(32).toString("hex"),
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: "lax" },
});

const app = express();
app.use(sessions, express.json());

app.get("/", (_request, response) => response.send("This is Express. WebSockets are at /live.\n"));

app.post("/login", (request, response, next) => {
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.name = String(request.body.name);
    response.json({ name: request.session.name });
  });
});

function loggedIn(request, response, next) {
  if (request.session.name === undefined) response.status(401).send("log in first\n");
  else next();
}

app.get("/me", loggedIn, (request, response) => response.json({ name: request.session.name }));

app.post("/announce", loggedIn, (request, response) => {
  response.json(live.publish("lobby", `${request.session.name} announces: ${request.body.text}`));
});

app.post("/logout", loggedIn, (request, response, next) => {
  const { sessionID } = request;
  request.session.destroy((error) => {
    if (error) return next(error);
    // A socket outlives the look at its cookie: it ends here.
    for (const socket of live.sockets) if (socket.data.sessionID === sessionID) socket.close(1008, "logged out");
    response.sendStatus(204);
  });
});

const http = createServer(app);

// The middleware that Express itself uses, so that cookie, signature and store are the same.
const readSession = promisify(sessions);

const live = await serve({
  server: http,
  path: "/live",
  async accept(_request, { httpRequest }) {
    await readSession(httpRequest, new ServerResponse(httpRequest));
    const { name } = httpRequest.session;
    if (name === undefined) return new Response("log in first\n", { status: 401 });
    return { data: { name, sessionID: httpRequest.sessionID } };
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
