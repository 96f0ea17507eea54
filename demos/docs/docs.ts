// The documentation as a part of the site: pages that were made of its Markdown when the site was built.
import type { Demo, RunningDemo } from "../site/demo.js";

/** The documentation. */
export const docs: Demo = { name: "docs", path: "/docs/", socketPaths: [], start };

function start(): Promise<RunningDemo> {
  // There are files, and nothing that runs.
  return Promise.resolve({ close: () => Promise.resolve() });
}
