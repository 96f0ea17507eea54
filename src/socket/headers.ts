/**
 * Header lines as applications give them, and as the handshake takes them.
 */

/** Whatever `new Headers()` takes: a `Headers`, pairs of name and value, or an object. */
export type HeadersInput = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/**
 * Names and values alternating.
 *
 * @throws TypeError for what is no header, as `new Headers()` does
 */
export function rawHeadersOf(headers: HeadersInput | undefined): string[] {
  // `Headers` joins what may be joined, and lists each cookie by itself.
  return headers === undefined ? [] : [...new Headers(headers)].flat();
}
