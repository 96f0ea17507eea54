/**
 * The handle transport: byte streams over libuv handles, past `net.Socket`. What it rests on is not documented by Node,
 * so all of it lives in this folder, is tried before it is used, and gives way to `net.Socket`.
 */
export type { StreamBinding } from "./binding.js";
export { loadStreamBinding } from "./binding.js";
export type { TransportOption } from "./choose-transport.js";
export { chooseTransport } from "./choose-transport.js";
export { Door } from "./door.js";
export { HandleTransport } from "./handle-transport.js";
