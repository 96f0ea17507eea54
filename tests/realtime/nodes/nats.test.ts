import { nats } from "#src/realtime/engines/nats/index.js";
import { NatsServer, noNats } from "../engines/nats/server.js";
import { nodesTogether } from "./suite.js";

nodesTogether({
  name: "NATS",
  skip: noNats,
  scheme: "nats",
  startServer: () => NatsServer.start(),
  engine: (servers, prefix) =>
    nats({ servers, prefix, storage: "memory", connection: { reconnectTimeWait: 10, reconnectJitter: 0 } }),
});
