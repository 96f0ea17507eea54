// What this browser remembers. One that forbids storage remembers it until the page is closed.
const PREFIX = "openline-chat/";
const memory = new Map<string, string>();

/** A text that was remembered. */
export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + key) ?? undefined;
  } catch {
    return memory.get(key);
  }
}

/** Remembers a text, or forgets it. */
export function remember(key: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, text);
  } catch {
    if (text === undefined) memory.delete(key);
    else memory.set(key, text);
  }
}

/** The keys that begin with `start`, without it. */
export function recallKeys(start: string): string[] {
  const whole = PREFIX + start;
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(whole))
      .map((key) => key.slice(whole.length));
  } catch {
    return [...memory.keys()].filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
  }
}

/** A random id of 24 hexadecimal digits. (`crypto.randomUUID` does not exist on plain HTTP from another device.) */
export function randomId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** What was remembered, or what is made now and remembered. */
export function recallOr(key: string, make: () => string): string {
  const known = recall(key);
  if (known !== undefined && known !== "") return known;
  const made = make();
  remember(key, made);
  return made;
}
