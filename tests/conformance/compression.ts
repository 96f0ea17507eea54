/**
 * Whether sockets compress: what is about compression waits for that.
 */
import { serve } from "#src/index.js";

// Whoever knows the option refuses this value of it.
const isRefused = await serve({ noServer: true, perMessageDeflate: 0, message: () => undefined } as never).then(
  () => false,
  () => true,
);

/** What `skip` of a test that needs compression is to be. */
export const skipWithoutCompression: string | false = !isRefused && "sockets do not compress yet";
