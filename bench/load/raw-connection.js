/**
 * A client connection that costs next to nothing: a plain TCP socket that reads into one buffer shared by all, and whose
 * frames are made by the caller.
 */
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";

// As much as one read of the kernel's brings in any case.
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const handshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Connects and does the opening handshake.
 *
 * @param {number} port
 * @param {(octets: Buffer) => void} onOctets called with what comes after the handshake, lent for the call
 * @param {(error: Error) => void} onEnd the connection has ended
 * @returns {Promise<import("node:net").Socket>}
 */
export function openRawConnection(port, onOctets, onEnd) {
  const key = randomBytes(16).toString("base64");
  const accept = createHash("sha1")
    .update(key + handshakeGuid)
    .digest("base64");
  return new Promise((resolve, reject) => {
    let head = "";
    let isOpen = false;

    const readHead = (/** @type {Buffer} */ octets) => {
      head += octets.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      isOpen = true;
      if (!head.startsWith("HTTP/1.1 101 ") || !head.includes(accept)) {
        socket.destroy(new Error(`the handshake failed: ${head.slice(0, end)}`));
        return;
      }
      resolve(socket);
      const rest = Buffer.from(head.slice(end + 4), "latin1");
      if (rest.length > 0) onOctets(rest);
    };

    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback(count, buffer) {
          const octets = buffer.subarray(0, count);
          if (isOpen) onOctets(octets);
          else readHead(octets);
          return true;
        },
      },
    });
    const end = (/** @type {Error} */ error) => {
      reject(error);
      onEnd(error);
    };
    socket.on("error", end);
    socket.on("close", () => end(new Error("the server ended the connection")));
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  });
}
