/**
 * Which channels a document has. Its own name may be anything; a channel's may not.
 */

/** The channel of a document's updates. */
export function updatesChannel(document: string): `yjs/${string}` {
  return `yjs/${encodeURIComponent(document)}`;
}

/** The channel of who is there, and where. */
export function awarenessChannel(document: string): `yjs/${string}/awareness` {
  return `yjs/${encodeURIComponent(document)}/awareness`;
}

/** The document of a channel, by what its pattern has for `{document}`; undefined where it stands for none. */
export function documentOf(parameter: string): string | undefined {
  try {
    const document = decodeURIComponent(parameter);
    // One name for each document: another way to write it would be another channel.
    return encodeURIComponent(document) === parameter ? document : undefined;
  } catch {
    return undefined;
  }
}
