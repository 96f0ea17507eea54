// Turns totals into figures: what has happened since the last time they were looked at.
import type { Traffic } from "../site/traffic.js";
import type { Figures } from "./shared/contract.js";

/** See the head of this file. */
export class FigureMaker {
  #last: Traffic;
  #lastMs: number;

  /**
   * @param traffic The totals until now.
   * @param nowMs The time now, in milliseconds of a clock that does not go backward.
   */
  constructor(traffic: Traffic, nowMs: number) {
    this.#last = traffic;
    this.#lastMs = nowMs;
  }

  /**
   * The figures of the time since the last ones.
   * @param traffic The totals until now. What they lack of the last ones, since a process is gone that had counted it, is no
   * traffic.
   * @param nowMs The time now, by the same clock as before.
   * @param of What else is in the row: when it was taken, by the calendar, and how late the event loop was.
   */
  next(traffic: Traffic, nowMs: number, of: Pick<Figures, "timeMs" | "delayMs">): Figures {
    const seconds = Math.max(0.001, (nowMs - this.#lastMs) / 1000);
    const perSecond = (name: keyof Traffic): number =>
      Math.round((10 * Math.max(0, traffic[name] - this.#last[name])) / seconds) / 10;
    const figures: Figures = {
      ...of,
      connections: traffic.connections,
      messagesIn: perSecond("messagesIn"),
      messagesOut: perSecond("messagesOut"),
      bytesIn: perSecond("bytesIn"),
      bytesOut: perSecond("bytesOut"),
      contentOut: perSecond("contentOut"),
    };
    this.#last = traffic;
    this.#lastMs = nowMs;
    return figures;
  }
}
