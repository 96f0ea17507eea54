/**
 * The limits of documents, each with its default and the reason for it.
 */

/** What can be set. */
export interface DocumentLimits {
  /** Octets of one update; then `too-large`. Default 524,288. */
  readonly maxUpdateBytes?: number;
  /** Octets that a document may take where it is kept; then `document-full`. Default 67,108,864. */
  readonly maxDocumentBytes?: number;
  /** Octets of updates that wait to be kept, of one document; then `unavailable`. Default 8,388,608. */
  readonly maxUnsavedBytes?: number;
  /** Octets of what one editor shows of itself; then `too-large`. Default 4,096. */
  readonly maxAwarenessBytes?: number;
  /** Milliseconds for which updates of a document that is written to by many are gathered. Default 50. */
  readonly gatherMs?: number;
  /** Milliseconds for which what editors show of themselves is gathered. Default 50. */
  readonly awarenessMs?: number;
  /** Milliseconds after which a document that nobody has open is dropped from memory. Default 30,000. */
  readonly idleMs?: number;
  /** Octets of updates from which on a document is compacted, when they are more than its state. Default 262,144. */
  readonly minCompactBytes?: number;
  /** Octets of a part of a document on its way to whoever opens it, about. Default 32,768. */
  readonly partBytes?: number;
  /** Versions of a document that are kept; the oldest ones without a name go first. Default 100. */
  readonly maxVersions?: number;
}

/** The limits with every default filled in. */
export type ResolvedDocumentLimits = Required<DocumentLimits>;

/** The defaults. */
export const defaultDocumentLimits: ResolvedDocumentLimits = {
  // In base64 it fits into a message of 1 MiB. Providers send what is longer in parts.
  maxUpdateBytes: 524_288,
  // A dozen novels with all their history.
  maxDocumentBytes: 67_108_864,
  // Minutes of a busy document while its disk is away.
  maxUnsavedBytes: 8_388_608,
  // A name, a color and a selection, some times over.
  maxAwarenessBytes: 4096,
  // Text that comes twenty times a second flows, and what a server does is mostly sending. What comes after a pause does not wait.
  gatherMs: 50,
  // A cursor that moves twenty times a second moves smoothly.
  awarenessMs: 50,
  // Somebody who reloads the page comes back sooner.
  idleMs: 30_000,
  // A hundredth of a second to read.
  minCompactBytes: 262_144,
  // Of a document of 5 MB the longest part took a page a tenth of a second, where all at once took two.
  partBytes: 32_768,
  // A version each ten minutes, for two days of work.
  maxVersions: 100,
};

/** @throws RangeError for a limit that is no number above 0 (milliseconds: from 0) */
export function resolveDocumentLimits(limits: DocumentLimits): ResolvedDocumentLimits {
  const resolved = { ...defaultDocumentLimits };
  for (const name of Object.keys(defaultDocumentLimits) as (keyof ResolvedDocumentLimits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    const isInRange = name.endsWith("Ms") ? value >= 0 : value > 0;
    if (typeof value !== "number" || !isInRange) {
      throw new RangeError(`limits.${name} is out of its range: ${String(value)}`);
    }
    resolved[name] = value;
  }
  return resolved;
}
