import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, serve } from "openline";
import { FigureMaker } from "../../demos/front/figures.js";
import { addTraffic, NO_TRAFFIC, TrafficMeter } from "../../demos/site/traffic.js";

const of = { timeMs: 1_000, delayMs: 0.5 };

describe("the figures of the front page", () => {
  it("are what has happened since the last ones, per second", () => {
    const maker = new FigureMaker({ ...NO_TRAFFIC, messagesIn: 5, bytesOut: 100 }, 10_000);
    const traffic = { ...NO_TRAFFIC, connections: 3, messagesIn: 6, bytesOut: 1_100, contentOut: 2_000 };
    assert.deepEqual(maker.next(traffic, 10_500, of), {
      ...{ timeMs: 1_000, delayMs: 0.5, connections: 3 },
      ...{ messagesIn: 2, messagesOut: 0, bytesIn: 0, bytesOut: 2_000, contentOut: 4_000 },
    });
    assert.equal(maker.next(traffic, 11_000, of).bytesOut, 0);
  });

  it("are never below nothing, and finite where no time has passed", () => {
    const maker = new FigureMaker({ ...NO_TRAFFIC, messagesIn: 5 }, 0);
    assert.equal(maker.next(NO_TRAFFIC, 500, of).messagesIn, 0);
    assert.ok(Number.isFinite(maker.next({ ...NO_TRAFFIC, messagesIn: 1 }, 500, of).messagesIn));
  });

  it("add up over processes", () => {
    const some = { ...NO_TRAFFIC, connections: 1, messagesIn: 2, contentIn: 3 };
    const more = { ...NO_TRAFFIC, connections: 10, messagesOut: 20, contentOut: 30, bytesIn: 40, bytesOut: 50 };
    assert.deepEqual(addTraffic(some, more), {
      ...{ connections: 11, messagesIn: 2, messagesOut: 20, contentIn: 3, contentOut: 30, bytesIn: 40, bytesOut: 50 },
    });
  });
});

describe("the meter of traffic", () => {
  it("counts what goes over all servers of the process until it is stopped", async () => {
    const meter = new TrafficMeter();
    const server = await serve({
      port: 0,
      perMessageDeflate: false,
      message: (socket, message) => void socket.send(message),
    });
    const socket = await connect(server.url);
    const messages = socket[Symbol.asyncIterator]();
    socket.send("hello");
    await messages.next();
    const counted = { messagesIn: 1, messagesOut: 1, contentIn: 5, contentOut: 5, bytesIn: 11, bytesOut: 7 };
    assert.deepEqual(meter.traffic, { connections: 1, ...counted });
    meter.stop();
    socket.send("again");
    await messages.next();
    assert.deepEqual(meter.traffic, { connections: 1, ...counted });
    await socket.close();
    await server.close();
  });
});
