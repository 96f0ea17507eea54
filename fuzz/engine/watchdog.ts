/**
 * Runs a fuzzer on a thread of its own, and ends it when an input takes too long: code that hangs cannot be asked to stop.
 */
import { Worker } from "node:worker_threads";

/** What the thread is started with. */
export interface FuzzerData {
  readonly target: string;
  readonly seed: number;
  /** Milliseconds to go on for. */
  readonly forMs: number;
  /** The input that is being run: its length, a count that grows with each, and its octets. */
  readonly current: SharedArrayBuffer;
}

/** What the thread tells in the end. */
export interface FuzzerReport {
  readonly inputs: number;
  /** Places reached. */
  readonly coverage: number;
  readonly kept: readonly Uint8Array[];
  /** The input that fails, as short as it could be made, with what went wrong. */
  readonly failure: { readonly input: Uint8Array; readonly message: string } | undefined;
}

const headBytes = 8;
// Far more than the slowest input takes, on a machine that does other things as well.
const maxInputMs = 20_000;

/** The memory for `FuzzerData.current`. */
export function createCurrent(maxInputBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(headBytes + maxInputBytes);
}

/** Notes the input that is about to run. */
export function noteCurrent(current: SharedArrayBuffer, input: Uint8Array): void {
  const head = new Uint32Array(current, 0, 2);
  new Uint8Array(current, headBytes).set(input.subarray(0, current.byteLength - headBytes));
  head[0] = Math.min(input.byteLength, current.byteLength - headBytes);
  Atomics.add(head, 1, 1);
}

/** Runs a fuzzer to its end. */
export function runFuzzer(script: URL, data: FuzzerData): Promise<FuzzerReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: data });
    const head = new Uint32Array(data.current, 0, 2);
    let lastCount = 0;
    const timer = setInterval(() => {
      const count = Atomics.load(head, 1);
      if (count !== lastCount) {
        lastCount = count;
        return;
      }
      clearInterval(timer);
      const input = Uint8Array.from(new Uint8Array(data.current, headBytes, head[0]));
      const message = `the input takes longer than ${maxInputMs} ms`;
      void worker.terminate();
      resolve({ inputs: count, coverage: 0, kept: [], failure: { input, message } });
    }, maxInputMs);
    worker.once("message", (report: FuzzerReport) => {
      clearInterval(timer);
      resolve(report);
    });
    worker.once("error", (error) => {
      clearInterval(timer);
      // What escaped from a callback belongs to the input that ran.
      const input = Uint8Array.from(new Uint8Array(data.current, headBytes, head[0]));
      resolve({ inputs: lastCount, coverage: 0, kept: [], failure: { input, message: error.stack ?? error.message } });
    });
    worker.once("exit", () => {
      clearInterval(timer);
      reject(new Error("the fuzzer ended without a report"));
    });
  });
}
