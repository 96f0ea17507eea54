// What page and server agree on.

/** Where the page's client connects to. */
export const SOCKET_PATH = "/stream/socket";

export const TITLE_MAX_LENGTH = 60;
export const NAME_MAX_LENGTH = 24;
export const TEXT_MAX_LENGTH = 300;
export const TOKEN_MAX_LENGTH = 100;

/** Messages of a stream's chat that are kept. */
export const KEPT_MESSAGES = 100;

/** The size and pace of the pictures that are sent: small, for a machine without an encoder of its own has to keep up. */
export const PICTURE_WIDTH = 640;
export const PICTURE_HEIGHT = 360;
export const FRAMES_PER_SECOND = 25;
export const VIDEO_BITS_PER_SECOND = 1_000_000;
export const AUDIO_BITS_PER_SECOND = 64_000;

/** How often a key frame comes: for so long, at most, a late joiner waits and a slow viewer jumps. */
export const KEY_INTERVAL_MS = 1_000;

/** Octets of a group: a second of 1 Mbit/s, many times over, for some recorders make key frames seldom. */
export const GROUP_BYTES_MAX = 4_000_000;

/** How long a frame may wait in a viewer before it skips to the newest key frame. */
export const MAX_WAIT_MS = 1_000;
/** Octets that may wait in a viewer. */
export const MAX_WAITING_BYTES = 8_000_000;

/** What viewers can say with one finger. */
export const REACTIONS = ["👏", "❤️", "😂", "🎉", "🔥"] as const;

/** Without frames for so long, a stream is shown as interrupted; and for so long, as ended. */
export const INTERRUPTED_AFTER_MS = 3_000;
export const ENDED_AFTER_MS = 30_000;
