/**
 * Types that only some platforms have, so that what is the same everywhere does not name them. A platform adds its own by
 * declaration merging (`declare module`): for whoever imports it they are there, for everybody else they are not.
 */

/**
 * Empty but for what a platform adds: Node adds `duplex`, the class `Duplex` of `node:stream`, and `httpRequest`, the
 * class `IncomingMessage` of `node:http`.
 */
export interface PlatformTypes {} // eslint-disable-line @typescript-eslint/no-empty-object-type -- others add to it

/** The platform's stream of octets or objects in both directions; never where there is none. */
export type PlatformDuplex = PlatformTypes extends { readonly duplex: infer Duplex } ? Duplex : never;

/** A request as an HTTP server of the application's hands it over, or undefined: on most platforms there is no such thing. */
export type PlatformHttpRequest = PlatformTypes extends { readonly httpRequest: infer Request }
  ? Request | undefined
  : undefined;
