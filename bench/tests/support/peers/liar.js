import { once } from "node:events";
import { peer as ws } from "../../../peers/ws.js";

/** A peer that gets one octet wrong. */
export const peer = {
  ...ws,
  name: "liar",
  title: "the liar",
  serve: {
    async echo() {
      const { WebSocketServer } = await import("ws");
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      server.on("connection", (socket) => {
        socket.on("message", (data) => {
          data[0] ^= 1;
          socket.send(data);
        });
      });
      await once(server, "listening");
      return { port: server.address().port };
    },
  },
};
