/**
 * `openline/testing`: for an application's own tests. A server and clients without a port or a network, in virtual time,
 * over links that can be made as bad as real ones. Works with any test runner.
 */
export type { EngineCase, EngineSubject } from "./engine-contract/index.js";
export { engineContract } from "./engine-contract/index.js";
export type { FakeClockOptions } from "./fake-clock.js";
export { FakeClock } from "./fake-clock.js";
export type { Direction, Link, LinkOptions } from "./link.js";
export { SeededRandom } from "./seeded-random.js";
export type { TestConnectOptions, TestReconnectingOptions, TestServer, TestServerOptions } from "./test-server.js";
export { createTestServer } from "./test-server.js";
