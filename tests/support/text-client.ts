/**
 * A TCP connection that reads text, one character for an octet, and waits for what it should be.
 */
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { connectRaw } from "./raw-http.js";

export class TextClient {
  readonly socket: Socket;
  #text = "";
  #hasEnded = false;
  /** The code of the error that it ended with. */
  errorCode: string | undefined;
  #waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#note();
    });
    const ended = (): void => {
      this.#hasEnded = true;
      this.#note();
    };
    socket.on("end", ended);
    socket.on("close", ended);
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      this.errorCode = code;
    });
  }

  /** Connects to a port of this machine; cut when the test is over. */
  static async connect(t: TestContext, port: number): Promise<TextClient> {
    return new TextClient(await connectRaw(t, port));
  }

  /** What has come and was not taken. */
  get text(): string {
    return this.#text;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Takes everything up to the first match, with it. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) {
        const length = match.index + match[0].length;
        const taken = this.#text.slice(0, length);
        this.#text = this.#text.slice(length);
        return taken;
      }
      if (this.#hasEnded) throw new Error(`it ended before ${String(pattern)}, with ${JSON.stringify(this.#text)}`);
      await this.#next();
    }
  }

  /** Takes everything up to the end; a reset is one, too. */
  async untilEnd(): Promise<string> {
    while (!this.#hasEnded) await this.#next();
    const taken = this.#text;
    this.#text = "";
    return taken;
  }

  /** When it has ended, or its text matches; takes nothing. */
  async untilEndOr(pattern: RegExp): Promise<void> {
    while (!this.#hasEnded && !pattern.test(this.#text)) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #note(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
