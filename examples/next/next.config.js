import { fileURLToPath } from "node:url";

export default {
  // Only here: openline is linked from the folder above, and Turbopack bundles nothing from outside of its root.
  turbopack: { root: fileURLToPath(new URL("../../", import.meta.url)) },
};
