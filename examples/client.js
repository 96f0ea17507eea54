/**
 * Somebody to try an example with: logs in over HTTP, connects with what the login gave, prints what comes, and sends each
 * line that is typed. To start: node client.js NAME [URL]
 */
import { createInterface } from "node:readline";
import { connect } from "openline";

const [name = "ada", url = "http://localhost:3000"] = process.argv.slice(2);

const response = await fetch(new URL("/login", url), {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name }),
});
const { token } = await response.json();
const cookies = response.headers.getSetCookie().map((line) => line.split(";", 1)[0]);

const socket = await connect(new URL("/live", url.replace("http", "ws")), {
  headers: token === undefined ? { cookie: cookies.join("; ") } : { authorization: `Bearer ${token}` },
});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => socket.send(line));
lines.on("close", () => socket.close());

for await (const message of socket) console.log(message);
const { code, reason } = await socket.closed;
console.log(`closed: ${code} ${reason}`.trimEnd());
lines.close();
