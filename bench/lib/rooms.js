/**
 * What real-time servers publish in the workloads of channels: the same values on all of them, and who has it published.
 */
import { once } from "node:events";
import { createServer } from "node:net";

/** As the load has them (`load/channels.c`): a message's number counts up to this, and begins anew. */
const messageNumbers = 4096;
const letters = "abcdefghijklmnopqrstuvwxyz";

/**
 * The schema of a message, for what clients publish.
 *
 * @param {typeof import("zod")} zod
 */
export function messageSchema({ z }) {
  return z.object({
    id: z.string().length(12),
    room: z.string().max(32),
    user: z.string().max(32),
    text: z.string().max(1000),
  });
}

/** @param {number} index */
export function roomName(index) {
  return `room/${String(index).padStart(3, "0")}`;
}

/**
 * A message to a room. Each call makes a new one, as one that comes from elsewhere is new.
 *
 * @param {number} room
 * @param {number} number
 * @param {number} bytes that it takes as JSON
 */
export function messageTo(room, number, bytes) {
  const id = String(number % messageNumbers).padStart(12, "0");
  const name = roomName(room);
  const length = bytes - `{"id":"${id}","room":"${name}","user":"somebody","text":""}`.length;
  return {
    id,
    room: name,
    user: "somebody",
    text: letters.repeat(Math.ceil(length / letters.length)).slice(0, length),
  };
}

/**
 * Has a server publish when it is told so: by a plain TCP connection, each octet of which is the number of a room, as
 * messages come to a server from a feed of prices, or another service. Several that come at once are published at once. For
 * each connection, numbers begin anew.
 *
 * @param {number} bytes of a message
 * @param {(room: string, message: object) => void} publish
 * @returns {Promise<{ port: number, close: () => void }>}
 */
export async function startFeed(bytes, publish) {
  const server = createServer((socket) => {
    /** @type {number[]} */
    const published = [];
    socket.on("data", (octets) => {
      for (const room of octets) {
        published[room] ??= 0;
        publish(roomName(room), messageTo(room, published[room]++, bytes));
      }
    });
    // A load that is done goes without a word.
    socket.on("error", () => undefined);
  });
  // Of a process of a cluster, each has its own.
  server.listen({ port: 0, host: "127.0.0.1", exclusive: true });
  await once(server, "listening");
  return { port: server.address().port, close: () => void server.close() };
}
