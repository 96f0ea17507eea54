// Ticks at an even pace, in a hidden page, too.

/** What of Trusted Types is used here: the site's policy lets scripts come from nothing else. */
interface ScriptUrls {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

const WORKER_URL = "/stream/worker.js";

function workerUrl(): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: ScriptUrls };
  // There is one script to be loaded so, whose address is not made of anything.
  const policy = trustedTypes?.createPolicy(`ticker-${crypto.getRandomValues(new Uint32Array(1)).join("")}`, {
    createScriptURL: () => WORKER_URL,
  });
  return policy?.createScriptURL(WORKER_URL) ?? WORKER_URL;
}

/**
 * Calls something again and again.
 * @returns What ends it.
 */
export function startTicking(intervalMs: number, tick: () => void): () => void {
  const worker = new Worker(workerUrl(), { type: "module" });
  worker.addEventListener("message", tick);
  worker.postMessage(intervalMs);
  return () => worker.terminate();
}
