/**
 * What stands for the modules of `ws` that its tests import.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { withShown } from "./shown.js";

const require = createRequire(import.meta.url);

/**
 * @param {string} className "openline" or "ws"
 * @returns {Promise<(name: string) => unknown>} a module by its name, such as "index" or "lib/sender"
 */
export async function modulesOf(className) {
  if (className === "ws") {
    const folder = path.dirname(require.resolve("ws/package.json"));
    return (name) => require(path.join(folder, name));
  }
  if (className !== "openline") throw new Error(`--class ${className}: openline or ws`);
  const ws = withShown(require("openline/ws"));
  // No part of what is published: the symbol under which errors carry a status code, and the one empty buffer.
  const folder = path.dirname(require.resolve("openline/package.json"));
  const inside = (name) => import(pathToFileURL(path.join(folder, "dist/compat/ws", name)).href);
  const { statusCode } = await inside("constants.js");
  const { emptyBuffer } = await inside("payload.js");
  const modules = {
    index: ws,
    "lib/websocket": ws,
    "lib/websocket-server": ws.WebSocketServer,
    "lib/stream": ws.createWebSocketStream,
    "lib/extension": ws.extension,
    "lib/subprotocol": ws.subprotocol,
    "lib/permessage-deflate": ws.PerMessageDeflate,
    "lib/receiver": ws.Receiver,
    "lib/sender": ws.Sender,
    "lib/constants": {
      BINARY_TYPES: ["nodebuffer", "arraybuffer", "fragments", "blob"],
      EMPTY_BUFFER: emptyBuffer,
      GUID: "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
      NOOP: () => {},
      hasBlob: true,
      kListener: Symbol("listener"),
      kStatusCode: statusCode,
    },
    "lib/event-target": eventClassesOf(ws),
  };
  return (name) => modules[name];
}

/** The classes of the events, which nobody publishes: taken from events. */
function eventClassesOf(WebSocket) {
  const classes = {};
  const socket = new WebSocket(null);
  const emitted = { message: [Buffer.alloc(0), false], close: [1000, Buffer.alloc(0)], error: [new Error()] };
  for (const [type, values] of Object.entries(emitted)) {
    const name = `${type[0].toUpperCase()}${type.slice(1)}Event`;
    socket.addEventListener(type, (event) => {
      classes[name] = event.constructor;
    });
    socket.emit(type, ...values);
  }
  return { ...classes, Event: Object.getPrototypeOf(classes.MessageEvent) };
}
