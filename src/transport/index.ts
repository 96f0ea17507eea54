/**
 * What a connection needs of the outside, and the in-memory pair.
 */
export type { ByteStream, ByteStreamReceiver } from "./byte-stream.js";
export { Deadline } from "./deadline.js";
export type { Dialer, DialOptions, DialResult } from "./dialer.js";
export type { IpRange } from "./ip-address.js";
export { isInRange, isLoopback, isSameAddress, ownerOf, parseIpAddress, parseIpRange } from "./ip-address.js";
export type { MemoryPairOptions } from "./memory-pair.js";
export { createMemoryPair, StreamResetError } from "./memory-pair.js";
export type { DuplexOptions, MessagePipe, PipeEnd } from "./message-pipe.js";
export type { Clock, Deadlines, Flushable, Platform, Timer, TurnScheduler } from "./platform.js";
export type { PlatformDuplex, PlatformHttpRequest } from "./platform-types.js";
