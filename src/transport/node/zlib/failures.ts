/**
 * What can be wrong with a message that is to be inflated.
 */
import type { TransformFailure } from "../../../protocol/extensions/index.js";
import { maxStreamsPerMessage } from "../../../protocol/extensions/index.js";

/** The octets are not deflate data. */
export function invalid(cause?: unknown): TransformFailure {
  return { failure: "compressed-data-invalid", observed: undefined, limit: undefined, cause };
}

/** The message ends within a block. */
export function incomplete(): TransformFailure {
  return { failure: "compressed-data-incomplete", observed: undefined, limit: undefined };
}

/** The message is made of too many streams. */
export function tooManyStreams(observed: number): TransformFailure {
  return { failure: "too-many-deflate-streams", observed, limit: maxStreamsPerMessage };
}

/** @param observed octets so far, which may be fewer than there are */
export function tooBig(observed: number, limit: number): TransformFailure {
  return { failure: "message-too-big", observed, limit };
}
