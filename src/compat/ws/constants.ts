/**
 * What the classes of this room share.
 */

/** Under which the errors of frames carry the status code that the connection is to be closed with. */
export const statusCode: unique symbol = Symbol("status-code");
