/**
 * One end of a connection, whichever library it belongs to, as the tests see it.
 *
 * @typedef {object} End
 * @property {string} library "openline", "ws", "undici" or "node"
 * @property {string} protocol the agreed subprotocol, or ""
 * @property {(data: string | Uint8Array) => void} send
 * @property {() => Promise<string | Uint8Array>} next the next message; rejects when the connection ends first
 * @property {(code?: number, reason?: string) => void} close
 * @property {Promise<Ending>} closed
 * @property {any} native the library's own object
 */

/**
 * How a connection ended, as an end learned it.
 *
 * @typedef {object} Ending
 * @property {number} code the peer's status code, 1005 or 1006 where it sent none
 * @property {string} reason
 * @property {import("openline").CloseReport} [report] openline's own account
 */

export {};
