/**
 * openline/realtime/msgpack: the real-time protocol in MessagePack, an entry of its own so that pages which speak JSON
 * load nothing of it.
 */
export { msgpackCodec } from "./codec.js";
