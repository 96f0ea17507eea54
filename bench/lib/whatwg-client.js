/**
 * Opens connections by a WHATWG `WebSocket` class, each of which sends every message back as it came.
 *
 * @param {typeof WebSocket} WebSocketClass
 * @param {string} url
 * @param {number} connections
 */
export async function connectWhatwg(WebSocketClass, url, connections) {
  for (let index = 0; index < connections; index++) {
    const socket = new WebSocketClass(url);
    // A Blob, the default, could be read asynchronously only.
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = ({ error }) => reject(error ?? new Error(`no connection to ${url}`));
    });
  }
}
