// Every page that the site can have, in the order in which they are listed. This is the one list: the way between the pages is
// made of it, and a page that is not served is in none.

/** A page as it is listed. */
export interface PageEntry {
  /** The URL path of the page, a `Demo`'s `path`. */
  readonly path: string;
  /** What it is called on the way to it. */
  readonly title: string;
}

/** See the head of this file. */
export const pages: readonly PageEntry[] = [
  { path: "/", title: "openline" },
  { path: "/chat/", title: "Chat" },
  { path: "/trading/", title: "Trading" },
  { path: "/game/", title: "Game" },
  { path: "/editor/", title: "Editor" },
  { path: "/stream/", title: "Streaming" },
  { path: "/docs/", title: "Docs" },
];
