/**
 * openline/engines/redis: the real-time layer over Redis.
 */
export type { ClientOptions, RedisEngineOptions } from "./options.js";
export { redis } from "./redis.js";
