/**
 * The server of realtime-scenario.ts, on a port of its own.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Server, serve } from "#src/index.js";
import * as realtimeParts from "#src/realtime/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { scenarioApi } from "./realtime-scenario.js";

/** A server that runs. */
export interface ScenarioServer {
  readonly server: Server;
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one. @param request answers ordinary HTTP */
export async function serveScenario(
  request: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end(),
): Promise<ScenarioServer> {
  const cut = (): void => {
    for (const socket of server.sockets) socket.terminate();
  };
  const orders = new Map<string | null, number>();
  const realtime = realtimeParts.createRealtime(scenarioApi(realtimeParts), {
    codecs: [msgpackCodec],
    authenticate: ({ token }) => (typeof token === "string" ? { user: token } : undefined),
    calls: {
      echo: (input) => input,
      fail: () => {
        throw new realtimeParts.RealtimeError("out-of-paper", "nothing can be printed");
      },
      async *count(to) {
        for (let index = 0; index < to; index++) yield await Promise.resolve(index);
      },
      askBack: async (question, { session }): Promise<unknown> => {
        const sessions: Iterable<realtimeParts.RealtimeSession> = realtime.sessions;
        return await [...sessions].find(({ id }) => id === session)?.call("confirm", question);
      },
      cut: async (run) => {
        cut();
        await realtime.publish(`room/${run}`, { text: "missed", octets: Uint8Array.of(7) });
      },
      orderAndCut: (_input, { user }) => {
        const made = (orders.get(user.id) ?? 0) + 1;
        orders.set(user.id, made);
        cut();
        return made;
      },
    },
  });
  const server = await serve({ port: 0, host: "127.0.0.1", request, ...realtime.handlers });
  return {
    server,
    url: server.url,
    close: async () => {
      await server.close();
      await realtime.close();
    },
  };
}
