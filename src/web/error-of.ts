/**
 * What an `error` event of a WebSocket tells.
 */

/** The error, on platforms that tell one; browsers tell no page why. */
export function errorOf(event: Event): Error | undefined {
  const { error } = event as { readonly error?: unknown };
  return error instanceof Error ? error : undefined;
}
