/**
 * Components in a document without a browser, over a client whose server does what a test says.
 */
import assert from "node:assert/strict";
import { Window } from "happy-dom";
import type { ReactNode } from "react";
import { FakeServer } from "./fake-realtime-server.js";

const window = new Window({ url: "http://page.test/" });
const { document } = window;
// What React looks for when it is loaded, and that updates are waited for by `act`.
Object.assign(globalThis, { window, document, IS_REACT_ACT_ENVIRONMENT: true });
// Newer versions of Node have one.
if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: window.navigator });

const { act, createElement, StrictMode } = await import("react");
const { createRoot } = await import("react-dom/client");

/** See the head of this file. */
export class ReactWorld {
  readonly server = new FakeServer();
  readonly element = document.createElement("div");
  #root: ReturnType<typeof createRoot> | undefined;
  readonly #isStrict: boolean;

  /** @param isStrict whether components are mounted twice, as React does while one develops */
  constructor(isStrict = false) {
    this.#isStrict = isStrict;
  }

  /** What is shown. */
  get text(): string {
    return this.element.textContent;
  }

  /** Renders, and waits until all that follows is done. */
  async render(node: ReactNode): Promise<void> {
    this.#root ??= createRoot(this.element as unknown as Element);
    const root = this.#root;
    await this.does(() => root.render(this.#isStrict ? createElement(StrictMode, null, node) : node));
  }

  /** Does something, and waits until all that follows is done. */
  async does<Result>(action: () => Result): Promise<Awaited<Result>> {
    let result: Awaited<Result> | undefined;
    await act(async () => {
      result = await action();
      await this.server.clock.settle();
    });
    return result as Awaited<Result>;
  }

  /** Lets the client come in. */
  async welcome(): Promise<void> {
    await this.does(() => this.server.welcome());
  }

  /** Frames by hand, in one message. */
  async say(...frames: (readonly unknown[])[]): Promise<void> {
    await this.does(() => this.server.peer.say(...frames));
  }

  /** Answers the subscription that is due, with what it must be. */
  async subscribed(name: string, options: object, reply: object): Promise<void> {
    const r = this.server.peer.next("sub", name, options);
    await this.does(() => this.server.peer.ok(r, { epoch: "e1", position: "0", ...reply }));
  }

  async unmount(): Promise<void> {
    await this.does(() => this.#root?.unmount());
    // Stores let go a turn later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(this.server.printed, []);
  }
}
