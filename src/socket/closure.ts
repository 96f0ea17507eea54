/**
 * That a socket has ended, and how: for those who wait for it, and for the close handler, which hears of it once.
 */
import type { CloseReport } from "../protocol/index.js";
import { type Deferred, deferred } from "./deferred.js";

/** See the head of this file. */
export class Closure {
  #report: CloseReport | undefined;
  #closed: Deferred<CloseReport> | undefined;
  #isHandled = false;

  /** How it has ended, once it has. */
  get report(): CloseReport | undefined {
    return this.#report;
  }

  /** Resolves to how it ended. Made when somebody asks. */
  get closed(): Promise<CloseReport> {
    return (this.#closed ??= deferred<CloseReport>(this.#report)).promise;
  }

  /** It has ended. */
  end(report: CloseReport): void {
    this.#report = report;
    this.#closed?.resolve(report);
  }

  /** Tells `handle` of it, unless it has not ended, or that was done before. */
  handleOnce(handle: (report: CloseReport) => void): void {
    if (this.#report === undefined || this.#isHandled) return;
    this.#isHandled = true;
    handle(this.#report);
  }
}
