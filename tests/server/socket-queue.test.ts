import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SocketQueue } from "#src/server/socket-queue.js";
import type { Socket } from "#src/socket/index.js";
import { meetRawPeer } from "../support/endpoints.js";

function someSocket(): Socket {
  return meetRawPeer("server").socket;
}

describe("sockets that wait to be taken", () => {
  it("are taken in their order, by whoever waits or comes later", async () => {
    const queue = new SocketQueue<Socket>();
    const sockets = [someSocket(), someSocket(), someSocket()] as const;
    const iterator = queue.iterate();
    const waiting = iterator.next();
    for (const socket of sockets) queue.push(socket);
    assert.equal(queue.size, 2);
    assert.equal((await waiting).value, sockets[0]);
    assert.equal((await iterator.next()).value, sockets[1]);
    assert.equal((await queue.iterate().next()).value, sockets[2]);
    assert.equal(queue.size, 0);
  });

  it("may still be taken after the end, which comes after them", async () => {
    const queue = new SocketQueue<Socket>();
    const socket = someSocket();
    queue.push(socket);
    queue.end();
    const iterator = queue.iterate();
    assert.deepEqual(await iterator.next(), { done: false, value: socket });
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  });

  it("end for everybody who waits", async () => {
    const queue = new SocketQueue<Socket>();
    const waiting = [queue.iterate().next(), queue.iterate().next()];
    queue.end();
    assert.deepEqual(await Promise.all(waiting), [
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });
});
