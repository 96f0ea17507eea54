/**
 * A peer's process: started with the file of the peer, it serves or connects as it is asked.
 */
import { benchCertificate } from "./peer.js";
import { answerQuestions } from "./questions.js";

const { peer } = await import(process.argv[2]);

answerQuestions({
  /** @param {{ kind: string, tls: boolean, load: import("./load.js").LoadSettings }} details */
  async serve({ kind, tls, load }) {
    const { port, feedPort, speaks } = await peer.serve[kind](tls ? benchCertificate() : undefined, load);
    return { port, feedPort, speaks };
  },
  /** @param {{ url: string, connections: number }} details */
  connect: ({ url, connections }) => peer.connect(url, connections),
});
