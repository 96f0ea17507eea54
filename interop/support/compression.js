import { serve } from "openline";

const isRefused = await serve({ noServer: true, perMessageDeflate: 0, message() {} }).then(
  () => false,
  () => true,
);

/** What `skip` of a test that needs compression is to be. Whoever knows the option refuses that value of it. */
export const skipWithoutCompression = isRefused ? false : "openline does not compress yet";
