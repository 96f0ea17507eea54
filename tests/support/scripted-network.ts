/**
 * A network for clients whose servers answer what a test says, by the URL that is asked for.
 */
import type { ClientOptions, ClientSocket } from "#src/client/index.js";
import { openClient } from "#src/client/index.js";
import type { HandshakeRequest } from "#src/protocol/index.js";
import { acceptValue, headerValues } from "#src/protocol/index.js";
import type { Observer } from "#src/socket/index.js";
import type { Dialer, DialResult } from "#src/transport/index.js";
import { createMemoryPair } from "#src/transport/index.js";
import { CountingStream } from "./counting-stream.js";
import type { FakePlatform } from "./fake-platform.js";
import { createFakePlatform } from "./fake-platform.js";
import { RawPeer } from "./raw-peer.js";
import { TaskQueue } from "./task-queue.js";

/** One request, as it was made. */
export interface Asked {
  readonly url: string;
  readonly request: HandshakeRequest;
  readonly signal: AbortSignal;
  /** The value of a header line, its name in lower case; undefined where there is none, or more than one. */
  readonly header: (name: string) => string | undefined;
}

/** What is answered: 101 upgrades, anything else does not. */
export interface ScriptedAnswer {
  readonly status?: number;
  /** Names and values alternating, beside those of an upgrade. */
  readonly headers?: readonly string[];
}

export interface ScriptedNetwork {
  readonly platform: FakePlatform;
  readonly asked: readonly Asked[];
  /** The stream of each upgrade. */
  readonly streams: readonly CountingStream[];
  readonly open: (url: string | URL, options?: ClientOptions, observer?: Observer) => Promise<ClientSocket>;
  readonly idle: () => Promise<void>;
}

/** Makes one. `answer` may throw, or be late. */
export function scriptedNetwork(answer: (asked: Asked) => ScriptedAnswer | Promise<ScriptedAnswer>): ScriptedNetwork {
  const platform = createFakePlatform();
  const tasks = new TaskQueue();
  const asked: Asked[] = [];
  const streams: CountingStream[] = [];
  const dialer: Dialer = async ({ secure, host, port, target }, request, { signal }): Promise<DialResult> => {
    const header = (name: string): string | undefined => {
      const values = headerValues(request.rawHeaders, name);
      return values.length === 1 ? values[0] : undefined;
    };
    // By the URL class, which leaves out the default port.
    const url = new URL(`${secure ? "wss" : "ws"}://${host}:${port}${target}`).href;
    const one = { url, request, signal, header };
    asked.push(one);
    const { status = 101, headers = [] } = await answer(one);
    if (status !== 101) {
      const response = { status, httpVersion: "1.1", rawHeaders: headers };
      return { isUpgraded: false, response, body: new Uint8Array(0) };
    }
    const [ours, theirs] = createMemoryPair({ defer: tasks.defer });
    new RawPeer(theirs, "server");
    const stream = new CountingStream(ours);
    streams.push(stream);
    const accept = acceptValue(header("sec-websocket-key") ?? "");
    const upgrade = ["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", accept];
    return { isUpgraded: true, response: { status, httpVersion: "1.1", rawHeaders: [...upgrade, ...headers] }, stream };
  };
  const open: ScriptedNetwork["open"] = (url, options = {}, observer) =>
    openClient(url, options, platform, dialer, observer);
  return { platform, asked, streams, open, idle: () => tasks.idle() };
}

/** A redirect. */
export function redirectTo(location: string, status = 302, ...headers: readonly string[]): ScriptedAnswer {
  return { status, headers: ["Location", location, ...headers] };
}

/** A network in which `places` lead to each other, and every other URL accepts. */
export function redirectingNetwork(places: Readonly<Record<string, string | ScriptedAnswer>>): ScriptedNetwork {
  const answers = new Map(Object.entries(places));
  return scriptedNetwork(({ url }) => {
    const answer = answers.get(url);
    return typeof answer === "string" ? redirectTo(answer) : (answer ?? {});
  });
}
