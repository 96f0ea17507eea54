/** The site with the chat, in this process, so that a test can say when the chat's server comes back. */
import { type Client, createClient } from "openline/realtime/client";
import type { DefinitionOf } from "openline/realtime/contract";
import { type ChatOptions, createChat } from "../../demos/chat/chat.js";
import { api } from "../../demos/chat/shared/contract.js";
import { type Site, startSite } from "../../demos/site/site.js";

const PUBLIC = new URL("../../demos/public/", import.meta.url);

export class ChatSite {
  readonly site: Site;
  readonly #gate: Gate;

  private constructor(site: Site, gate: Gate) {
    this.site = site;
    this.#gate = gate;
  }

  static async start(killIntervalMs = 0, options: ChatOptions = {}): Promise<ChatSite> {
    const gate = new Gate();
    const chat = createChat({ beforeRestart: () => gate.pass(), killIntervalMs, ...options });
    const site = await startSite({ port: 0, host: "127.0.0.1", demos: [chat], publicFolder: PUBLIC });
    return new ChatSite(site, gate);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.site.port}`;
  }

  /** Kills the chat's server, as the page does. */
  async kill(): Promise<Response> {
    return fetch(`${this.origin}/chat/kill`, { method: "POST", headers: { Origin: this.origin } });
  }

  /** A visitor without a browser, always the same for a token. */
  visitor(token: string): Client<DefinitionOf<typeof api>> {
    return createClient(api, `${this.origin.replace("http:", "ws:")}/chat/socket`, {
      token: token.padEnd(16, "."),
      clientId: token,
      headers: { Origin: this.origin },
      reconnect: { minDelayMs: 10, maxDelayMs: 100 },
    });
  }

  /** When it is killed the next time, it stays away until `comeBack`. */
  stayAway(): void {
    this.#gate.close();
  }

  comeBack(): void {
    this.#gate.open();
  }

  async close(): Promise<void> {
    this.#gate.open();
    await this.site.close();
  }
}

class Gate {
  #passing: Promise<void> = Promise.resolve();
  #open: () => void = () => undefined;

  close(): void {
    this.#passing = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  pass(): Promise<void> {
    return this.#passing;
  }
}
