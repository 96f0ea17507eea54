/**
 * How long things may be on the wire, where the protocol says so (docs/protocol.md).
 */

/** Characters of a channel's name, of a position, an epoch, a revision, a key. A character is a UTF-16 code unit. */
export const maxNameLength: number = 255;

/** Characters of the string that stays the same over all connections of one client. */
export const maxClientIdLength: number = 64;

/** The largest request number. */
export const maxRequestNumber: number = 0x7fffffff;

/** How deep values nest, a frame's own array and its batch's not counted. */
export const maxDepth: number = 64;
