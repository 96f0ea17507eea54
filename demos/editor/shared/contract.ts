// What the page and the server say to each other: documents, and what the page proves and tries out beside them.
import { call, contract, unchecked } from "openline/realtime/contract";
import { documentCalls, documentChannels } from "openline/yjs/contract";
import * as v from "valibot";
import { isDocumentName } from "./limits.js";
import type { Proof } from "./proof.js";

const documentName = v.pipe(v.string(), v.check(isDocumentName, "is no name of a document"));

/** The root of every document that the editors show. */
export const TEXT: string = "text";

/** The contract of the editor's page. */
export const api = contract({
  channels: { ...documentChannels },
  calls: {
    ...documentCalls,
    /** What the server has of a document, to be compared. */
    proof: call({ input: v.object({ document: documentName }), output: unchecked<Proof>() }),
    /** Whoever calls it may write from now on, or only read. */
    role: call({ input: v.object({ mayWrite: v.boolean() }), output: unchecked<null>() }),
  },
});
