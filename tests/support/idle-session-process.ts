/**
 * A process that has had two WebSockets over HTTP/2, one after the other, and ends when nothing is left to wait for.
 */
import { connect } from "#src/index.js";

const url = process.argv[2] ?? "";
for (let count = 0; count < 2; count++) {
  const socket = await connect(url, { http2: true });
  socket.terminate();
  await socket.closed;
}
