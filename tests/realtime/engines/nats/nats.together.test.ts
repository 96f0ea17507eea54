import { nats } from "#src/realtime/engines/nats/index.js";
import { nodesTogether } from "../../nodes/suite.js";
import { NatsServer, noNats } from "./server.js";

nodesTogether({
  name: "NATS",
  skip: noNats,
  scheme: "nats",
  startServer: () => NatsServer.start(),
  engine: (servers, prefix) =>
    nats({ servers, prefix, storage: "memory", connection: { reconnectTimeWait: 10, reconnectJitter: 0 } }),
});
