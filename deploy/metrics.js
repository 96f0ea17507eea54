// What there is to measure of a node, for Prometheus: `GET /metrics` on a port of its own.
import { createServer } from "node:http";
import { observe } from "openline";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

/**
 * @param {object} node
 * @param {number} node.port 0 picks a free one
 * @param {import("openline").Server} node.server
 * @param {{ health(): import("openline/realtime").EngineHealth }} node.realtime
 * @param {import("openline").Overload} node.isOverloaded
 */
export async function serveMetrics({ port, server, realtime, isOverloaded }) {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const gauge = (name, help, value) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("openline_connections", "WebSockets that are open", () => server.sockets.size);
  gauge("openline_engine_available", "1 while the engine can be reached", () =>
    realtime.health().isAvailable ? 1 : 0,
  );
  gauge("openline_overloaded", "1 while nobody is let in", () => (isOverloaded() ? 1 : 0));
  gauge(
    "openline_event_loop_delay_seconds",
    "How late the event loop is, median of a second",
    () => isOverloaded.report.eventLoopDelayMs / 1000,
  );
  const counter = (name, help, ...labelNames) => new Counter({ name, help, labelNames, registers });
  const opened = counter("openline_connections_total", "WebSockets that were opened");
  const refused = counter("openline_refused_total", "Handshakes that were refused", "code");
  const closed = counter("openline_closed_total", "WebSockets that ended", "code", "rule");
  const limits = counter("openline_limits_total", "Limits that were reached", "code");
  const octets = counter("openline_octets_total", "Octets of frames", "direction");
  const subscriptions = [
    observe("openline:server:connection", () => opened.inc()),
    observe("openline:server:handshake-refused", ({ code }) => refused.inc({ code })),
    observe("openline:server:close", ({ report }) =>
      closed.inc({ code: String(report.code), rule: report.rule?.code ?? "none" }),
    ),
    observe("openline:server:limit", ({ rule }) => limits.inc({ code: rule.code })),
    observe("openline:server:bytes-received", ({ byteLength }) => octets.inc({ direction: "in" }, byteLength)),
    observe("openline:server:bytes-sent", ({ byteLength }) => octets.inc({ direction: "out" }, byteLength)),
  ];
  const http = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    void register.metrics().then((text) => response.writeHead(200, { "content-type": register.contentType }).end(text));
  });
  await new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, () => resolve(undefined));
  });
  return {
    port: http.address().port,
    async close() {
      for (const unsubscribe of subscriptions) unsubscribe();
      await new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      });
    },
  };
}
