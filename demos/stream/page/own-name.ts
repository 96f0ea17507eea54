// The name that this browser goes by, remembered between visits.
import { randomName } from "../../site/page/visitor-name.js";
import { NAME_MAX_LENGTH } from "../shared/limits.js";

const STORAGE_KEY = "openline-stream-name";

/** Keeps a name for the next visit. A browser that forbids storage just forgets it. */
export function rememberName(name: string): void {
  try {
    localStorage.setItem(STORAGE_KEY, name);
  } catch {
    // Storage is switched off or full; the name still holds for this visit.
  }
}

/** The name from last time, or a friendly one to begin with. */
export function recallName(): string {
  try {
    const name = localStorage.getItem(STORAGE_KEY)?.slice(0, NAME_MAX_LENGTH).trim();
    if (name !== undefined && name !== "") return name;
  } catch {
    // As above.
  }
  const name = randomName();
  rememberName(name);
  return name;
}
