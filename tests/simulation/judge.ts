/**
 * What has to hold during a run, and at its end.
 */
import { ProtocolError } from "#src/index.js";
import type { Party } from "./party.js";
import type { Simulation } from "./simulation.js";

// Control frames, and what the kernel's part of the handshake is.
const slackBytes = 8 * 1024;

// What a stream delivers at once at most.
const longestPieceBytes = 64 * 1024;

// Headers of a message's frames, however it is fragmented.
const headerBytes = 100;

/** What has to hold at any moment. */
export function judgeMoment({ parties, scenario, log }: Simulation): void {
  for (const party of parties) {
    const { socket, role, name, peer, link } = party;
    if (socket === undefined || socket.readyState === "closed") continue;
    party.look();
    const options = role === "server" ? scenario.serverOptions : scenario.clientOptions;
    const { maxSendBufferBytes = 0, maxInboxBytes = 0 } = options;
    // The last message may go beyond the limit, none after it.
    if (socket.bufferedBytes > maxSendBufferBytes + party.sent.longestBytes + slackBytes) {
      log.violation(name, `${socket.bufferedBytes} octets are buffered, with a limit of ${maxSendBufferBytes}`);
    }
    if (socket.readyState !== "open" || link === undefined || peer === undefined) continue;
    // What has been read and not been handed on waits in this socket: in the inbox, to which one message more may come
    // than it holds, in a message that is not all there, and in the piece that is being read.
    const readBytes = link.readBytes(role === "server" ? "to-server" : "to-client");
    const heldBytes = readBytes - party.receivedBytes - party.received * headerBytes;
    const pieceBytes = Math.min(scenario.link.maxPieceBytes ?? longestPieceBytes, longestPieceBytes);
    if (heldBytes > maxInboxBytes + 2 * peer.sent.longestBytes + 2 * pieceBytes + slackBytes) {
      log.violation(name, `about ${heldBytes} octets wait to be taken, with a limit of ${maxInboxBytes}`);
    }
  }
}

/** Whether everything that was sent between two open ends has arrived, and every ping has its pong. */
export function isAllDone({ parties, pending }: Simulation): boolean {
  return parties.every((party) => unfinished(party, pending).length === 0);
}

/** What has to hold when nothing has gone wrong, and there has been all the time in the world. */
export function judgeProgress({ parties, pending, log }: Simulation): void {
  for (const party of parties) for (const what of unfinished(party, pending)) log.violation(party.name, what);
}

function unfinished({ name, socket, peer }: Party, pending: ReadonlyMap<unknown, string>): string[] {
  if (socket?.readyState !== "open" || peer?.socket?.readyState !== "open") return [];
  const found = peer.sent.haveArrived ? [] : [`${peer.sent.missing} messages never arrive`];
  const waits = [`${name}'s ping`, `${name}'s ready`];
  for (const what of pending.values()) if (waits.includes(what)) found.push(`${what} never settles`);
  return found;
}

/** What has to hold when everything is over. */
export function judgeEnd(simulation: Simulation): void {
  const { parties, server, clock, pool, pending, log, windows } = simulation;
  const nothing = (what: string, count: number): void => {
    if (count !== 0) log.violation("the end", `${count} ${what} left`);
  };
  for (const party of parties) judgeParty(party, simulation);
  nothing("timers", clock.pendingTimers);
  nothing("links", server.links.size);
  nothing("sockets", server.sockets.size);
  nothing("subscribers", server.subscriberCount("news") + server.subscriberCount("weather"));
  nothing("octets of windows", (windows?.reservedBytes ?? 0) + (windows?.lentBytes ?? 0));
  if (pool.strangers > 0) log.violation("the pool", `${pool.strangers} buffers were given back twice`);
  // What a stream was writing when it was cut is left to the garbage collector.
  if (!parties.some(({ isWriting }) => isWriting)) nothing("buffers", pool.lentCount);
  for (const what of pending.values()) log.violation("the end", `${what} has not settled`);
}

function judgeParty(party: Party, { log }: Simulation): void {
  const { name, socket, report, peer } = party;
  if (socket === undefined) return;
  if (report === undefined || socket.readyState !== "closed") {
    log.violation(name, `has not ended: ${socket.readyState}`);
    return;
  }
  if (party.closeCalls !== 1) log.violation(name, `its close handler was called ${party.closeCalls} times`);
  if (socket.bufferedBytes !== 0) log.violation(name, `${socket.bufferedBytes} octets are still buffered`);
  // Both ends keep to the protocol, whatever the network does to them.
  if (report.outcome === "failed" || report.cause instanceof ProtocolError) {
    log.violation(name, `failed: ${report.cause?.message ?? report.reason}`);
  }
  const missing = peer?.sent.missing ?? 0;
  if (missing > 0 && report.wasClean && peer?.report?.wasClean === true && !party.isExcused && !peer.isExcused) {
    log.violation(name, `${missing} messages are missing, and its end was clean`);
  }
}
