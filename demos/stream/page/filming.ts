// Where a picture comes from, and its sound.
import { PICTURE_HEIGHT, PICTURE_WIDTH } from "../shared/limits.js";

/** What can be filmed. */
export type SourceName = "picture" | "camera" | "screen";

/** What is filmed. */
export interface Filming {
  /** Undefined: the picture is made up. */
  readonly video: HTMLVideoElement | undefined;
  readonly sound: MediaStreamTrack | undefined;
  /** @param ended Hears when somebody has taken the camera or the screen away. */
  onEnded(ended: () => void): void;
  stop(): void;
}

const NOTHING: Filming = {
  video: undefined,
  sound: undefined,
  onEnded: () => undefined,
  stop: () => undefined,
};

/**
 * Begins to film.
 * @param withSound Whether the microphone, or what the screen's tab plays, is wanted, too.
 * @throws Error in words for people
 */
export async function film(source: SourceName, withSound: boolean): Promise<Filming> {
  if (source === "picture") return NOTHING;
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
  if (mediaDevices === undefined) throw new Error("Cameras and screens need HTTPS or localhost.");
  const stream =
    source === "camera"
      ? await mediaDevices.getUserMedia({ video: { width: PICTURE_WIDTH, height: PICTURE_HEIGHT }, audio: withSound })
      : await mediaDevices.getDisplayMedia({ video: true, audio: withSound });
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  return {
    video,
    sound: stream.getAudioTracks()[0],
    onEnded(ended) {
      stream.getVideoTracks()[0]?.addEventListener("ended", ended);
    },
    stop() {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
