/**
 * The dependency rule of ARCHITECTURE.md as a table: what lives where, and what it may import.
 *
 * Each room lists every other room it may import; a file may always import its neighbors in the same room. What is
 * not listed is forbidden: packages, tests, demos, benchmarks. A folder under src/ that no room covers is an error, so
 * a new folder needs a line here and a paragraph in ARCHITECTURE.md.
 * Where patterns overlap, the first room that matches owns the file: inner folders stand before outer ones.
 */

/**
 * @typedef {object} Room
 * @property {string} name
 * @property {string} pattern which files live here, relative to the repository
 * @property {readonly string[]} mayImport the names of other rooms
 * @property {boolean} [builtins] whether `node:*` may be imported
 * @property {readonly string[]} [packages] packages of the registry that may be imported
 */

/** @type {readonly Room[]} */
export const rooms = [
  { name: "protocol", pattern: "src/protocol/**", mayImport: [] },
  {
    name: "transport/node",
    pattern: "src/transport/node/**",
    mayImport: ["transport", "transport/wasm", "protocol"],
    builtins: true,
  },
  { name: "transport/wasm", pattern: "src/transport/wasm/**", mayImport: ["protocol"] },
  { name: "transport", pattern: "src/transport/**", mayImport: ["protocol"] },
  { name: "socket", pattern: "src/socket/**", mayImport: ["transport", "protocol"] },
  { name: "server", pattern: "src/server/**", mayImport: ["socket", "transport", "protocol"] },
  { name: "client", pattern: "src/client/**", mayImport: ["socket", "transport", "protocol"] },
  { name: "reconnect", pattern: "src/reconnect/**", mayImport: ["socket", "transport", "protocol"] },
  { name: "observe", pattern: "src/observe/**", mayImport: ["socket", "protocol"], builtins: true },
  {
    // The Node parts come in here and nowhere else.
    name: "node",
    pattern: "src/node/**",
    mayImport: [
      "protocol",
      "transport",
      "transport/wasm",
      "transport/node",
      "socket",
      "server",
      "client",
      "reconnect",
      "observe",
    ],
    builtins: true,
  },
  {
    // An entry of its own: what it needs of the others' insides is what an application's tests must not have to.
    name: "testing",
    pattern: "src/testing/**",
    mayImport: [
      "protocol",
      "transport",
      "transport/node",
      "socket",
      "server",
      "client",
      "reconnect",
      "realtime/engines",
    ],
    builtins: true,
  },
  {
    // An entry of its own: what `ws` is used like, over the parts that all entries share.
    name: "compat",
    pattern: "src/compat/**",
    mayImport: ["protocol", "transport", "transport/node", "socket", "client", "observe"],
    builtins: true,
  },
  // Entries of their own: the client where the platform has a WebSocket.
  { name: "web", pattern: "src/web/**", mayImport: ["protocol", "socket", "client", "reconnect"] },
  // The real-time layer. What both ends and all engines share is free of any platform.
  { name: "realtime/wire", pattern: "src/realtime/wire/**", mayImport: ["protocol"] },
  {
    name: "realtime/msgpack",
    pattern: "src/realtime/msgpack/**",
    mayImport: ["realtime/wire"],
    packages: ["@msgpack/msgpack"],
  },
  {
    name: "realtime/contract",
    pattern: "src/realtime/contract/**",
    mayImport: ["realtime/wire"],
    packages: ["@standard-schema/spec"],
  },
  // The client's entries: it on Node, and it where the platform has a WebSocket.
  {
    name: "realtime/client/node",
    pattern: "src/realtime/client/node/**",
    mayImport: ["realtime/client", "realtime/client/fallback", "realtime/wire", "node", "reconnect", "transport/node"],
  },
  {
    name: "realtime/client/web",
    pattern: "src/realtime/client/web/**",
    mayImport: ["realtime/client", "realtime/client/fallback", "realtime/client/tabs", "realtime/wire", "web"],
  },
  {
    name: "realtime/client/tabs",
    pattern: "src/realtime/client/tabs/**",
    mayImport: ["realtime/client", "realtime/wire", "transport"],
  },
  {
    // Loaded when it is needed: what it takes of others as a value, every page has twice.
    name: "realtime/client/fallback",
    pattern: "src/realtime/client/fallback/**",
    mayImport: ["realtime/client", "realtime/wire", "transport"],
  },
  {
    name: "realtime/client",
    pattern: "src/realtime/client/**",
    mayImport: ["realtime/contract", "realtime/wire", "reconnect", "socket", "transport", "protocol"],
  },
  {
    name: "realtime/engines/journal",
    pattern: "src/realtime/engines/journal/**",
    mayImport: ["realtime/engines", "realtime/wire"],
    builtins: true,
  },
  {
    // One process has the engine, others reach it.
    name: "realtime/engines/bus",
    pattern: "src/realtime/engines/bus/**",
    mayImport: ["realtime/engines"],
  },
  {
    name: "realtime/engines/nats",
    pattern: "src/realtime/engines/nats/**",
    mayImport: ["realtime/engines", "realtime/wire"],
    builtins: true,
    packages: ["@nats-io/transport-node"],
  },
  {
    name: "realtime/engines/redis",
    pattern: "src/realtime/engines/redis/**",
    mayImport: ["realtime/engines"],
    builtins: true,
    packages: ["ioredis"],
  },
  { name: "realtime/engines", pattern: "src/realtime/engines/**", mayImport: ["realtime/wire"] },
  {
    // Of sockets the token bucket, by its file.
    name: "realtime/server",
    pattern: "src/realtime/server/**",
    mayImport: ["realtime/contract", "realtime/engines", "realtime/wire", "socket"],
  },
  {
    name: "realtime/fallback",
    pattern: "src/realtime/fallback/**",
    mayImport: ["realtime/server", "realtime/wire", "server", "socket"],
    builtins: true,
  },
  {
    // Where the Node parts come in.
    name: "realtime",
    pattern: "src/realtime/*.ts",
    mayImport: [
      "realtime/contract",
      "realtime/engines",
      "realtime/engines/journal",
      "realtime/fallback",
      "realtime/server",
      "realtime/wire",
      "server",
      "socket",
      "transport",
      "transport/node",
      "protocol",
    ],
    builtins: true,
  },
  {
    name: "cluster",
    pattern: "src/cluster/**",
    // Of serve() its types, for applications that the command starts.
    mayImport: ["node", "realtime", "realtime/engines", "realtime/engines/bus", "transport/node"],
    builtins: true,
  },
  {
    // Starts servers, nodes and clients as applications do, over engines that need not both be installed.
    name: "chaos",
    pattern: "src/chaos/**",
    mayImport: [
      "entry",
      "realtime",
      "realtime/client/node",
      "realtime/engines/nats",
      "realtime/engines/redis",
      "testing",
    ],
    builtins: true,
    packages: ["@nats-io/transport-node", "ioredis"],
  },
  {
    // Of the client its types alone, so that there is one of it in a page, whatever made it.
    name: "react",
    pattern: "src/react/**",
    mayImport: ["realtime/client", "realtime/contract", "realtime/wire"],
    packages: ["react"],
  },
  // Documents of Yjs over the real-time layer. Both ends have its contract, and cut what is long into parts.
  { name: "yjs/contract", pattern: "src/yjs/contract/**", mayImport: ["realtime/contract"] },
  { name: "yjs/updates", pattern: "src/yjs/updates/**", mayImport: [], packages: ["yjs"] },
  {
    // Of the client its types alone, as for React.
    name: "yjs/client",
    pattern: "src/yjs/client/**",
    mayImport: ["yjs/contract", "yjs/updates", "realtime/client"],
    packages: ["y-protocols", "yjs"],
  },
  {
    name: "yjs/server",
    pattern: "src/yjs/server/**",
    mayImport: [
      "yjs/contract",
      "yjs/updates",
      "realtime/contract",
      "realtime/engines",
      "realtime/engines/journal",
      "realtime/server",
      "realtime/wire",
    ],
    builtins: true,
    packages: ["yjs"],
  },
  {
    // Apart from `testing`, which needs no Yjs.
    name: "yjs/testing",
    pattern: "src/yjs/testing/**",
    mayImport: ["yjs/server"],
    builtins: true,
    packages: ["yjs"],
  },
  {
    name: "entry",
    pattern: "src/{index,reconnecting}.ts",
    mayImport: [
      "protocol",
      "transport",
      "transport/node",
      "socket",
      "server",
      "client",
      "reconnect",
      "observe",
      "node",
    ],
  },
  {
    name: "cli",
    pattern: "src/cli/**",
    mayImport: [
      "entry",
      "chaos",
      "cluster",
      "realtime",
      "realtime/engines/nats",
      "realtime/engines/redis",
      "transport",
    ],
    builtins: true,
    packages: ["commander"],
  },
];
