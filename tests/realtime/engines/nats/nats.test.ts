import { after, before, describe, it } from "node:test";
import { engineContract } from "#src/testing/index.js";
import { NatsServer, noNats } from "./server.js";
import { NatsNodes } from "./world.js";

describe("the NATS engine", { skip: noNats }, () => {
  let server: NatsServer;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());

  for (const { name, run } of engineContract) it(name, () => run(new NatsNodes(server)));
});
