// The streams there are.
import { byId, element } from "../../site/page/dom.js";
import type { StreamInfo } from "../shared/contract.js";

const STATUS_WORDS: Readonly<Record<StreamInfo["status"], string>> = {
  waiting: "about to begin",
  live: "live",
  interrupted: "interrupted",
  ended: "ended",
};

function viewersText(viewers: number): string {
  return viewers === 1 ? "1 viewer" : `${viewers} viewers`;
}

/** See the head of this file. */
export class StreamList {
  readonly #list = byId("streams", HTMLElement);
  readonly #empty = byId("no-streams", HTMLElement);
  readonly #items = new Map<string, { readonly input: HTMLInputElement; readonly label: HTMLLabelElement }>();

  /** @param chosen Hears which one somebody wants to see. */
  constructor(chosen: (stream: string) => void) {
    this.#list.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement) chosen(target.value);
    });
  }

  /** Shows which one is looked at. */
  choose(stream: string): void {
    const item = this.#items.get(stream);
    if (item !== undefined) item.input.checked = true;
  }

  /** Shows what there is. */
  show(streams: ReadonlyMap<string, StreamInfo>, user: string): void {
    for (const [id, { label }] of this.#items) {
      if (streams.has(id)) continue;
      label.remove();
      this.#items.delete(id);
    }
    for (const [id, info] of streams) this.#showOne(id, info, info.publisher === user);
    this.#empty.hidden = this.#items.size > 0;
  }

  #showOne(id: string, info: StreamInfo, isOwn: boolean): void {
    const { label } = this.#items.get(id) ?? this.#add(id);
    label.dataset["status"] = info.status;
    const mode = info.mode === "low-latency" ? "low latency" : "robust";
    const details = [STATUS_WORDS[info.status], mode, viewersText(info.viewers), ...(isOwn ? ["yours"] : [])];
    const text = element(
      "span",
      "stream",
      element("span", "stream-title", element("bdi", "", info.title)),
      element("span", "stream-details", element("i", "lamp"), details.join(" · ")),
    );
    label.querySelector(".stream")?.remove();
    label.append(text);
  }

  #add(id: string): { readonly input: HTMLInputElement; readonly label: HTMLLabelElement } {
    const input = element("input", "");
    input.type = "radio";
    input.name = "stream";
    input.value = id;
    const item = { input, label: element("label", "", input) };
    this.#items.set(id, item);
    this.#list.append(item.label);
    return item;
  }
}
