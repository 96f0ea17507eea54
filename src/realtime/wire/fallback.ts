/**
 * What the fallback is called on the wire (docs/protocol.md, "Without WebSockets").
 */

/** The header that says that a request is of this protocol, with the subprotocol. */
export const protocolHeader = "openline-protocol";

/** The header with the connection's id. */
export const connectionHeader = "openline-connection";

/** The header with the number of a message, from 1. */
export const sequenceHeader = "openline-sequence";

/** What a page of another origin has to be allowed to send. */
export const allowedHeaders: string = `content-type, ${protocolHeader}, ${connectionHeader}, ${sequenceHeader}`;
