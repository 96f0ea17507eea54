/**
 * A connection to NATS on which something goes wrong when the test wants it.
 */
import { connect, type Msg, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { Recorder } from "../recorders.js";

/** See the head of this file. */
export class TamperedLink {
  /** Subjects that were asked, and the ones among them that were answered, or refused here. */
  readonly asked = new Recorder<string>();
  readonly answered = new Recorder<string>();
  readonly refused = new Recorder<string>();
  /** Which requests fail. */
  refuses: (subject: string) => boolean = () => false;
  /** What requests wait for before they are sent. */
  holds: (subject: string) => Promise<void> | undefined = () => undefined;
  /** What is sent in place of what a request says. */
  rewrites: (subject: string, payload: string) => string = (_, payload) => payload;
  /** What is heard in place of what is answered. */
  rewritesAnswer: (subject: string, answer: object) => object = (_, answer) => answer;
  /** Which deliveries get lost. */
  drops: (message: Msg) => boolean = () => false;
  /** It says that its server is one of several. */
  isOfCluster = false;
  /** Nothing that is delivered to an inbox of its own is heard, and answers are. */
  isDeaf = false;
  connection: NatsConnection | undefined;

  readonly connect = async (options: NodeConnectionOptions): Promise<NatsConnection> => {
    const connection = await connect(options);
    this.connection = connection;
    const request = connection.request.bind(connection);
    connection.request = async (subject, payload, requestOptions) => {
      this.asked.add(subject);
      if (this.refuses(subject)) {
        this.refused.add(subject);
        throw new Error("refused");
      }
      await this.holds(subject);
      const sent = payload === undefined ? payload : this.rewrites(subject, Buffer.from(payload).toString());
      const answer: Msg = await request(subject, sent, requestOptions);
      this.answered.add(subject);
      return Object.assign(Object.create(answer) as Msg, {
        json: () => this.rewritesAnswer(subject, answer.json<object>()),
      });
    };
    const subscribe = connection.subscribe.bind(connection);
    connection.subscribe = (subject, { callback, ...more } = {}) =>
      subscribe(subject, {
        ...more,
        callback: (error, message) => {
          if (!this.isDeaf && !this.drops(message)) void callback?.(error, message);
        },
      });
    if (this.isOfCluster) {
      const { info } = connection;
      Object.defineProperty(connection, "info", { value: { ...info, cluster: "c" } });
    }
    return connection;
  };
}

/** Something that is waited for. */
export function createHold(): { readonly hold: Promise<void>; readonly fail: (error: Error) => void } {
  let fail: (error: Error) => void = () => undefined;
  const hold = new Promise<void>((_, reject) => {
    fail = reject;
  });
  return { hold, fail };
}
