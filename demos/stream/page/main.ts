// The page's entry: one client, the streams there are, the one that is looked at, and one's own.
import { ConnectionView } from "../../site/page/connection-view.js";
import { byId, setText } from "../../site/page/dom.js";
import type { StreamInfo } from "../shared/contract.js";
import { Broadcaster, resumable } from "./broadcaster.js";
import { Chat } from "./chat.js";
import { connectClient, type StreamClient } from "./client.js";
import { Stage } from "./stage.js";
import { StreamList } from "./stream-list.js";

const NOTHING_TO_SEE = "Nobody streams right now. Start a stream, or wait for one.";

const connectionView: ConnectionView = new ConnectionView(() => client.reconnectNow());
let user = "";
const client: StreamClient = connectClient((state) => {
  connectionView.show(state);
  if (state.name === "open") user = state.user ?? "";
});
const stage = new Stage(client);
const chat = new Chat(client, () => stage.shownMs);
const list = new StreamList((id) => show(id));
const streams = client.channel("streams");

let shown: string | undefined;
/** What was asked for and may come yet: by the address, or since it is one's own and has just begun. */
let wanted: string | undefined = location.hash.slice(1) || undefined;

/** Looks at another stream. */
function show(id: string): void {
  const info = streams.values.get(id);
  if (info === undefined) return;
  shown = id;
  wanted = undefined;
  history.replaceState(null, "", `#${id}`);
  list.choose(id);
  setText(byId("stage-heading", HTMLElement), info.title);
  stage.watch(id, info);
  chat.follow(id);
  showDetails(info);
}

function showDetails(info: StreamInfo): void {
  setText(byId("stage-heading", HTMLElement), info.title);
  setText(byId("viewers", HTMLElement), info.viewers === 1 ? "1 viewer" : `${info.viewers} viewers`);
  const sound = byId("sound", HTMLButtonElement);
  sound.hidden = info.mode !== "robust" || info.publisher === null;
}

/** The one to look at where nobody has chosen: one that is live, and that this browser shows at its best. */
function first(): string | undefined {
  const live = [...streams.values].filter(([, { status }]) => status === "live" || status === "waiting");
  const best = typeof VideoDecoder === "undefined" ? "robust" : "low-latency";
  return (live.find(([, { mode }]) => mode === best) ?? live[0])?.[0];
}

streams.listen(({ set }) => {
  list.show(streams.values, user);
  const info = shown === undefined ? undefined : streams.values.get(shown);
  if (wanted !== undefined && streams.values.has(wanted)) show(wanted);
  else if (info === undefined) {
    shown = undefined;
    const next = first();
    if (next === undefined) stage.leave(NOTHING_TO_SEE);
    else show(next);
  } else if (shown !== undefined && set.has(shown)) {
    stage.update(info);
    showDetails(info);
  }
});

client.channel("film").listen(({ set }) => {
  const film = set.get("film");
  const note = byId("film", HTMLElement);
  note.hidden = film === undefined || film.text === "";
  setText(note, film?.text ?? "");
});

new Broadcaster(
  client,
  (mode) => resumable(streams.values, user, mode),
  (id) => {
    wanted = id;
    show(id);
  },
);

byId("paces", HTMLElement).addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) stage.workMs = Number(target.value);
});

byId("sound", HTMLButtonElement).addEventListener("click", ({ currentTarget }) => {
  const video = byId("video", HTMLVideoElement);
  video.muted = !video.muted;
  if (currentTarget instanceof HTMLElement)
    setText(currentTarget, video.muted ? "Turn the sound on" : "Turn the sound off");
});
