/**
 * Node before 22 has no `WebSocket`: it gets the one that later versions have built in. To be imported before openline.
 */
if (globalThis.WebSocket === undefined) {
  const { WebSocket } = await import("undici");
  globalThis.WebSocket = WebSocket;
}
