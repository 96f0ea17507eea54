/**
 * Calls from components: what the latest one came to, as values.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { CallRequestOptions, StreamRequestOptions } from "../realtime/client/index.js";
import { eitherOf } from "./either-of.js";
import { quiet } from "./state-store.js";
import type { AnyClient } from "./stores.js";

/** What `useCall` returns. */
export interface CallView<Input = unknown, Output = unknown> {
  /**
   * Calls the server. It is given up when the component goes.
   *
   * @returns the answer; nobody has to handle a rejection, for `error` has it, too
   */
  readonly call: (input: Input, options?: CallRequestOptions) => Promise<Output>;
  /** What the latest call answered; while another one is under way, what the one before did. */
  readonly data: Output | undefined;
  /** With which the latest call failed. */
  readonly error: unknown;
  /** Whether the latest call is under way. */
  readonly pending: boolean;
  /** Gives up all that are under way. */
  readonly cancel: () => void;
}

/** What `useStream` returns. */
export interface StreamView<Input = unknown, Output = unknown> {
  /** Calls the server anew; what was under way is given up, and its results go. */
  readonly start: (input: Input, options?: StreamRequestOptions) => void;
  /** The newest results, no more than `maxResults`. */
  readonly results: readonly Output[];
  readonly error: unknown;
  /** Whether more may come. */
  readonly pending: boolean;
  /** Gives it up. What has come stays. */
  readonly cancel: () => void;
}

/** What can be said of a stream. */
export interface StreamOptions {
  /** Results that are kept, from 1. Default 1,000. */
  readonly maxResults?: number;
}

interface Told<Data> {
  readonly data: Data;
  readonly error: unknown;
  readonly pending: boolean;
}

const noCall: Told<undefined> = { data: undefined, error: undefined, pending: false };
const noStream: Told<readonly unknown[]> = { data: [], error: undefined, pending: false };

/** What is under way, and is given up with the component. */
function useRunning(forget: () => void, ...identity: readonly unknown[]): { readonly current: Set<AbortController> } {
  const running = useRef(new Set<AbortController>());
  useEffect(() => {
    const { current } = running;
    return () => {
      cancelAll(current);
      forget();
    };
    // Another client or name is another call, of which nothing is known yet.
  }, identity);
  return running;
}

function cancelAll(running: Set<AbortController>): void {
  for (const abort of running) abort.abort();
  running.clear();
}

/** See the head of this file. */
export function useCallOf(client: AnyClient | undefined, name: string): CallView {
  const [told, setTold] = useState<Told<unknown>>(noCall);
  const running = useRunning(() => setTold(noCall), client, name);
  const latest = useRef<AbortController>(undefined);

  const call = useCallback(
    (input: unknown, options: CallRequestOptions = {}): Promise<unknown> => {
      const abort = new AbortController();
      running.current.add(abort);
      latest.current = abort;
      setTold(({ data }) => ({ data, error: undefined, pending: true }));
      const answer = quiet(client?.call(name, input, { ...options, signal: eitherOf(abort.signal, options.signal) }));
      const settle = (change: (before: Told<unknown>) => Told<unknown>): void => {
        running.current.delete(abort);
        // What was given up says nothing any more.
        if (latest.current === abort && !abort.signal.aborted) setTold(change);
      };
      answer.then(
        (data) => settle(() => ({ data, error: undefined, pending: false })),
        (error: unknown) => settle(({ data }) => ({ data, error, pending: false })),
      );
      return answer;
    },
    [client, name, running],
  );
  const cancel = useCallback(() => {
    cancelAll(running.current);
    setTold(({ data, error }) => ({ data, error, pending: false }));
  }, [running]);
  return useMemo(() => ({ ...told, call, cancel }), [told, call, cancel]);
}

const defaultMaxResults = 1000;

/** See the head of this file. */
export function useStreamOf(
  client: AnyClient | undefined,
  name: string,
  { maxResults = defaultMaxResults }: StreamOptions = {},
): StreamView {
  const [told, setTold] = useState(noStream);
  const running = useRunning(() => setTold(noStream), client, name);

  const start = useCallback(
    (input: unknown, options: StreamRequestOptions = {}): void => {
      cancelAll(running.current);
      const abort = new AbortController();
      running.current.add(abort);
      setTold({ data: [], error: undefined, pending: true });
      const tell = (change: (before: Told<readonly unknown[]>) => Told<readonly unknown[]>): void => {
        if (!abort.signal.aborted) setTold(change);
      };
      const run = async (): Promise<void> => {
        if (client === undefined) throw new Error("there is no client yet");
        const results = client.stream(name, input, { ...options, signal: eitherOf(abort.signal, options.signal) });
        for await (const result of results) {
          tell((before) => ({ ...before, data: [...before.data, result].slice(-maxResults) }));
        }
      };
      run().then(
        () => tell((before) => ({ ...before, pending: false })),
        (error: unknown) => tell((before) => ({ ...before, error, pending: false })),
      );
    },
    [client, name, maxResults, running],
  );
  const cancel = useCallback(() => {
    cancelAll(running.current);
    setTold((before) => ({ ...before, pending: false }));
  }, [running]);
  return useMemo(() => {
    const { data: results, error, pending } = told;
    return { results, error, pending, start, cancel };
  }, [told, start, cancel]);
}
